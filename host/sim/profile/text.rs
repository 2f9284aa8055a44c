//! Reads profiles from TOML, and says what is wrong as a person would.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use timeslip_timeline::conversation::nearest;

use super::{Chip, MachineProfile, Model};

/// Why a profile could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file could not be read.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The file is not a profile of its kind.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What is wrong and the fix.
        message: String,
    },
    /// No profile has this name.
    #[error("there is no {kind} `{name}`{}", did_you_mean(nearest, known))]
    Unknown {
        /// `machine`, `chip` or `model`.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
        /// All that exist.
        known: Vec<String>,
    },
}

impl ProfileError {
    pub(crate) fn unknown<'a>(
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> ProfileError {
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        ProfileError::Unknown { kind, name: name.to_owned(), nearest: near, known }
    }
}

fn did_you_mean(near: &Option<String>, known: &[String]) -> String {
    let all = known.join(", ");
    match near {
        Some(near) => format!("; did you mean `{near}`? There are: {all}"),
        None => format!(". There are: {all}"),
    }
}

/// A kind of profile: what a file of it must hold beyond its form.
pub(crate) trait Profile: DeserializeOwned {
    fn name(&self) -> &str;
    fn check(&self) -> Result<(), String>;
}

impl Profile for Chip {
    fn name(&self) -> &str {
        &self.name
    }
    fn check(&self) -> Result<(), String> {
        self.validate()
    }
}

impl Profile for Model {
    fn name(&self) -> &str {
        &self.name
    }
    fn check(&self) -> Result<(), String> {
        self.validate()
    }
}

impl Profile for MachineProfile {
    fn name(&self) -> &str {
        &self.name
    }
    fn check(&self) -> Result<(), String> {
        self.validate()
    }
}

/// Reads one profile; `path` is for messages, and its stem must be the profile's name.
pub(crate) fn parse<P: Profile>(text: &str, path: &Path) -> Result<P, ProfileError> {
    let invalid =
        |line, message| ProfileError::Invalid { path: path.to_owned(), line, message };
    let profile: P = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        invalid(line, with_nearest_key(error.message()))
    })?;
    profile.check().map_err(|message| invalid(1, message))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if profile.name() != stem {
        let message = format!(
            "the profile is named `{}`, but its file `{stem}.toml`; make them equal",
            profile.name()
        );
        return Err(invalid(1, message));
    }
    Ok(profile)
}

/// The line of a byte of the text, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// Puts the nearest known key first in serde's message for an unknown one, which reads
/// ``unknown field `x`, expected one of `a`, `b` ``.
fn with_nearest_key(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let rest = message.strip_prefix("unknown field ");
    let (Some(_), Some(name)) = (rest, quoted.next()) else {
        return message.to_owned();
    };
    let known: Vec<&str> = quoted.collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown key `{name}`; did you mean `{near}`?"),
        None => format!("unknown key `{name}`; known here: {}", known.join(", ")),
    }
}
