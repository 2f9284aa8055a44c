//! Steps as a Parquet file, for notebooks: one row group, each column plain and uncompressed.
//!
//! The file's form is that of Apache Parquet's specification: pages of values between two marks,
//! behind them the metadata in Thrift's compact protocol.

use timeslip_gate::slip::Slip;

use super::rows::{COLUMNS, Value, for_each_row};

const MARK: &[u8; 4] = b"PAR1";

/// The types of values, by their numbers in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Whole = 2,
    Decimal = 5,
    Text = 6,
}

/// A column: which rows have a value, and the values, plain.
struct Column {
    name: &'static str,
    kind: Type,
    is_there: Vec<bool>,
    values: Vec<u8>,
}

/// Where a column stands in the file.
struct Place {
    offset: i64,
    bytes: i64,
}

/// The steps of a slip as the bytes of a Parquet file, with the columns of the CSV.
pub fn steps_parquet(slip: &Slip) -> Vec<u8> {
    let mut columns: Vec<Option<Column>> = COLUMNS.iter().map(|_| None).collect();
    let mut rows = 0;
    for_each_row(slip, |row| {
        rows += 1;
        for ((place, value), name) in columns.iter_mut().zip(row).zip(COLUMNS) {
            place.get_or_insert_with(|| Column::new(name, &value)).push(value);
        }
    });
    let columns: Vec<Column> = columns.into_iter().flatten().collect();
    let mut file = MARK.to_vec();
    let places: Vec<Place> = columns.iter().map(|column| column.write(&mut file)).collect();
    let metadata = metadata(&columns, &places, rows);
    file.extend(&metadata);
    file.extend((metadata.len() as u32).to_le_bytes());
    file.extend(MARK);
    file
}

impl Column {
    fn new(name: &'static str, first: &Value) -> Column {
        let kind = match first {
            Value::Whole(_) => Type::Whole,
            Value::Decimal(_) => Type::Decimal,
            Value::Text(_) => Type::Text,
        };
        Column { name, kind, is_there: Vec::new(), values: Vec::new() }
    }

    fn push(&mut self, value: Value) {
        let bytes: Option<Vec<u8>> = match value {
            Value::Whole(value) => {
                value.map(|value| i64::try_from(value).unwrap_or(i64::MAX).to_le_bytes().to_vec())
            }
            Value::Decimal(value) => value.map(|value| value.to_le_bytes().to_vec()),
            Value::Text(value) => value.map(|text| {
                let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
                bytes.extend(text.as_bytes());
                bytes
            }),
        };
        self.is_there.push(bytes.is_some());
        self.values.extend(bytes.unwrap_or_default());
    }

    /// Writes the column as one page.
    fn write(&self, file: &mut Vec<u8>) -> Place {
        let levels = levels(&self.is_there);
        let mut page = (levels.len() as u32).to_le_bytes().to_vec();
        page.extend(levels);
        page.extend(&self.values);
        let mut header = Thrift::default();
        header.whole(1, 0);
        header.whole(2, page.len() as i64);
        header.whole(3, page.len() as i64);
        header.open(5);
        header.whole(1, self.is_there.len() as i64);
        // Values are plain, and whether there is one stands in runs.
        header.whole(2, 0);
        header.whole(3, 3);
        header.whole(4, 3);
        header.close();
        header.close();
        let offset = file.len() as i64;
        file.extend(header.bytes);
        file.extend(page);
        Place { offset, bytes: file.len() as i64 - offset }
    }
}

/// Whether each row has a value, as groups of eight bits.
fn levels(is_there: &[bool]) -> Vec<u8> {
    let groups = is_there.len().div_ceil(8) as u64;
    let mut bytes = Vec::new();
    number(&mut bytes, groups << 1 | 1);
    for group in is_there.chunks(8) {
        let bits = group.iter().enumerate();
        bytes.push(bits.fold(0, |byte, (bit, is_there)| byte | u8::from(*is_there) << bit));
    }
    bytes
}

