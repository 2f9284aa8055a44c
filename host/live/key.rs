//! The key of a server: read once, sent with every request, shown never.

use std::borrow::Cow;
use std::path::PathBuf;

use reqwest::header::HeaderValue;

use crate::error::SetupError;

/// Where a key comes from. Settings hold this and never the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The server wants none.
    #[default]
    None,
    /// The environment variable of this name.
    Environment(String),
    /// A file that holds the key and nothing else; white space around it is left out.
    File(PathBuf),
}

/// Names the place, for errors: `the environment variable OPENAI_API_KEY`.
impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeySource::None => f.write_str("no key"),
            KeySource::Environment(name) => write!(f, "the environment variable {name}"),
            KeySource::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl KeySource {
    /// Reads the key; none where the server wants none.
    ///
    /// # Errors
    /// When it is not there, is empty, or holds what a header cannot carry. The error names the
    /// place and not the key.
    pub fn read(&self) -> Result<Option<ApiKey>, SetupError> {
        let missing = |reason: String| SetupError::NoKey { place: self.to_string(), reason };
        let text = match self {
            KeySource::None => return Ok(None),
            KeySource::Environment(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => missing("it is not set".to_owned()),
                // The error itself would show the value.
                std::env::VarError::NotUnicode(_) => missing("it is not UTF-8".to_owned()),
            })?,
            KeySource::File(path) => {
                std::fs::read_to_string(path).map_err(|error| missing(error.to_string()))?
            }
        };
        match text.trim() {
            "" => Err(missing("it is empty".to_owned())),
            key if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(ApiKey(key.to_owned())))
            }
            _ => Err(missing("it holds more than letters, digits and signs of ASCII".to_owned())),
        }
    }
}

/// A key. Printing it gives `<redacted>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

const REDACTED: &str = "<redacted>";

/// A shorter key is a word that servers without keys want to see, such as `EMPTY`; taking it out of
/// texts would spoil them and hide nothing.
const SECRET_BYTES_MIN: usize = 8;

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

impl std::fmt::Display for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}

impl ApiKey {
    /// The text with every occurrence of the key replaced: servers repeat what they are sent.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.0.len() >= SECRET_BYTES_MIN && text.contains(&self.0) {
            true => Cow::Owned(text.replace(&self.0, REDACTED)),
            false => Cow::Borrowed(text),
        }
    }

    /// The header that carries it, marked so that nothing logs it.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))
            .expect("a key is of visible ASCII, which a header carries");
        value.set_sensitive(true);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_in_file(text: &str) -> Result<Option<ApiKey>, SetupError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, text).unwrap();
        KeySource::File(path).read()
    }

    #[test]
    fn a_key_prints_as_redacted_and_is_taken_out_of_texts() {
        let key = key_in_file(" sk-12345678\n").unwrap().unwrap();
        assert_eq!(format!("{key} {key:?} {:?}", key.header()), "<redacted> <redacted> Sensitive");
        assert_eq!(key.redact("bad key sk-12345678."), "bad key <redacted>.");
        assert_eq!(key.redact("nothing"), "nothing");
    }

    #[test]
    fn a_key_is_read_from_the_environment() {
        const NAME: &str = "TIMESLIP_TEST_KEY";
        const KEY: &str = "sk-12345678";
        if std::env::var_os(NAME).is_some() {
            let key = KeySource::Environment(NAME.to_owned()).read();
            assert_eq!(key.unwrap(), Some(ApiKey(KEY.to_owned())));
            return;
        }
        // The environment is the whole process's, so a process of its own gets the variable.
        let name = "key::tests::a_key_is_read_from_the_environment";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", name]).env(NAME, KEY).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    fn a_word_for_servers_without_keys_is_left_in_texts() {
        let key = key_in_file("EMPTY").unwrap().unwrap();
        assert_eq!(key.redact("EMPTY prompt"), "EMPTY prompt");
    }

    #[test]
    fn a_key_that_cannot_be_used_is_told_by_its_place() {
        assert!(key_in_file(" \n").unwrap_err().to_string().contains("it is empty"));
        let error = key_in_file("sk-1234\nsk-5678").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("1234"), "{error:?}");
        let missing = KeySource::Environment("TIMESLIP_NO_SUCH_KEY".to_owned()).read();
        assert_eq!(
            missing.unwrap_err().to_string(),
            "no key in the environment variable TIMESLIP_NO_SUCH_KEY: it is not set; put the key \
             there, or name another place"
        );
        let file = KeySource::File("no/such/file".into()).read().unwrap_err().to_string();
        assert!(file.starts_with("no key in the file no/such/file: "), "{file}");
        assert_eq!(KeySource::None.read().unwrap(), None);
    }
}
