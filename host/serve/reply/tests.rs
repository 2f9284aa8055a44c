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
    insta::assert_snapshot!(streamed(Api::Chat, told("Hi \"you\"", &[])), @r#"
    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":" \"y"},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":"ou\""},"logprobs":null,"finish_reason":"stop"}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}

    data: [DONE]
    "#);
}

#[test]
fn tool_calls_stream_as_deltas() {
    insta::assert_snapshot!(streamed(Api::Chat, told("I", &["{\"a\":1}"])), @r#"
    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"I","tool_calls":[{"index":0,"id":"call_0","type":"function","function":{"name":"look","arguments":"{"}}]},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"function":{"arguments":"\"a\""}}]},"logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":null}

    data: {"id":"chatcmpl-0000000000000007","object":"chat.completion.chunk","created":5,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}

    data: [DONE]
    "#);
}

#[test]
fn a_completion_streams_texts() {
    insta::assert_snapshot!(streamed(Api::Completions, told("Hi you", &[])), @r#"
    data: {"id":"cmpl-0000000000000007","object":"text_completion","created":5,"model":"m","choices":[{"index":0,"text":"Hi","logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"cmpl-0000000000000007","object":"text_completion","created":5,"model":"m","choices":[{"index":0,"text":" y","logprobs":null,"finish_reason":null}],"usage":null}

    data: {"id":"cmpl-0000000000000007","object":"text_completion","created":5,"model":"m","choices":[{"index":0,"text":"ou","logprobs":null,"finish_reason":"stop"}],"usage":null}

    data: {"id":"cmpl-0000000000000007","object":"text_completion","created":5,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}

    data: [DONE]
    "#);
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
    insta::assert_snapshot!(names.join("\n"), @r#"
    response.created
    response.in_progress
    response.output_item.added
    response.content_part.added
    response.output_text.delta
    response.output_text.done
    response.content_part.done
    response.output_item.done
    response.output_item.added
    response.function_call_arguments.delta
    response.function_call_arguments.delta
    response.function_call_arguments.delta
    response.function_call_arguments.done
    response.output_item.done
    response.completed
    "#);
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
    insta::assert_snapshot!(chat, @r#"{"id":"chatcmpl-0000000000000007","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"look","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}"#);
    let completion = completions::whole(&told("Hi", &[]), &USAGE);
    insta::assert_snapshot!(completion, @r#"{"id":"cmpl-0000000000000007","object":"text_completion","created":5,"model":"m","choices":[{"index":0,"text":"Hi","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}"#);
    let mut short = told("Hi", &[]);
    short.finish_reason = FinishReason::Length;
    short.echoed.insert("temperature".to_owned(), 0.5.into());
    let response = response_object::completed(&short, &USAGE);
    insta::assert_snapshot!(response, @r#"{"id":"resp_0000000000000007","object":"response","created_at":5,"status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"instructions":null,"max_output_tokens":null,"metadata":{},"model":"m","output":[{"id":"msg_0000000000000007","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"temperature":0.5,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":12},"user":null}"#);
}
