//! Takes secrets out of texts before they are kept.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_automata::meta::Regex;
use timeslip_timeline::conversation::{ChatRequest, Message};

/// What stands in a secret's place.
pub const REDACTED: &str = "<redacted>";

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
