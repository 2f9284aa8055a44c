//! Replies put together from what servers of several makers write.

use timeslip_timeline::conversation::FinishReason;
use timeslip_timeline::time::Span;

use crate::Api;
use crate::reply::{NoUsage, ReplyTimes, TokenSource};
use crate::sse::SseEvent;
use crate::wire::ServerError;
use crate::written::{ReplyBuilder, Written, WrittenError, whole_reply};

/// Reads chunks, one every 10 ns, the first at 10 ns.
fn stream(chunks: &[&str]) -> Result<Written, WrittenError> {
    let mut builder =
        ReplyBuilder::new(Api::ChatCompletions, Span::from_nanos(1), Span::from_nanos(2));
    for (place, chunk) in (1..).zip(chunks) {
        let event = SseEvent { name: String::new(), data: (*chunk).to_owned() };
        builder.read(&event, Span::from_nanos(10 * place))?;
    }
    builder.finish()
}

fn delta(delta: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#)
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn whole(body: &str) -> Result<Written, WrittenError> {
    whole_reply(Api::ChatCompletions, body, ReplyTimes::default())
}

#[test]
fn a_stream_adds_up_with_the_times_of_its_chunks() {
    let written = stream(&[
        r#"{"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
        &delta(r#"{"reasoning_content":"Hm. "}"#),
        &delta(r#"{"content":"Hel"}"#),
        &delta(r#"{"content":"lo"}"#),
        STOP,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,
            "prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":3}}}"#,
        "[DONE]",
    ]);
    let written = written.unwrap();
    assert_eq!(written.message.content, "Hello");
    assert_eq!(written.reasoning, "Hm. ");
    assert_eq!(written.finish_reason, FinishReason::Stop);
    assert_eq!(written.model.as_deref(), Some("m-1"));
    let tokens = &written.tokens;
    assert_eq!((tokens.input, tokens.cached_input), (Some(9), Some(4)));
    assert_eq!((tokens.output, tokens.reasoning_output), (Some(7), Some(3)));
    assert_eq!(tokens.source, TokenSource::Server);
    let nanos = Span::from_nanos;
    assert_eq!(
        written.times,
        ReplyTimes {
            head: nanos(1),
            first_byte: nanos(2),
            // The chunk that only names the role has no words.
            first_token: Some(nanos(20)),
            chunks: vec![nanos(20), nanos(30), nanos(40)],
            last: nanos(50),
        }
    );
    assert_eq!(written.times.between_chunks().collect::<Vec<_>>(), [nanos(10), nanos(10)]);
    assert_eq!(written.times.inter_token(7), Some(nanos(5)));
    assert_eq!(written.times.inter_token(1), None);
}

#[test]
fn without_usage_chunks_are_counted_and_it_is_said() {
    let content = delta(r#"{"content":"a"}"#);
    let written = stream(&[&content, &content, STOP]).unwrap();
    assert_eq!(written.tokens.output, Some(2));
    assert_eq!(written.tokens.input, None);
    assert_eq!(written.tokens.source.to_string(), "by chunks, since the server sent no usage");
    let body = r#"{"choices":[{"message":{"content":"a b"},"finish_reason":"stop"}]}"#;
    let written = whole(body).unwrap();
    assert_eq!(written.tokens.output, None);
    assert_eq!(written.tokens.source, TokenSource::Nobody(NoUsage::Absent));
}

#[test]
fn usage_that_cannot_be_true_is_not_used() {
    let why = |usage: &str| {
        let content = delta(r#"{"content":"a"}"#);
        let usage = format!(r#"{{"choices":[],"usage":{usage}}}"#);
        let tokens = stream(&[&content, STOP, &usage]).unwrap().tokens;
        assert_eq!(tokens.output, Some(1), "{usage}");
        tokens.source.to_string()
    };
    let not_true =
        |what: &str| format!("by chunks, since the server's usage cannot be true: {what}");
    let cases = [
        (r#"{"prompt_tokens":-3,"completion_tokens":1}"#, "prompt_tokens is -3"),
        (r#"{"prompt_tokens":1.5,"completion_tokens":1}"#, "prompt_tokens is 1.5"),
        (r#"{"prompt_tokens":"9","completion_tokens":1}"#, "prompt_tokens is no number"),
        (r#"{"prompt_tokens":9,"completion_tokens":1e300}"#, "completion_tokens is 1e+300"),
        (r#"{"prompt_tokens":9,"completion_tokens":0}"#, "completion_tokens is 0, and words came"),
        (r#"{"prompt_tokens":0,"completion_tokens":1}"#, "prompt_tokens is 0"),
        (r#"{"prompt_tokens":9}"#, "completion_tokens is absent"),
        ("[]", "prompt_tokens is absent"),
        (
            r#"{"prompt_tokens":9,"completion_tokens":1,
                "prompt_tokens_details":{"cached_tokens":10}}"#,
            "more prompt tokens are cached than there are",
        ),
    ];
    for (usage, what) in cases {
        assert_eq!(why(usage), not_true(what), "{usage}");
    }
    // Of usage in every chunk, as some servers send it, the last counts.
    let running = |tokens: u64| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"a"}},"finish_reason":null}}],
                "usage":{{"prompt_tokens":5,"completion_tokens":{tokens}}}}}"#
        )
    };
    let written = stream(&[&running(1), &running(2), STOP]).unwrap();
    assert_eq!(written.tokens.output, Some(2));
    assert_eq!(written.tokens.cached_input, None);
}

#[test]
fn tool_calls_are_put_together_by_index() {
    let written = stream(&[
        &delta(
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function",
                "function":{"name":"find","arguments":""}}]}"#,
        ),
        &delta(r#"{"tool_calls":[{"index":7,"id":"b","function":{"name":"open"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}"#),
        &delta(
            r#"{"tool_calls":[{"index":7,"id":"b","function":{"name":"open","arguments":"{}"}},
                {"index":0,"id":"","function":{"arguments":"1}"}}]}"#,
        ),
        STOP,
    ]);
    let written = written.unwrap();
    let calls: Vec<_> = written.message.tool_calls.iter().collect();
    assert_eq!(calls.len(), 2);
    assert_eq!((&*calls[0].id, &*calls[0].name, &*calls[0].arguments), ("a", "find", "{\"x\":1}"));
    assert_eq!((&*calls[1].id, &*calls[1].name, &*calls[1].arguments), ("b", "open", "{}"));
    // The server said `stop`.
    assert_eq!(written.finish_reason, FinishReason::ToolCalls);
    assert_eq!(written.times.first_token, Some(Span::from_nanos(10)));
}

