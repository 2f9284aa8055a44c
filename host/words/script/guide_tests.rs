//! Plays the script of the built-in example against outputs like those of its tools.

use timeslip_timeline::conversation::{ChatOptions, ToolAnnotations, ToolDefinition};

use super::*;

const SCRIPT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/hardware-guide/script.toml"));
const BENCH: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/hardware-guide/bench.toml"));
const HITS: &str = r#"[{"path":"machines/rubin-groq3.toml","title":"rubin-groq3","excerpt":"…"},
    {"path":"chips/rubin.toml","title":"rubin","excerpt":"[memory.bandwidth_bytes_per_second]"},
    {"path":"chips/groq3-lpu.toml","title":"groq3-lpu","excerpt":"memory"}]"#;

/// The tools that the guide calls, and what they give.
struct Tools {
    hits: &'static str,
    groq: &'static str,
    rubin: &'static str,
    quotient: &'static str,
}

const TOOLS: Tools = Tools {
    hits: HITS,
    groq: r#"{"value":100000000000000.0,"source":"a blog","date":"2026-03","confidence":"high"}"#,
    rubin: r#"{"value":16000000000000.0,"source":"a sheet","date":"2026","note":"HBM4"}"#,
    quotient: r#"{"value":6.25}"#,
};

impl Tools {
    fn output(&self, call: &ToolCall) -> &'static str {
        let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap();
        match (call.name.as_str(), arguments["path"].as_str()) {
            ("search_profiles", None) => self.hits,
            ("read_figure", Some("chips/groq3-lpu.toml")) => self.groq,
            ("read_figure", Some("chips/rubin.toml")) => self.rubin,
            ("calculate", None) => self.quotient,
            other => panic!("the tools do not give {other:?}"),
        }
    }
}

/// What the guide does with a question: the tools it calls, reply by reply, and its answer.
fn dialogue(question: &str, tools: &Tools) -> (Vec<Vec<ToolCall>>, String) {
    let file = "agents/hardware-guide/script.toml";
    let mut words = ScriptWords::parse(file, SCRIPT.as_bytes(), Arc::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let session =
        SessionWords { session: SessionId(0), task_index: 0, task_input: Arc::from(question) };
    let mut request = ChatRequest {
        model: None,
        messages: vec![
            Message::text(Role::System, "You answer questions about AI hardware."),
            Message::text(Role::User, question),
        ],
        tools: ["search_profiles", "read_profile", "read_figure", "calculate"]
            .map(|name| ToolDefinition {
                name: name.to_owned(),
                description: String::new(),
                input_schema: "{}".to_owned(),
                output_schema: None,
                annotations: ToolAnnotations::default(),
            })
            .to_vec(),
        options: ChatOptions::default(),
    };
    let mut called = Vec::new();
    for _ in 0..12 {
        let reply = words.reply(&session, &request).unwrap_or_else(|error| panic!("{error}"));
        if reply.message.tool_calls.is_empty() {
            return (called, reply.message.content);
        }
        let calls = reply.message.tool_calls.clone();
        request.messages.push(reply.message);
        request.messages.extend(calls.iter().map(|call| Message {
            tool_call_id: Some(call.id.clone()),
            ..Message::text(Role::Tool, tools.output(call))
        }));
        called.push(calls);
    }
    panic!("the guide goes round in circles")
}

fn question() -> String {
    let bench: toml::Table = BENCH.parse().unwrap();
    bench["task"][0]["input"].as_str().unwrap().to_owned()
}

#[test]
fn the_example_quotes_the_figures_that_its_tools_gave() {
    let (called, answer) = dialogue(&question(), &TOOLS);
    let names: Vec<Vec<&str>> =
        called.iter().map(|calls| calls.iter().map(|call| call.name.as_str()).collect()).collect();
    assert_eq!(
        names,
        [vec!["search_profiles"], vec!["read_figure", "read_figure"], vec!["calculate"]]
    );
    assert_eq!(
        called[2][0].arguments,
        r#"{"expression":"round(100000000000000.0 / 16000000000000.0, 2)"}"#
    );
    insta::assert_snapshot!(answer, @"Per chip, Groq 3's SRAM feeds the model at 100 TB/s (chips/groq3-lpu.toml) and Rubin's HBM4 at 16 TB/s (chips/rubin.toml), so the SRAM is 6.25 times as fast. Both are peak rates, from a blog (2026-03) and a sheet (2026).");
}

#[test]
fn the_example_says_what_its_tools_could_not_give() {
    let without_hits = Tools { hits: "[]", ..TOOLS };
    let (_, answer) = dialogue(&question(), &without_hits);
    assert_eq!(answer, "The profiles do not say: the last tool gave \"[]\".");
    let unknown = Tools { rubin: r#"{"unknown":true}"#, ..TOOLS };
    let (called, answer) = dialogue(&question(), &unknown);
    assert_eq!(called.len(), 2);
    assert!(answer.starts_with("The profiles do not say: "), "{answer}");
}

#[test]
fn the_example_answers_other_questions_honestly() {
    let (called, answer) = dialogue("How hot does a rack run?", &TOOLS);
    assert!(called.is_empty());
    assert!(
        answer.starts_with("I cannot answer that: no model is behind this example"),
        "{answer}"
    );
}
