//! What looks like a secret in the strings of a cassette's line. In a `fetch` line the name of a
//! header, or of a part of an address, says more than the looks of its value.

use timeslip_timeline::http::is_secret_name;

use super::literals::Literal;
use crate::redact::{REDACTED, redact, redacted_url, secrets_in};

/// Goes through the strings of one line in their order.
#[derive(Default)]
pub(super) struct LineSecrets {
    is_fetch: bool,
    /// What the last `name` says.
    name: String,
}

impl LineSecrets {
    /// The string without secrets, and how many it has.
    pub(super) fn redacted(&mut self, literal: &Literal) -> (String, usize) {
        let text = &literal.text;
        let plain = || (redact(text).into_owned(), secrets_in(text));
        if literal.is_key {
            return plain();
        }
        self.is_fetch |= literal.key == "kind" && text == "fetch";
        match literal.key.as_str() {
            "name" => self.name.clone_from(text),
            "value" if self.is_fetch && is_secret_name(&self.name) => {
                return (REDACTED.to_owned(), usize::from(text != REDACTED));
            }
            "url" if self.is_fetch => {
                let redacted = redacted_url(text);
                let secrets = usize::from(redacted != *text);
                return (redacted, secrets);
            }
            // What looks like a secret there looks so by chance.
            "body_base64" if self.is_fetch => return (text.clone(), 0),
            _ => {}
        }
        plain()
    }
}
