//! What is wrong with a trace or with the description of a load, and how to put it right.

/// A trace that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}\n  fix: {fix}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct TraceError {
    /// The file, as the user named it.
    pub file: String,
    /// The line, counted from 1; absent when the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

/// A load's description that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the load {text:?}: {problem}\n  fix: {fix}")]
pub struct LoadError {
    /// The description.
    pub text: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

/// `did you mean X?` when a known name is near, otherwise the list of known names.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match timeslip_timeline::conversation::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}
