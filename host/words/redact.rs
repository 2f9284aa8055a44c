//! Takes secrets out of texts before they are kept.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex_automata::meta::Regex;
use timeslip_timeline::conversation::{ChatRequest, Message};
use timeslip_timeline::http::{
    Fetch, HttpError, HttpHeader, HttpRequest, HttpResponse, is_secret_name, pairs_without_secrets,
    url_without_secrets,
};

pub use timeslip_timeline::http::REDACTED;

/// What nothing but a credential looks like. Words such as `password` are left alone: what follows
/// them is a credential in a file of settings, and a sentence in a conversation.
const SECRETS: [&str; 6] = [
    // What stands in a header.
    r"(?i:\b(?:bearer|basic)) [A-Za-z0-9._~+/=-]{16,}",
    // Keys with the prefix of who gives them out.
    r"\b(?:sk|pk|rk|gsk|xai|nvapi|hf|r8|glpat|ghp|gho|ghs|ghu|github_pat|xoxb|xoxp)[-_][A-Za-z0-9_-]{16,}",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}\b",
    // A JSON Web Token (RFC 7519): header and claims begin with `{"`, which is `eyJ` in base64.
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    // A private key in PEM (RFC 7468).
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----",
];

static SECRET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new_many(&SECRETS).expect("the patterns are regular expressions"));

/// The text without what looks like a secret. Doing it again changes nothing.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut found = SECRET.find_iter(text).peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut redacted = String::with_capacity(text.len());
    let mut from = 0;
    for secret in found {
        redacted.push_str(&text[from..secret.start()]);
        redacted.push_str(REDACTED);
        from = secret.end();
    }
    redacted.push_str(&text[from..]);
    Cow::Owned(redacted)
}

/// How many parts of a text look like secrets.
pub fn secrets_in(text: &str) -> usize {
    SECRET.find_iter(text).count()
}

/// The message without what looks like a secret.
pub fn redacted_message(message: &Message) -> Message {
    let mut message = message.clone();
    replace(&mut message.content);
    for call in &mut message.tool_calls {
        replace(&mut call.arguments);
    }
    message
}

/// The request without what looks like a secret in what was said.
pub fn redacted_request(request: &ChatRequest) -> ChatRequest {
    ChatRequest {
        messages: request.messages.iter().map(redacted_message).collect(),
        ..request.clone()
    }
}

/// The address without what stands under a name of secrets or looks like one.
pub fn redacted_url(url: &str) -> String {
    redact(&url_without_secrets(url)).into_owned()
}

/// The value of a header without what looks like a secret; nothing of it where its name says that it
/// is one.
pub fn redacted_header_value(name: &str, value: &str) -> String {
    match is_secret_name(name) {
        true => REDACTED.to_owned(),
        false => redact(value).into_owned(),
    }
}

/// The request over HTTP without what looks like a secret.
pub fn redacted_http_request(request: &HttpRequest) -> HttpRequest {
    HttpRequest {
        method: request.method.clone(),
        url: redacted_url(&request.url),
        headers: redacted_headers(&request.headers),
        body: match is_form(&request.headers) {
            true => redacted_body(&request.body, pairs_without_secrets),
            false => redacted_body(&request.body, str::to_owned),
        },
    }
}

fn is_form(headers: &[HttpHeader]) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("content-type")
            && header.value.trim_start().starts_with("application/x-www-form-urlencoded")
    })
}

/// The fetch without what looks like a secret, on either side.
pub fn redacted_fetch(fetch: &Fetch) -> Fetch {
    let response = |response: &Arc<HttpResponse>| {
        Arc::new(HttpResponse {
            status: response.status,
            headers: redacted_headers(&response.headers),
            body: redacted_body(&response.body, str::to_owned),
        })
    };
    let answer = fetch.answer.as_ref().map(|answer| match answer {
        Ok(answer) => Ok(response(answer)),
        Err(error) => Err(redacted_error(error)),
    });
    Fetch { request: Arc::new(redacted_http_request(&fetch.request)), answer, ..fetch.clone() }
}

fn redacted_error(error: &HttpError) -> HttpError {
    let text = |text: &String| redact(text).into_owned();
    match error {
        HttpError::Refused(error) => HttpError::Refused(text(error)),
        HttpError::InvalidRequest(error) => HttpError::InvalidRequest(text(error)),
        HttpError::Timeout(error) => HttpError::Timeout(text(error)),
        HttpError::Failed(error) => HttpError::Failed(text(error)),
    }
}

fn redacted_headers(headers: &[HttpHeader]) -> Vec<HttpHeader> {
    let redacted = |header: &HttpHeader| HttpHeader {
        name: header.name.clone(),
        value: redacted_header_value(&header.name, &header.value),
    };
    headers.iter().map(redacted).collect()
}

/// What is no text is left as it is.
fn redacted_body(body: &[u8], named: impl Fn(&str) -> String) -> Vec<u8> {
    match std::str::from_utf8(body) {
        Ok(text) => redact(&named(text)).into_owned().into_bytes(),
        Err(_) => body.to_vec(),
    }
}

fn replace(text: &mut String) {
    if let Cow::Owned(redacted) = redact(text) {
        *text = redacted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_and_other_texts_left_alone() {
        for (text, expected) in [
            ("Authorization: Bearer abcdef0123456789XYZ.", "Authorization: <redacted>"),
            ("key sk-proj-0123456789abcdefghij, thanks", "key <redacted>, thanks"),
            ("id AKIAIOSFODNN7EXAMPLE.", "id <redacted>."),
            ("t=eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM;", "t=<redacted>;"),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb",
                "a\n<redacted>\nb",
            ),
            ("the bearer of good news", "the bearer of good news"),
            ("my password is on paper; sk-short; task_1234567890123456789", ""),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(redact(text), expected);
            assert_eq!(redact(expected), expected);
            assert_eq!(
                (secrets_in(text), secrets_in(expected)),
                (usize::from(text != expected), 0)
            );
        }
    }
}
