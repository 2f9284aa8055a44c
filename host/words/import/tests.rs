//! Small recordings by hand; `recording` holds the whole against a real one.

use super::*;
use crate::cassette::Cassette;

#[path = "recording_tests.rs"]
mod recording;

const SMALL: &str = r#"[
  {"task_id": 7, "trial": 0, "reward": 1.0, "messages": [
    {"role": "developer", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "Find "}, {"type": "text", "text": "it."}]},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{\"n\": 1}"}},
      {"id": "c2", "type": "function", "function": {"name": "find", "arguments": {"n": 2}}}]},
    {"role": "tool", "tool_call_id": "c2", "content": "province two"},
    {"role": "tool", "tool_call_id": "c1", "name": "find", "content": "province one"},
    {"role": "assistant", "content": "Found both. Done?"},
    {"role": "user", "content": "Yes."}
  ]},
  {"task_id": 12, "trial": 3, "traj": [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": null, "function_call": {"name": "greet", "arguments": "{}"}},
    {"role": "function", "name": "greet", "content": "hello"},
    {"role": "assistant", "content": "Hello."}
  ]}
]"#;

fn import(text: &str) -> Result<Imported, FileError> {
    import_with(text, Vec::new())
}

fn import_with(text: &str, rewrites: Vec<Rewrite>) -> Result<Imported, FileError> {
    let options = ImportOptions { source: "by hand".to_owned(), recorded_model: None, rewrites };
    openai_messages("r.json", text.as_bytes(), &options)
}

fn fault(text: &str) -> String {
    import(text).expect_err("the recording is wrong").to_string()
}

fn rewrite(tool: &str, from: &str) -> Rewrite {
    Rewrite { tool: tool.to_owned(), from: from.to_owned(), to: "state".to_owned() }
}

fn names(text: &str) -> Vec<String> {
    import(text).unwrap().conversations.into_iter().map(|conversation| conversation.name).collect()
}

