//! Streams of `/v1/responses`: events that open items, add to them and close them.

use serde_json::{Value, json};
use timeslip_timeline::conversation::Usage;

use super::Told;
use super::events::write_event;
use super::pieces::{Piece, Pieces};
use super::response_object::{
    begun, call_item, call_item_id, completed, has_text, message_id, message_item, text_part,
};

/// A streamed response.
pub(crate) struct ResponseStream {
    told: Told,
    pieces: Pieces,
    events: Events,
    text_is_open: bool,
    /// The tool call whose arguments are being written.
    open_call: Option<usize>,
}

/// Numbers events.
struct Events {
    next: u64,
}

impl Events {
    fn write(&mut self, name: &str, mut data: Value, out: &mut Vec<u8>) {
        data["type"] = name.into();
        data["sequence_number"] = self.next.into();
        self.next += 1;
        write_event(name, &data, out);
    }
}

impl ResponseStream {
    pub(super) fn new(told: Told) -> ResponseStream {
        ResponseStream {
            pieces: Pieces::new(&told.message, told.output_tokens),
            told,
            events: Events { next: 0 },
            text_is_open: false,
            open_call: None,
        }
    }

    pub(super) fn token(&mut self, tokens: u64, out: &mut Vec<u8>) {
        if tokens == 1 {
            self.begin(out);
        }
        let ResponseStream { told, pieces, events, text_is_open, open_call } = self;
        let first_place = usize::from(has_text(told));
        for piece in pieces.token(tokens) {
            match piece {
                Piece::Text(text) => {
                    let data = json!({
                        "item_id": message_id(told),
                        "output_index": 0,
                        "content_index": 0,
                        "delta": text,
                        "logprobs": [],
                    });
                    events.write("response.output_text.delta", data, out);
                }
                Piece::Arguments { call, begins, text } => {
                    if begins {
                        close_text(told, events, std::mem::take(text_is_open), out);
                        close_call(told, events, open_call.replace(call), out);
                        let item = call_item(told, call, &told.message.tool_calls[call], None);
                        let data = json!({"output_index": first_place + call, "item": item});
                        events.write("response.output_item.added", data, out);
                    }
                    let data = json!({
                        "item_id": call_item_id(told, call),
                        "output_index": first_place + call,
                        "delta": text,
                    });
                    events.write("response.function_call_arguments.delta", data, out);
                }
            }
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        let response = begun(&self.told);
        for name in ["response.created", "response.in_progress"] {
            self.events.write(name, json!({"response": response}), out);
        }
        if has_text(&self.told) {
            let item = message_item(&self.told, "in_progress", None);
            let data = json!({"output_index": 0, "item": item});
            self.events.write("response.output_item.added", data, out);
            let data = json!({
                "item_id": message_id(&self.told),
                "output_index": 0,
                "content_index": 0,
                "part": text_part(""),
            });
            self.events.write("response.content_part.added", data, out);
            self.text_is_open = true;
        }
    }

    pub(super) fn end(&mut self, usage: &Usage, out: &mut Vec<u8>) {
        let ResponseStream { told, events, text_is_open, open_call, .. } = self;
        close_text(told, events, std::mem::take(text_is_open), out);
        close_call(told, events, open_call.take(), out);
        let response = completed(told, usage);
        let name = match response["status"].as_str() {
            Some("incomplete") => "response.incomplete",
            _ => "response.completed",
        };
        events.write(name, json!({"response": response}), out);
    }
}

fn close_text(told: &Told, events: &mut Events, is_open: bool, out: &mut Vec<u8>) {
    if !is_open {
        return;
    }
    let text = &told.message.content;
    let place = json!({"item_id": message_id(told), "output_index": 0, "content_index": 0});
    let mut done = place.clone();
    done["text"] = text.as_str().into();
    done["logprobs"] = json!([]);
    events.write("response.output_text.done", done, out);
    let mut part = place;
    part["part"] = text_part(text);
    events.write("response.content_part.done", part, out);
    let item = message_item(told, "completed", Some(text));
    let data = json!({"output_index": 0, "item": item});
    events.write("response.output_item.done", data, out);
}

fn close_call(told: &Told, events: &mut Events, open: Option<usize>, out: &mut Vec<u8>) {
    let Some(place) = open else {
        return;
    };
    let call = &told.message.tool_calls[place];
    let output_index = usize::from(has_text(told)) + place;
    let data = json!({
        "item_id": call_item_id(told, place),
        "output_index": output_index,
        "name": call.name,
        "arguments": call.arguments,
    });
    events.write("response.function_call_arguments.done", data, out);
    let item = call_item(told, place, call, Some(&call.arguments));
    let data = json!({"output_index": output_index, "item": item});
    events.write("response.output_item.done", data, out);
}
