//! The client against servers of the Responses API.

use timeslip_timeline::conversation::{FinishReason, ModelError};
use timeslip_timeline::time::Span;

use crate::client_tests::{ask, hello, quick};
use crate::loopback::{Act, Loopback, answer, send, stream_head};
use crate::reply::TokenSource;
use crate::{Api, Client, Delivery, FailedCall, LiveError, LiveReply, Settings};

/// An event as OpenAI's servers write it: its type stands twice.
fn event(kind: &str, members: &str) -> Act {
    send(format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{members}}}\n\n"))
}

fn delta(text: &str) -> Act {
    let place = r#""sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0"#;
    event("response.output_text.delta", &format!(r#"{place},"delta":"{text}","logprobs":[]"#))
}

fn response(status: &str, output: &str, usage: &str) -> String {
    format!(
        "{{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1760000000,\
         \"status\":\"{status}\",\"error\":null,\"incomplete_details\":null,\
         \"model\":\"m-1\",\"output\":[{output}],\"usage\":{usage}}}"
    )
}

const MESSAGE: &str = concat!(
    r#"{"id":"msg_1","type":"message","status":"completed","role":"assistant","#,
    r#""content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}"#,
);

const USAGE: &str = concat!(
    r#"{"input_tokens":5,"input_tokens_details":{"cache_write_tokens":0,"cached_tokens":2},"#,
    r#""output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":8}"#,
);

fn created() -> Act {
    event("response.created", &format!(r#""response":{}"#, response("in_progress", "", "null")))
}

fn completed(output: &str, usage: &str) -> Act {
    event("response.completed", &format!(r#""response":{}"#, response("completed", output, usage)))
}

async fn outcome(script: Vec<Act>, delivery: Delivery) -> Result<LiveReply, FailedCall> {
    let server = Loopback::start(vec![script]).await;
    let settings = Settings { api: Api::Responses, ..quick(&server.base_url) };
    ask(&Client::new(settings).unwrap(), delivery).await
}

#[tokio::test]
async fn a_stream_comes_with_words_tokens_and_times() {
    let item = |step: &str, item: &str| {
        event(
            &format!("response.output_item.{step}"),
            &format!(r#""output_index":0,"item":{item}"#),
        )
    };

    let script = vec![
        stream_head(),
        created(),
        item("added", r#"{"id":"msg_1","type":"message","role":"assistant","content":[]}"#),
        Act::Wait(10),
        delta("Hel"),
        Act::Wait(10),
        delta("lo"),
        item("done", MESSAGE),
        Act::Wait(10),
        completed(MESSAGE, USAGE),
        // The reply is complete: nobody waits for the end of the connection.
        Act::Hang,
    ];
    let server = Loopback::start(vec![script]).await;
    let settings = Settings { api: Api::Responses, ..quick(&server.base_url) };
    let client = Client::new(settings).unwrap();
    let mut told: Vec<(u64, Span, String)> = Vec::new();
    let request = hello();
    let reply = client.chat("m", &request, Delivery::Stream, |progress| {
        told.push((progress.chunks, progress.at, progress.text.to_owned()));
    });
    let reply = reply.await.unwrap();

    let written = &reply.written;
    assert_eq!(written.message.content, "Hello");
    assert_eq!(written.finish_reason, FinishReason::Stop);
    assert_eq!(written.model.as_deref(), Some("m-1"));
    assert_eq!(written.tokens.source, TokenSource::Server);
    assert_eq!((written.tokens.input, written.tokens.cached_input), (Some(5), Some(2)));
    assert_eq!((written.tokens.output, written.tokens.reasoning_output), (Some(3), Some(1)));
    let times = &written.times;
    let pause = Span::from_millis(9);
    assert_eq!(times.first_token, Some(times.chunks[0]));
    assert!(times.first_token.unwrap() >= pause, "{times:?}");
    assert!(times.between_chunks().next().unwrap() >= pause, "{times:?}");
    assert!(times.last.saturating_sub(times.chunks[1]) >= pause, "{times:?}");
    let at = |place: usize| reply.queue + times.chunks[place];
    assert_eq!(told, [(1, at(0), "Hel".to_owned()), (2, at(1), "lo".to_owned())]);
    assert!(reply.attempts[0].lasted < Span::from_millis(900), "{:?}", reply.attempts);

    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/responses HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("accept: text/event-stream\r\n"), "{head}");
    let input = r#"[{"type":"message","role":"user","content":"Hi"}]"#;
    assert_eq!(body, format!(r#"{{"model":"m","input":{input},"stream":true,"store":false}}"#));
}

#[tokio::test]
async fn two_calls_of_functions_come_side_by_side() {
    let call = |index: u64, arguments: &str| {
        format!(
            "\"output_index\":{index},\"item\":{{\"id\":\"fc_{index}\",\
             \"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"call_{index}\",\
             \"name\":\"find\",\"arguments\":\"{arguments}\"}}"
        )
    };
    let part = |index: u64, delta: &str| {
        let place = format!(r#""item_id":"fc_{index}","output_index":{index}"#);
        event("response.function_call_arguments.delta", &format!(r#"{place},"delta":"{delta}""#))
    };
    let script = vec![
        stream_head(),
        created(),
        event("response.output_item.added", &call(0, "")),
        event("response.output_item.added", &call(1, "")),
        part(1, "{}"),
        part(0, "{\\\"x\\\":"),
        part(0, "1}"),
        event("response.output_item.done", &call(1, "{}")),
        completed("", USAGE),
    ];
    let written = outcome(script, Delivery::Stream).await.unwrap().written;
    let calls: Vec<_> =
        written.message.tool_calls.iter().map(|call| (&*call.id, &*call.arguments)).collect();
    assert_eq!(calls, [("call_0", "{\"x\":1}"), ("call_1", "{}")]);
    assert_eq!(written.finish_reason, FinishReason::ToolCalls);
    assert_eq!(written.times.chunks.len(), 5);
}

#[tokio::test]
async fn reasoning_comes_first_and_is_told_without_text() {
    let place = r#""item_id":"rs_1","output_index":0,"summary_index":0"#;
    let thought = event(
        "response.reasoning_summary_text.delta",
        &format!(r#"{place},"delta":"Greet back.""#),
    );
    let script = vec![stream_head(), created(), thought, delta("Hello"), completed("", USAGE)];
    let server = Loopback::start(vec![script]).await;
    let settings = Settings { api: Api::Responses, ..quick(&server.base_url) };
    let client = Client::new(settings).unwrap();
    let mut told = Vec::new();
    let request = hello();
    let reply = client
        .chat("m", &request, Delivery::Stream, |progress| told.push(progress.text.to_owned()))
        .await
        .unwrap();
    assert_eq!(reply.written.reasoning, "Greet back.");
    assert_eq!(reply.written.message.content, "Hello");
    assert_eq!(told, ["", "Hello"]);
}

#[tokio::test]
async fn a_whole_reply_is_seen_at_its_end() {
    let body = response("completed", MESSAGE, USAGE);
    let reply = outcome(answer("200 OK", "", &body), Delivery::Whole).await.unwrap();
    assert_eq!(reply.written.message.content, "Hello");
    assert_eq!(reply.written.tokens.output, Some(3));
    assert_eq!(reply.written.times.first_token, None);
}

#[tokio::test]
async fn a_reply_that_was_cut_short_says_so() {
    let body = response("incomplete", MESSAGE, USAGE)
        .replace("details\":null", "details\":{\"reason\":\"max_output_tokens\"}");
    let last = event("response.incomplete", &format!(r#""response":{body}"#));
    let script = vec![stream_head(), created(), delta("Hello"), last];
    for (script, delivery) in
        [(script, Delivery::Stream), (answer("200 OK", "", &body), Delivery::Whole)]
    {
        let written = outcome(script, delivery).await.unwrap().written;
        assert_eq!(written.message.content, "Hello");
        assert_eq!(written.finish_reason, FinishReason::Length);
    }
}

#[tokio::test]
async fn a_server_that_fails_inside_its_reply_is_told_and_not_asked_again() {
    let body = response("failed", "", "null").replace(
        "\"error\":null",
        "\"error\":{\"code\":\"server_error\",\"message\":\"out of memory\"}",
    );
    let failed = event("response.failed", &format!(r#""response":{body}"#));
    let error = event("error", r#""code":"server_error","message":"out of memory","param":null"#);
    let scripts = [
        (vec![stream_head(), created(), delta("a"), failed], Delivery::Stream),
        (vec![stream_head(), created(), delta("a"), error], Delivery::Stream),
        (answer("200 OK", "", &body), Delivery::Whole),
    ];
    for (script, delivery) in scripts {
        let failed = outcome(script, delivery).await.unwrap_err();
        let text = failed.to_string();
        assert!(text.contains("inside its reply: out of memory (server_error);"), "{text}");
        assert_eq!(failed.attempts.len(), 1);
        assert!(matches!(ModelError::from(&failed), ModelError::Unavailable(_)));
    }
}

#[tokio::test]
async fn a_stream_that_ends_too_early_is_no_reply() {
    let cut = "data: {\"type\":\"response.comp";
    for end in [send(""), send("data: [DONE]\n\n"), send(cut)] {
        let script = vec![stream_head(), created(), delta("a"), end];
        let failed = outcome(script, Delivery::Stream).await.unwrap_err();
        assert_eq!(failed.error, LiveError::Truncated { chunks: 1 });
    }
    // The last event without the line that ends it is whole.
    let Act::Send(last) = completed(MESSAGE, USAGE) else {
        panic!("an event is bytes");
    };
    let last = send(String::from_utf8(last).unwrap().trim_end());
    let reply = outcome(vec![stream_head(), last], Delivery::Stream).await.unwrap();
    assert_eq!(reply.written.message.content, "Hello");
}

#[tokio::test]
async fn usage_that_is_wrong_spoils_no_reply() {
    let not_true = [
        (r#"{"input_tokens":5,"output_tokens":-1}"#, "output_tokens is -1"),
        (r#"{"input_tokens":0,"output_tokens":1}"#, "input_tokens is 0"),
        (r#"{"output_tokens":1}"#, "input_tokens is absent"),
        (r#"{"input_tokens":5,"output_tokens":0}"#, "output_tokens is 0, and words came"),
        (
            r#"{"input_tokens":5,"output_tokens":1,"input_tokens_details":{"cached_tokens":6}}"#,
            "more prompt tokens are cached than there are",
        ),
        (
            r#"{"input_tokens":5,"output_tokens":1,
                "output_tokens_details":{"reasoning_tokens":2}}"#,
            "more reasoning tokens than there are output tokens",
        ),
    ];
    for (usage, what) in not_true {
        let script =
            vec![stream_head(), delta("Hello"), completed(MESSAGE, &usage.replace('\n', " "))];
        let tokens = outcome(script, Delivery::Stream).await.unwrap().written.tokens;
        assert_eq!((tokens.input, tokens.output), (None, Some(1)));
        let source = tokens.source.to_string();
        assert_eq!(
            source,
            format!("by chunks, since the server's usage cannot be true: {what}"),
            "{usage}"
        );
    }
}

#[tokio::test]
async fn a_request_that_this_api_has_no_place_for_is_not_sent() {
    let server = Loopback::start(vec![vec![Act::Hang]]).await;
    let settings = Settings { api: Api::Responses, ..quick(&server.base_url) };
    let client = Client::new(settings).unwrap();
    let mut request = hello();
    request.options.seed = Some(7);
    let failed = client.chat("m", &request, Delivery::Stream, |_| {}).await.unwrap_err();
    assert!(matches!(ModelError::from(&failed), ModelError::InvalidRequest(_)), "{failed}");
    assert!(failed.to_string().contains("no `seed`"), "{failed}");
    assert!(server.requests().is_empty() && failed.attempts.is_empty());
}