#[test]
fn every_form_of_message_is_read() {
    let imported = import(SMALL).unwrap();
    let [first, second] = &imported.conversations[..] else { panic!("{imported:?}") };
    assert_eq!((first.name.as_str(), second.name.as_str()), ("task-07-trial-0", "task-12-trial-3"));
    assert_eq!((first.system.as_deref(), first.input.as_str()), (Some("Be kind."), "Find it."));
    assert_eq!((second.system.as_deref(), second.input.as_str()), (None, "Hi"));
    assert_eq!((first.chats, first.tool_calls, first.answers), (2, 2, 1));
    assert_eq!((second.chats, second.tool_calls, second.answers), (2, 1, 0));
    insta::assert_snapshot!(first.cassette, @r#"
    {"kind":"cassette","schema":"timeslip.cassette/1","name":"task-07-trial-0","recorded_model":null,"source":"by hand","key":["messages"],"tokens":"counted","rewrites":[]}
    {"kind":"message","role":"system","content":"Be kind."}
    {"kind":"message","role":"user","content":"Find it."}
    {"kind":"chat","messages":[[0,2]],"reply":{"content":"","tool_calls":[{"id":"c1","name":"find","arguments":"{\"n\": 1}"},{"id":"c2","name":"find","arguments":"{\"n\": 2}"}]},"finish_reason":"tool_calls","usage":null,"chunks_ns":null}
    {"kind":"tool","name":"find","arguments":"{\"n\": 2}","output":"province two","ok":true,"tool_call_id":"c2"}
    {"kind":"tool","name":"find","arguments":"{\"n\": 1}","output":"province one","ok":true,"tool_call_id":"c1"}
    {"kind":"chat","messages":[[0,5]],"reply":{"content":"Found both. Done?"},"finish_reason":"stop","usage":null,"chunks_ns":null}
    {"kind":"user","answer":"Yes."}
    "#);
    insta::assert_snapshot!(second.cassette, @r#"
    {"kind":"cassette","schema":"timeslip.cassette/1","name":"task-12-trial-3","recorded_model":null,"source":"by hand","key":["messages"],"tokens":"counted","rewrites":[]}
    {"kind":"message","role":"user","content":"Hi"}
    {"kind":"chat","messages":[[0,1]],"reply":{"content":"","tool_calls":[{"id":"call_1","name":"greet","arguments":"{}"}]},"finish_reason":"tool_calls","usage":null,"chunks_ns":null}
    {"kind":"tool","name":"greet","arguments":"{}","output":"hello","ok":true,"tool_call_id":"call_1"}
    {"kind":"chat","messages":[[0,3]],"reply":{"content":"Hello."},"finish_reason":"stop","usage":null,"chunks_ns":null}
    "#);
}

#[test]
fn every_layout_of_a_file_gives_the_same_conversations() {
    let list = r#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]"#;
    let object = format!(r#"{{"messages":{list}}}"#);
    let cassettes = |text: &str| -> Vec<String> {
        let conversations = import(text).unwrap().conversations;
        conversations.into_iter().map(|conversation| conversation.cassette).collect()
    };
    let one = cassettes(list);
    assert_eq!(one.len(), 1);
    assert_eq!(cassettes(&object), one);
    assert_eq!(cassettes(&format!("[{list}]")), one);
    let two = cassettes(&format!("[{list}, {object}]"));
    assert_eq!(two.len(), 2);
    assert_eq!(cassettes(&format!("{list}\n{list}\n")), two);
    assert_eq!(cassettes(&format!("\n{object}\r\n\n{object}")), two);
}

#[test]
fn names_are_readable_unique_and_fit_for_files() {
    let with = |keys: &str| {
        format!(r#"{{{keys}"messages":[{{"role":"user","content":""}},{{"role":"assistant"}}]}}"#)
    };
    let all = |keys: &[&str]| names(&keys.iter().map(|keys| with(keys)).collect::<String>());
    assert_eq!(all(&["", ""]), ["conversation-001", "conversation-002"]);
    assert_eq!(all(&[r#""task_id":3,"#, r#""task_id":100,"#]), ["task-003", "task-100"]);
    assert_eq!(
        all(&[r#""id":"Ünïcode / Flight 7!","#, r#""name":"..","#, r#""id":"n-code-flight-7","#]),
        ["n-code-flight-7", "conversation-002", "n-code-flight-7-2"]
    );
    assert_eq!(
        all(&[r#""task_id":1,"trial":2,"#, r#""task_id":1,"trial":2,"#, r#""trial":2,"#]),
        ["task-01-trial-2", "task-01-trial-2-2", "conversation-003"]
    );
    let long = format!(r#""id":"{}","#, "word ".repeat(50));
    assert!(all(&[long.as_str()])[0].len() <= 60);
}

#[test]
fn identifiers_may_come_again_and_outputs_are_paired_by_place() {
    let text = r#"[
        {"role":"user","content":"Go"},
        {"role":"assistant","tool_calls":[{"id":"x","function":{"name":"a","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"x","content":"1"},
        {"role":"assistant","tool_calls":[{"id":"x","function":{"name":"b"}}]},
        {"role":"tool","tool_call_id":"x","content":"2"},
        {"role":"assistant","tool_calls":[{"id":"x","function":{"name":"c"}}]}
    ]"#;
    let imported = import(text).unwrap();
    let [conversation] = &imported.conversations[..] else { panic!("{imported:?}") };
    // The last call never got its output: the recording was cut off there.
    assert_eq!((conversation.chats, conversation.tool_calls), (3, 2));
    let cassette = Cassette::parse("c", conversation.cassette.as_bytes()).unwrap();
    assert_eq!(cassette.counts().chats, 3);
    assert!(
        conversation
            .cassette
            .contains(r#"{"kind":"tool","name":"b","arguments":"{}","output":"2""#)
    );
}

#[test]
fn a_rewrite_changes_the_outputs_of_its_tool_and_is_noted() {
    let imported = import_with(SMALL, vec![rewrite("find", "province")]).unwrap();
    let [first, second] = &imported.conversations[..] else { panic!("{imported:?}") };
    assert_eq!((first.rewrites_applied, second.rewrites_applied), (2, 0));
    assert!(
        first.cassette.contains(r#""output":"state one""#)
            && !first.cassette.contains("province one")
    );
    let header = Cassette::parse("c", first.cassette.as_bytes()).unwrap().header().clone();
    assert_eq!(header.rewrites.len(), 1);
    assert_eq!((header.rewrites[0].applied, header.rewrites[0].to.as_str()), (2, "state"));
    let other = Cassette::parse("c", second.cassette.as_bytes()).unwrap();
    assert!(other.header().rewrites.is_empty());
}

#[test]
fn a_rewrite_that_changes_nothing_is_an_error() {
    let unused = |rewrite| import_with(SMALL, vec![rewrite]).unwrap_err().to_string();
    insta::assert_snapshot!(unused(rewrite("find", "county")), @"
    r.json: no recorded output of the tool `find` holds the text `county`
      fix: correct the rewrite, or leave it out
    ");
    insta::assert_snapshot!(unused(rewrite("fnd", "province")), @"
    r.json: a rewrite is for the tool `fnd`, which the recording never calls
      fix: did you mean `find`?
    ");
}

#[test]
fn a_file_without_conversations_is_refused() {
    for empty in ["", " \n", "[]", "[ ]"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(fault(empty), @"
            r.json: there is no conversation in this file
              fix: give a JSON array of conversations, or JSON Lines with one on each line
            ");
        }
    }
    insta::assert_snapshot!(fault("[\n  {\"task_id\": 1}\n]"), @"
    r.json:2:3: conversation 1 has no messages
      fix: give a list of messages, or an object that holds one under `messages` or `traj`
    ");
    insta::assert_snapshot!(fault("[[{\"role\":\"user\"},{\"role\":\"assistant\"}],\n []]"), @"
    r.json:2:2: conversation 2 has no messages
      fix: take it out of the file
    ");
    insta::assert_snapshot!(fault("[1, 2]"), @"
    r.json:1:2: conversation 1 has no messages
      fix: give a list of messages, or an object that holds one under `messages` or `traj`
    ");
    insta::assert_snapshot!(fault("[{\"role\": \"user\"}]"), @"
    r.json:1:1: conversation 1 (conversation-001) has no message of the assistant
      fix: complete it, or take it out of the file
    ");
}

#[test]
fn text_that_is_no_json_or_cut_off_is_located() {
    insta::assert_snapshot!(fault("{\"messages\": []}\nnot json\n"), @"
    r.json:2:2: this is no JSON: expected ident
      fix: give a JSON array of conversations, or JSON Lines with one on each line
    ");
    let cut = &SMALL[..SMALL.len() - 20];
    insta::assert_snapshot!(fault(cut), @"
    r.json:1:1: the file is cut off: what begins here does not end
      fix: copy the whole recording again
    ");
    let lines = "[{\"role\":\"user\"},{\"role\":\"assistant\"}]\n[{\"role\":\"us";
    insta::assert_snapshot!(fault(lines), @"
    r.json:2:1: the file is cut off: what begins here does not end
      fix: copy the whole recording again
    ");
    let error = openai_messages("r.json", b"[\n\xff]", &ImportOptions::default()).unwrap_err();
    assert_eq!((error.line, error.problem.as_str()), (Some(2), "the text is not UTF-8"));
}

#[test]
fn a_message_that_makes_no_sense_is_located() {
    let with = |message: &str| {
        fault(&format!(
            "[\n{{\"role\":\"user\",\"content\":\"x\"}},\n{message},\n{{\"role\":\"assistant\"}}]"
        ))
    };
    insta::assert_snapshot!(with(r#"{"role":"asistant"}"#), @"
    r.json:3:1: conversation 1, message 2: unknown role `asistant`
      fix: did you mean `assistant`?
    ");
    insta::assert_snapshot!(with(r#"{"role":"tool","tool_call_id":"c9","content":""}"#), @"
    r.json:3:1: conversation 1, message 2: the output answers no call `c9` of the reply before it
      fix: take it out, or put the reply that asks for it before it
    ");
    insta::assert_snapshot!(with(r#"{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f"}}]},{"role":"tool","tool_call_id":"c9"}"#), @"
    r.json:3:73: conversation 1, message 3: the output answers no call `c9` of the reply before it
      fix: the calls that wait for an output are `c1` (f)
    ");
    insta::assert_snapshot!(with(r#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#), @"
    r.json:3:1: conversation 1, message 2: a part of type `image_url` is no text
      fix: only texts can be played back: take the part out, or put a text in its place
    ");
    insta::assert_snapshot!(with(r#"{"role":"user","content":3}"#), @"
    r.json:3:1: conversation 1, message 2: `content` is no text, no list of parts, and not null
      fix: correct the message
    ");
    insta::assert_snapshot!(with(r#"{"content":"x"}"#), @"
    r.json:3:1: conversation 1, message 2: missing field `role`
      fix: correct the message
    ");
}
