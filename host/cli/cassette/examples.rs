//! Recordings for the tests of this folder.

use timeslip_timeline::conversation::{ChatRequest, FinishReason, Message, Role};
use timeslip_words::cassette::{Cassette, CassetteWriter, Header, KeyPart, SCHEMA, TokenSource};

/// A recording of these lines.
pub(super) fn parsed(text: &str) -> Cassette {
    parsed_as("desk.jsonl", text)
}

/// The same, in a file of another name.
pub(super) fn parsed_as(file: &str, text: &str) -> Cassette {
    Cassette::parse(file, text.as_bytes()).expect("the example is a recording")
}

const HEADER: &str = r#"{"kind":"cassette","schema":"timeslip.cassette/1","name":"desk","recorded_model":"llama-3.3-70b","source":"recorded at http://127.0.0.1:8000","key":["messages"],"tokens":"recorded","rewrites":[],"redacted":true}"#;

/// A session with all that a recording can hold.
pub(super) fn desk() -> String {
    [
        HEADER,
        r#"{"kind":"message","role":"system","content":"You book flights.\nBe kind."}"#,
        r#"{"kind":"message","role":"user","content":"I have to be in Seattle on Monday."}"#,
        r#"{"kind":"chat","messages":[[0,2]],"error":{"kind":"unavailable","message":"503 Service Unavailable"},"timing":{"asked_at_ns":0,"queue_ns":30000000,"prefill_ns":0,"decode_ns":0,"ttft_ns":0},"attempts":[{"at_ns":0,"lasted_ns":10000000,"error":"503"},{"at_ns":20000000,"lasted_ns":10000000,"error":"503"}]}"#,
        r#"{"kind":"chat","messages":[[0,2]],"reply":{"content":"","tool_calls":[{"id":"1","name":"search","arguments":"{\"to\":\"SEA\"}"}]},"finish_reason":"tool_calls","usage":{"input_tokens":1200,"cached_input_tokens":64,"output_tokens":11,"reasoning_tokens":4},"chunks_ns":[120000000,140000000,145000000,320000000],"timing":{"asked_at_ns":1000000000,"queue_ns":0,"prefill_ns":120000000,"decode_ns":200000000,"ttft_ns":120000000},"served_model":"llama-3.3-70b-instruct"}"#,
        r#"{"kind":"tool","name":"search","arguments":"{\"to\":\"SEA\"}","output":"[{\"flight\":\"HAT001\"}]","tool_call_id":"1"}"#,
        r#"{"kind":"chat","messages":[[0,4]],"reply":{"content":"There is HAT001. Shall I book it?"},"finish_reason":"stop","usage":{"input_tokens":1250,"output_tokens":9,"counted":true},"timing":{"asked_at_ns":2000000000,"queue_ns":0,"prefill_ns":100000000,"decode_ns":80000000,"ttft_ns":100000000}}"#,
        r#"{"kind":"user","answer":"Yes, please.","after_ns":700000000}"#,
        r#"{"kind":"tool","name":"book","arguments":"{}","output":"failed: no seat","ok":false}"#,
        r#"{"kind":"message","role":"user","content":"[the desk is closing]"}"#,
        r#"{"kind":"chat","messages":[[0,8]],"reply":{"content":"No seat is left."},"finish_reason":"length"}"#,
        r#"{"kind":"chat","messages":[[0"#,
    ]
    .join("\n")
}

/// Two conversations that take turns, and a chat that goes back.
pub(super) fn branches() -> String {
    let mut writer = CassetteWriter::new(Header {
        schema: SCHEMA.to_owned(),
        name: String::new(),
        recorded_model: None,
        source: "a test".to_owned(),
        key: vec![KeyPart::Messages],
        tokens: TokenSource::Counted,
        rewrites: Vec::new(),
        redacted: false,
    });
    let mut chat = |said: &[&str], reply: &str| {
        let roles = [Role::User, Role::Assistant].into_iter().cycle();
        let messages = said.iter().zip(roles).map(|(text, role)| Message::text(role, *text));
        let request = ChatRequest {
            model: None,
            messages: messages.collect(),
            tools: Vec::new(),
            options: Default::default(),
        };
        let reply = Message::text(Role::Assistant, reply);
        writer.chat(&request, &reply, FinishReason::Stop, None);
    };
    chat(&["one"], "yes one");
    chat(&["two"], "yes two");
    chat(&["one", "yes one", "and more"], "more of one");
    chat(&["two", "yes two", "and more"], "more of two");
    chat(&["two", "no two", "so what"], "well");
    chat(&["one"], "yes again");
    writer.into_text()
}

/// A recording in which a user says one text, written as a string of JSON is, without its quotes.
pub(super) fn saying(text: &str) -> String {
    [
        HEADER,
        &format!(r#"{{"kind":"message","role":"user","content":"{text}"}}"#),
        r#"{"kind":"chat","messages":[[0,1]],"reply":{"content":"Yes"},"finish_reason":"stop"}"#,
        "",
    ]
    .join("\n")
}
