//! The τ-bench airline recording: 150 real runs, imported and played back request by request.
//!
//! The expected counts are those of the description that lies beside the recording.

use std::sync::Arc;

use serde_json::Value;
use timeslip_timeline::backend::{SessionId, SessionWords, UserReply, Words};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, Role, ToolCall};

use super::super::*;
use crate::cassette::{Cassette, CassetteWords, Matching, ObservedToolCall};

const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/tau-bench-airline/trajectories.json"
);

fn recording() -> Option<Vec<u8>> {
    let bytes = std::fs::read(RECORDING).ok();
    if bytes.is_none() {
        eprintln!("skipped: the airline recording is not beside this checkout ({RECORDING})");
    }
    bytes
}

fn options() -> ImportOptions {
    ImportOptions {
        source: "tau-bench airline".to_owned(),
        recorded_model: Some("gpt-4o".to_owned()),
        rewrites: vec![Rewrite {
            tool: "get_user_details".to_owned(),
            from: "\"province\": ".to_owned(),
            to: "\"state\": ".to_owned(),
        }],
    }
}

/// The messages of a run, read without the importer.
fn messages_of(run: &Value) -> Vec<Message> {
    let mut last_call = String::new();
    let read = |message: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let role = match message["role"].as_str().unwrap() {
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            other => panic!("{other}"),
        };
        let mut content = text(&message["content"]);
        if role == Role::Tool && last_call == "get_user_details" {
            content = content.replace("\"province\": ", "\"state\": ");
        }
        let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| ToolCall {
            // Agents give calls identifiers of their own.
            id: "renumbered".to_owned(),
            name: text(&call["function"]["name"]),
            arguments: text(&call["function"]["arguments"]),
        });
        let message = Message { tool_calls: calls.collect(), ..Message::text(role, content) };
        if let Some(call) = message.tool_calls.first() {
            last_call.clone_from(&call.name);
        }
        message
    };
    run["traj"].as_array().unwrap().iter().map(read).collect()
}

#[test]
fn the_recording_has_the_counts_that_its_description_gives() {
    let Some(bytes) = recording() else { return };
    let imported = openai_messages(RECORDING, &bytes, &options()).unwrap();
    let conversations = &imported.conversations;
    let sum = |count: fn(&ImportedConversation) -> usize| conversations.iter().map(count).sum();
    let counts: [usize; 4] =
        [conversations.len(), sum(|c| c.chats), sum(|c| c.tool_calls), sum(|c| c.answers)];
    assert_eq!(counts, [150, 1808, 862, 946]);
    assert_eq!(conversations.iter().map(|c| c.rewrites_applied).sum::<u64>(), 90);
    assert_eq!(conversations[0].name, "task-00-trial-0");
    assert_eq!(conversations[149].name, "task-49-trial-2");
    let system = conversations[0].system.as_deref().unwrap();
    assert_eq!(system.chars().count(), 6155);
    assert!(conversations.iter().all(|c| c.system.as_deref() == Some(system)));
    for conversation in conversations {
        let cassette = Cassette::parse("c", conversation.cassette.as_bytes()).unwrap();
        let counts = cassette.counts();
        assert_eq!(counts.chats, conversation.chats);
        assert_eq!(counts.tool_calls, conversation.tool_calls);
        assert_eq!(counts.answers, conversation.answers);
    }
}

#[test]
fn the_recorded_requests_get_every_recorded_reply_and_answer() {
    let Some(bytes) = recording() else { return };
    let imported = openai_messages(RECORDING, &bytes, &options()).unwrap();
    let parse = |conversation: &ImportedConversation| {
        Arc::new(Cassette::parse(&conversation.name, conversation.cassette.as_bytes()).unwrap())
    };
    let cassettes: Vec<Arc<Cassette>> = imported.conversations.iter().map(parse).collect();
    let mut words = CassetteWords::new(cassettes.clone(), Matching::Exact, Arc::default());
    let runs: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    let (mut replies, mut answers) = (0, 0);
    for (index, run) in runs.iter().enumerate() {
        let messages = messages_of(run);
        let session = SessionWords {
            session: SessionId(index as u32),
            task_index: index,
            task_input: Arc::from(imported.conversations[index].input.as_str()),
        };
        for (place, message) in messages.iter().enumerate() {
            if message.role != Role::Assistant {
                continue;
            }
            let request = request_of(&messages[..place]);
            let reply = words.reply(&session, &request).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(reply.message.content, message.content);
            assert!(same_calls(&reply.message, message));
            replies += 1;
            if message.tool_calls.is_empty()
                && let Some(next) = messages.get(place + 1)
            {
                let answer = words.user_answer(&session, &message.content);
                let text = next.content.clone();
                assert_eq!(answer, Ok(UserReply::Answer { text, after: Default::default() }));
                answers += 1;
            }
        }
        outputs_are_recorded(&cassettes[index], &messages);
    }
    assert_eq!((replies, answers), (1808, 946));
}

fn request_of(messages: &[Message]) -> ChatRequest {
    ChatRequest {
        model: None,
        messages: messages.to_vec(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    }
}

fn same_calls(one: &Message, other: &Message) -> bool {
    let calls = |message: &Message| -> Vec<(String, String)> {
        let calls = message.tool_calls.iter();
        calls.map(|call| (call.name.clone(), call.arguments.clone())).collect()
    };
    calls(one) == calls(other)
}

fn outputs_are_recorded(cassette: &Cassette, messages: &[Message]) {
    let observed: Vec<ObservedToolCall<'_>> = messages
        .windows(2)
        .filter(|pair| pair[1].role == Role::Tool)
        .map(|pair| ObservedToolCall {
            name: &pair[0].tool_calls[0].name,
            arguments: &pair[0].tool_calls[0].arguments,
            output: &pair[1].content,
        })
        .collect();
    let report = cassette.compare_tool_outputs(&observed);
    assert_eq!((report.equal, report.not_called.len()), (observed.len(), 0));
}
