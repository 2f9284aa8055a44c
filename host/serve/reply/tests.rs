//! What clients read, byte for byte.

use timeslip_timeline::conversation::{Role, ToolCall};

use super::*;

const USAGE: Usage = Usage { input_tokens: 9, cached_input_tokens: 4, output_tokens: 3 };

fn told(content: &str, calls: &[&str]) -> Told {
    let mut message = Message::text(Role::Assistant, content);
    message.tool_calls = calls
        .iter()
        .enumerate()
        .map(|(place, arguments)| ToolCall {
            id: format!("call_{place}"),
            name: "look".to_owned(),
            arguments: (*arguments).to_owned(),
        })
        .collect();
    Told {
        number: 7,
        created: 5,
        model: "m".to_owned(),
        finish_reason: if calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls },
        message,
        output_tokens: 3,
        include_usage: true,
        echoed: Map::new(),
    }
}

fn streamed(api: Api, told: Told) -> String {
    let tokens = told.output_tokens;
    let mut stream = api.stream(told);
    let mut out = Vec::new();
    for token in 1..=tokens {
        stream.token(token, &mut out);
    }
    stream.end(&USAGE, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_chat_streams_one_event_for_each_token() {
    insta::assert_snapshot!(streamed(Api::Chat, told("Hi \"you\"", &[])), @"");
}

#[test]
fn tool_calls_stream_as_deltas() {
    insta::assert_snapshot!(streamed(Api::Chat, told("I", &["{\"a\":1}"])), @"");
}

#[test]
fn a_completion_streams_texts() {
    insta::assert_snapshot!(streamed(Api::Completions, told("Hi you", &[])), @"");
}

#[test]
fn a_response_opens_and_closes_its_items() {
    let text = streamed(Api::Responses, told("I", &["{\"a\":1}"]));
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let names: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    insta::assert_snapshot!(names.join("\n"), @"");
    let numbers: Vec<u64> =
        events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    let deltas = |name: &str| {
        let deltas = events.iter().filter(|event| event["type"] == name);
        deltas.map(|event| event["delta"].as_str().unwrap()).collect::<String>()
    };
    assert_eq!(deltas("response.output_text.delta"), "I");
    assert_eq!(deltas("response.function_call_arguments.delta"), "{\"a\":1}");
}

#[test]
fn whole_replies_read_as_openai_writes_them() {
    let chat = chat::whole(&told("", &["{}"]), &USAGE);
    insta::assert_snapshot!(chat, @"");
    let completion = completions::whole(&told("Hi", &[]), &USAGE);
    insta::assert_snapshot!(completion, @"");
    let mut short = told("Hi", &[]);
    short.finish_reason = FinishReason::Length;
    short.echoed.insert("temperature".to_owned(), 0.5.into());
    let response = response_object::completed(&short, &USAGE);
    insta::assert_snapshot!(response, @"");
}
