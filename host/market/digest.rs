//! Digests by which everything is addressed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{MarketError, Result};

/// `sha256:` and 64 hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut text = String::from("sha256:");
        for byte in Sha256::digest(bytes) {
            text.push_str(&format!("{byte:02x}"));
        }
        Digest(text)
    }

    /// Reads a digest.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Digest> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        match hex.len() == 64 && hex.chars().all(is_hex) {
            true => Ok(Digest(text.to_owned())),
            false => Err(MarketError::refused(format!(
                "`{}` is no digest; it is `sha256:` and 64 hexadecimal digits in lower case",
                text.escape_debug()
            ))),
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// Holds bytes against the digest that they must have.
    ///
    /// # Errors
    /// When they have another one; `what` is what the bytes are.
    pub fn check(&self, what: &str, bytes: &[u8]) -> Result<()> {
        let found = Digest::of(bytes);
        match found == *self {
            true => Ok(()),
            false => Err(MarketError::refused(format!(
                "{what} was changed or damaged: its digest is {found}, and {self} is expected"
            ))),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = MarketError;

    fn try_from(text: String) -> Result<Digest> {
        Digest::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_form() {
        let digest = Digest::of(b"a");
        assert_eq!(Digest::parse(digest.as_str()), Ok(digest.clone()));
        let upper = digest.as_str().to_uppercase();
        for wrong in ["", "sha256:", "md5:aa", &upper, "sha256:../../x", &digest.as_str()[..70]] {
            assert!(Digest::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_of_another_digest_are_refused_by_name() {
        assert_eq!(Digest::of(b"a").check("the blob", b"a"), Ok(()));
        let told = Digest::of(b"a").check("the blob", b"b").unwrap_err().to_string();
        assert!(
            told.starts_with("the blob was changed or damaged: its digest is sha256:"),
            "{told}"
        );
    }
}
