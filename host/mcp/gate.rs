//! Who may ask a server over HTTP.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

/// The key that every request must bear, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    key: Option<String>,
}

impl Gate {
    pub(crate) fn new(key: Option<String>) -> Gate {
        Gate { key }
    }

    /// Why a request may not come in, if it may not.
    pub(crate) fn refusal(&self, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let key = self.key.as_deref()?;
        let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
        match given.is_some_and(|given| is_same(given, key.as_bytes())) {
            true => None,
            false => Some((
                StatusCode::UNAUTHORIZED,
                "this server wants its key, as `Authorization: Bearer KEY`",
            )),
        }
    }
}

/// Whether two texts are the same, in a time that does not tell where they begin to differ.
fn is_same(given: &[u8], key: &[u8]) -> bool {
    let differing =
        given.iter().zip(key).fold(0, |differing, (one, other)| differing | (one ^ other));
    given.len() == key.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_the_key_stays_outside() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            headers
        };
        let gate = Gate::new(Some("secret".to_owned()));
        assert_eq!(gate.refusal(&headers("Bearer secret")), None);
        for wrong in ["secret", "Bearer secre", "Bearer secret2", "Bearer sEcret", "Basic secret"] {
            let refused = gate.refusal(&headers(wrong)).map(|(status, _)| status);
            assert_eq!(refused, Some(StatusCode::UNAUTHORIZED), "{wrong}");
        }
        assert!(gate.refusal(&HeaderMap::new()).is_some());
        assert_eq!(Gate::new(None).refusal(&HeaderMap::new()), None);
    }
}
