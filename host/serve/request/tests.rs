//! Bodies that nobody should send.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// Names that mean something in some request.
const NAMES: [&str; 28] = [
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "tools",
    "parameters",
    "tool_choice",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "stream",
    "stream_options",
    "response_format",
    "json_schema",
    "schema",
    "input",
    "instructions",
    "prompt",
    "n",
    "call_id",
    "output",
    "seed",
];

/// Texts that mean something in some request.
const TEXTS: [&str; 14] = [
    "user",
    "assistant",
    "tool",
    "system",
    "function",
    "message",
    "function_call",
    "function_call_output",
    "json_schema",
    "input_text",
    "auto",
    "required",
    "",
    "ü\u{0}🚀",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..TEXTS.len()).prop_map(|place| Value::from(TEXTS[place])),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let member = (0..NAMES.len(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            prop::collection::vec(member, 0..8).prop_map(|members| {
                let named = members.into_iter().map(|(place, value)| (NAMES[place].into(), value));
                Value::Object(named.collect::<Map<String, Value>>())
            }),
        ]
    })
}

/// A body is read, or the error names what is wrong with it.
fn is_read_or_explained(body: &[u8]) {
    for api in ["chat", "completions", "responses"] {
        if let Err(message) = read_any(api, body) {
            assert!(!message.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_is_read_or_explained(value in value()) {
        is_read_or_explained(value.to_string().as_bytes());
    }

    #[test]
    fn any_member_of_a_request_may_be_wrong(
        place in 0..NAMES.len(), inner in value(), role in 0..TEXTS.len(),
    ) {
        let body = serde_json::json!({
            "messages": [{"role": TEXTS[role], NAMES[place]: inner}],
            "input": [{"type": TEXTS[role], NAMES[place]: inner}],
            NAMES[place]: inner,
        });
        is_read_or_explained(body.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_explained(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_read_or_explained(&bytes);
    }
}

#[test]
fn a_body_that_is_nested_without_end_is_refused() {
    let body = format!("{{\"messages\":{}", "[".repeat(100_000));
    assert!(read_any("chat", body.as_bytes()).unwrap_err().contains("recursion limit"));
}