fn metadata(columns: &[Column], places: &[Place], rows: i64) -> Vec<u8> {
    let mut thrift = Thrift::default();
    thrift.whole(1, 1);
    thrift.list(2, columns.len() + 1, STRUCT);
    thrift.begin();
    thrift.text(4, "steps");
    thrift.whole(5, columns.len() as i64);
    thrift.close();
    for column in columns {
        thrift.begin();
        thrift.whole(1, column.kind as i64);
        // Each is optional.
        thrift.whole(3, 1);
        thrift.text(4, column.name);
        if column.kind == Type::Text {
            thrift.whole(6, 0);
        }
        thrift.close();
    }
    thrift.long(3, rows);
    thrift.list(4, 1, STRUCT);
    thrift.begin();
    thrift.list(1, columns.len(), STRUCT);
    for (column, place) in columns.iter().zip(places) {
        chunk(&mut thrift, column, place, rows);
    }
    thrift.long(2, places.iter().map(|place| place.bytes).sum());
    thrift.long(3, rows);
    thrift.close();
    thrift.text(6, &format!("timeslip version {}", env!("CARGO_PKG_VERSION")));
    thrift.close();
    thrift.bytes
}

fn chunk(thrift: &mut Thrift, column: &Column, place: &Place, rows: i64) {
    thrift.begin();
    thrift.long(2, place.offset);
    thrift.open(3);
    thrift.whole(1, column.kind as i64);
    thrift.list(2, 2, WHOLE);
    // The encodings: plain, and runs.
    thrift.zigzag(0);
    thrift.zigzag(3);
    thrift.list(3, 1, TEXT);
    number(&mut thrift.bytes, column.name.len() as u64);
    thrift.bytes.extend(column.name.as_bytes());
    thrift.whole(4, 0);
    thrift.long(5, rows);
    thrift.long(6, place.bytes);
    thrift.long(7, place.bytes);
    thrift.long(9, place.offset);
    thrift.close();
    thrift.close();
}

const WHOLE: u8 = 5;
const LONG: u8 = 6;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure in Thrift's compact protocol; fields are numbered from the one before.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    /// The last field of the structure that is open.
    last: i64,
    /// Those of the structures around it.
    outer: Vec<i64>,
}

impl Thrift {
    fn field(&mut self, field: i64, kind: u8) {
        let step = field - self.last;
        debug_assert!((1..=15).contains(&step), "fields come in order and close to each other");
        self.bytes.push((step as u8) << 4 | kind);
        self.last = field;
    }

    fn zigzag(&mut self, value: i64) {
        number(&mut self.bytes, ((value << 1) ^ (value >> 63)) as u64);
    }

    fn whole(&mut self, field: i64, value: i64) {
        self.field(field, WHOLE);
        self.zigzag(value);
    }

    fn long(&mut self, field: i64, value: i64) {
        self.field(field, LONG);
        self.zigzag(value);
    }

    fn text(&mut self, field: i64, text: &str) {
        self.field(field, TEXT);
        number(&mut self.bytes, text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn list(&mut self, field: i64, length: usize, kind: u8) {
        self.field(field, LIST);
        match length < 15 {
            true => self.bytes.push((length as u8) << 4 | kind),
            false => {
                self.bytes.push(0xf0 | kind);
                number(&mut self.bytes, length as u64);
            }
        }
    }

    /// Begins a structure that is a field.
    fn open(&mut self, field: i64) {
        self.field(field, STRUCT);
        self.begin();
    }

    /// Begins a structure of a list.
    fn begin(&mut self) {
        self.outer.push(self.last);
        self.last = 0;
    }

    /// Ends a structure, the outermost one too.
    fn close(&mut self) {
        self.bytes.push(0);
        self.last = self.outer.pop().unwrap_or(0);
    }
}

/// A number in as few groups of seven bits as it takes.
fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
