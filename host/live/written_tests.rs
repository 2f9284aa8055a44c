//! Whatever comes of either API, in whatever pieces.

use proptest::prelude::*;
use timeslip_timeline::conversation::{FinishReason, Message};
use timeslip_timeline::time::Span;

use crate::Api;
use crate::reply::{ReplyTimes, TokenCounts};
use crate::sse::{SseEvent, SseLimits, SseReader};
use crate::written::{ReplyBuilder, Written, WrittenError, whole_reply};

const LIMITS: SseLimits = SseLimits { line_bytes: 800, event_bytes: 800 };

/// What both APIs say of a reply, and the content that was told on the way.
type Told = (Result<Written, WrittenError>, String);

/// Reads a stream as the client does, each piece 10 ns after the one before.
fn read<'p>(api: Api, pieces: impl IntoIterator<Item = &'p [u8]>) -> Option<Told> {
    let mut reader = SseReader::new(LIMITS);
    let mut builder = ReplyBuilder::new(api, Span::ZERO, Span::ZERO);
    let mut events = Vec::new();
    let mut told = String::new();
    for (place, piece) in (1..).zip(pieces) {
        let read = reader.push(piece, &mut events);
        for event in events.drain(..) {
            match builder.read(&event, Span::from_nanos(10 * place)) {
                Ok(text) => told.push_str(&text.unwrap_or_default()),
                Err(error) => return Some((Err(error), told)),
            }
        }
        read.ok()?;
    }
    Some((builder.finish(), told))
}

