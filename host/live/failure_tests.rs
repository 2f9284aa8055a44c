//! The client against servers that fail, each in its own way.

use std::time::Instant;

use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::Span;
use tokio::net::TcpListener;

use crate::client_tests::{ask, quick};
use crate::error::Waiting;
use crate::loopback::{
    Act, Loopback, answer, chunk, good_stream, head, kept_stream, send, stream_head,
};
use crate::sse::SseError;
use crate::{Client, Delivery, FailedCall, LiveError, Settings};

/// What comes of a stream from a server that always does this.
async fn failure_of(script: Vec<Act>) -> FailedCall {
    failure_with(script, Delivery::Stream, |_| {}).await
}

async fn failure_with(
    script: Vec<Act>,
    delivery: Delivery,
    change: impl FnOnce(&mut Settings),
) -> FailedCall {
    let server = Loopback::start(vec![script]).await;
    let mut settings = quick(&server.base_url);
    change(&mut settings);
    ask(&Client::new(settings).unwrap(), delivery).await.unwrap_err()
}

#[tokio::test]
async fn a_reset_inside_a_stream_is_not_tried_again() {
    // The client must have the chunk before the reset, which throws away what was not read.
    let failed = failure_of(vec![stream_head(), chunk("a"), Act::Wait(20), Act::Reset]).await;
    assert_eq!(failed.attempts.len(), 1);
    let LiveError::Broken { received_bytes, .. } = failed.error else {
        panic!("{failed}");
    };
    assert!(received_bytes > 0);
    assert!(matches!(ModelError::from(&failed), ModelError::Unavailable(_)));
}

#[tokio::test]
async fn a_stream_that_ends_too_early_is_no_reply() {
    let cut = "data: {\"choices\":[{\"delta\":{\"conte";
    for end in [send(""), send("data: [DONE]\n\n"), send(cut)] {
        let failed = failure_of(vec![stream_head(), chunk("a"), end]).await;
        assert_eq!(failed.error, LiveError::Truncated { chunks: 1 });
        assert_eq!(failed.attempts.len(), 1);
    }
}

#[tokio::test]
async fn a_body_that_lacks_the_end_that_it_announced_is_broken() {
    let mut script = kept_stream();
    script.truncate(3);
    let failed = failure_of(script).await;
    assert!(matches!(failed.error, LiveError::Broken { .. }), "{failed}");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{}";
    let failed = failure_with(vec![send(head)], Delivery::Whole, |_| {}).await;
    assert!(matches!(failed.error, LiveError::Broken { received_bytes: 2, .. }), "{failed}");
    assert_eq!(failed.attempts.len(), 1);
}

