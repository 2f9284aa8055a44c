//! What a server of the Responses API reads of a request.

use serde_json::Value;
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, Message, Role, ToolCall, ToolChoice,
};

use crate::Api;
use crate::body::{BodyError, Delivery, LimitField, request_body};
use crate::chat_completions::body_tests::{request, tool};

fn written(request: &ChatRequest, delivery: Delivery) -> Result<String, BodyError> {
    let limit_field = LimitField::default();
    let bytes = request_body(Api::Responses, "m", request, delivery, limit_field)?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[test]
fn a_bare_request_holds_nothing_that_was_not_asked() {
    let input = [
        r#"[{"type":"message","role":"system","content":"Be brief."},"#,
        r#"{"type":"message","role":"user","content":"Hi"}]"#,
    ]
    .concat();
    assert_eq!(
        written(&request(), Delivery::Whole).unwrap(),
        format!(r#"{{"model":"m","input":{input},"stream":false,"store":false}}"#)
    );
    assert_eq!(
        written(&request(), Delivery::Stream).unwrap(),
        format!(r#"{{"model":"m","input":{input},"stream":true,"store":false}}"#)
    );
}

#[test]
fn a_conversation_is_a_list_of_items() {
    let mut asked = request();
    let mut calls = Message::text(Role::Assistant, "Let me look.");
    for (id, arguments) in [("a", r#"{"x": 1}"#), ("b", " ")] {
        calls.tool_calls.push(ToolCall {
            id: id.to_owned(),
            name: "find".to_owned(),
            arguments: arguments.to_owned(),
        });
    }
    let mut calls_alone = calls.clone();
    calls_alone.content.clear();
    calls_alone.tool_calls.truncate(1);
    let mut output = Message::text(Role::Tool, "found");
    output.tool_call_id = Some("a".to_owned());
    asked.messages = vec![calls, output, calls_alone, Message::text(Role::Assistant, "")];
    let items = [
        r#"{"type":"message","role":"assistant","content":"Let me look."}"#,
        r#"{"type":"function_call","call_id":"a","name":"find","arguments":"{\"x\": 1}"}"#,
        r#"{"type":"function_call","call_id":"b","name":"find","arguments":"{}"}"#,
        r#"{"type":"function_call_output","call_id":"a","output":"found"}"#,
        r#"{"type":"function_call","call_id":"a","name":"find","arguments":"{\"x\": 1}"}"#,
        r#"{"type":"message","role":"assistant","content":""}"#,
    ];
    let expected =
        format!(r#"{{"model":"m","input":[{}],"stream":false,"store":false}}"#, items.join(","));
    assert_eq!(written(&asked, Delivery::Whole).unwrap(), expected);
}

#[test]
fn options_and_tools_stand_in_the_shape_of_this_api() {
    let mut asked = request();
    asked.messages.truncate(1);
    let schema = r#"{"z": 1, "a": 12345678901234567890.10,  "z": 2}"#;
    asked.tools = vec![tool("find", schema)];
    asked.options = ChatOptions {
        max_output_tokens: Some(64),
        temperature: Some(0.5),
        top_p: Some(0.9),
        tool_choice: ToolChoice::Named("find".to_owned()),
        response_schema: Some(schema.to_owned()),
        ..ChatOptions::default()
    };
    let parts = [
        r#"{"model":"m","input":[{"type":"message","role":"system","content":"Be brief."}],"#,
        r#""tools":[{"type":"function","name":"find","description":"Looks it up.","#,
        &format!(r#""parameters":{schema},"strict":false}}],"#),
        r#""tool_choice":{"type":"function","name":"find"},"stream":true,"store":false,"#,
        r#""max_output_tokens":64,"temperature":0.5,"top_p":0.9,"#,
        r#""text":{"format":{"type":"json_schema","name":"reply","strict":true,"#,
        &format!(r#""schema":{schema}}}}}}}"#),
    ];
    assert_eq!(written(&asked, Delivery::Stream).unwrap(), parts.concat());
}

#[test]
fn a_choice_of_tools_is_sent_where_there_are_tools() {
    let choice = |choice: ToolChoice| {
        let mut asked = request();
        asked.tools = vec![tool("find", "{}")];
        asked.options.tool_choice = choice;
        let body: Value = serde_json::from_str(&written(&asked, Delivery::Whole).unwrap()).unwrap();
        body.get("tool_choice").cloned()
    };
    assert_eq!(choice(ToolChoice::Auto), None);
    assert_eq!(choice(ToolChoice::None), Some("none".into()));
    assert_eq!(choice(ToolChoice::Required), Some("required".into()));
}

#[test]
fn what_this_api_lacks_is_refused_by_name() {
    let refusal = |change: fn(&mut ChatRequest)| {
        let mut asked = request();
        change(&mut asked);
        written(&asked, Delivery::Whole).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|asked| asked.options.seed = Some(7)),
        "the Responses API has no `seed`; leave it out, or ask by chat completions"
    );
    assert_eq!(
        refusal(|asked| asked.options.stop = vec!["END".to_owned()]),
        "the Responses API has no `stop`; leave it out, or ask by chat completions"
    );
    let text = refusal(|asked| asked.messages.push(Message::text(Role::Tool, "found")));
    assert!(text.contains("tool_call_id"), "{text}");
    let text = refusal(|asked| asked.options.tool_choice = ToolChoice::Required);
    assert!(text.contains("offers no tools"), "{text}");
    let text = refusal(|asked| asked.options.top_p = Some(f64::INFINITY));
    assert!(text.contains("top_p is inf"), "{text}");
    let text = refusal(|asked| asked.tools = vec![tool("find", "{nope")]);
    assert!(text.contains("of the tool `find` is not JSON"), "{text}");
}