#[test]
fn calls_without_index_or_identifier_are_told_apart() {
    let written = stream(&[
        &delta(r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}"#),
        &delta(r#"{"tool_calls":[{"function":{"arguments":"}"}}]}"#),
        &delta(r#"{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}"#),
        STOP,
    ]);
    let calls = written.unwrap().message.tool_calls;
    let calls: Vec<_> = calls.iter().map(|call| (&*call.id, &*call.arguments)).collect();
    assert_eq!(calls, [("a", "{}"), ("b", "{}")]);

    let body = r#"{"choices":[{"message":{"content":null,
        "tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},
        "finish_reason":"tool_calls"}]}"#;
    assert_eq!(whole(body).unwrap().message.tool_calls[0].id, "call_0");
}

#[test]
fn a_whole_reply_has_the_same_parts() {
    let body = r#"{"id":"x","object":"chat.completion","model":"m-1","choices":[{"index":0,
        "message":{"role":"assistant","content":"Hello","reasoning":"Hm."},
        "finish_reason":"length"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}"#;
    let written = whole(body).unwrap();
    assert_eq!(written.message.content, "Hello");
    assert_eq!(written.reasoning, "Hm.");
    assert_eq!(written.finish_reason, FinishReason::Length);
    assert_eq!(written.tokens.source, TokenSource::Server);
    assert_eq!(written.times.first_token, None);
}

#[test]
fn a_stream_without_its_end_is_no_reply() {
    let content = delta(r#"{"content":"a"}"#);
    assert_eq!(stream(&[&content]).unwrap_err(), WrittenError::Truncated);
    assert_eq!(stream(&[&content, "[DONE]"]).unwrap_err(), WrittenError::Truncated);
    assert_eq!(stream(&[]).unwrap_err(), WrittenError::Truncated);
    // Not every server says [DONE].
    assert_eq!(stream(&[&content, STOP]).unwrap().message.content, "a");
}

#[test]
fn an_unknown_end_is_told() {
    let end = r#"{"choices":[{"delta":{},"finish_reason":"abort"}]}"#;
    assert_eq!(stream(&[end]).unwrap_err(), WrittenError::UnknownFinish("abort".to_owned()));
}

#[test]
fn an_error_inside_a_stream_is_the_servers_own() {
    let error = |message: &str, kind: Option<&str>, code: Option<&str>| {
        WrittenError::Failed(ServerError {
            message: message.to_owned(),
            kind: kind.map(str::to_owned),
            code: code.map(str::to_owned),
        })
    };
    let cases = [
        (
            r#"{"error":{"message":"gone","type":"server_error","code":500}}"#,
            error("gone", Some("server_error"), Some("500")),
        ),
        (r#"{"error":"gone"}"#, error("gone", None, None)),
        (
            r#"{"object":"error","message":"gone","type":"BadRequestError","code":null}"#,
            error("gone", Some("BadRequestError"), None),
        ),
        (r#"{"detail":"gone"}"#, error("gone", None, None)),
    ];
    for (data, expected) in cases {
        assert_eq!(stream(&[&delta(r#"{"content":"a"}"#), data]).unwrap_err(), expected, "{data}");
        assert_eq!(whole(data).unwrap_err(), expected, "{data}");
    }
    assert_eq!(stream(&[r#"{"error":null,"choices":[]}"#, STOP]).unwrap().message.content, "");
}

#[test]
fn what_is_no_reply_is_told_with_its_text() {
    let Err(WrittenError::NotAReply { text, .. }) = stream(&["{\"choices\":"]) else {
        panic!("a cut JSON text was read");
    };
    assert_eq!(text, "{\"choices\":");
    for body in ["", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":[{"message":{}}]}"#] {
        let outcome = whole(body);
        assert!(matches!(outcome, Err(WrittenError::NotAReply { .. })), "{body}: {outcome:?}");
    }
}
