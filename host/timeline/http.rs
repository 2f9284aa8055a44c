//! Requests over HTTP that tool plugins make, and what becomes of them.
//!
//! A fetch takes time like anything that a plugin waits for. [`Words`](crate::backend::Words) say what
//! comes back and how long that took when it was recorded; what they leave to servers, a [`Fetcher`]
//! asks.

use std::sync::Arc;

use crate::backend::SessionId;
use crate::time::{Instant, Span};

/// A line of a request's or a response's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpHeader {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …, in capitals.
    pub method: String,
    /// The address in its normal form, without a fragment.
    pub url: String,
    /// Headers.
    pub headers: Vec<HttpHeader>,
    /// The body, empty for none.
    pub body: Vec<u8>,
}

/// A response, whatever its status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status, such as 200.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<HttpHeader>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It was not granted, or these words have nothing to play back.
    #[error("refused: {0}")]
    Refused(String),
    /// The request breaks a rule.
    #[error("invalid request: {0}")]
    InvalidRequest(String),
    /// No whole response came in time.
    #[error("timeout: {0}")]
    Timeout(String),
    /// The server could not be reached, or what it sent is no response.
    #[error("failed: {0}")]
    Failed(String),
}

/// What comes back.
pub type HttpAnswer = Result<Arc<HttpResponse>, HttpError>;

/// What words say of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchSaid {
    /// This came back.
    Answered {
        /// What.
        answer: HttpAnswer,
        /// From the asking until all of it was there.
        after: Span,
    },
    /// Nothing: a server is to be asked.
    LeftToServer,
}

/// A fetch of a tool plugin and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What was asked.
    pub request: Arc<HttpRequest>,
    /// When.
    pub asked_at: Instant,
    /// When it was over; the instant of asking while it is under way.
    pub ended_at: Instant,
    /// What came back; `None` where it was given up.
    pub answer: Option<HttpAnswer>,
}

impl Fetch {
    /// From asking to the end.
    pub fn took(&self) -> Span {
        self.ended_at.since(self.asked_at)
    }
}

/// Numbers the fetches of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId {
    /// The session.
    pub session: SessionId,
    /// The fetch, in the order in which its session asks.
    pub number: u64,
}

/// Asks real servers.
///
/// When something comes is for the run's [`Pace`](crate::pace::Pace) to know.
pub trait Fetcher {
    /// Sends a request that is asked at `at`. Never blocks; the answer comes out of
    /// [`Fetcher::next`].
    fn begin(&mut self, at: Instant, fetch: FetchId, request: Arc<HttpRequest>);

    /// Lets a recorded answer come out at `at`, as if a server gave it.
    fn play(&mut self, at: Instant, fetch: FetchId, answer: HttpAnswer);

    /// The next answer that is there at `now`.
    fn next(&mut self, now: Instant) -> Option<(FetchId, HttpAnswer)>;

    /// Gives up a fetch. Nothing comes out for it any more.
    fn cancel(&mut self, fetch: FetchId);
}

/// Told of each fetch as it ends.
pub type OnFetchEnd<'a> = dyn FnMut(SessionId, &Fetch) + 'a;

/// What a run has to do with HTTP beside its words.
#[derive(Default)]
pub struct HttpStage<'a> {
    /// Who asks real servers, where the run may.
    pub fetcher: Option<&'a mut dyn Fetcher>,
    /// Told of each fetch that is over, before the plugin is told, and of each that was given up.
    pub on_fetch_end: Option<&'a mut OnFetchEnd<'a>>,
}

/// What words say that have no responses to play back.
pub fn no_recordings() -> FetchSaid {
    let text = "these words hold no responses of servers; give the bench words of kind `script` \
                with [[http]] rules, or record real ones by `timeslip record`";
    FetchSaid::Answered { answer: Err(HttpError::Refused(text.to_owned())), after: Span::ZERO }
}

/// What stands in a secret's place.
pub const REDACTED: &str = "<redacted>";

/// Whether what stands under this name, of a header or in an address, is mostly a secret.
pub fn is_secret_name(name: &str) -> bool {
    const WHOLE: [&str; 6] = ["key", "sig", "auth", "pwd", "token", "jwt"];
    const INSIDE: [&str; 14] = [
        "accesskey",
        "apikey",
        "authkey",
        "authorization",
        "cookie",
        "credential",
        "functionskey",
        "passwd",
        "password",
        "privatekey",
        "secret",
        "sessionid",
        "signature",
        "subscriptionkey",
    ];
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // What a server gives to go on with the next page is no secret.
    let is_place = ["page", "next", "continuation"].iter().any(|word| plain.contains(word));
    WHOLE.contains(&plain.as_str())
        || INSIDE.iter().any(|part| plain.contains(part))
        || (plain.ends_with("token") && !is_place)
}

/// The address without the values of its query that are mostly secrets.
pub fn url_without_secrets(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    format!("{place}?{}", pairs_without_secrets(query))
}

/// The query of an address, or the body of a form, without the values that are mostly secrets.
pub fn pairs_without_secrets(pairs: &str) -> String {
    let pairs = pairs.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_under_a_name_of_secrets_is_taken_out_of_an_address() {
        let shown = url_without_secrets(
            "https://h/a?q=key&api_key=abc&X-Amz-Signature=1&access_token=t&sig=%20&page_token=2&\
             max_tokens=3",
        );
        assert_eq!(
            shown,
            "https://h/a?q=key&api_key=<redacted>&X-Amz-Signature=<redacted>&\
             access_token=<redacted>&sig=<redacted>&page_token=2&max_tokens=3"
        );
        assert_eq!(url_without_secrets(&shown), shown);
        for name in ["Authorization", "proxy-authorization", "Cookie", "set-cookie", "X-API-Key"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["accept", "content-type", "etag", "user-agent", "keywords", "author"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
