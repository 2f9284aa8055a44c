//! Recorded words: one conversation in one file, played back to whoever asks the same again.
//!
//! A cassette is JSON Lines, schema `timeslip.cassette/1`, and reads like the conversation. The
//! first line says where the words come from. Then, in order:
//!
//! - `message` defines a message (the system prompt, the user's opening words, …);
//! - `tools` defines a list of tools, for cassettes whose key holds it;
//! - `chat` is a request and its reply, or the error that came instead. Its `messages` are half-open
//!   ranges into the list of all messages so far, since a conversation is sent again with every
//!   chat. Of a real server it holds the tokens, when it was asked, where its time went and when
//!   each chunk came;
//! - `tool` is a call of a tool and its output;
//! - `user` is a question to the user and the answer; the question is left out when it is the text
//!   of the message just before;
//! - `fetch` is what a tool plugin asked over HTTP: `method`, `url`, `headers` (each `name` and
//!   `value`) and a body, then the `response` (`status`, `headers` and a body), the `error` (`kind`
//!   and `message`) or `given_up`, and when it was asked and how long it took. A body is the text
//!   `body` where it is UTF-8, and otherwise `body_base64`. It stands before the line of the tool
//!   call that it belongs to, and adds no message. A request is found again by its method, its
//!   address, its headers in any order and its body. A call of an MCP server's tool is a `fetch` of
//!   `mcp://SERVER/TOOL`, with the arguments as its body;
//! - `server` says which tools an MCP server offers whose calls follow, by the `name` that the bench
//!   gives the server.
//!
//! A chat's reply, a tool's output and a user's answer each add one message to the list, so nothing
//! is written twice.

mod compare;
mod edit;
mod fetch_lines;
mod fetch_miss;
mod fetch_secrets;
mod fetches;
mod key;
mod lines;
mod literals;
mod miss;
mod observed_lines;
mod outputs;
mod parse;
mod record;
mod recorded;
mod secrets;
mod servers;
mod shared;
mod words;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, Message, ModelError, ToolDefinition, Usage,
};
use timeslip_timeline::observed::Observed;
use timeslip_timeline::time::{Instant, Span};

pub use compare::{ChatPair, ComparedMessage, PairedChats, RequestDifference};
pub use edit::{CassetteEdit, Changes, EditedCassette, NewReply, Replacement};
pub use key::canonical_json;
pub use lines::{AppliedRewrite, Header, KeyPart, TokenSource};
pub use outputs::{ObservedToolCall, ToolComparison, ToolOutputReport, ToolVerdict};
pub use record::CassetteRecorder;
pub use recorded::{Entry, RecordedExchange};
pub use secrets::{SecretLine, secret_lines};
pub use servers::ServerHasChanged;
pub use shared::SharedCassettes;
pub use words::{CassetteWords, Matching};
pub use write::CassetteWriter;

use fetches::RecordedFetch;
use key::{Key, RequestParts, key_of_message, key_of_request};
use lines::ServerLine;

/// The schema this program reads and writes.
pub const SCHEMA: &str = "timeslip.cassette/1";

/// One recorded conversation.
#[derive(Clone, Debug)]
pub struct Cassette {
    file: String,
    digest: String,
    header: Header,
    messages: Vec<Message>,
    message_keys: Vec<Key>,
    tool_lists: Vec<Vec<ToolDefinition>>,
    chats: Vec<RecordedChat>,
    tools: Vec<RecordedToolCall>,
    answers: Vec<RecordedAnswer>,
    servers: Vec<ServerLine>,
    fetches: Vec<RecordedFetch>,
    fetches_by_key: HashMap<Key, Vec<usize>>,
    chats_by_key: HashMap<Key, Vec<usize>>,
    whole_bytes: usize,
    is_cut_off: bool,
}

/// A `chat` line.
#[derive(Clone, Debug)]
struct RecordedChat {
    line: usize,
    ranges: Vec<[usize; 2]>,
    model: Option<String>,
    tools: Option<usize>,
    options: Option<ChatOptions>,
    outcome: RecordedOutcome,
    usage: Option<Usage>,
    /// When it was asked and where its time went, if the line says so.
    timing: Option<(Instant, ChatTiming)>,
    observed: Arc<Observed>,
}

/// What became of a recorded chat.
#[derive(Clone, Debug)]
enum RecordedOutcome {
    /// A reply: its place in the list of messages, and why it ends.
    Reply(usize, FinishReason),
    /// None.
    Error(ModelError),
}

/// A `tool` line: a call of a tool and its output.
#[derive(Clone, Debug)]
struct RecordedToolCall {
    line: usize,
    name: String,
    arguments: String,
    /// The output's place in the list of messages.
    output: usize,
    /// Whether the tool gave it, rather than an error.
    ok: bool,
}

/// A `user` line: a question and its answer.
#[derive(Clone, Debug)]
struct RecordedAnswer {
    line: usize,
    question: String,
    /// The answer's place in the list of messages.
    answer: usize,
    after: Span,
}

/// How much a cassette holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CassetteCounts {
    /// Recorded chats.
    pub chats: usize,
    /// Recorded calls of tools.
    pub tool_calls: usize,
    /// Recorded answers of the user.
    pub answers: usize,
    /// Recorded requests of tools over HTTP.
    pub fetches: usize,
}

impl Header {
    /// The key of a request.
    fn key_of(&self, request: &ChatRequest) -> Key {
        let messages = request.messages.iter().map(key_of_message);
        key_of_request(messages, &RequestParts::of(request), &self.key)
    }
}

impl Cassette {
    /// The file, as the caller named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// SHA-256 of the file's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether its last line was cut off, as when a recorder is killed while it writes. What stands
    /// before that line is whole.
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// How many bytes of the file are whole lines.
    pub fn whole_bytes(&self) -> usize {
        self.whole_bytes
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How much it holds.
    pub fn counts(&self) -> CassetteCounts {
        CassetteCounts {
            chats: self.chats.len(),
            tool_calls: self.tools.len(),
            answers: self.answers.len(),
            fetches: self.fetches.len(),
        }
    }

    /// The messages of a recorded request, in order, each with its key.
    fn request_of<'c>(
        &'c self,
        chat: &'c RecordedChat,
    ) -> impl Iterator<Item = (Key, &'c Message)> + 'c {
        chat.ranges.iter().flat_map(|[from, to]| {
            self.message_keys[*from..*to].iter().copied().zip(&self.messages[*from..*to])
        })
    }

    fn parts_of<'c>(&'c self, chat: &'c RecordedChat) -> RequestParts<'c> {
        RequestParts {
            model: chat.model.as_deref(),
            tools: chat.tools.map_or(&[], |list| &self.tool_lists[list]),
            options: chat.options.as_ref(),
        }
    }

    fn add_message(&mut self, message: Message) -> usize {
        self.message_keys.push(key_of_message(&message));
        self.messages.push(message);
        self.messages.len() - 1
    }

    fn add_chat(&mut self, chat: RecordedChat) {
        let keys = self.request_of(&chat).map(|(key, _)| key);
        let key = key_of_request(keys, &self.parts_of(&chat), &self.header.key);
        self.chats_by_key.entry(key).or_default().push(self.chats.len());
        self.chats.push(chat);
    }
}

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
mod tests;
