//! Sessions for tests of agents and tools, which then run as ordinary programs: `cargo test`.
//!
//! ```ignore
//! #[test]
//! fn it_answers_with_what_the_tool_gave() {
//!     let session = Session::new()
//!         .model_calls("add", json!({"a": 2, "b": 3}))
//!         .model_says("It is 5.")
//!         .tool("add", |_| Ok(r#"{"sum":5}"#.to_owned()));
//!     let ran = session.run(Guide::run(task("What is 2 + 3?")));
//!     assert_eq!(ran.output.unwrap(), "It is 5.");
//!     assert_eq!(ran.requests[1].messages.last().unwrap().content, r#"{"sum":5}"#);
//! }
//! ```
//!
//! Time is the session's own: a chat takes a second and a tool call none unless the test says
//! otherwise, and what is awaited together overlaps.

mod clock;
pub(crate) mod host;
mod state;

use std::time::Duration;

pub use crate::contract::timeslip::agent::types::ChatRequest;
use crate::contract::timeslip::agent::types::{
    Message, Task, ToolAnnotations, ToolCall, ToolDefinition,
};
use crate::error::{ModelError, ModelErrorKind, ToolError};
use crate::message;
use state::{MountedTool, State};

/// A task of this input.
pub fn task(input: impl Into<String>) -> Task {
    Task { name: "test".to_owned(), input: input.into() }
}

/// A session, with what its model, its tools and its user will say.
#[derive(Debug)]
#[must_use = "a session does nothing until something runs in it"]
pub struct Session {
    state: State,
}

/// What came out of a session.
#[derive(Debug)]
pub struct Ran<T> {
    /// What the future gave.
    pub output: T,
    /// The chats that were asked, in order.
    pub requests: Vec<ChatRequest>,
    /// The tool calls that were asked, as name and arguments, in order.
    pub tool_calls: Vec<(String, String)>,
    /// The lines of the journal.
    pub journal: Vec<String>,
    /// The session's time at the end.
    pub time: Duration,
}

impl Default for Session {
    fn default() -> Session {
        Session::new()
    }
}

impl Session {
    /// A session in which nobody says anything yet.
    pub fn new() -> Session {
        Session { state: State::default() }
    }

    /// The model's next reply is this text.
    pub fn model_says(mut self, text: impl Into<String>) -> Session {
        self.state.replies.push_back(Ok(message::assistant(text)));
        self
    }

    /// The model's next reply asks for this tool; several calls of one reply are
    /// [`Session::model_replies`].
    pub fn model_calls(self, tool: &str, arguments: impl serde::Serialize) -> Session {
        let arguments = serde_json::to_string(&arguments).expect("arguments are JSON");
        let call = ToolCall { id: "call-1".to_owned(), name: tool.to_owned(), arguments };
        self.model_replies(Message { tool_calls: vec![call], ..message::assistant("") })
    }

    /// The model's next reply is this message.
    pub fn model_replies(mut self, reply: Message) -> Session {
        self.state.replies.push_back(Ok(reply));
        self
    }

    /// The next chat gives no reply.
    pub fn model_fails(mut self, kind: ModelErrorKind, text: &str) -> Session {
        self.state.replies.push_back(Err(ModelError::new(kind, text)));
        self
    }

    /// Mounts a tool that does this with the text of its arguments.
    pub fn tool(
        mut self,
        name: &str,
        call: impl Fn(&str) -> Result<String, ToolError> + 'static,
    ) -> Session {
        let annotations = ToolAnnotations {
            read_only: false,
            destructive: false,
            idempotent: false,
            open_world: false,
        };
        let definition = ToolDefinition {
            name: name.to_owned(),
            description: String::new(),
            input_schema: r#"{"type":"object"}"#.to_owned(),
            output_schema: None,
            annotations,
        };
        self.state.tools.push(MountedTool { definition, call: Box::new(call) });
        self
    }

    /// The user's next answer.
    pub fn user_says(mut self, text: impl Into<String>) -> Session {
        self.state.answers.push_back(text.into());
        self
    }

    /// What the bench configures under a key.
    pub fn config(mut self, key: &str, value: &str) -> Session {
        self.state.config.insert(key.to_owned(), value.to_owned());
        self
    }

    /// A granted file, which may be written too.
    pub fn file(mut self, path: &str, contents: impl Into<Vec<u8>>) -> Session {
        self.state.files.insert(path.to_owned(), contents.into());
        self
    }

    /// What is fetched from this address, with the status 200.
    pub fn response(mut self, url: &str, body: impl Into<Vec<u8>>) -> Session {
        self.state.responses.insert(url.to_owned(), body.into());
        self
    }

    /// What every chat takes.
    pub fn chats_take(mut self, time: Duration) -> Session {
        self.state.chat_time = time;
        self
    }

