//! What the user says of a server: where it is, and how long and how often it may be asked.

use std::path::PathBuf;

use reqwest::Url;
use timeslip_timeline::time::Span;

use crate::body::LimitField;
use crate::error::SetupError;
use crate::key::KeySource;
use crate::sse::SseLimits;

/// A server and how to treat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What comes before the API's own path, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// What is spoken there.
    pub api: Api,
    /// Where the key is.
    pub key: KeySource,
    /// What a server of chat completions calls the limit on output tokens.
    pub limit_field: LimitField,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How much to send, to receive and to do at once.
    pub limits: Limits,
    /// How often to try.
    pub retries: Retries,
    /// A PEM file of certificates to trust besides those of the system.
    pub certificates: Option<PathBuf>,
    /// How to reach the server.
    pub proxy: Proxy,
}

impl Settings {
    /// A server at this address, without a key, and everything else as usual.
    pub fn for_server(base_url: impl Into<String>) -> Settings {
        Settings {
            base_url: base_url.into(),
            api: Api::default(),
            key: KeySource::None,
            limit_field: LimitField::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            retries: Retries::default(),
            certificates: None,
            proxy: Proxy::default(),
        }
    }

    /// The server's host and port, for a name; a word for them where the address is none.
    pub fn host_and_port(&self) -> String {
        let Ok(url) = Url::parse(&self.base_url) else {
            return "endpoint".to_owned();
        };
        let host = url.host_str().unwrap_or("endpoint").trim_matches(['[', ']']);
        match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The address that chats are posted to.
    pub(crate) fn endpoint(&self) -> Result<Url, SetupError> {
        self.address(self.api.path())
    }

    /// The address at which the server lists its models.
    pub(crate) fn models_url(&self) -> Result<Url, SetupError> {
        self.address("/models")
    }

    fn address(&self, added: &str) -> Result<Url, SetupError> {
        let wrong = |reason: &str| SetupError::BadUrl { reason: reason.to_owned() };
        let mut url = Url::parse(&self.base_url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user's name or a password, which would be shown"));
        }
        let base = url.path().trim_end_matches('/').to_owned();
        if let Some(path) = Api::ALL.map(Api::path).into_iter().find(|path| base.ends_with(path)) {
            return Err(wrong(&format!("it ends in {path}, and {added} is added to it")));
        }
        url.set_path(&format!("{base}{added}"));
        url.set_fragment(None);
        Ok(url)
    }
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// OpenAI's chat completions, which every compatible server knows.
    #[default]
    ChatCompletions,
    /// OpenAI's Responses API. It has no seed and no texts that end a reply; a request with one is
    /// refused.
    Responses,
}

impl Api {
    const ALL: [Api; 2] = [Api::ChatCompletions, Api::Responses];

    /// What is added to a server's address.
    fn path(self) -> &'static str {
        match self {
            Api::ChatCompletions => "/chat/completions",
            Api::Responses => "/responses",
        }
    }
}

/// How long to wait before giving up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Span,
    /// From sending a request to the first byte of the answer's body. A whole reply is written
    /// within this.
    pub first_byte: Span,
    /// Between two pieces of an answer.
    pub between_chunks: Span,
    /// For a call, from its first attempt on: retries and pauses included, waiting for a place not.
    pub whole: Span,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Span::from_millis(10_000),
            first_byte: Span::from_millis(120_000),
            between_chunks: Span::from_millis(60_000),
            whole: Span::from_millis(600_000),
        }
    }
}

/// How much at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once, at least one. More wait for a place, in the order in which they came.
    pub calls: usize,
    /// Bytes of a request's body.
    pub request_bytes: usize,
    /// Bytes of an answer's body. A chunk of one token takes some 300 of them.
    pub reply_bytes: usize,
    /// Bytes of a line, and of an event, of a stream.
    pub events: SseLimits,
}

impl Default for Limits {
    fn default() -> Limits {
        const MEBIBYTE: usize = 1 << 20;
        Limits {
            calls: 16,
            request_bytes: 32 * MEBIBYTE,
            reply_bytes: 64 * MEBIBYTE,
            events: SseLimits { line_bytes: 4 * MEBIBYTE, event_bytes: 4 * MEBIBYTE },
        }
    }
}

/// How often to try a call again, and how long to pause before.
///
/// The pause before the `n`th retry is drawn evenly from 0 to `pause × 2^(n−1)`, at most
/// `pause_max` (exponential backoff with full jitter: Brooker, AWS Architecture Blog, 2015). Where
/// the server says `Retry-After`, that time comes before the drawn one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The most retries of a call; 0 for none.
    pub retries: u32,
    /// The longest pause before the first retry.
    pub pause: Span,
    /// The longest pause that is drawn.
    pub pause_max: Span,
    /// The longest `Retry-After` to wait for. A call that would have to wait longer fails at once.
    pub retry_after_max: Span,
    /// The seed of the draws. Absent, each client draws differently, as it should where several
    /// retry against one server.
    pub seed: Option<u64>,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries {
            retries: 4,
            pause: Span::from_millis(500),
            pause_max: Span::from_millis(30_000),
            retry_after_max: Span::from_millis(120_000),
            seed: None,
        }
    }
}

/// How to reach a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, if they do.
    #[default]
    Environment,
    /// Directly.
    Direct,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<String, String> {
        let endpoint = Settings::for_server(base_url).endpoint();
        endpoint.map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_endpoint_follows_the_base() {
        let expected = "http://127.0.0.1:8000/v1/chat/completions";
        assert_eq!(endpoint("http://127.0.0.1:8000/v1").unwrap(), expected);
        assert_eq!(endpoint("http://127.0.0.1:8000/v1/").unwrap(), expected);
        assert_eq!(endpoint("https://host").unwrap(), "https://host/chat/completions");
        assert_eq!(
            endpoint("https://host/v1?api-version=2").unwrap(),
            "https://host/v1/chat/completions?api-version=2"
        );
    }

    #[test]
    fn the_endpoint_is_that_of_the_api() {
        let responses = |base_url: &str| {
            let settings = Settings { api: Api::Responses, ..Settings::for_server(base_url) };
            settings.endpoint().map(|url| url.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(responses("http://host/v1/").unwrap(), "http://host/v1/responses");
        let refused = responses("http://host/v1/responses").unwrap_err();
        assert!(refused.contains("/responses is added"), "{refused}");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_told_without_its_secrets() {
        for (address, reason) in [
            ("host/v1", "relative URL without a base"),
            ("ftp://host", "neither http:// nor https://"),
            ("https://me:pass1234@host/v1", "a user's name or a password"),
            ("http://host/v1/chat/completions", "/chat/completions is added"),
            ("http://host/v1/responses/", "it ends in /responses, and /chat/completions is added"),
        ] {
            let error = endpoint(address).unwrap_err();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("pass1234"), "{error}");
        }
    }
}
