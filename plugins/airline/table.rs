//! A data file whose entries are read when they are first touched.
//!
//! Every session has its own copy of the data and touches a few of its thousands of entries, so
//! the file is stepped through only as far as a call needs, and an entry is read when a call asks
//! for it.

use std::ops::Range;

use crate::fault::Fault;
use crate::json::{Object, Scanner, Value, parse};

/// Reads a granted file.
pub(crate) type ReadFile = fn(path: &str) -> Result<Vec<u8>, Fault>;

/// The objects of a file by their keys, in the file's order; new ones go last.
pub(crate) struct Table {
    path: &'static str,
    read_file: ReadFile,
    text: Vec<u8>,
    progress: Progress,
    entries: Vec<Entry>,
}

enum Progress {
    /// The file is not read yet.
    Before,
    /// The entries up to this byte are known.
    At(usize),
    /// All entries are known.
    Done,
}

struct Entry {
    key: String,
    content: Content,
}

enum Content {
    Unread(Range<usize>),
    Read(Object),
}

impl Table {
    /// The table in the file `path`, which is read when the table is first asked.
    pub(crate) fn new(path: &'static str, read_file: ReadFile) -> Table {
        Table { path, read_file, text: Vec::new(), progress: Progress::Before, entries: Vec::new() }
    }

    /// The object under a key, to be read or changed; where the file repeats a key, the first one.
    ///
    /// # Errors
    /// A file that is not granted, is missing, or is not JSON as far as it was read.
    pub(crate) fn find(&mut self, key: &str) -> Result<Option<&mut Object>, Fault> {
        match self.place_of(key)? {
            Some(place) => self.content(place).map(Some),
            None => Ok(None),
        }
    }

    /// As `find`, for a key that may be no text: no object has such a key.
    pub(crate) fn find_optional(
        &mut self,
        key: Option<&str>,
    ) -> Result<Option<&mut Object>, Fault> {
        match key {
            Some(key) => self.find(key),
            None => Ok(None),
        }
    }

    /// Whether there is an object under a key.
    pub(crate) fn has(&mut self, key: &str) -> Result<bool, Fault> {
        Ok(self.place_of(key)?.is_some())
    }

    /// Puts an object under a key: one that is there keeps its place, a new one goes last.
    pub(crate) fn set(&mut self, key: &str, object: Object) -> Result<(), Fault> {
        let content = Content::Read(object);
        match self.place_of(key)? {
            Some(place) => self.entries[place].content = content,
            None => self.entries.push(Entry { key: key.to_owned(), content }),
        }
        Ok(())
    }

    fn place_of(&mut self, key: &str) -> Result<Option<usize>, Fault> {
        let known = self.entries.iter().position(|entry| entry.key == key);
        if known.is_some() {
            return Ok(known);
        }
        self.scan_to(key)
    }

    /// Steps on through the file until the key is met.
    fn scan_to(&mut self, wanted: &str) -> Result<Option<usize>, Fault> {
        let mut scanner = match self.progress {
            Progress::Before => {
                self.text = (self.read_file)(self.path)?;
                let mut scanner = Scanner::new(&self.text, 0);
                scanner.enter().map_err(|error| wrong(self.path, &error))?;
                scanner
            }
            Progress::At(place) => Scanner::new(&self.text, place),
            Progress::Done => return Ok(None),
        };
        loop {
            let member = next_member(&mut scanner).map_err(|error| wrong(self.path, &error))?;
            let Some((key, range)) = member else {
                self.progress = Progress::Done;
                return Ok(None);
            };
            let found = key == wanted;
            self.entries.push(Entry { key, content: Content::Unread(range) });
            self.progress = Progress::At(scanner.at());
            if found {
                return Ok(Some(self.entries.len() - 1));
            }
        }
    }