fn chat_completions() -> Vec<String> {
    let choice =
        |choice: &str| format!(r#"{{"choices":[{{"index":0,{choice},"finish_reason":null}}]}}"#);
    let data = [
        choice(r#""delta":{"content":"a"}"#),
        choice(r#""delta":{"content":null,"reasoning":"b"}"#),
        choice(r#""delta":{"tool_calls":[{"index":18446744073709551615,"id":"c"}]}"#),
        choice(r#""delta":{"tool_calls":[{"id":"d","function":{"arguments":"{"}}]}"#),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned(),
        r#"{"usage":{"prompt_tokens":3,"completion_tokens":2}}"#.to_owned(),
        r#"{"choices":null,"usage":{"prompt_tokens":-3}}"#.to_owned(),
        "[DONE]".to_owned(),
        String::new(),
    ];
    data.map(|data| format!("data: {data}\n\n")).to_vec()
}

fn responses() -> Vec<String> {
    let message = r#"{"type":"message","id":"m","content":[{"type":"output_text","text":"ab"}]}"#;
    let call = r#"{"type":"function_call","id":"f","call_id":"c","name":"find","arguments":"{}"}"#;
    let thought = r#"{"type":"reasoning","id":"r","summary":[{"text":"Hm"}],"content":null}"#;
    let mut data: Vec<String> = Vec::new();
    for item in [message, call, thought, r#"{"type":"web_search_call","id":7}"#] {
        data.push(format!(r#"{{"type":"response.output_item.added","item":{item}}}"#));
        for index in [0, 9, -1] {
            data.push(format!(
                r#"{{"type":"response.output_item.done","output_index":{index},"item":{item}}}"#
            ));
        }
    }
    for (name, address) in [
        ("output_text", r#""item_id":"m","content_index":0"#),
        ("output_text", r#""output_index":9,"content_index":-1"#),
        ("refusal", r#""content_index":9223372036854775807"#),
        ("function_call_arguments", r#""item_id":"f","output_index":1"#),
        ("function_call_arguments", r#""item_id":"""#),
        ("reasoning_text", r#""output_index":null"#),
        ("reasoning_summary_text", r#""item_id":"r","summary_index":1"#),
    ] {
        data.push(format!(r#"{{"type":"response.{name}.delta",{address},"delta":"a"}}"#));
        data.push(format!(r#"{{"type":"response.{name}.done",{address},"text":"ab"}}"#));
    }
    let usage = r#"{"input_tokens":3,"output_tokens":2}"#;
    for (end, output) in [
        ("completed", format!(r#"[{message},{call},{thought}]"#)),
        ("completed", "[]".to_owned()),
        ("incomplete", format!("[{thought}]")),
    ] {
        data.push(format!(
            r#"{{"type":"response.{end}","response":{{"output":{output},"usage":{usage},
                "incomplete_details":{{"reason":"max_output_tokens"}}}}}}"#
        ));
    }
    data.push(r#"{"type":"response.created","response":{"model":"m"}}"#.to_owned());
    data.push("[DONE]".to_owned());
    data.into_iter().map(|data| format!("data: {}\n\n", data.replace('\n', " "))).collect()
}

/// A piece of a stream: mostly a whole event of some kind, now and then a cut one or any bytes.
fn piece(events: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        30 => prop::sample::select(events.clone()).prop_map(String::into_bytes),
        1 => (prop::sample::select(events), any::<prop::sample::Index>()).prop_map(|(event, cut)| {
            event.as_bytes()[..cut.index(event.len())].to_vec()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

fn stream() -> impl Strategy<Value = (Api, Vec<Vec<u8>>)> {
    let of =
        |api: Api, events: Vec<String>| (Just(api), prop::collection::vec(piece(events), 0..12));
    prop_oneof![of(Api::ChatCompletions, chat_completions()), of(Api::Responses, responses()),]
}

/// What does not depend on when the pieces came.
type Outcome =
    Result<(Message, String, FinishReason, Option<String>, TokenCounts, usize), WrittenError>;

fn outcome((read, told): Told) -> (Outcome, String) {
    let read = read.map(|written| {
        let Written { message, reasoning, finish_reason, model, tokens, times } = written;
        (message, reasoning, finish_reason, model, tokens, times.chunks.len())
    });
    (read, told)
}

/// A regular expression of what is near to an event.
const JSON_PIECES: &str = concat!(
    r#"[{\["]?("(type|item|response|delta|output_index)":"#,
    r#"[\[{]?[0-9"]{0,3}[\]}]?,?){0,3}[}\]]?"#,
);

proptest! {
    #[test]
    fn whatever_comes_the_times_of_a_reply_are_in_order((api, pieces) in stream()) {
        if let Some((Ok(written), _)) = read(api, pieces.iter().map(Vec::as_slice)) {
            let times = &written.times;
            prop_assert!(times.chunks.is_sorted());
            prop_assert_eq!(times.chunks.first(), times.first_token.as_ref());
            prop_assert!(times.chunks.last().is_none_or(|chunk| *chunk <= times.last));
            let has_words = !written.message.content.is_empty()
                || !written.reasoning.is_empty()
                || !written.message.tool_calls.is_empty();
            prop_assert_eq!(has_words, times.first_token.is_some());
            prop_assert!(written.message.tool_calls.iter().all(|call| !call.id.is_empty()));
            prop_assert!(written.tokens.output.is_some());
        }
    }

    #[test]
    fn a_reply_does_not_depend_on_where_its_stream_is_cut(
        (api, pieces) in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let stream = pieces.concat();
        let whole = read(api, [stream.as_slice()]).map(outcome);
        prop_assert_eq!(&read(api, stream.chunks(1)).map(outcome), &whole);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
        prop_assert_eq!(&read(api, pieces).map(outcome), &whole);
    }

    #[test]
    fn any_data_of_any_event_is_read_or_refused(
        api in prop::sample::select(vec![Api::ChatCompletions, Api::Responses]),
        name in prop_oneof![
            Just(String::new()),
            "(response\\.)?(output_item|output_text|completed|failed)?\\.?(added|done|delta)?",
        ],
        data in prop_oneof![
            ".*",
            JSON_PIECES,
        ],
    ) {
        let mut builder = ReplyBuilder::new(api, Span::ZERO, Span::ZERO);
        let event = SseEvent { name, data: data.clone() };
        let _ = builder.read(&event, Span::ZERO);
        let is_ended = builder.finish().is_ok();
        let whole = whole_reply(api, &data, ReplyTimes::default());
        prop_assert!(!is_ended || serde_json::from_str::<serde_json::Value>(&data).is_ok());
        prop_assert!(whole.is_err() || serde_json::from_str::<serde_json::Value>(&data).is_ok());
    }
}
