//! The templates of a script: read once, rendered within a limit, and their errors placed in the
//! file.

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use toml::Spanned;

use crate::error::{FileError, line_and_column};

/// The most steps of one rendering. A template of a few hundred words takes a few hundred.
const FUEL: u64 = 100_000;

/// A script's file, for messages about it.
pub(super) struct TomlFile<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
}

impl TomlFile<'_> {
    /// The line of a value or table, counted from 1.
    pub(super) fn line_of<T>(&self, value: &Spanned<T>) -> usize {
        line_and_column(self.text, value.span().start).0
    }

    /// An error about a line.
    pub(super) fn error(
        &self,
        line: usize,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> FileError {
        FileError {
            file: self.file.to_owned(),
            line: Some(line),
            column: None,
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

/// One of a script's templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TemplateId(usize);

/// All templates of a script.
pub(super) struct Templates {
    file: String,
    environment: Environment<'static>,
    /// For each template, the line of the file on which each of its lines stands.
    lines: Vec<Vec<usize>>,
}

impl Templates {
    /// None yet.
    pub(super) fn new(file: &str) -> Templates {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // Otherwise the messages of a release would say less.
        environment.set_debug(true);
        Templates { file: file.to_owned(), environment, lines: Vec::new() }
    }

    /// Reads one from a value of the script.
    pub(super) fn add(
        &mut self,
        toml: &TomlFile<'_>,
        value: &Spanned<String>,
    ) -> Result<TemplateId, FileError> {
        let id = TemplateId(self.lines.len());
        let raw = toml.text.get(value.span()).unwrap_or_default();
        self.lines.push(lines_of_value(raw, toml.line_of(value)));
        let added = self.environment.add_template_owned(id.0.to_string(), value.get_ref().clone());
        added.map_err(|error| {
            toml.error(
                self.line_of_error(id, &error),
                format!("the template cannot be read: {}", reason(&error)),
                "write {{ value }} for a value and {% if … %} … {% endif %} for a choice",
            )
        })?;
        Ok(id)
    }

    /// The text that it gives.
    ///
    /// # Errors
    /// A message with file, line, problem and fix: a value that is not there, an operation that
    /// its values do not have, or too many steps.
    pub(super) fn render(&self, id: TemplateId, context: &Value) -> Result<String, String> {
        let template = self.environment.get_template(&id.0.to_string());
        let rendered = template.and_then(|template| template.render(context.clone()));
        rendered.map_err(|error| {
            let fix = match error.kind() {
                ErrorKind::OutOfFuel => "make the template shorter: its loops take too many steps",
                ErrorKind::UndefinedError => {
                    "add a condition to the rule, or `| default(…)` to the value"
                }
                _ => "correct the template, or add a condition to the rule",
            };
            let (file, line) = (&self.file, self.line_of_error(id, &error));
            format!("{file}:{line}: the template gives no text: {}\n  fix: {fix}", reason(&error))
        })
    }

    /// The line on which a template begins.
    pub(super) fn line(&self, id: TemplateId) -> usize {
        self.lines[id.0][0]
    }

    fn line_of_error(&self, id: TemplateId, error: &Error) -> usize {
        let lines = &self.lines[id.0];
        let line = error.line().unwrap_or(1).clamp(1, lines.len());
        lines[line - 1]
    }
}

/// What is wrong, without minijinja's own name of the place.
fn reason(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

/// The line of the file on which each line of a TOML string's value stands. `raw` is the string
/// with its quotes.
///
/// The two differ: the line break after `"""` is no part of the value, nor is one after a
/// backslash, and `\n` is a line break of the value alone.
fn lines_of_value(raw: &str, first_line: usize) -> Vec<usize> {
    let is_literal = raw.starts_with('\'');
    let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
    let mut rest = raw.get(quotes..).unwrap_or_default().chars().peekable();
    let mut line = first_line;
    if quotes == 3 {
        rest.next_if_eq(&'\r');
        line += usize::from(rest.next_if_eq(&'\n').is_some());
    }
    let mut lines = vec![line];
    while let Some(character) = rest.next() {
        match character {
            '\n' => {
                line += 1;
                lines.push(line);
            }
            '\\' if !is_literal => match rest.next() {
                Some('n') => lines.push(line),
                Some(space) if space.is_whitespace() => {
                    line += usize::from(space == '\n');
                    while let Some(space) = rest.next_if(|next| next.is_whitespace()) {
                        line += usize::from(space == '\n');
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_value_are_found_in_its_file() {
        assert_eq!(lines_of_value("'a'", 7), [7]);
        assert_eq!(lines_of_value(r#""a\nb""#, 7), [7, 7]);
        assert_eq!(lines_of_value(r"'a\nb'", 7), [7]);
        assert_eq!(lines_of_value("\"\"\"\na\nb\"\"\"", 7), [8, 9]);
        assert_eq!(lines_of_value("'''a\r\nb'''", 7), [7, 8]);
        assert_eq!(lines_of_value("\"\"\"\r\na \\\n   \n  b\nc\"\"\"", 7), [8, 11]);
    }
}
