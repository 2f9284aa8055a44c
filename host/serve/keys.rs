//! Keys of requests.

use axum::http::{HeaderMap, header};

use crate::error::ApiError;

/// Whether a request may be answered.
pub(crate) fn check(keys: &[String], headers: &HeaderMap) -> Result<(), ApiError> {
    if keys.is_empty() {
        return Ok(());
    }
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(given) = given.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(ApiError::key("the request has no key"));
    };
    match keys.iter().fold(false, |known, key| known | is_same(key, given)) {
        true => Ok(()),
        false => Err(ApiError::key("the request's key is not one of this server's")),
    }
}

/// Compares without telling by its time how much of the key was right.
fn is_same(key: &str, given: &str) -> bool {
    let pairs = key.bytes().zip(given.bytes());
    key.len() == given.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_keys_opens_and_an_open_server_asks_for_none() {
        let keys = ["one".to_owned(), "two".to_owned()];
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            check(&keys, &headers).is_ok()
        };
        assert!(with("Bearer two") && with("Bearer one"));
        assert!(!with("Bearer tw") && !with("two") && !with("Bearer twofold"));
        assert!(check(&keys, &HeaderMap::new()).is_err());
        assert!(check(&[], &HeaderMap::new()).is_ok());
    }
}
