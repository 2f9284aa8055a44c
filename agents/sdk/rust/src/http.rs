//! Requests over HTTP to what the bench grants to a tool plugin.

use serde::de::DeserializeOwned;

use crate::contract::timeslip::tool::http_types::{self, HttpRequest, HttpResponse};
use crate::error::{Failure, ToolError, contract_error};
use crate::host::http;

contract_error! {
    /// Why there is no response.
    HttpError,
    /// The kinds of [`HttpError`].
    HttpErrorKind,
    http_types::HttpError as Cases,
    "",
    /// No grant covers the address. The text names the line to add to the bench.
    Refused = "refused",
    /// The request breaks a rule: no address, another scheme, a header that HTTP does not allow.
    InvalidRequest = "invalid-request",
    /// No whole response came in time.
    Timeout = "timeout",
    /// The server could not be reached, or what it sent is no response, or too large.
    Failed = "failed",
}

impl From<HttpError> for ToolError {
    fn from(error: HttpError) -> ToolError {
        ToolError::failed(error.text())
    }
}

/// A request, made step by step and then sent.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    request: HttpRequest,
}

impl Request {
    /// A request of any method, in capitals.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Request {
        let (method, url) = (method.into(), url.into());
        Request { request: HttpRequest { method, url, headers: Vec::new(), body: Vec::new() } }
    }

    /// `GET`.
    pub fn get(url: impl Into<String>) -> Request {
        Request::new("GET", url)
    }

    /// `POST` with a body.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
        let mut request = Request::new("POST", url);
        request.request.body = body.into();
        request
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        let (name, value) = (name.into(), value.into());
        self.request.headers.push(http_types::Header { name, value });
        self
    }

    /// Sends the request and waits for the whole response, whatever its status says. Redirects are
    /// not followed.
    ///
    /// # Errors
    /// The kinds of [`HttpError`].
    pub async fn send(self) -> Result<Response, HttpError> {
        Ok(Response { response: http::fetch(self.request).await? })
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    response: HttpResponse,
}

impl Response {
    /// The status, such as 200.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The value of the first header of this name, which is written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.response.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.as_str())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.response.body
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.response.body).into_owned()
    }

    /// The body as a JSON value of this type.
    ///
    /// # Errors
    /// The body is no such value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Ok(serde_json::from_slice(&self.response.body)?)
    }
}
