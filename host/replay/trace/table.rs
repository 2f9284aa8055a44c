//! CSV with a header: finding columns by any of their names, and reading their cells.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::text::cut_off_note;
use crate::error::{TraceError, suggestion};

/// A CSV file as lines of cells.
pub(super) struct Table<'t> {
    pub(super) file: &'t str,
    header: Vec<String>,
    records: Vec<(usize, StringRecord)>,
}

/// One line of a table.
pub(super) struct Cells<'t> {
    file: &'t str,
    pub(super) line: usize,
    header: &'t [String],
    record: &'t StringRecord,
}

impl<'t> Table<'t> {
    /// Reads a table. A last line that was cut off before its last column is left out, with a note.
    pub(super) fn read(
        file: &'t str,
        text: &str,
        notes: &mut Vec<String>,
    ) -> Result<Table<'t>, TraceError> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let error = |line: usize, problem: String, fix: &str| TraceError {
            file: file.to_owned(),
            line: Some(line),
            problem,
            fix: fix.to_owned(),
        };
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|broken| {
                let line = broken.position().map_or(1, |place| place.line() as usize);
                error(line, broken.to_string(), "write it as comma-separated values")
            })?;
            let line = record.position().map_or(1, |place| place.line() as usize);
            lines.push((line, record));
        }
        let mut lines = lines.into_iter();
        let header = lines.next().map(|(_, header)| header).unwrap_or_default();
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        let mut records: Vec<(usize, StringRecord)> = lines.collect();
        if let Some((line, last)) = records.last()
            && last.len() < header.len()
            && !text.ends_with('\n')
        {
            notes.push(cut_off_note(file, *line));
            records.pop();
        }
        if let Some((line, short)) = records.iter().find(|(_, r)| r.len() != header.len()) {
            let problem = format!("{} columns, and the header has {}", short.len(), header.len());
            return Err(error(*line, problem, "give each line the columns of the header"));
        }
        Ok(Table { file, header, records })
    }

    /// The place of the column that has one of these names, whatever its capitals.
    pub(super) fn column(&self, names: &[&str]) -> Result<Option<usize>, TraceError> {
        let is_named = |(_, column): &(usize, &String)| {
            names.iter().any(|name| name.eq_ignore_ascii_case(column))
        };
        let mut found = self.header.iter().enumerate().filter(is_named);
        let first = found.next();
        match (first, found.next()) {
            (Some((_, first)), Some((_, second))) => Err(self.header_error(
                format!("the columns `{first}` and `{second}` say the same"),
                format!("leave one of them out; {} reads only one", self.file),
            )),
            (first, _) => Ok(first.map(|(place, _)| place)),
        }
    }

    /// As [`Table::column`], for a column that must be there.
    pub(super) fn required(&self, names: &[&str]) -> Result<usize, TraceError> {
        self.column(names)?.ok_or_else(|| {
            let problem = format!("no column is named {}", names.join(" or "));
            let near = self.header.iter().find(|column| {
                let column = column.to_ascii_lowercase();
                timeslip_timeline::conversation::nearest(&column, names.iter().copied()).is_some()
            });
            let fix = match near {
                Some(near) => {
                    let meant = suggestion(&near.to_ascii_lowercase(), names);
                    format!("the column `{near}`: {meant}")
                }
                None => format!("begin the file with a header that names it, as `{}`", names[0]),
            };
            self.header_error(problem, fix)
        })
    }

    /// Its lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = Cells<'_>> {
        self.records.iter().map(|(line, record)| Cells {
            file: self.file,
            line: *line,
            header: &self.header,
            record,
        })
    }

    fn header_error(&self, problem: String, fix: String) -> TraceError {
        TraceError { file: self.file.to_owned(), line: Some(1), problem, fix }
    }
}

impl<'t> Cells<'t> {
    /// A cell, read by `read`, whose error says what is wrong with the text.
    pub(super) fn read<T>(
        &self,
        column: usize,
        read: impl Fn(&str) -> Result<T, String>,
        fix: &str,
    ) -> Result<T, TraceError> {
        read(self.cell(column)).map_err(|problem| TraceError {
            file: self.file.to_owned(),
            line: Some(self.line),
            problem: format!("`{}`: {problem}", self.header[column]),
            fix: fix.to_owned(),
        })
    }

    /// The text of a cell.
    pub(super) fn cell(&self, column: usize) -> &'t str {
        self.record.get(column).unwrap_or_default()
    }
}
