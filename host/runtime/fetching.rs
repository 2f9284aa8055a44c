//! The contracts' `http`: from their records to the timeline's and back, and the rules of a request.

use std::sync::Arc;

use timeslip_timeline::guest::Answer;
use timeslip_timeline::http as ours;
use wasmtime::component::{Accessor, HasSelf};

use crate::asking::{self, Caller};
use crate::bindings::tool::timeslip::tool::{http, http_types as wit};
use crate::bindings::tool_blocking::timeslip::tool::http_blocking;
use crate::context::Context;
use crate::http_grant::{HttpGrant, is_method, read_address};

type Host = HasSelf<Context>;

/// Headers that the host sets by itself, since a wrong one would let a request mean another.
const OF_THE_HOST: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl wit::Host for Context {}
impl http::Host for Context {}
impl http_blocking::Host for Context {}

impl http::HostWithStore<Context> for Host {
    async fn fetch(
        accessor: &Accessor<Context, Host>,
        request: wit::HttpRequest,
    ) -> wasmtime::Result<Result<wit::HttpResponse, wit::HttpError>> {
        let mut pending = accessor.with(|mut caller| asking::fetch(&mut caller, request))?;
        Ok(fetched(pending.wait().await))
    }
}

impl http_blocking::HostWithStore<Context> for Host {
    async fn fetch(
        mut caller: Caller<'_>,
        request: wit::HttpRequest,
    ) -> wasmtime::Result<Result<wit::HttpResponse, wit::HttpError>> {
        let mut pending = asking::fetch(&mut caller, request)?;
        Ok(fetched(pending.wait().await))
    }
}

/// A request that keeps the rules and is granted, with its address in the normal form.
pub(crate) fn granted(
    plugin: &str,
    grant: &HttpGrant,
    request: wit::HttpRequest,
) -> Result<Arc<ours::HttpRequest>, ours::HttpError> {
    let wrong = |problem: String| ours::HttpError::InvalidRequest(problem);
    let url = read_address(&request.url)
        .map_err(|problem| wrong(format!("\"{}\" {problem}", request.url)))?;
    if !is_method(&request.method) {
        return Err(wrong(format!("\"{}\" is no method that is served", request.method)));
    }
    if let Some(problem) = request.headers.iter().find_map(header_problem) {
        return Err(wrong(problem));
    }
    grant.check(plugin, &request.method, &url).map_err(ours::HttpError::Refused)?;
    let header = |header: wit::Header| ours::HttpHeader { name: header.name, value: header.value };
    Ok(Arc::new(ours::HttpRequest {
        method: request.method,
        url: url.into(),
        headers: request.headers.into_iter().map(header).collect(),
        body: request.body,
    }))
}

fn header_problem(header: &wit::Header) -> Option<String> {
    let name = &header.name;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        Some(format!("HTTP does not allow the header name {name:?}"))
    } else if OF_THE_HOST.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        Some(format!("the host sets the header `{name}` by itself"))
    } else if header.value.chars().any(|c| c.is_control() && c != '\t') {
        Some(format!("the value of the header `{name}` has a control character"))
    } else {
        None
    }
}

fn fetched(answer: Option<Answer>) -> Result<wit::HttpResponse, wit::HttpError> {
    let answer = match answer {
        Some(Answer::Fetched(answer)) => answer,
        _ => Err(ours::HttpError::Failed("the response has been taken already".to_owned())),
    };
    match answer {
        Ok(response) => {
            let response = Arc::unwrap_or_clone(response);
            let header =
                |header: ours::HttpHeader| wit::Header { name: header.name, value: header.value };
            Ok(wit::HttpResponse {
                status: response.status,
                headers: response.headers.into_iter().map(header).collect(),
                body: response.body,
            })
        }
        Err(error) => Err(match error {
            ours::HttpError::Refused(text) => wit::HttpError::Refused(text),
            ours::HttpError::InvalidRequest(text) => wit::HttpError::InvalidRequest(text),
            ours::HttpError::Timeout(text) => wit::HttpError::Timeout(text),
            ours::HttpError::Failed(text) => wit::HttpError::Failed(text),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str, method: &str, headers: &[(&str, &str)]) -> Result<String, String> {
        let grant = HttpGrant::new(&["http://h/docs/*".to_owned()], &[]).unwrap();
        let header = |(name, value): &(&str, &str)| wit::Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        let request = wit::HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(header).collect(),
            body: Vec::new(),
        };
        let granted = granted("web", &grant, request);
        granted.map(|request| request.url.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_sent_is_the_address_that_was_granted() {
        let sent = asked("HTTP://H:80/docs/./a b?c#d", "GET", &[("accept", "*/*")]);
        assert_eq!(sent.unwrap(), "http://h/docs/a%20b?c");
    }

    #[test]
    fn a_request_that_breaks_a_rule_or_has_no_grant_says_so() {
        let ok = "http://h/docs/a";
        for (told, problem) in [
            (asked("docs/a", "GET", &[]), "invalid request: \"docs/a\" is no address"),
            (
                asked("file:///etc/passwd", "GET", &[]),
                "invalid request: \"file:///etc/passwd\" has",
            ),
            (asked(ok, "get", &[]), "invalid request: \"get\" is no method"),
            (asked(ok, "GET", &[("a b", "")]), "invalid request: HTTP does not allow"),
            (
                asked(ok, "GET", &[("Host", "x")]),
                "invalid request: the host sets the header `Host`",
            ),
            (asked(ok, "GET", &[("a", "b\r\nc: d")]), "invalid request: the value of the header"),
            (asked("http://h/other", "GET", &[]), "refused: the plugin \"web\" has no grant"),
            (asked(ok, "DELETE", &[]), "refused: the plugin \"web\" has no grant for the method"),
        ] {
            let told = told.unwrap_err();
            assert!(told.starts_with(problem), "{told}");
        }
    }
}
