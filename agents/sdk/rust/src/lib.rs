//! Writes agents and tool plugins for timeslip in Rust.
//!
//! An agent does a task by chatting with models and calling tools:
//!
//! ```ignore
//! use timeslip_sdk::{Agent, Failure, Task, ToolLoop, export_agent};
//!
//! struct Guide;
//!
//! impl Agent for Guide {
//!     async fn run(task: Task) -> Result<String, Failure> {
//!         ToolLoop::new().system("You are a guide.").run(task.input).await
//!     }
//! }
//!
//! export_agent!(Guide);
//! ```
//!
//! A tool plugin is a list of functions:
//!
//! ```ignore
//! use timeslip_sdk::{export_tools, tool};
//!
//! /// Adds two whole numbers.
//! #[tool(read_only, idempotent)]
//! fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! export_tools![add];
//! ```
//!
//! Chats, tool calls, questions to the user and sleeps are futures; those that are awaited together
//! ([`join`], [`join_all`]) overlap in the session's time. A component that waits for nothing else
//! stands still, so no runtime is needed.
//!
//! A program that panics writes the panic into the session's journal and ends the session. What a
//! program can foresee is a [`Failure`] instead.

mod chat;
#[doc(hidden)]
pub mod contract;
mod error;
mod export;
pub mod files;
mod host;
pub mod http;
mod loops;
mod message;
mod schema;
mod session;
mod stream;
mod tools;

pub mod plugin;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use chat::{Chat, ReplyAsError};
pub use contract::timeslip::agent::types::{
    ChatChunk, ChatReply, FinishReason, LogLevel, Message, Role, Task, Timing, ToolAnnotations,
    ToolCall, ToolChoice, ToolDefinition, Usage,
};
pub use error::{
    Failure, ModelError, ModelErrorKind, ToolError, ToolErrorKind, UserError, UserErrorKind,
};
pub use export::Agent;
#[doc(hidden)]
pub use export::{log_panics, run_agent};
pub use futures_util::future::{
    join, join_all, join3, join4, select, select_all, try_join, try_join_all,
};
pub use loops::ToolLoop;
pub use message::{assistant, system, tool_output, user};
pub use schemars;
pub use serde;
pub use serde_json;
pub use serde_json::json;
pub use session::{
    Budget, Span, ask_user, budget_left, config, log, now, random_bytes, random_u64, sleep, span,
};
pub use stream::ChatStream;
pub use timeslip_sdk_macros::tool;
pub use tools::{call_tool, call_tool_text, list_tools};
