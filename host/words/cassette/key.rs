//! What makes two requests the same: a hash over their canonical form.
//!
//! Tool-call arguments are compared as parsed JSON, whatever the order of their keys and their
//! white space. Identifiers of tool calls are left out: models repeat them, agents renumber them,
//! and a call is paired with its output by position. Each message is hashed once, and a request's
//! key is the chain of its messages' hashes, so a conversation costs its length, not its square.

use serde_json::Value;
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, Role, ToolDefinition};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::lines::KeyPart;

/// A 128-bit hash of something canonical.
pub(super) type Key = u128;

/// The parts of a request besides its messages, as a recorded chat has them.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestParts<'r> {
    pub(super) model: Option<&'r str>,
    pub(super) tools: &'r [ToolDefinition],
    pub(super) options: Option<&'r ChatOptions>,
}

impl<'r> RequestParts<'r> {
    pub(super) fn of(request: &'r ChatRequest) -> RequestParts<'r> {
        RequestParts {
            model: request.model.as_deref(),
            tools: &request.tools,
            options: Some(&request.options),
        }
    }
}

/// The key of a message.
pub(super) fn key_of_message(message: &Message) -> Key {
    let mut hasher = Xxh3::new();
    hasher.update(&[match message.role {
        Role::System => 0,
        Role::User => 1,
        Role::Assistant => 2,
        Role::Tool => 3,
    }]);
    add(&mut hasher, &message.content);
    for call in &message.tool_calls {
        add(&mut hasher, &call.name);
        add(&mut hasher, &canonical_json(&call.arguments));
    }
    hasher.digest128()
}

/// The key of a request, from the keys of its messages in order.
pub(super) fn key_of_request(
    messages: impl Iterator<Item = Key>,
    parts: &RequestParts<'_>,
    key: &[KeyPart],
) -> Key {
    let mut chain = messages.fold(0, link);
    if key.contains(&KeyPart::Model) {
        chain = link(chain, xxh3_128(parts.model.unwrap_or_default().as_bytes()));
    }
    if key.contains(&KeyPart::Tools) {
        chain = link(chain, key_of_tools(parts.tools));
    }
    if key.contains(&KeyPart::Options) {
        chain = link(chain, xxh3_128(canonical_options(parts.options).as_bytes()));
    }
    chain
}

/// The key of a call of a tool.
pub(super) fn key_of_call(name: &str, arguments: &str) -> Key {
    let mut hasher = Xxh3::new();
    add(&mut hasher, name);
    add(&mut hasher, &canonical_json(arguments));
    hasher.digest128()
}

/// The key of a list of tools.
pub(super) fn key_of_tools(tools: &[ToolDefinition]) -> Key {
    let mut hasher = Xxh3::new();
    for tool in tools {
        add(&mut hasher, &tool.name);
        add(&mut hasher, &tool.description);
        add(&mut hasher, &canonical_json(&tool.input_schema));
    }
    hasher.digest128()
}

/// Options as JSON with sorted keys; absent ones as the defaults they stand for.
pub(super) fn canonical_options(options: Option<&ChatOptions>) -> String {
    let default = ChatOptions::default();
    let value = serde_json::to_value(options.unwrap_or(&default));
    canonical_text(&value.expect("options hold nothing that JSON lacks"))
}

/// JSON text without white space and with sorted keys; a text that is no JSON stays as it is.
///
/// No text stands for no arguments, as some models write it.
pub fn canonical_json(text: &str) -> String {
    if text.trim().is_empty() {
        return "{}".to_owned();
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => canonical_text(&value),
        Err(_) => text.to_owned(),
    }
}

fn canonical_text(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

fn link(chain: Key, next: Key) -> Key {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&chain.to_le_bytes());
    bytes[16..].copy_from_slice(&next.to_le_bytes());
    xxh3_128(&bytes)
}

fn add(hasher: &mut Xxh3, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::ToolCall;

    use super::*;

    fn call(id: &str, arguments: &str) -> Message {
        let mut message = Message::text(Role::Assistant, "");
        message.tool_calls.push(ToolCall {
            id: id.to_owned(),
            name: "search".to_owned(),
            arguments: arguments.to_owned(),
        });
        message
    }

    #[test]
    fn arguments_are_compared_as_json_and_identifiers_not_at_all() {
        let one = key_of_message(&call("a", r#"{"to":"SEA","from":{"x":1,"y":2}}"#));
        let same = key_of_message(&call("b", r#"{ "from": {"y": 2, "x": 1}, "to": "SEA" }"#));
        let other = key_of_message(&call("a", r#"{"to":"SEA","from":{"x":1,"y":3}}"#));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(key_of_call("f", ""), key_of_call("f", " {} "));
        assert_ne!(key_of_call("f", "not json"), key_of_call("f", "not  json"));
    }

    #[test]
    fn text_does_not_slide_from_one_field_into_the_next() {
        let message = |role, content: &str| key_of_message(&Message::text(role, content));
        assert_ne!(message(Role::User, "a"), message(Role::Assistant, "a"));
        assert_ne!(key_of_call("ab", "c"), key_of_call("a", "bc"));
    }

    #[test]
    fn only_the_parts_named_count() {
        let first = RequestParts { model: Some("a"), ..RequestParts::default() };
        let second = RequestParts { model: Some("b"), ..RequestParts::default() };
        let key = |parts, key: &[KeyPart]| key_of_request([1, 2].into_iter(), parts, key);
        assert_eq!(key(&first, &[KeyPart::Messages]), key(&second, &[KeyPart::Messages]));
        let with_model = [KeyPart::Messages, KeyPart::Model];
        assert_ne!(key(&first, &with_model), key(&second, &with_model));
        let options = ChatOptions { seed: Some(1), ..ChatOptions::default() };
        let third = RequestParts { options: Some(&options), ..RequestParts::default() };
        let with_options = [KeyPart::Messages, KeyPart::Options];
        assert_ne!(key(&first, &with_options), key(&third, &with_options));
    }
}
