//! Replies put together from what servers of the Responses API write, in order and out of it.

use timeslip_timeline::conversation::FinishReason;
use timeslip_timeline::time::Span;

use crate::Api;
use crate::reply::{ReplyTimes, TokenSource};
use crate::sse::SseEvent;
use crate::wire::ServerError;
use crate::written::{ReplyBuilder, Written, WrittenError, whole_reply};

/// Reads events, one every 10 ns, the first at 10 ns, and gives the content that was told with each
/// that has words.
fn told(events: &[&str]) -> Result<(Written, Vec<String>), WrittenError> {
    let mut builder = ReplyBuilder::new(Api::Responses, Span::from_nanos(1), Span::from_nanos(2));
    let mut told = Vec::new();
    for (place, event) in (1..).zip(events) {
        let event = SseEvent { name: String::new(), data: (*event).to_owned() };
        told.extend(builder.read(&event, Span::from_nanos(10 * place))?);
    }
    Ok((builder.finish()?, told))
}

fn stream(events: &[&str]) -> Result<Written, WrittenError> {
    told(events).map(|(written, _)| written)
}

fn whole(body: &str) -> Result<Written, WrittenError> {
    whole_reply(Api::Responses, body, ReplyTimes::default())
}

/// An event about a text.
fn text(name: &str, address: &str, value: &str) -> String {
    let field = match name.rsplit_once('.') {
        Some((_, "delta")) => "delta",
        Some(("refusal", _)) => "refusal",
        Some(("function_call_arguments", _)) => "arguments",
        _ => "text",
    };
    let value = serde_json::to_string(value).unwrap();
    format!(r#"{{"type":"response.{name}",{address},"{field}":{value}}}"#)
}

fn content(delta: &str) -> String {
    let address = r#""item_id":"m","output_index":0,"content_index":0"#;
    text("output_text.delta", address, delta)
}

fn message(id: &str, content: &str) -> String {
    format!(
        r#"{{"type":"message","id":"{id}","role":"assistant","status":"completed",
            "content":[{{"type":"output_text","text":"{content}","annotations":[]}}]}}"#
    )
}

fn call(id: &str, call_id: &str, name: &str, arguments: &str) -> String {
    let arguments = serde_json::to_string(arguments).unwrap();
    format!(
        r#"{{"type":"function_call","id":"{id}","call_id":"{call_id}","name":"{name}",
            "arguments":{arguments}}}"#
    )
}

fn item(step: &str, index: i64, item: &str) -> String {
    format!(r#"{{"type":"response.output_item.{step}","output_index":{index},"item":{item}}}"#)
}

fn completed(output: &str) -> String {
    format!(
        r#"{{"type":"response.completed","response":{{"status":"completed","error":null,
            "output":[{output}]}}}}"#
    )
}

fn calls(written: &Written) -> Vec<(&str, &str, &str)> {
    let calls = written.message.tool_calls.iter();
    calls.map(|call| (&*call.id, &*call.name, &*call.arguments)).collect()
}

