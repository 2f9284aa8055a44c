//! What several fuzz targets need.

use std::time::Duration;

use arbitrary::Arbitrary;
use timeslip_runtime::agent::{PicosecondsPerFuel, Setup};
use timeslip_runtime::engine::{Runtime, RuntimeOptions};
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::limits::Limits;
use timeslip_runtime::room::Room;
use timeslip_timeline::backend::{SessionId, SessionWords};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, Message, Role, ToolAnnotations, ToolCall, ToolChoice, ToolDefinition,
};
use timeslip_timeline::http::HttpRequest;

/// A request with one message.
pub fn request(text: &str) -> ChatRequest {
    ChatRequest {
        model: None,
        messages: vec![Message::text(Role::User, text)],
        tools: Vec::new(),
        options: ChatOptions::default(),
    }
}

/// A request of a tool over HTTP.
pub fn page(url: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// The first session.
pub fn session(input: &str) -> SessionWords {
    SessionWords { session: SessionId(0), task_index: 0, task_input: input.into() }
}

/// A runtime that keeps nothing on disk.
pub fn runtime() -> Runtime {
    let options = RuntimeOptions {
        room: Room::of_small(4),
        memory_bytes: 16 << 20,
        table_elements: 20_000,
        cache_folder: None,
    };
    Runtime::new(&options).expect("the engine starts")
}

/// A setup that grants nothing, with small limits.
pub fn setup() -> Setup {
    Setup {
        name: "fuzz".into(),
        seed: 0,
        pace: PicosecondsPerFuel::from_nanoseconds(0.3),
        limits: Limits {
            memory_bytes: 16 << 20,
            table_elements: 20_000,
            fuel: 1_000_000,
            burst_wall_time: Duration::from_secs(5),
            host_calls: 1_000,
            boundary_bytes: 1 << 20,
            journal_lines: 100,
            journal_bytes: 1 << 16,
            written_bytes: 1 << 16,
        },
        config: Default::default(),
        deadline: None,
        models: ModelGrant::Nothing,
        default_model: "none".into(),
        budgets: Budgets::default(),
        tools: Vec::new(),
        files: Default::default(),
        http: Default::default(),
        table: "[agent]".into(),
    }
}

/// A chat request of any form.
#[derive(Arbitrary, Debug)]
pub struct AnyRequest {
    messages: Vec<(u8, String, Vec<(String, String, String)>, Option<String>)>,
    tools: Vec<(String, String, String)>,
    max_output_tokens: Option<u32>,
    temperature: Option<f64>,
    stop: Vec<String>,
    named: Option<String>,
}

impl AnyRequest {
    /// The request.
    pub fn into_request(self) -> ChatRequest {
        let roles = [Role::System, Role::User, Role::Assistant, Role::Tool];
        let call = |(id, name, arguments)| ToolCall { id, name, arguments };
        let message = |(role, content, calls, tool_call_id): (u8, _, Vec<_>, _)| Message {
            role: roles[usize::from(role) % roles.len()],
            content,
            tool_calls: calls.into_iter().map(call).collect(),
            tool_call_id,
        };
        let tool = |(name, description, input_schema)| ToolDefinition {
            name,
            description,
            input_schema,
            output_schema: None,
            annotations: ToolAnnotations::default(),
        };
        ChatRequest {
            model: None,
            messages: self.messages.into_iter().map(message).collect(),
            tools: self.tools.into_iter().map(tool).collect(),
            options: ChatOptions {
                // The runtime refuses 0 before any words are asked for.
                max_output_tokens: self.max_output_tokens.map(|tokens| tokens.max(1)),
                temperature: self.temperature,
                stop: self.stop,
                tool_choice: self.named.map_or(ToolChoice::Auto, ToolChoice::Named),
                ..ChatOptions::default()
            },
        }
    }
}