    fn content(&mut self, place: usize) -> Result<&mut Object, Fault> {
        let entry = &mut self.entries[place];
        if let Content::Unread(range) = &entry.content {
            let object = read_object(&self.text[range.clone()])
                .map_err(|error| wrong(self.path, &format!("{:?}: {error}", entry.key)))?;
            entry.content = Content::Read(object);
        }
        match &mut entry.content {
            Content::Read(object) => Ok(object),
            Content::Unread(_) => unreachable!("the entry was read above"),
        }
    }

    /// The entries that were touched so far.
    #[cfg(test)]
    pub(crate) fn touched(&self) -> Vec<(&str, &Object)> {
        let touched = self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Read(object) => Some((entry.key.as_str(), object)),
            Content::Unread(_) => None,
        });
        touched.collect()
    }
}

/// Reads the object in a piece of a file.
pub(crate) fn read_object(bytes: &[u8]) -> Result<Object, String> {
    let text = str::from_utf8(bytes).map_err(|_| "text that is not UTF-8".to_owned())?;
    match parse(text)? {
        Value::Object(object) => Ok(object),
        _ => Err("not an object".to_owned()),
    }
}

/// A data file that cannot be used.
pub(crate) fn wrong(path: &str, error: &str) -> Fault {
    Fault::Data(format!("{path}: {error}"))
}

fn next_member(scanner: &mut Scanner<'_>) -> Result<Option<(String, Range<usize>)>, String> {
    let Some(key) = scanner.next_key()? else {
        return Ok(None);
    };
    let range = scanner.skip_value()?;
    Ok(Some((key.into_owned(), range)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Number, json};

    fn table(read_file: ReadFile) -> Table {
        Table::new("users.json", read_file)
    }

    fn shown(table: &mut Table, key: &str) -> Option<String> {
        let object = table.find(key).unwrap();
        object.map(|object| json(&Value::Object(object.clone())))
    }

    #[test]
    fn entries_are_found_in_any_order_and_keep_their_changes() {
        let mut table = table(|_| Ok(br#"{"a":{"n":1},"b":{"n":2},"c":{"n":3}}"#.to_vec()));
        assert_eq!(shown(&mut table, "b").unwrap(), r#"{"n": 2}"#);
        assert_eq!(shown(&mut table, "a").unwrap(), r#"{"n": 1}"#);
        let b = table.find("b").unwrap().unwrap();
        b.set("n", Number::from(9).into());
        assert_eq!(shown(&mut table, "d"), None);
        assert_eq!(shown(&mut table, "c").unwrap(), r#"{"n": 3}"#);
        assert_eq!(shown(&mut table, "b").unwrap(), r#"{"n": 9}"#);
    }

    #[test]
    fn a_new_entry_replaces_one_of_its_key() {
        let mut table = table(|_| Ok(br#"{"a":{"n":1}}"#.to_vec()));
        table.set("a", Object::default()).unwrap();
        table.set("b", Object::default()).unwrap();
        assert_eq!(shown(&mut table, "a").unwrap(), "{}");
        assert!(table.has("b").unwrap());
    }

    #[test]
    fn a_fault_of_the_file_names_it_and_what_lies_before_is_served() {
        let mut table = table(|_| Ok(br#"{"a":{"n":1},"b":{"n":},"c""#.to_vec()));
        assert_eq!(shown(&mut table, "a").unwrap(), r#"{"n": 1}"#);
        let fault = |text: &str| Err(Fault::Data(format!("users.json: {text}")));
        let in_entry = "\"b\": not valid JSON: expected a value at byte 5";
        assert_eq!(table.find("b").map(|_| ()), fault(in_entry));
        let at_end = "not valid JSON: expected ':' at byte 27";
        assert_eq!(table.find("z").map(|_| ()), fault(at_end));
        let entries_are =
            super::Table::new("users.json", |_| Ok(b"{\"a\":7}".to_vec())).find("a").map(|_| ());
        assert_eq!(entries_are, fault("\"a\": not an object"));
    }
}
