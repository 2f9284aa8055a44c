//! Writes a cassette, line by line, while a conversation goes on.

use std::collections::HashMap;

use timeslip_timeline::conversation::{
    ChatRequest, FinishReason, Message, ModelError, Role, ToolDefinition, Usage,
};
use timeslip_timeline::time::Span;
use xxhash_rust::xxh3::xxh3_128;

use super::Cassette;
use super::fetch_lines::FetchLine;
use super::key::{Key, key_of_call};
use super::lines::{
    ChatLine, Header, KeyPart, Line, MessageLine, ReplyLine, ServerLine, ToolCallLine, ToolLine,
    ToolsLine, UsageLine, UserLine,
};
use super::observed_lines::ErrorLine;

/// Writes the lines of one cassette.
///
/// The text so far is a whole cassette after every call, so a recorder may append each piece to its
/// file as it comes and lose nothing when it is stopped.
pub struct CassetteWriter {
    text: String,
    taken: usize,
    key: Vec<KeyPart>,
    /// Where the messages that are defined first stood, by their exact form.
    places: HashMap<u128, usize>,
    exact: Vec<u128>,
    tool_lists: Vec<Vec<ToolDefinition>>,
    last_content: String,
    /// Calls of the last reply that no tool line has answered: the key of each, and its identifier.
    open_calls: Vec<(Key, String)>,
}

impl CassetteWriter {
    /// Begins a cassette with its header.
    pub fn new(header: Header) -> CassetteWriter {
        let mut writer = CassetteWriter {
            text: String::new(),
            taken: 0,
            key: header.key.clone(),
            places: HashMap::new(),
            exact: Vec::new(),
            tool_lists: Vec::new(),
            last_content: String::new(),
            open_calls: Vec::new(),
        };
        writer.write(&Line::Cassette(header));
        writer
    }

    /// Goes on with a cassette whose whole lines were read.
    pub fn after(cassette: &Cassette) -> CassetteWriter {
        let mut writer = CassetteWriter::new(cassette.header.clone());
        // What was written before is in the file already.
        writer.text.clear();
        writer.tool_lists.clone_from(&cassette.tool_lists);
        for message in &cassette.messages {
            writer.note(message);
        }
        writer
    }

    /// Adds a request and its reply. Messages that were not seen before are defined first.
    pub fn chat(
        &mut self,
        request: &ChatRequest,
        reply: &Message,
        finish_reason: FinishReason,
        usage: Option<Usage>,
    ) {
        let mut line = self.chat_line(request);
        line.usage = usage.map(UsageLine::from);
        self.add_reply(line, reply, finish_reason);
    }

    /// The line of a chat, without what came of it.
    pub(super) fn chat_line(&mut self, request: &ChatRequest) -> ChatLine {
        let messages = self.ranges_of(&request.messages);
        let wanted = |part| self.key.contains(&part);
        let model = wanted(KeyPart::Model).then(|| request.model.clone().unwrap_or_default());
        let options = wanted(KeyPart::Options).then(|| {
            serde_json::to_value(&request.options).expect("options hold nothing that JSON lacks")
        });
        let tools = wanted(KeyPart::Tools).then(|| self.place_of_tools(&request.tools));
        ChatLine {
            messages,
            model,
            tools,
            options,
            reply: None,
            finish_reason: None,
            error: None,
            usage: None,
            chunks_ns: None,
            timing: None,
            attempts: Vec::new(),
            served_model: None,
        }
    }

    /// Adds a chat that got a reply.
    pub(super) fn add_reply(
        &mut self,
        mut line: ChatLine,
        reply: &Message,
        finish_reason: FinishReason,
    ) {
        line.reply = Some(ReplyLine {
            content: Some(reply.content.clone()),
            tool_calls: reply.tool_calls.iter().map(ToolCallLine::from).collect(),
        });
        line.finish_reason = Some(finish_reason);
        self.write(&Line::Chat(Box::new(line)));
        self.heard(reply);
        self.note(reply);
    }

