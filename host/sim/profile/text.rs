//! Reads profiles from TOML, and says what is wrong as a person would.

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use timeslip_timeline::conversation::nearest;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::flaw::Flaw;
use super::inherited::{InheritedFiles, place_of};
use super::mend::mistakes;
use super::{Chip, MachineProfile, Model, Software};

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
        /// `machine`, `chip`, `model` or `software`.
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
    /// The line of the mistake, if it is in a file.
    pub(crate) fn line(&self) -> Option<usize> {
        match self {
            ProfileError::Invalid { line, .. } => Some(*line),
            ProfileError::Unreadable { .. } | ProfileError::Unknown { .. } => None,
        }
    }

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
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!(". There are: {}", known.join(", ")),
    }
}

/// A kind of profile: what a file of it must hold beyond its form.
pub(crate) trait Profile: DeserializeOwned {
    fn name(&self) -> &str;
    fn flaws(&self) -> Vec<Flaw>;
}

impl Profile for Chip {
    fn name(&self) -> &str {
        &self.name
    }
    fn flaws(&self) -> Vec<Flaw> {
        Chip::flaws(self)
    }
}

impl Profile for Model {
    fn name(&self) -> &str {
        &self.name
    }
    fn flaws(&self) -> Vec<Flaw> {
        Model::flaws(self)
    }
}

impl Profile for Software {
    fn name(&self) -> &str {
        &self.name
    }
    fn flaws(&self) -> Vec<Flaw> {
        Software::flaws(self)
    }
}

impl Profile for MachineProfile {
    fn name(&self) -> &str {
        &self.name
    }
    fn flaws(&self) -> Vec<Flaw> {
        MachineProfile::flaws(self)
    }
}

/// Reads one profile with what it inherits. The stem of its path must be its name.
///
/// # Errors
/// All that is wrong with it, in the order of the places; at least one.
pub(crate) fn read<P: Profile>(files: &InheritedFiles<'_>) -> Result<P, Vec<ProfileError>> {
    let document = files.merged().map_err(|error| vec![error])?;
    let profile = match P::deserialize(Deserializer::from(document.clone())) {
        Ok(profile) => profile,
        Err(error) => return Err(mistakes::<P>(files, document, error)),
    };
    let mut flaws = profile.flaws();
    let path = files.own_path();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if profile.name() != stem {
        let message = format!(
            "the profile is named `{}`, but its file `{stem}.toml`; make them equal",
            profile.name()
        );
        flaws.insert(0, Flaw::new("name", message));
    }
    match flaws.is_empty() {
        true => Ok(profile),
        false => Err(flaws.into_iter().map(|flaw| told(files, &document, flaw)).collect()),
    }
}

/// A flaw with its file and line.
pub(crate) fn told(
    files: &InheritedFiles<'_>,
    document: &Spanned<DeTable<'_>>,
    flaw: Flaw,
) -> ProfileError {
    match place_of(document, &flaw.key) {
        Some(at) => files.error(at, flaw.message),
        None => ProfileError::Invalid {
            path: files.own_path().to_owned(),
            line: line_named(files.own_text(), &flaw.message),
            message: flaw.message,
        },
    }
}

/// Reads one profile that inherits nothing.
#[cfg(test)]
pub(crate) fn parse<P: Profile>(text: &str, path: &Path) -> Result<P, ProfileError> {
    read(&InheritedFiles::new([(path, text)])).map_err(|mut errors| errors.remove(0))
}

/// The line of a byte of the text, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// The line of the first key that a message quotes and that stands in the text once; else the first.
fn line_named(text: &str, message: &str) -> usize {
    let quoted = message.split('`').skip(1).step_by(2);
    let keys = quoted.filter_map(|name| name.rsplit('.').next());
    let lines = |key| text.lines().enumerate().filter(move |(_, line)| has_key(line, key));
    keys.filter(|key| lines(key).count() == 1)
        .find_map(|key| lines(key).next())
        .map_or(1, |(index, _)| index + 1)
}

/// Whether a line gives a value to `key`, or is the heading of its table.
fn has_key(line: &str, key: &str) -> bool {
    let ends = if line.trim_start().starts_with('[') { ']' } else { '=' };
    line.match_indices(ends).any(|(at, _)| {
        let before = line[..at].trim_end().strip_suffix(key);
        before.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// Says what serde says in the words of a file's author, with the nearest name that is known there.
/// Serde writes ``unknown field `x`, expected one of `a`, `b` `` and ``missing field `x` ``.
pub(super) fn in_plain_words(message: &str) -> String {
    let message = message.trim_end().replace('\n', "; ");
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("the key {key} is missing; add it");
    }
    let what = [("unknown field ", "key"), ("unknown variant ", "value")];
    let what = what.into_iter().find(|(start, _)| message.starts_with(start));
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some((_, what)), Some(name)) = (what, quoted.next()) else {
        return message
            .replace("expected f64", "expected a number")
            .replace("expected u64", "expected a whole number");
    };
    let known: Vec<&str> = quoted.collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{name}`; known here: {}", known.join(", ")),
    }
}
