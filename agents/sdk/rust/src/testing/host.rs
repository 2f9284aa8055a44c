//! The host of a test's session: the functions of the contract, answered from what the test gives.

/// Chats.
pub(crate) mod model {
    use std::cell::{Cell, RefCell};

    use super::super::{clock, state};
    use crate::contract::timeslip::agent::types::{
        ChatChunk, ChatReply, ChatRequest, FinishReason, Message, ModelError, Timing, Usage,
    };
    use crate::error;

    pub(crate) async fn chat(request: ChatRequest) -> Result<ChatReply, ModelError> {
        let reply = ask(request);
        wait().await;
        reply.map(whole)
    }

    async fn wait() {
        let time = state::with(|state| state.chat_time);
        clock::wait(super::nanoseconds(time)).await;
    }

    fn ask(request: ChatRequest) -> Result<Message, ModelError> {
        state::with(|state| {
            state.requests.push(request);
            let none = || {
                let text = "the test gives no more replies";
                Err(error::ModelError::new(error::ModelErrorKind::Unavailable, text))
            };
            Ok(state.replies.pop_front().unwrap_or_else(none)?)
        })
    }

    fn whole(message: Message) -> ChatReply {
        let end_to_end_ns = state::with(|state| super::nanoseconds(state.chat_time));
        let finish_reason = match message.tool_calls.is_empty() {
            true => FinishReason::Stop,
            false => FinishReason::ToolCalls,
        };
        ChatReply {
            message,
            finish_reason,
            usage: Usage { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0 },
            timing: Timing {
                queue_ns: 0,
                prefill_ns: 0,
                transfer_ns: 0,
                decode_ns: end_to_end_ns,
                time_to_first_token_ns: 0,
                end_to_end_ns,
            },
            model: "test".to_owned(),
            machine: "test".to_owned(),
        }
    }

    /// A reply whose pieces are its words, all there at once.
    #[derive(Debug)]
    pub(crate) struct ChatStream {
        reply: RefCell<Result<Message, ModelError>>,
        taken_bytes: Cell<usize>,
        waited: Cell<bool>,
    }

    impl ChatStream {
        pub(crate) fn new(request: &ChatRequest) -> ChatStream {
            ChatStream {
                reply: RefCell::new(ask(request.clone())),
                taken_bytes: Cell::new(0),
                waited: Cell::new(false),
            }
        }

        pub(crate) async fn next(&self) -> Result<Option<ChatChunk>, ModelError> {
            self.wait_once().await;
            let reply = self.reply.borrow().clone()?;
            let rest = &reply.content[self.taken_bytes.get()..];
            let Some(piece) = rest.split_inclusive(' ').next() else { return Ok(None) };
            self.taken_bytes.set(self.taken_bytes.get() + piece.len());
            Ok(Some(ChatChunk { content: piece.to_owned(), output_tokens: 0 }))
        }

        pub(crate) async fn finish(&self) -> Result<ChatReply, ModelError> {
            self.wait_once().await;
            self.reply.borrow().clone().map(whole)
        }

        async fn wait_once(&self) {
            if !self.waited.replace(true) {
                wait().await;
            }
        }
    }
}

/// Tools.
pub(crate) mod tools {
    use super::super::{clock, state};
    use crate::contract::timeslip::agent::types::{ToolDefinition, ToolError};

    pub(crate) fn list() -> Vec<ToolDefinition> {
        state::with(|state| state.tools.iter().map(|tool| tool.definition.clone()).collect())
    }

    pub(crate) async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        let (output, time) = state::with(|state| {
            let tool = state.tools.iter().find(|tool| tool.definition.name == name);
            let output = match tool {
                Some(tool) => (tool.call)(&arguments).map_err(ToolError::from),
                None => Err(ToolError::UnknownTool(format!("the test gives no tool {name:?}"))),
            };
            state.tool_calls.push((name, arguments));
            (output, state.tool_time)
        });
        clock::wait(super::nanoseconds(time)).await;
        output
    }
}

/// The user.
pub(crate) mod user {
    use super::super::state;
    use crate::contract::timeslip::agent::types::UserError;

    pub(crate) async fn ask(_question: String) -> Result<String, UserError> {
        let answer = state::with(|state| state.answers.pop_front());
        answer.ok_or_else(|| UserError::Nobody("the test gives no more answers".to_owned()))
    }
}

/// The session.
pub(crate) mod session {
    use super::super::{clock, state};
    use crate::contract::timeslip::agent::types::{Budget, LogLevel};

    /// A named part of the work, which a test does not look at.
    #[derive(Debug)]
    pub struct Span;

    impl Span {
        /// Begins one.
        pub(crate) fn new(_name: &str) -> Span {
            Span
        }
    }

    pub(crate) fn log(_level: LogLevel, message: &str) {
        state::with(|state| state.journal.push(message.to_owned()));
    }

    pub(crate) fn now() -> u64 {
        state::with(|state| state.now_ns)
    }

    pub(crate) async fn sleep(duration_ns: u64) {
        clock::wait(duration_ns).await;
    }

    /// SplitMix64, from the same seed in every test.
    pub(crate) fn random_u64() -> u64 {
        state::with(|state| {
            state.random = state.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state.random;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        })
    }

    pub(crate) fn random_bytes(length: u32) -> Vec<u8> {
        (0..length.min(65_536)).map(|_| random_u64() as u8).collect()
    }

    pub(crate) fn config(key: &str) -> Option<String> {
        state::with(|state| state.config.get(key).cloned())
    }

    pub(crate) fn budget_left() -> Budget {
        Budget { time_ns: None, model_calls: None, tool_calls: None, output_tokens: None }
    }
}

/// Granted files.
pub(crate) mod files {
    use super::super::state;
    use crate::contract::timeslip::tool::files::{FileError, FileInfo};

    pub(crate) fn list(prefix: &str) -> Vec<FileInfo> {
        state::with(|state| {
            let files = state.files.iter().filter(|(path, _)| path.starts_with(prefix));
            files
                .map(|(path, bytes)| FileInfo { path: path.clone(), length: bytes.len() as u64 })
                .collect()
        })
    }

    pub(crate) fn read(path: &str) -> Result<Vec<u8>, FileError> {
        let found = state::with(|state| state.files.get(path).cloned());
        found.ok_or_else(|| FileError::NotFound(format!("the test gives no file {path:?}")))
    }

    pub(crate) fn read_range(path: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        let bytes = read(path)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(bytes.into_iter().skip(offset).take(length as usize).collect())
    }

    pub(crate) fn write(path: &str, contents: &[u8]) -> Result<(), FileError> {
        state::with(|state| state.files.insert(path.to_owned(), contents.to_vec()));
        Ok(())
    }

    pub(crate) fn remove(path: &str) -> Result<(), FileError> {
        let removed = state::with(|state| state.files.remove(path));
        removed
            .map(|_| ())
            .ok_or_else(|| FileError::NotFound(format!("the test gives no file {path:?}")))
    }
}

/// Requests over HTTP.
pub(crate) mod http {
    use super::super::state;
    use crate::contract::timeslip::tool::http_types::{HttpError, HttpRequest, HttpResponse};

    pub(crate) async fn fetch(request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = state::with(|state| state.responses.get(&request.url).cloned());
        let body = body.ok_or_else(|| {
            HttpError::Refused(format!("the test gives no response of {}", request.url))
        })?;
        Ok(HttpResponse { status: 200, headers: Vec::new(), body })
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