    /// Adds a chat that got none.
    pub(super) fn add_error(&mut self, mut line: ChatLine, error: &ModelError) {
        line.error = Some(ErrorLine::from(error));
        self.write(&Line::Chat(Box::new(line)));
    }

    /// Takes the calls of a reply as those that tool lines answer from now on.
    pub(super) fn heard(&mut self, reply: &Message) {
        let calls = reply.tool_calls.iter();
        self.open_calls =
            calls.map(|call| (key_of_call(&call.name, &call.arguments), call.id.clone())).collect();
    }

    /// Adds a call of a tool and its output.
    ///
    /// It takes the identifier of the first call of the last reply that asks for the same and has
    /// no output yet; an agent may also call tools that no reply asked for.
    pub fn tool(&mut self, name: &str, arguments: &str, output: &str, ok: bool) {
        let key = key_of_call(name, arguments);
        let open = self.open_calls.iter().position(|(open, _)| *open == key);
        let tool_call_id = open.map(|at| self.open_calls.remove(at).1);
        self.write(&Line::Tool(ToolLine {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            output: output.to_owned(),
            ok,
            tool_call_id: tool_call_id.clone(),
        }));
        self.note(&Message {
            role: Role::Tool,
            content: output.to_owned(),
            tool_calls: Vec::new(),
            tool_call_id,
        });
    }

    /// Adds a question to the user and the answer.
    pub fn user(&mut self, question: &str, answer: &str, after: Span) {
        let question = (question != self.last_content).then(|| question.to_owned());
        self.write(&Line::User(UserLine {
            question,
            answer: answer.to_owned(),
            after_ns: after.as_nanos(),
        }));
        self.note(&Message::text(Role::User, answer));
    }

    /// Adds what a tool fetched over HTTP.
    pub(super) fn fetch(&mut self, line: FetchLine) {
        self.write(&Line::Fetch(Box::new(line)));
    }

    /// Adds what an MCP server offers.
    pub(super) fn server(&mut self, line: &ServerLine) {
        self.write(&Line::Server(line.clone()));
    }

    /// What was written since this was last called, whole lines.
    pub fn take_text(&mut self) -> &str {
        let from = std::mem::replace(&mut self.taken, self.text.len());
        &self.text[from..]
    }

    /// The whole cassette.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The ranges that make up these messages, as few as a single pass finds.
    fn ranges_of(&mut self, messages: &[Message]) -> Vec<[usize; 2]> {
        let mut ranges: Vec<[usize; 2]> = Vec::new();
        for message in messages {
            let exact = exact_hash(message);
            let next = ranges.last().map_or(0, |range| range[1]);
            let place = match self.exact.get(next) {
                Some(follower) if *follower == exact => next,
                _ => self.place_of(message, exact),
            };
            match ranges.last_mut() {
                Some(range) if range[1] == place => range[1] = place + 1,
                _ => ranges.push([place, place + 1]),
            }
        }
        ranges
    }

    fn place_of(&mut self, message: &Message, exact: u128) -> usize {
        if let Some(place) = self.places.get(&exact) {
            return *place;
        }
        self.write(&Line::Message(MessageLine::from(message)));
        self.note(message);
        self.exact.len() - 1
    }

    fn place_of_tools(&mut self, tools: &[ToolDefinition]) -> usize {
        if let Some(place) = self.tool_lists.iter().position(|list| list == tools) {
            return place;
        }
        self.write(&Line::Tools(ToolsLine { definitions: tools.to_vec() }));
        self.tool_lists.push(tools.to_vec());
        self.tool_lists.len() - 1
    }

    fn note(&mut self, message: &Message) {
        let exact = exact_hash(message);
        self.places.entry(exact).or_insert(self.exact.len());
        self.exact.push(exact);
        self.last_content.clone_from(&message.content);
    }

    fn write(&mut self, line: &Line) {
        let line = serde_json::to_string(line).expect("a line holds nothing that JSON lacks");
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

/// A hash of a message with everything in it, unlike its key.
fn exact_hash(message: &Message) -> u128 {
    let text = serde_json::to_string(&MessageLine::from(message));
    xxh3_128(text.expect("a message holds nothing that JSON lacks").as_bytes())
}