#[tokio::test]
async fn an_answer_without_a_body_is_tried_again() {
    let failed = failure_of(vec![stream_head()]).await;
    assert_eq!(failed.attempts.len(), 3);
    assert!(matches!(failed.error, LiveError::Broken { received_bytes: 0, .. }), "{failed}");
    let text = failed.to_string();
    assert!(
        text.contains("the answer has no body") && text.contains("(after 3 attempts"),
        "{text}"
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_are_told() {
    let bytes = Act::Send(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n".to_vec());
    let failed = failure_of(vec![stream_head(), bytes.clone()]).await;
    assert_eq!(failed.error, LiveError::Stream(SseError::NotUtf8 { offset: 39 }));
    let script = vec![head("200 OK", "application/json", ""), bytes];
    let failed = failure_with(script, Delivery::Whole, |_| {}).await;
    let LiveError::NotAReply { reason, .. } = &failed.error else {
        panic!("{failed}");
    };
    assert_eq!(reason, "byte 39 is not UTF-8");
}

#[tokio::test]
async fn retries_end() {
    let body = r#"{"error":{"message":"slow down","type":"rate_limit"}}"#;
    let failed = failure_of(answer("429 Too Many Requests", "", body)).await;
    assert_eq!(failed.attempts.len(), 3);
    assert!(failed.to_string().contains("429: slow down (rate_limit); ask less"), "{failed}");

    let longer = answer("429 Too Many Requests", "retry-after: 3\r\n", body);
    let failed = failure_of(longer).await;
    assert_eq!(failed.attempts.len(), 1, "more than retry_after_max was waited");
    assert_eq!(failed.error.retry_after(), Some(Span::from_millis(3_000)));

    let no_time = answer("429 Too Many Requests", "retry-after: 1\r\n", body);
    let failed = failure_with(no_time, Delivery::Stream, |settings| {
        settings.timeouts.whole = Span::from_millis(500);
    });
    assert_eq!(failed.await.attempts.len(), 1, "a retry was waited for that has no time");
}

#[tokio::test]
async fn each_wait_has_its_own_end() {
    let trickle: Vec<Act> = std::iter::once(stream_head())
        .chain((0..200).flat_map(|_| [chunk("a"), Act::Wait(5)]))
        .collect();
    let cases = [
        (vec![Act::Hang], Waiting::FirstByte),
        (vec![stream_head(), Act::Hang], Waiting::FirstByte),
        (vec![stream_head(), chunk("a"), Act::Hang], Waiting::NextChunk),
        (trickle, Waiting::Whole),
    ];
    for (script, expected) in cases {
        let began = Instant::now();
        let failed = failure_with(script, Delivery::Stream, |settings| {
            settings.timeouts.first_byte = Span::from_millis(60);
            settings.timeouts.between_chunks = Span::from_millis(50);
            settings.timeouts.whole = Span::from_millis(150);
        });
        let failed = failed.await;
        let LiveError::Timeout { waiting, received_bytes, .. } = failed.error else {
            panic!("{failed}");
        };
        assert_eq!(waiting, expected);
        assert_eq!(received_bytes > 0, expected != Waiting::FirstByte);
        assert_eq!(failed.attempts.len(), 1, "a server that is too slow was asked again");
        assert!(began.elapsed().as_millis() >= 50);
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let comments = Act::SendForever(b": nothing\n\n".repeat(100));
    let line = Act::SendForever(b"x".repeat(1_000));
    let json = Act::SendForever(b" ".repeat(1_000));
    let limit = |settings: &mut Settings| {
        settings.limits.reply_bytes = 100_000;
        settings.limits.events.line_bytes = 10_000;
    };
    let failed = failure_with(vec![stream_head(), comments], Delivery::Stream, limit).await;
    assert_eq!(failed.error, LiveError::LongReply { limit: 100_000 });
    let failed = failure_with(vec![stream_head(), line.clone()], Delivery::Stream, limit).await;
    assert_eq!(failed.error, LiveError::Stream(SseError::LongLine { limit: 10_000 }));
    let whole = vec![head("200 OK", "application/json", ""), json];
    let failed = failure_with(whole, Delivery::Whole, limit).await;
    assert_eq!(failed.error, LiveError::LongReply { limit: 100_000 });
    // An error's body is read for a person, who reads its beginning.
    let failed = failure_of(vec![head("400 Bad Request", "text/plain", ""), line]).await;
    let LiveError::Status { error, .. } = failed.error else {
        panic!("{failed}");
    };
    assert_eq!(error.message, "x".repeat(300) + "…");
}

#[tokio::test]
async fn an_answer_of_another_kind_is_told() {
    let page = vec![head("200 OK", "text/html", ""), send("<html>\x1b[31m\nWelcome</html>")];
    let failed = failure_of(page.clone()).await;
    let text = failed.to_string();
    let told = "with text/html, and text/event-stream was asked: <html> [31m Welcome</html>;";
    assert!(text.contains(told), "{text}");
    let failed = failure_with(page, Delivery::Whole, |_| {}).await;
    assert!(failed.to_string().contains("and application/json was asked"), "{failed}");
    let failed = failure_of(vec![send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi")]).await;
    assert!(failed.to_string().contains("with no content type"), "{failed}");
    // Some servers tell an error under a success.
    let failed = failure_of(answer("200 OK", "", r#"{"error":"no stream"}"#)).await;
    assert!(matches!(failed.error, LiveError::Failed { .. }), "{failed}");
}

#[tokio::test]
async fn what_is_no_json_is_told_with_its_beginning() {
    let failed = failure_of(vec![stream_head(), send("data: {\"choices\": nope}\n\n")]).await;
    assert!(failed.to_string().contains("{\"choices\": nope}"), "{failed}");
    let body = answer("200 OK", "", "{\"choices\": 1}");
    let failed = failure_with(body, Delivery::Whole, |_| {}).await;
    assert!(matches!(failed.error, LiveError::NotAReply { .. }), "{failed}");
}

#[tokio::test]
async fn an_error_inside_a_stream_ends_the_call() {
    let error = "event: error\ndata: {\"error\":{\"message\":\"out of memory\"}}";
    // Some servers leave out the lines that end their last event.
    for end in ["\n\n", "\n", ""] {
        let error = send(format!("{error}{end}"));
        let failed = failure_of(vec![stream_head(), chunk("a"), error]).await;
        assert!(failed.to_string().contains("inside its reply: out of memory;"), "{failed}");
        assert_eq!(failed.attempts.len(), 1);
    }
}

#[tokio::test]
async fn nobody_follows_a_redirect() {
    let elsewhere = Loopback::start(vec![good_stream()]).await;
    let location = format!("location: {}/chat/completions?key=1\r\n", elsewhere.base_url);
    let failed = failure_of(answer("307 Temporary Redirect", &location, "")).await;
    let to = format!("answered 307 and points to {}/chat/completions;", elsewhere.base_url);
    assert!(failed.to_string().contains(&to), "{failed}");
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn nobody_home_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(quick(&base_url)).unwrap();
    let failed = ask(&client, Delivery::Stream).await.unwrap_err();
    assert_eq!(failed.attempts.len(), 3);
    assert!(matches!(failed.error, LiveError::Connect { .. }), "{failed}");
    assert_eq!(client.account().failed, 1);
}

#[tokio::test]
async fn a_request_that_is_too_long_is_not_sent() {
    let server = Loopback::start(vec![good_stream()]).await;
    let mut settings = quick(&server.base_url);
    settings.limits.request_bytes = 50;
    let client = Client::new(settings).unwrap();
    let failed = ask(&client, Delivery::Stream).await.unwrap_err();
    assert!(matches!(ModelError::from(&failed), ModelError::InvalidRequest(_)), "{failed}");
    assert!(server.requests().is_empty() && failed.attempts.is_empty());
}

#[tokio::test]
async fn an_agent_gets_the_error_that_the_contract_has_for_it() {
    let kind = |status: &'static str, message: &'static str| async move {
        let body = format!(r#"{{"error":{{"message":"{message}"}}}}"#);
        ModelError::from(&failure_of(answer(status, "", &body)).await)
    };
    let too_long = "This model's maximum context length is 8192 tokens";
    assert!(matches!(kind("400 Bad Request", too_long).await, ModelError::ContextTooLong(_)));
    assert!(matches!(kind("400 Bad Request", "no").await, ModelError::InvalidRequest(_)));
    assert!(matches!(kind("401 Unauthorized", "no").await, ModelError::Refused(_)));
    let gone = "The model `m` does not exist";
    assert!(matches!(kind("404 Not Found", gone).await, ModelError::UnknownModel(_)));
    assert!(matches!(kind("404 Not Found", "no").await, ModelError::Unavailable(_)));
    assert!(matches!(kind("502 Bad Gateway", "no").await, ModelError::Unavailable(_)));
}
