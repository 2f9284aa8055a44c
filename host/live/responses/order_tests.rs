//! A stream says a text in pieces, at the end of its part, in the finished item and in the whole
//! reply. Servers leave some of these out; whichever come, the reply is the same.

use proptest::prelude::*;
use timeslip_timeline::time::Span;

use crate::Api;
use crate::reply::ReplyTimes;
use crate::sse::SseEvent;
use crate::written::{ReplyBuilder, whole_reply};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Message,
    Call,
    Reasoning,
    Summary,
}

/// How the events of an item name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    Both,
    Name,
    Place,
    /// Another name in each event.
    PlaceAndNewNames,
}

/// An item, and which events tell of it.
#[derive(Clone, Debug)]
struct Plan {
    kind: Kind,
    pieces: Vec<String>,
    is_begun: bool,
    has_pieces: bool,
    has_part: bool,
    is_finished: bool,
}

impl Plan {
    /// The item with a text, as a server writes it.
    fn item(&self, id: &str, place: usize, text: &str) -> String {
        let text = serde_json::to_string(text).unwrap();
        match self.kind {
            Kind::Message => {
                format!(r#"{{"type":"message","id":"{id}","content":[{{"text":{text}}}]}}"#)
            }
            Kind::Call => format!(
                r#"{{"type":"function_call","id":"{id}","call_id":"c{place}","name":"find",
                    "arguments":{text}}}"#
            ),
            Kind::Reasoning => format!(
                r#"{{"type":"reasoning","id":"{id}","summary":[],"content":[{{"text":{text}}}]}}"#
            ),
            Kind::Summary => {
                format!(r#"{{"type":"reasoning","id":"{id}","summary":[{{"text":{text}}}]}}"#)
            }
        }
    }

    /// The events that tell of it, in order.
    fn events(&self, address: Address, place: usize) -> Vec<String> {
        let whole = self.pieces.concat();
        let (name, all) = match self.kind {
            Kind::Message => ("output_text", "text"),
            Kind::Call => ("function_call_arguments", "arguments"),
            Kind::Reasoning => ("reasoning_text", "text"),
            Kind::Summary => ("reasoning_summary_text", "text"),
        };
        let id = |number: usize| match address {
            Address::Both | Address::Name => format!("item_{place}"),
            Address::Place => String::new(),
            Address::PlaceAndNewNames => format!("item_{place}_{number}"),
        };
        let index = match address {
            Address::Name => String::new(),
            _ => format!(r#","output_index":{place}"#),
        };
        let mut events: Vec<String> = Vec::new();
        let mut tell = |event: &dyn Fn(&str) -> String| {
            let id = id(events.len());
            let event = event(&id);
            events.push(format!(r#"{{"type":"response.{event}{index}}}"#));
        };
        let item = |step: &str, id: &str, text: &str| {
            format!(r#"output_item.{step}","item":{}"#, self.item(id, place, text))
        };
        let text = |step: &str, id: &str, field: &str, text: &str| {
            let text = serde_json::to_string(text).unwrap();
            format!(r#"{name}.{step}","item_id":"{id}","{field}":{text}"#)
        };
        if self.is_begun {
            tell(&|id| item("added", id, ""));
        }
        if self.has_pieces {
            self.pieces.iter().for_each(|piece| tell(&|id| text("delta", id, "delta", piece)));
        }
        if self.has_part {
            tell(&|id| text("done", id, all, &whole));
        }
        if self.is_finished {
            tell(&|id| item("done", id, &whole));
        }
        events
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let kind = vec![Kind::Message, Kind::Call, Kind::Reasoning, Kind::Summary];
    let pieces = prop::collection::vec("[a\"\\\\ä]{1,3}", 1..4);
    (prop::sample::select(kind), pieces, any::<[bool; 4]>()).prop_map(
        |(kind, pieces, [is_begun, has_pieces, has_part, is_finished])| Plan {
            kind,
            pieces,
            // Only an item names a call.
            is_begun: is_begun || kind == Kind::Call,
            has_pieces,
            has_part,
            // What is told nowhere is not there.
            is_finished: is_finished || !(has_pieces || has_part),
        },
    )
}

/// One list of all events, those of each item in their order.
fn merged(mut lists: Vec<Vec<String>>, picks: &[prop::sample::Index]) -> Vec<String> {
    let mut events = Vec::new();
    for pick in picks.iter().cycle() {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            break;
        }
        let picked = pick.index(lists.len());
        events.push(lists[picked].remove(0));
    }
    events
}

proptest! {
    #[test]
    fn a_stream_gives_the_whole_reply_whatever_it_leaves_out(
        plans in prop::collection::vec(plan(), 0..4),
        address in prop::sample::select(vec![
            Address::Both, Address::Name, Address::Place, Address::PlaceAndNewNames,
        ]),
        has_output in any::<bool>(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let items = plans.iter().zip(0..);
        let items = items.map(|(plan, place)| plan.item("new", place, &plan.pieces.concat()));
        let output = items.collect::<Vec<_>>().join(",");
        let whole = format!(r#"{{"status":"completed","output":[{output}]}}"#);
        let whole = whole_reply(Api::Responses, &whole, ReplyTimes::default()).unwrap();

        let lists = plans.iter().zip(0..).map(|(plan, place)| plan.events(address, place));
        let mut events = match address {
            // Without places, the order is that of their coming.
            Address::Name => lists.flatten().collect(),
            _ => merged(lists.collect(), &picks),
        };
        let output = if has_output { output } else { String::new() };
        let response = format!(r#"{{"output":[{output}]}}"#);
        events.push(format!(r#"{{"type":"response.completed","response":{response}}}"#));
        let mut builder = ReplyBuilder::new(Api::Responses, Span::ZERO, Span::ZERO);
        let mut told = 0;
        for data in events {
            let event = SseEvent { name: String::new(), data };
            let text = builder.read(&event, Span::ZERO).unwrap();
            told += text.unwrap_or_default().len();
        }
        let written = builder.finish().unwrap();
        prop_assert_eq!(told, whole.message.content.len());
        prop_assert_eq!(written.message, whole.message);
        prop_assert_eq!(written.reasoning, whole.reasoning);
        prop_assert_eq!(written.finish_reason, whole.finish_reason);
    }
}
