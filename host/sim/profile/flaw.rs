//! What is wrong with a profile that has the right form.

use super::figure::Figure;

/// A mistake, and the key where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Parts with dots between them, `pools.0.chips`; empty where only the sentence names the key.
    pub(crate) key: String,
    /// What is wrong and the fix.
    pub(crate) message: String,
}

impl Flaw {
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> Flaw {
        Flaw { key: key.into(), message: message.into() }
    }

    /// The same of a table that stands behind `table` in its file.
    pub(super) fn inside(self, table: &str) -> Flaw {
        Flaw { key: format!("{table}.{}", self.key), message: self.message }
    }

    /// The same with what it is about before the sentence.
    pub(super) fn about(self, subject: &str) -> Flaw {
        Flaw { key: self.key, message: format!("{subject}: {}", self.message) }
    }
}

/// A figure that time is divided by must be over 0.
pub(super) fn positive(key: &str, figure: &Figure) -> Result<(), Flaw> {
    match figure.value {
        Some(0.0) => Err(Flaw::new(key, format!("`{key}` must be over 0"))),
        _ => Ok(()),
    }
}

/// A figure that is a part of a whole must be over 0 and at most 1.
pub(super) fn fraction(key: &str, figure: &Figure) -> Result<(), Flaw> {
    positive(key, figure)?;
    match figure.value {
        Some(value) if value > 1.0 => {
            Err(Flaw::new(key, format!("`{key}` must be at most 1: it is a part of the peak")))
        }
        _ => Ok(()),
    }
}

/// The value of a figure that counts something.
pub(crate) fn whole(name: &str, figure: &Figure) -> Result<u64, String> {
    figure
        .value
        .filter(|value| *value >= 1.0 && *value == value.floor() && *value < 1e9)
        .map(|value| value as u64)
        .ok_or_else(|| format!("{name} must be a whole number of at least 1"))
}

/// Likewise; `key` is where it stands.
pub(super) fn counted(key: &str, figure: &Figure) -> Result<u64, Flaw> {
    whole(&format!("`{key}`"), figure).map_err(|message| Flaw::new(key, message))
}
