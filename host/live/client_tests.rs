//! The client against servers that answer.

use std::time::Duration;

use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, Message, Role, Usage,
};
use timeslip_timeline::time::Span;

use crate::client::Account;
use crate::loopback::{
    Act, Loopback, answer, chunk, good_stream, head, kept_stream, send, stream_end, stream_head,
};
use crate::reply::TokenSource;
use crate::settings::{Proxy, Retries, Timeouts};
use crate::{Client, Delivery, FailedCall, KeySource, LiveReply, Settings};

pub(crate) fn hello() -> ChatRequest {
    let messages = vec![Message::text(Role::User, "Hi")];
    ChatRequest { model: None, messages, tools: Vec::new(), options: ChatOptions::default() }
}

/// Settings with which nothing takes long.
pub(crate) fn quick(base_url: &str) -> Settings {
    Settings {
        timeouts: Timeouts {
            connect: Span::from_millis(1_000),
            first_byte: Span::from_millis(1_000),
            between_chunks: Span::from_millis(1_000),
            whole: Span::from_millis(5_000),
        },
        retries: Retries {
            retries: 2,
            pause: Span::from_millis(2),
            pause_max: Span::from_millis(4),
            retry_after_max: Span::from_millis(2_000),
            seed: Some(1),
        },
        proxy: Proxy::Direct,
        ..Settings::for_server(base_url)
    }
}

pub(crate) async fn ask(client: &Client, delivery: Delivery) -> Result<LiveReply, FailedCall> {
    client.chat("m", &hello(), delivery, |_| {}).await
}

fn key_file(key: &str) -> (tempfile::TempDir, KeySource) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, key).unwrap();
    (folder, KeySource::File(path))
}

