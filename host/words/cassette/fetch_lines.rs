//! The `fetch` lines of a cassette: what a tool plugin asked over HTTP, and what came back.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use timeslip_timeline::http::{
    Fetch, HttpAnswer, HttpError, HttpHeader, HttpRequest, HttpResponse,
};
use timeslip_timeline::time::{Instant, Span};

/// A request and what came of it: a response, an error, or that nobody waited for it any more.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FetchLine {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<HeaderLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    /// The body where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<ResponseLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<FetchErrorLine>,
    #[serde(default, skip_serializing_if = "super::lines::is_false")]
    pub(super) given_up: bool,
    /// When it was asked, on the clock of its recording.
    pub(super) asked_at_ns: u64,
    /// From the asking until the whole body was there, or until it failed or was given up.
    pub(super) took_ns: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseLine {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<HeaderLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    /// The body where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_base64: Option<String>,
}

/// Why there was no response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FetchErrorLine {
    pub(super) kind: FetchErrorKind,
    pub(super) message: String,
}

/// The kind of an [`HttpError`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FetchErrorKind {
    Refused,
    InvalidRequest,
    Timeout,
    Failed,
}

impl FetchLine {
    /// The line of a fetch that is over.
    pub(super) fn of(fetch: &Fetch) -> FetchLine {
        let request = &fetch.request;
        let (body, body_base64) = body_lines(&request.body);
        let answer = fetch.answer.as_ref();
        FetchLine {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: header_lines(&request.headers),
            body,
            body_base64,
            response: answer.and_then(|answer| answer.as_deref().ok()).map(response_line),
            error: answer.and_then(|answer| answer.as_ref().err()).map(error_line),
            given_up: answer.is_none(),
            asked_at_ns: fetch.asked_at.as_nanos(),
            took_ns: fetch.took().as_nanos(),
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it, and the fix.
    pub(super) fn fetch(self) -> Result<Fetch, (String, String)> {
        let request = HttpRequest {
            method: self.method,
            url: self.url,
            headers: self.headers.into_iter().map(HttpHeader::from).collect(),
            body: body_of(self.body, self.body_base64)?,
        };
        let answer = match (self.response, self.error, self.given_up) {
            (Some(response), None, false) => Some(Ok(Arc::new(response.response()?))),
            (None, Some(error), false) => Some(Err(HttpError::from(error))),
            (None, None, true) => None,
            _ => {
                return Err((
                    "a fetch ends with one of `response`, `error` and `given_up`".to_owned(),
                    "keep the one that is true".to_owned(),
                ));
            }
        };
        let asked_at = Instant::from_nanos(self.asked_at_ns);
        let ended_at = asked_at + Span::from_nanos(self.took_ns);
        Ok(Fetch { request: Arc::new(request), asked_at, ended_at, answer })
    }
}

impl ResponseLine {
    fn response(self) -> Result<HttpResponse, (String, String)> {
        Ok(HttpResponse {
            status: self.status,
            headers: self.headers.into_iter().map(HttpHeader::from).collect(),
            body: body_of(self.body, self.body_base64)?,
        })
    }
}

/// What a plugin is told when a fetch is played back that the recorded one gave up.
pub(super) fn played(fetch: &Fetch) -> HttpAnswer {
    fetch.answer.clone().unwrap_or_else(|| {
        let text = format!(
            "nobody waited for it any more after {} when it was recorded, so what came is unknown",
            fetch.took()
        );
        Err(HttpError::Timeout(text))
    })
}

fn response_line(response: &HttpResponse) -> ResponseLine {
    let (body, body_base64) = body_lines(&response.body);
    let headers = header_lines(&response.headers);
    ResponseLine { status: response.status, headers, body, body_base64 }
}

fn header_lines(headers: &[HttpHeader]) -> Vec<HeaderLine> {
    let line =
        |header: &HttpHeader| HeaderLine { name: header.name.clone(), value: header.value.clone() };
    headers.iter().map(line).collect()
}

fn error_line(error: &HttpError) -> FetchErrorLine {
    let (kind, message) = match error {
        HttpError::Refused(text) => (FetchErrorKind::Refused, text),
        HttpError::InvalidRequest(text) => (FetchErrorKind::InvalidRequest, text),
        HttpError::Timeout(text) => (FetchErrorKind::Timeout, text),
        HttpError::Failed(text) => (FetchErrorKind::Failed, text),
    };
    FetchErrorLine { kind, message: message.clone() }
}

impl From<FetchErrorLine> for HttpError {
    fn from(line: FetchErrorLine) -> HttpError {
        match line.kind {
            FetchErrorKind::Refused => HttpError::Refused(line.message),
            FetchErrorKind::InvalidRequest => HttpError::InvalidRequest(line.message),
            FetchErrorKind::Timeout => HttpError::Timeout(line.message),
            FetchErrorKind::Failed => HttpError::Failed(line.message),
        }
    }
}

impl From<HeaderLine> for HttpHeader {
    fn from(line: HeaderLine) -> HttpHeader {
        HttpHeader { name: line.name, value: line.value }
    }
}

/// A body as a text, or else in base64; neither where it is empty.
fn body_lines(body: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(body) {
        Ok("") => (None, None),
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(STANDARD.encode(body))),
    }
}

fn body_of(text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, (String, String)> {
    match (text, base64) {
        (None, None) => Ok(Vec::new()),
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|error| {
            (
                format!("`body_base64` is no base64: {error}"),
                "write it in the standard alphabet with its padding".to_owned(),
            )
        }),
        (Some(_), Some(_)) => Err((
            "a body stands as `body` and as `body_base64`".to_owned(),
            "keep `body` where it is a text".to_owned(),
        )),
    }
}
