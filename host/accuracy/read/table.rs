//! CSV with a header: columns by name, and cells as numbers.

use csv::{ReaderBuilder, StringRecord, Trim};
use timeslip_timeline::conversation::nearest;

use crate::error::MeasurementError;

/// A CSV file as lines of cells.
pub struct Table<'t> {
    file: &'t str,
    header: Vec<String>,
    records: Vec<(u64, StringRecord)>,
}

/// One line of a table.
pub struct Cells<'t> {
    table: &'t Table<'t>,
    /// Counts from 1.
    pub line: u64,
    record: &'t StringRecord,
}

/// Beyond this, neighbouring whole numbers cannot be told apart in a file that writes them as 1e20.
const WHOLE_MAX: f64 = 1e15;

impl<'t> Table<'t> {
    /// Reads a table.
    pub fn read(file: &'t str, text: &str) -> Result<Table<'t>, MeasurementError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let mut table = Table { file, header: Vec::new(), records: Vec::new() };
        for record in reader.records() {
            let record = record.map_err(|broken| {
                let line = broken.position().map_or(1, csv::Position::line);
                let fix = "write it as comma-separated values";
                table.error(Some(line), None, broken.to_string(), fix.to_owned())
            })?;
            let line = record.position().map_or(1, csv::Position::line);
            match table.header.is_empty() {
                true => table.header = record.iter().map(str::to_owned).collect(),
                false => table.records.push((line, record)),
            }
        }
        let columns = table.header.len();
        if columns == 0 {
            let fix = "give it a header and at least one measured row";
            return Err(table.error(None, None, "the file is empty".to_owned(), fix.to_owned()));
        }
        match table.records.iter().find(|(_, record)| record.len() != columns) {
            Some((line, short)) => {
                let problem = format!("{} columns, and the header has {columns}", short.len());
                let fix = "give each line the columns of the header";
                Err(table.error(Some(*line), None, problem, fix.to_owned()))
            }
            None => Ok(table),
        }
    }

    /// Whether there is a column of this name, whatever its capitals.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// What to do about a missing column.
    pub fn advice(&self, missing: &str) -> String {
        match nearest(missing, self.header.iter().map(String::as_str)) {
            Some(near) => format!("add it; was the column `{near}` meant to be `{missing}`?"),
            None => format!("add a column `{missing}` to the header and to each line"),
        }
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = Cells<'_>> {
        self.records.iter().map(|(line, record)| Cells { table: self, line: *line, record })
    }

    /// An error of the header.
    pub fn header_error(&self, problem: String, fix: String) -> MeasurementError {
        self.error(Some(1), None, problem, fix)
    }

    fn error(
        &self,
        line: Option<u64>,
        column: Option<&str>,
        problem: String,
        fix: String,
    ) -> MeasurementError {
        let column = column.map(str::to_owned);
        MeasurementError { file: self.file.to_owned(), line, column, problem, fix }
    }
}

impl<'t> Cells<'t> {
    /// The text of a cell; `None` where it is empty, says that there is nothing, or has no column.
    pub fn text(&self, column: &str) -> Option<&'t str> {
        let text = self.record.get(self.table.place(column)?)?;
        let nothing = ["", "nan", "none", "null", "na", "n/a"];
        (!nothing.iter().any(|word| word.eq_ignore_ascii_case(text))).then_some(text)
    }

    /// A cell that holds a number over 0.
    pub fn positive(&self, column: &str) -> Result<Option<f64>, MeasurementError> {
        match self.number(column)? {
            Some(value) if value <= 0.0 => Err(self.wrong(column, "must be over 0")),
            value => Ok(value),
        }
    }

    /// A cell that holds a whole number; one written as `8.0` is whole.
    pub fn whole(&self, column: &str) -> Result<Option<u64>, MeasurementError> {
        match self.number(column)? {
            None => Ok(None),
            Some(value) if value >= 0.0 && value == value.floor() && value <= WHOLE_MAX => {
                Ok(Some(value as u64))
            }
            Some(_) => Err(self.wrong(column, "is not a whole number")),
        }
    }

    /// A cell that counts something, and so is at least 1.
    pub fn count(&self, column: &str) -> Result<Option<u64>, MeasurementError> {
        match self.whole(column)? {
            Some(0) => Err(self.wrong(column, "must be at least 1")),
            value => Ok(value),
        }
    }

    fn number(&self, column: &str) -> Result<Option<f64>, MeasurementError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(self.wrong(column, "is not a number")),
        }
    }

    /// A cell of a line that cannot do without it.
    pub fn needed<T>(&self, column: &str, value: Option<T>) -> Result<T, MeasurementError> {
        value.ok_or_else(|| {
            let fix = "give it a value, or leave the line out";
            let (line, problem) = (Some(self.line), "the cell is empty".to_owned());
            self.table.error(line, Some(column), problem, fix.to_owned())
        })
    }

    /// A cell whose text is wrong.
    pub fn wrong(&self, column: &str, what: &str) -> MeasurementError {
        let problem = format!("`{}` {what}", self.text(column).unwrap_or_default());
        let fix = "correct it, or leave the cell empty".to_owned();
        self.table.error(Some(self.line), Some(column), problem, fix)
    }
}