    /// What every tool call takes.
    pub fn tools_take(mut self, time: Duration) -> Session {
        self.state.tool_time = time;
        self
    }

    /// Runs something in the session: an agent's `run`, a tool's function, or any `async` block.
    ///
    /// # Panics
    /// When the future waits for something that is not the session's, which would never come.
    pub fn run<T>(self, future: impl Future<Output = T>) -> Ran<T> {
        state::enter(self.state);
        let output = clock::run(future);
        let state = state::leave();
        Ran {
            output,
            requests: state.requests,
            tool_calls: state.tool_calls,
            journal: state.journal,
            time: Duration::from_nanos(state.now_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chat, ToolLoop, call_tool, join, join_all, json, now, sleep};

    #[test]
    fn what_is_awaited_together_overlaps() {
        let ran = Session::new().model_says("a").model_says("b").run(async {
            let ask = |text: &str| Chat::new().user(text).send();
            let (first, second) = join(ask("1"), ask("2")).await;
            let wake_after = async |seconds| {
                sleep(Duration::from_secs(seconds)).await;
                now().as_secs()
            };
            assert_eq!(join(wake_after(2), wake_after(1)).await, (3, 2));
            join_all((1..=40).map(|second| sleep(Duration::from_secs(second)))).await;
            (first.unwrap().message.content, second.unwrap().message.content)
        });
        assert_eq!(ran.output, ("a".to_owned(), "b".to_owned()));
        assert_eq!(ran.time, Duration::from_secs(1 + 2 + 40));
    }

    #[test]
    fn the_loop_gives_a_tools_error_to_the_model_and_ends() {
        let session = Session::new()
            .model_calls("add", json!({"a": 1}))
            .model_says("It cannot be added.")
            .tool("add", |_| Err(ToolError::invalid_arguments("\"b\" is missing")));
        let ran = session.run(ToolLoop::new().system("Add.").run("1 and what?"));
        assert_eq!(ran.output.unwrap(), "It cannot be added.");
        assert_eq!(ran.tool_calls, [("add".to_owned(), r#"{"a":1}"#.to_owned())]);
        let last = ran.requests[1].messages.last().unwrap();
        assert_eq!(last.content, "Error: \"b\" is missing");
        assert_eq!(last.tool_call_id.as_deref(), Some("call-1"));
        assert_eq!(ran.requests[0].tools[0].name, "add");
    }

    #[test]
    fn the_loop_ends_at_its_last_turn_and_at_a_models_error() {
        let calls = || Session::new().model_calls("a", json!({})).tool("a", |_| Ok("1".to_owned()));
        let ran = calls().model_calls("a", json!({})).run(ToolLoop::new().max_turns(2).run("Go."));
        let said = ran.output.unwrap_err();
        assert_eq!(said.message(), "the model still asked for tools after 2 turns");
        let failing = calls().model_fails(ModelErrorKind::OverBudget, "no calls are left");
        let said = failing.run(ToolLoop::new().run("Go.")).output.unwrap_err();
        assert_eq!(said.message(), "the model gave no reply: no calls are left");
    }

    #[test]
    fn pieces_of_a_stream_make_the_reply() {
        let ran = Session::new().model_says("One, two, three.").run(async {
            let mut stream = Chat::new().user("Count.").stream();
            let mut text = String::new();
            while let Some(piece) = stream.next().await? {
                text.push_str(&piece.content);
            }
            Ok::<_, ModelError>((text, stream.finish().await?.message.content))
        });
        let (pieces, whole) = ran.output.unwrap();
        assert_eq!(pieces, "One, two, three.");
        assert_eq!(pieces, whole);
    }

    #[test]
    fn a_value_of_a_type_is_asked_for_with_its_schema() {
        let session = || Session::new().model_says("[1,2]").model_says("none");
        let ran = session().run(async {
            let ask = || Chat::new().user("Numbers?").send_as::<Vec<i64>>();
            (ask().await, ask().await)
        });
        assert_eq!(ran.output.0, Ok(vec![1, 2]));
        assert!(ran.output.1.is_err());
        let schema = ran.requests[0].options.response_schema.as_deref();
        assert_eq!(schema, Some(r#"{"type":"array","items":{"type":"integer"}}"#));
    }

    #[test]
    fn what_a_test_does_not_give_is_an_error_that_says_so() {
        let ran = Session::new().run(async {
            let reply = Chat::new().user("Hi.").send().await.unwrap_err();
            let output = call_tool("add", json!({})).await.unwrap_err();
            (reply.to_string(), output.kind())
        });
        assert_eq!(ran.output.0, "the model gave no reply: the test gives no more replies");
        assert_eq!(ran.output.1, crate::ToolErrorKind::UnknownTool);
    }
}
