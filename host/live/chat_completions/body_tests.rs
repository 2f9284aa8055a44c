//! What a server of chat completions reads of a request.

use serde_json::{Value, json};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, Message, Role, ToolAnnotations, ToolCall, ToolChoice, ToolDefinition,
};

use crate::Api;
use crate::body::{BodyError, Delivery, LimitField, request_body};

pub(crate) fn request() -> ChatRequest {
    let messages = vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, "Hi")];
    ChatRequest { model: None, messages, tools: Vec::new(), options: ChatOptions::default() }
}

pub(crate) fn tool(name: &str, input_schema: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: "Looks it up.".to_owned(),
        input_schema: input_schema.to_owned(),
        output_schema: Some("{}".to_owned()),
        annotations: ToolAnnotations::default(),
    }
}

fn written(
    request: &ChatRequest,
    delivery: Delivery,
    limit_field: LimitField,
) -> Result<Vec<u8>, BodyError> {
    request_body(Api::ChatCompletions, "m", request, delivery, limit_field)
}

fn body(request: &ChatRequest, delivery: Delivery) -> Value {
    let bytes = written(request, delivery, LimitField::MaxTokens).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn refusal(request: &ChatRequest) -> String {
    written(request, Delivery::Whole, LimitField::MaxTokens).unwrap_err().to_string()
}

#[test]
fn a_bare_request_holds_nothing_that_was_not_asked() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]);
    assert_eq!(
        body(&request(), Delivery::Whole),
        json!({"model": "m", "messages": messages, "stream": false})
    );
    assert_eq!(
        body(&request(), Delivery::Stream),
        json!({
            "model": "m", "messages": messages, "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

#[test]
fn tool_calls_and_their_outputs_are_paired() {
    let mut asked = request();
    let mut calls = Message::text(Role::Assistant, "");
    for (id, arguments) in [("a", r#"{"x": 1}"#), ("b", " ")] {
        calls.tool_calls.push(ToolCall {
            id: id.to_owned(),
            name: "find".to_owned(),
            arguments: arguments.to_owned(),
        });
    }
    let mut output = Message::text(Role::Tool, "found");
    output.tool_call_id = Some("a".to_owned());
    asked.messages = vec![calls, output];
    assert_eq!(
        body(&asked, Delivery::Whole)["messages"],
        json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function",
                 "function": {"name": "find", "arguments": "{\"x\": 1}"}},
                {"id": "b", "type": "function", "function": {"name": "find", "arguments": "{}"}},
            ]},
            {"role": "tool", "content": "found", "tool_call_id": "a"},
        ])
    );
}

#[test]
fn options_stand_under_the_names_that_servers_know() {
    let mut asked = request();
    asked.options = ChatOptions {
        max_output_tokens: Some(64),
        temperature: Some(0.5),
        top_p: Some(0.9),
        seed: Some(7),
        stop: vec!["END".to_owned()],
        tool_choice: ToolChoice::Auto,
        response_schema: Some(r#"{"type": "object"}"#.to_owned()),
    };
    let body = body(&asked, Delivery::Whole);
    assert_eq!(body["max_tokens"], 64);
    assert_eq!(body["temperature"], 0.5);
    assert_eq!(body["top_p"], 0.9);
    assert_eq!(body["seed"], 7);
    assert_eq!(body["stop"], json!(["END"]));
    let schema = json!({"name": "reply", "strict": true, "schema": {"type": "object"}});
    assert_eq!(body["response_format"], json!({"type": "json_schema", "json_schema": schema}));

    let bytes = written(&asked, Delivery::Whole, LimitField::MaxCompletionTokens).unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["max_completion_tokens"], 64);
    assert_eq!(body.get("max_tokens"), None);
}

#[test]
fn a_schema_is_sent_letter_by_letter() {
    let mut asked = request();
    let schema = r#"{"z": 1, "a": 12345678901234567890.10,  "z": 2}"#;
    asked.tools = vec![tool("find", schema)];
    let bytes = written(&asked, Delivery::Whole, LimitField::MaxTokens).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(&format!(r#""parameters":{schema}"#)), "{text}");
}

#[test]
fn a_choice_of_tools_is_sent_where_there_are_tools() {
    let choice = |choice: ToolChoice| {
        let mut asked = request();
        asked.tools = vec![tool("find", "{}")];
        asked.options.tool_choice = choice;
        body(&asked, Delivery::Whole).get("tool_choice").cloned()
    };
    assert_eq!(choice(ToolChoice::Auto), None);
    assert_eq!(choice(ToolChoice::None), Some(json!("none")));
    assert_eq!(choice(ToolChoice::Required), Some(json!("required")));
    assert_eq!(
        choice(ToolChoice::Named("find".to_owned())),
        Some(json!({"type": "function", "function": {"name": "find"}}))
    );
    let mut asked = request();
    asked.options.tool_choice = ToolChoice::None;
    assert_eq!(body(&asked, Delivery::Whole).get("tool_choice"), None);
}

#[test]
fn what_the_format_has_no_place_for_is_refused_by_name() {
    let mut asked = request();
    asked.tools = vec![tool("find", "{nope")];
    assert!(refusal(&asked).contains("of the tool `find` is not JSON"), "{}", refusal(&asked));

    let mut asked = request();
    asked.options.temperature = Some(f64::NAN);
    assert!(refusal(&asked).contains("temperature is NaN"), "{}", refusal(&asked));

    let mut asked = request();
    asked.options.tool_choice = ToolChoice::Required;
    assert!(refusal(&asked).contains("offers no tools"), "{}", refusal(&asked));

    let mut asked = request();
    asked.messages.push(Message::text(Role::Tool, "found"));
    assert!(refusal(&asked).contains("tool_call_id"), "{}", refusal(&asked));
}
