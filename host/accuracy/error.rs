//! What is wrong with a file of measurements, and how to put it right.

/// A file of measurements that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}{}{}: {problem}\n  fix: {fix}",
    line.map(|line| format!(":{line}")).unwrap_or_default(),
    column.as_ref().map(|column| format!(", column `{column}`")).unwrap_or_default()
)]
pub struct MeasurementError {
    /// The file, as the user named it.
    pub file: String,
    /// The line, counted from 1; absent when the whole file is meant.
    pub line: Option<u64>,
    /// The column's name; absent when the whole line is meant.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}