#[tokio::test]
async fn a_stream_comes_with_words_tokens_and_times() {
    let script = vec![
        stream_head(),
        Act::Wait(10),
        chunk("Hel"),
        Act::Wait(10),
        chunk("lo"),
        Act::Wait(10),
        stream_end(),
    ];
    let server = Loopback::start(vec![script]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let mut told: Vec<(u64, Span, String)> = Vec::new();
    let request = hello();
    let outcome = client.chat("m", &request, Delivery::Stream, |progress| {
        told.push((progress.chunks, progress.at, progress.text.to_owned()));
    });
    let reply = outcome.await.unwrap();

    assert_eq!(reply.written.message, Message::text(Role::Assistant, "Hello"));
    assert_eq!(reply.written.finish_reason, FinishReason::Stop);
    assert_eq!(reply.written.tokens.source, TokenSource::Server);
    let times = &reply.written.times;
    let first = times.first_token.unwrap();
    assert_eq!(times.chunks.len(), 2);
    assert!(times.head <= times.first_byte && times.first_byte <= first, "{times:?}");
    // The server wrote 10 ms after the head, and 10 ms after each chunk.
    let pause = Span::from_millis(9);
    assert!(first >= pause && times.between_chunks().next().unwrap() >= pause, "{times:?}");
    assert!(times.last.saturating_sub(times.chunks[1]) >= pause, "{times:?}");
    let at = |place: usize| reply.queue + times.chunks[place];
    assert_eq!(told, [(1, at(0), "Hel".to_owned()), (2, at(1), "lo".to_owned())]);

    let served = reply.served(Usage::default());
    assert_eq!(served.usage, Usage { input_tokens: 5, cached_input_tokens: 0, output_tokens: 3 });
    assert_eq!(served.timing.time_to_first_token, reply.queue + first);
    assert_eq!(served.timing.end_to_end(), reply.queue + times.last);
    assert_eq!((served.energy_j, served.cost_usd), (None, None));

    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    assert!(body.contains("\"stream_options\":{\"include_usage\":true}"), "{body}");
}

#[tokio::test]
async fn a_connection_serves_one_call_after_the_other() {
    let server = Loopback::start(vec![kept_stream()]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&client, Delivery::Stream).await.unwrap().written.message.content, "Hello");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn a_server_that_never_ends_what_it_has_finished_keeps_nobody() {
    let server = Loopback::start(vec![vec![stream_head(), stream_end(), Act::Hang]]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    assert!(reply.attempts[0].lasted < Span::from_millis(900), "{:?}", reply.attempts);
    server.wait_for_gone(1).await;
}

#[tokio::test]
async fn a_whole_reply_is_seen_at_its_end() {
    let body = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    let server = Loopback::start(vec![answer("200 OK", "", body)]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Whole).await.unwrap();
    assert_eq!(reply.written.message.content, "Hello");
    assert_eq!(reply.written.times.first_token, None);
    let counted = Usage { input_tokens: 7, cached_input_tokens: 0, output_tokens: 2 };
    let served = reply.served(counted);
    assert_eq!(served.usage, counted);
    assert_eq!(served.timing.time_to_first_token, served.timing.end_to_end());
}

#[tokio::test]
async fn a_stream_without_its_last_line_end_and_one_that_trickles_are_read() {
    let bytes = "data: {\"choices\":[\r\n\
                 data: {\"delta\":{\"content\":\"ä\"},\"finish_reason\":\"stop\"}]}\r\n\
                 \r\ndata: [DONE]";
    let mut script = vec![stream_head()];
    for byte in bytes.bytes() {
        script.push(Act::Send(vec![byte]));
        script.push(Act::Wait(1));
    }
    let server = Loopback::start(vec![script]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    assert_eq!(reply.written.message.content, "ä");
    assert_eq!(reply.written.tokens.output, Some(1));
    assert_eq!(
        reply.written.tokens.source.to_string(),
        "by chunks, since the server sent no usage"
    );
}

#[tokio::test]
async fn usage_that_is_wrong_spoils_no_reply() {
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":-1}}\n\n";
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let script = vec![stream_head(), chunk("a"), send(end), send(usage), send("data: [DONE]\n\n")];
    let server = Loopback::start(vec![script]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let tokens = ask(&client, Delivery::Stream).await.unwrap().written.tokens;
    assert_eq!((tokens.input, tokens.output), (None, Some(1)));
    assert!(tokens.source.to_string().contains("completion_tokens is -1"), "{}", tokens.source);
}

#[tokio::test]
async fn what_passes_is_tried_again_and_told() {
    let busy = answer("429 Too Many Requests", "retry-after: 0\r\n", r#"{"error":"slow down"}"#);
    let broken = answer("500 Internal Server Error", "", "oops");
    let server = Loopback::start(vec![busy, broken, good_stream()]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    let errors: Vec<String> = reply
        .attempts
        .iter()
        .map(|attempt| attempt.error.as_ref().map_or("answered".to_owned(), ToString::to_string))
        .collect();
    assert_eq!(
        errors,
        [
            "the server answered 429: slow down; ask less at once, or allow more retries",
            "the server answered 500: oops; see the server's log, or try again later",
            "answered",
        ]
    );
    assert_eq!(reply.attempts[0].pause, Span::ZERO);
    for pair in reply.attempts.windows(2) {
        assert!(pair[1].at >= pair[0].at + pair[0].lasted + pair[1].pause, "{pair:?}");
    }
    assert_eq!(reply.queue, reply.attempts[2].at);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn the_time_that_a_server_asks_for_is_waited() {
    let date =
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let busy = answer("503 Service Unavailable", date, "");
    let server = Loopback::start(vec![busy, good_stream()]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    let waited = reply.attempts[1].at - reply.attempts[0].at;
    assert!(waited >= Span::from_millis(1_000), "{waited}");
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_first_byte_is_tried_again() {
    let before_head = vec![Act::Reset];
    let after_head = vec![stream_head(), Act::Reset];
    let server = Loopback::start(vec![before_head, after_head, good_stream()]).await;
    let client = Client::new(quick(&server.base_url)).unwrap();
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    assert_eq!(reply.attempts.len(), 3, "{:?}", reply.attempts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_at_once_never_pass_the_limit_and_all_end() {
    let script = vec![stream_head(), chunk("a"), Act::Wait(5), stream_end()];
    let server = Loopback::start(vec![script]).await;
    let mut settings = quick(&server.base_url);
    settings.timeouts.whole = Span::from_millis(30_000);
    let client = std::sync::Arc::new(Client::new(settings).unwrap());
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client, Delivery::Stream).await })
        })
        .collect();
    for call in calls {
        let reply = call.await.unwrap().unwrap();
        assert_eq!(reply.written.message.content, "a");
    }
    assert_eq!(server.most_open(), 16);
    assert_eq!(client.account(), Account { asked: 200, answered: 200, ..Account::default() });
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection_and_gives_its_place_back() {
    let hang = vec![stream_head(), chunk("a"), Act::Hang];
    let server = Loopback::start(vec![hang, good_stream()]).await;
    let mut settings = quick(&server.base_url);
    settings.limits.calls = 1;
    let client = Client::new(settings).unwrap();
    let call = ask(&client, Delivery::Stream);
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    server.wait_for_gone(1).await;
    ask(&client, Delivery::Stream).await.unwrap();
    let account = Account { asked: 2, answered: 1, failed: 0, cancelled: 1 };
    assert_eq!(client.account(), account);
}

#[tokio::test]
async fn a_key_is_sent_and_shown_nowhere() {
    let echo = "bad key sk-12345678 for you";
    let body = format!(r#"{{"error":{{"message":"{echo}","code":"sk-12345678"}}}}"#);
    let refused = answer("401 Unauthorized", "", &body);
    let page = vec![head("200 OK", "text/html", ""), send(echo)];
    let failed = vec![stream_head(), send(format!("data: {body}\n\n"))];
    let no_json = vec![stream_head(), send(format!("data: {echo}\n\n"))];
    let moved = answer("302 Found", "location: http://other/sk-12345678?key=1\r\n", "");
    let server = Loopback::start(vec![refused, page, failed, no_json, moved]).await;
    let (_folder, key) = key_file("sk-12345678\n");
    let client = Client::new(Settings { key, ..quick(&server.base_url) }).unwrap();
    assert!(!format!("{client:?}").contains("12345678"), "{client:?}");
    for _ in 0..5 {
        let error = ask(&client, Delivery::Stream).await.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", client);
        assert!(shown.contains("<redacted>"), "{shown}");
        assert!(!shown.contains("12345678"), "{shown}");
    }
    let requests = server.requests();
    assert!(requests[0].contains("authorization: Bearer sk-12345678\r\n"), "{}", requests[0]);
    assert_eq!(requests.len(), 5);
}
