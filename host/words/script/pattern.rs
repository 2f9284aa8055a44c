//! A regular expression of a script, and what it captures.

use minijinja::Value;
use regex_automata::PatternID;
use regex_automata::meta::{BuildError, Regex};
use toml::Spanned;

use super::template::TomlFile;
use crate::error::FileError;

/// A regular expression (the syntax of Rust's `regex`), with the text it was read from.
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Reads it from a value of the script.
    pub(super) fn read(toml: &TomlFile<'_>, value: &Spanned<String>) -> Result<Pattern, FileError> {
        let source = value.get_ref().clone();
        match Regex::new(&source) {
            Ok(regex) => Ok(Pattern { source, regex }),
            Err(error) => Err(toml.error(
                toml.line_of(value),
                format!("`{source}` is no regular expression: {}", reason(&error)),
                "correct it, or put a backslash before a sign that stands for itself; \
                 in '…' a backslash needs no second one",
            )),
        }
    }

    /// As it stands in the script.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Its groups in a text by number, 0 for the whole, and by name; `None` where it does not
    /// match. A group that took no part in the match is left out.
    pub(super) fn captures(&self, text: &str) -> Option<Value> {
        let mut captures = self.regex.create_captures();
        self.regex.captures(text, &mut captures);
        captures.is_match().then(|| {
            let names = self.regex.group_info().pattern_names(PatternID::ZERO);
            let groups = names.enumerate().filter_map(|(number, name)| {
                let group = Value::from(&text[captures.get_group(number)?.range()]);
                let named = name.map(|name| (Value::from(name), group.clone()));
                Some([Some((Value::from(number), group)), named].into_iter().flatten())
            });
            Value::from_pairs(groups.flatten().collect::<Vec<_>>())
        })
    }
}

/// The reader's own reason: its last line, and the place that its caret marks.
fn reason(error: &BuildError) -> String {
    let Some(syntax) = error.syntax_error() else {
        return error.to_string();
    };
    let told = syntax.to_string();
    let reason = told.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    // The pattern stands behind four spaces, the caret in the line below it.
    let caret = told.lines().find(|line| line.trim_start().starts_with('^'));
    match caret.and_then(|line| line.find('^')) {
        Some(column) if column >= 4 => format!("{reason}, at its character {}", column - 3),
        _ => reason.to_owned(),
    }
}
