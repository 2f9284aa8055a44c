//! What the events of one streamed chat or completion have in common, written once.

use serde_json::{Map, Value, json};
use timeslip_timeline::conversation::Usage;

use super::events::{DONE, write_data, write_json};
use super::{Told, reason_of, usage_of};

/// Around what each token says.
pub(super) struct Frame {
    /// The members that every event has.
    head: Map<String, Value>,
    /// Up to what a token says.
    before: Vec<u8>,
    /// Behind a token that is not the last, and behind the last.
    after: Vec<u8>,
    after_last: Vec<u8>,
    include_usage: bool,
}

impl Frame {
    /// A frame of objects of this name; `opens` and `closes` stand around what a token says inside
    /// the one choice.
    pub(super) fn new(told: &Told, id: &str, object: &str, opens: &str, closes: &str) -> Frame {
        let head = head(told, id, object);
        let mut before = b"data: ".to_vec();
        write_json(&head, &mut before);
        // The object goes on.
        before.pop();
        before.extend_from_slice(b",\"choices\":[{\"index\":0,");
        before.extend_from_slice(opens.as_bytes());
        let usage = if told.include_usage { ",\"usage\":null" } else { "" };
        let after = |reason: &str| {
            format!("{closes},\"logprobs\":null,\"finish_reason\":{reason}}}]{usage}}}\n\n")
                .into_bytes()
        };
        Frame {
            head,
            before,
            after: after("null"),
            after_last: after(&format!("\"{}\"", reason_of(told.finish_reason))),
            include_usage: told.include_usage,
        }
    }

    pub(super) fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
    }

    pub(super) fn close(&self, is_last: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if is_last { &self.after_last } else { &self.after });
    }

    /// What follows the last token.
    pub(super) fn end(&self, usage: &Usage, out: &mut Vec<u8>) {
        if self.include_usage {
            let mut event = self.head.clone();
            event.insert("choices".to_owned(), json!([]));
            event.insert("usage".to_owned(), usage_of(usage));
            write_data(&event.into(), out);
        }
        out.extend_from_slice(DONE);
    }
}

/// A whole reply with its one choice.
pub(super) fn whole(told: &Told, id: &str, object: &str, choice: Value, usage: &Usage) -> Value {
    let mut choice = choice;
    choice["logprobs"] = Value::Null;
    choice["finish_reason"] = reason_of(told.finish_reason).into();
    let mut reply = head(told, id, object);
    reply.insert("choices".to_owned(), json!([choice]));
    reply.insert("usage".to_owned(), usage_of(usage));
    reply.into()
}

fn head(told: &Told, id: &str, object: &str) -> Map<String, Value> {
    let members = [
        ("id", told.id(id).into()),
        ("object", object.into()),
        ("created", told.created.into()),
        ("model", told.model.as_str().into()),
    ];
    members.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect()
}