#[test]
fn a_text_that_is_told_three_times_counts_once() {
    let address = r#""item_id":"m","output_index":0,"content_index":0"#;
    let done = text("output_text.done", address, "Hello");
    let finished = item("done", 0, &message("m", "Hello"));
    let end = completed(&message("m", "Hello"));
    let begun = item("added", 0, r#"{"type":"message","id":"m","content":[]}"#);
    let (hel, lo) = (content("Hel"), content("lo"));
    let in_order: [&str; 6] = [&begun, &hel, &lo, &done, &finished, &end];
    let (written, told_text) = told(&in_order).unwrap();
    assert_eq!(written.message.content, "Hello");
    assert_eq!(told_text, ["Hel", "lo"]);
    assert_eq!(written.finish_reason, FinishReason::Stop);
    let nanos = Span::from_nanos;
    assert_eq!(
        written.times,
        ReplyTimes {
            head: nanos(1),
            first_byte: nanos(2),
            first_token: Some(nanos(20)),
            chunks: vec![nanos(20), nanos(30)],
            last: nanos(60),
        }
    );
    let out_of_order: [&[&str]; 7] = [
        &[&hel, &lo, &begun, &end],
        &[&hel, &done, &lo, &end],
        &[&finished, &hel, &lo, &begun, &done, &end],
        &[&finished, &finished, &end],
        &[&hel, &end],
        &[&end, &hel, &finished],
        &[&done, &end],
    ];
    for events in out_of_order {
        let (written, told_text) = told(events).unwrap();
        assert_eq!(written.message.content, "Hello", "{events:?}");
        assert_eq!(told_text.concat(), "Hello", "{events:?}");
    }
}

#[test]
fn what_only_the_pieces_say_counts_too() {
    let end = completed("");
    assert_eq!(stream(&[&content("Hel"), &content("lo"), &end]).unwrap().message.content, "Hello");
    // The last event need not even hold a reply.
    let bare = r#"{"type":"response.completed"}"#;
    assert_eq!(stream(&[&content("a"), bare]).unwrap().message.content, "a");
    let finished = item("done", 0, r#"{"type":"message","id":"m","content":[]}"#);
    let written = stream(&[&content("a"), &finished, &end]).unwrap();
    assert_eq!(written.message.content, "a");
    // An item that begins late is behind its own pieces.
    let begun = item("added", 0, &message("m", "He"));
    let written = stream(&[&content("Hel"), &begun, &content("lo"), &end]).unwrap();
    assert_eq!(written.message.content, "Hello");
}

#[test]
fn a_text_that_is_written_anew_is_what_it_is_in_the_end() {
    let finished = item("done", 0, &message("m", "Bye"));
    let (written, told_text) = told(&[&content("Hello"), &finished, &completed("")]).unwrap();
    assert_eq!(written.message.content, "Bye");
    assert_eq!(told_text, ["Hello"]);
    let (written, told_text) =
        told(&[&content("Hel"), &completed(&message("x", "Hello"))]).unwrap();
    assert_eq!(written.message.content, "Hello");
    assert_eq!(told_text, ["Hel", "lo"]);
}

#[test]
fn parallel_calls_are_told_apart_by_name_or_by_place() {
    let ends = [
        completed(""),
        // Some servers name the calls anew at the end; these names are to be answered.
        completed(&[call("x", "a", "find", "{\"x\":1}"), call("y", "b", "open", "{}")].join(",")),
    ];
    let addresses: [[&str; 2]; 4] = [
        [r#""item_id":"f1","output_index":0"#, r#""item_id":"f2","output_index":1"#],
        // No names in the pieces, no places, and new names each time.
        [r#""output_index":0"#, r#""output_index":1"#],
        [r#""item_id":"f1""#, r#""item_id":"f2""#],
        [r#""item_id":"q","output_index":0"#, r#""item_id":"r","output_index":1"#],
    ];
    for end in &ends {
        for [first, second] in addresses {
            let arguments = |address, delta| text("function_call_arguments.delta", address, delta);
            let all = text("function_call_arguments.done", second, "{}");
            let written = stream(&[
                &item("added", 0, &call("f1", "a", "find", "")),
                &item("added", 1, &call("f2", "b", "open", "")),
                &arguments(second, "{"),
                &arguments(first, "{\"x\":"),
                &all,
                &arguments(first, "1}"),
                &item("done", 1, &call("f2", "b", "open", "{}")),
                end,
            ]);
            let written = written.unwrap();
            assert_eq!(calls(&written), [("a", "find", "{\"x\":1}"), ("b", "open", "{}")]);
            assert_eq!(written.finish_reason, FinishReason::ToolCalls);
            // A call that begins is a part of it; what ends one that is known has no new words.
            let nanos = [10, 20, 30, 40, 50, 60].map(Span::from_nanos);
            assert_eq!(written.times.chunks, nanos);
        }
    }
}

#[test]
fn items_at_one_place_are_told_apart_where_they_begin_or_by_name() {
    let arguments = |delta| text("function_call_arguments.delta", r#""output_index":0"#, delta);
    let written = stream(&[
        &item("added", 0, &call("", "a", "find", "")),
        &arguments("{}"),
        &item("done", 0, &call("", "a", "find", "{}")),
        &item("added", 0, &call("", "b", "open", "")),
        &arguments("[]"),
        &completed(""),
    ]);
    assert_eq!(calls(&written.unwrap()), [("a", "find", "{}"), ("b", "open", "[]")]);
    let named = |id: &str, delta| {
        let address = format!(r#""item_id":"{id}","output_index":0"#);
        text("function_call_arguments.delta", &address, delta)
    };
    let written = stream(&[
        &item("added", 0, &call("f", "a", "find", "")),
        &item("added", 0, &call("g", "b", "open", "")),
        &named("f", "{}"),
        &named("g", "[]"),
        &completed(""),
    ]);
    assert_eq!(calls(&written.unwrap()), [("a", "find", "{}"), ("b", "open", "[]")]);
    let written = stream(&[
        &item("done", 0, &call("f", "a", "find", "{}")),
        &item("done", 0, &call("g", "b", "open", "{}")),
        &completed(""),
    ]);
    assert_eq!(calls(&written.unwrap()), [("a", "find", "{}"), ("b", "open", "{}")]);
}

#[test]
fn items_stand_in_the_order_of_their_places() {
    let second = text("output_text.delta", r#""item_id":"n","output_index":5"#, "b");
    let first = text("output_text.delta", r#""item_id":"m","output_index":-1"#, "a");
    let part = text("refusal.delta", r#""item_id":"n","output_index":5,"content_index":1"#, "c");
    let written = stream(&[&second, &first, &part, &completed("")]).unwrap();
    assert_eq!(written.message.content, "abc");
}

#[test]
fn a_call_without_a_name_gets_one() {
    let bare = text("function_call_arguments.delta", r#""output_index":3"#, "");
    let written = stream(&[&bare, &completed("")]).unwrap();
    assert_eq!(calls(&written), [("call_0", "", "")]);
    assert_eq!(written.times.first_token, Some(Span::from_nanos(10)));
}

#[test]
fn reasoning_is_its_text_or_else_its_summaries() {
    let summary = |index: i64, delta: &str| {
        let address = format!(r#""item_id":"r","output_index":0,"summary_index":{index}"#);
        text("reasoning_summary_text.delta", &address, delta)
    };
    let end = completed(
        r#"{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"Plan"},
            {"type":"summary_text","text":"Check"}]}"#,
    );
    let (written, told_text) =
        told(&[&summary(0, "Pl"), &summary(0, "an"), &summary(1, "Check"), &end]).unwrap();
    assert_eq!(written.reasoning, "Plan\n\nCheck");
    assert_eq!(written.message.content, "");
    assert_eq!(told_text, ["", "", ""]);
    let thought = text("reasoning_text.delta", r#""item_id":"r","output_index":0"#, "Hm.");
    let written = stream(&[&thought, &summary(0, "Plan"), &completed("")]).unwrap();
    assert_eq!(written.reasoning, "Hm.");
}

#[test]
fn a_whole_reply_has_the_same_parts() {
    let body = format!(
        r#"{{"id":"resp_1","object":"response","model":"m-1","status":"completed","error":null,
            "incomplete_details":null,"output":[
                {{"type":"reasoning","id":"r","summary":[{{"type":"summary_text","text":"Hm."}}]}},
                {{"type":"web_search_call","id":"w","status":"completed","action":{{}}}},
                {},{},
                {{"type":"message","id":"n","content":[{{"type":"refusal","refusal":" No."}}]}}],
            "usage":{{"input_tokens":9,"input_tokens_details":{{"cached_tokens":4}},
                "output_tokens":7,"output_tokens_details":{{"reasoning_tokens":3}},
                "total_tokens":16}}}}"#,
        message("m", "Hello."),
        call("f", "a", "find", "{}"),
    );
    let written = whole(&body).unwrap();
    assert_eq!(written.message.content, "Hello. No.");
    assert_eq!(written.reasoning, "Hm.");
    assert_eq!(calls(&written), [("a", "find", "{}")]);
    assert_eq!(written.finish_reason, FinishReason::ToolCalls);
    assert_eq!(written.model.as_deref(), Some("m-1"));
    let tokens = &written.tokens;
    assert_eq!((tokens.input, tokens.cached_input), (Some(9), Some(4)));
    assert_eq!((tokens.output, tokens.reasoning_output), (Some(7), Some(3)));
    assert_eq!(tokens.source, TokenSource::Server);
    assert_eq!(written.times.first_token, None);
}

#[test]
fn why_a_reply_ends_is_told() {
    let whole_end =
        |end: &str| whole(&format!(r#"{{{end},"output":[]}}"#)).map(|w| w.finish_reason);
    let details = |reason: &str| {
        format!(r#""status":"incomplete","incomplete_details":{{"reason":{reason}}}"#)
    };
    let unknown = |word: &str| Err(WrittenError::UnknownFinish(word.to_owned()));
    let cases = [
        (r#""status":"completed""#.to_owned(), Ok(FinishReason::Stop)),
        (details(r#""max_output_tokens""#), Ok(FinishReason::Length)),
        (details(r#""content_filter""#), Ok(FinishReason::ContentFilter)),
        (details(r#""steered""#), unknown("steered")),
        (details("null"), unknown("incomplete")),
        (r#""status":"incomplete""#.to_owned(), unknown("incomplete")),
        (r#""status":"cancelled""#.to_owned(), unknown("cancelled")),
        (r#""status":"in_progress""#.to_owned(), unknown("in_progress")),
    ];
    for (end, expected) in cases {
        assert_eq!(whole_end(&end), expected, "{end}");
    }
    let last = |kind: &str, response: &str| {
        let event = format!(r#"{{"type":"response.{kind}","response":{{{response}}}}}"#);
        stream(&[&event]).map(|written| written.finish_reason)
    };
    let details = details(r#""max_output_tokens""#);
    assert_eq!(last("incomplete", &details), Ok(FinishReason::Length));
    assert_eq!(last("completed", &details), Ok(FinishReason::Length));
    assert_eq!(last("completed", r#""status":"in_progress""#), Ok(FinishReason::Stop));
    assert_eq!(last("completed", r#""status":"cancelled""#), unknown("cancelled"));
}

#[test]
fn an_error_is_the_servers_own_wherever_it_stands() {
    let error = |kind: Option<&str>, code: Option<&str>| {
        WrittenError::Failed(ServerError {
            message: "gone".to_owned(),
            kind: kind.map(str::to_owned),
            code: code.map(str::to_owned),
        })
    };
    let cases = [
        (
            r#"{"type":"error","code":"server_error","message":"gone","param":null}"#,
            error(None, Some("server_error")),
        ),
        (
            r#"{"type":"error","error":{"type":"server_error","code":500,"message":"gone"}}"#,
            error(Some("server_error"), Some("500")),
        ),
        (
            r#"{"type":"response.failed","response":{"status":"failed","output":[],
                "error":{"code":"rate_limit_exceeded","message":"gone"}}}"#,
            error(None, Some("rate_limit_exceeded")),
        ),
        (
            r#"{"type":"response.completed","response":{"status":"failed",
                "error":{"code":"server_error","message":"gone"}}}"#,
            error(None, Some("server_error")),
        ),
        (r#"{"type":"response.failed","error":{"message":"gone"}}"#, error(None, None)),
        (r#"{"error":{"message":"gone"}}"#, error(None, None)),
    ];
    for (event, expected) in cases {
        assert_eq!(stream(&[&content("a"), event]).unwrap_err(), expected, "{event}");
    }
    let failed = r#"{"type":"response.failed","response":{"status":"failed","error":null}}"#;
    let nothing = WrittenError::Failed(ServerError::default());
    assert_eq!(stream(&[failed]).unwrap_err(), nothing);
    assert_eq!(whole(r#"{"status":"failed","error":null}"#).unwrap_err(), nothing);
    let body = r#"{"status":"failed","error":{"code":"server_error","message":"gone"}}"#;
    assert_eq!(whole(body).unwrap_err(), error(None, Some("server_error")));
}

#[test]
fn a_stream_without_its_end_is_no_reply() {
    let finished = item("done", 0, &message("m", "Hello"));
    for events in [vec![], vec![finished.as_str()], vec![&finished, "[DONE]"]] {
        assert_eq!(stream(&events).unwrap_err(), WrittenError::Truncated, "{events:?}");
    }
}

#[test]
fn what_is_unknown_is_passed_over_and_what_is_no_reply_is_told() {
    let end = completed(&message("m", "a"));
    let written = stream(&[
        r#"{"type":"response.in_progress","response":{}}"#,
        r#"{"type":"response.content_part.added","part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.output_text.annotation.added","annotation":{}}"#,
        r#"{"type":"response.mcp_call.failed","error":"none of ours"}"#,
        r#"{"type":"response.output_item.added","item":{"type":"mcp_call","arguments":{}}}"#,
        r#"{"type":"keepalive"}"#,
        "7",
        &end,
    ]);
    assert_eq!(written.unwrap().message.content, "a");
    for event in ["{", r#"{"type":"response.output_text.delta","delta":7}"#] {
        let outcome = stream(&[event, &end]);
        assert!(matches!(outcome, Err(WrittenError::NotAReply { .. })), "{event}: {outcome:?}");
    }
    for body in ["", "[]", "{}", r#"{"output":[]}"#, r#"{"status":"completed"}"#] {
        let outcome = whole(body);
        assert!(matches!(outcome, Err(WrittenError::NotAReply { .. })), "{body}: {outcome:?}");
    }
}

#[test]
fn an_event_may_be_named_beside_its_data_only() {
    let mut builder = ReplyBuilder::new(Api::Responses, Span::ZERO, Span::ZERO);
    let event = |name: &str, data: &str| SseEvent { name: name.to_owned(), data: data.to_owned() };
    let delta = event("response.output_text.delta", r#"{"item_id":"m","delta":"a"}"#);
    assert_eq!(builder.read(&delta, Span::ZERO), Ok(Some("a".to_owned())));
    builder.read(&event("response.completed", r#"{"response":{}}"#), Span::ZERO).unwrap();
    assert!(builder.is_done());
    assert_eq!(builder.finish().unwrap().message.content, "a");
}
