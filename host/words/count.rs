//! The tokens of a whole chat: its prompt with tools and chat template, and its reply.
//!
//! A chat template wraps every message in a few tokens. The constants are those of the OpenAI
//! Cookbook, "How to count tokens with tiktoken" (for the models from `gpt-3.5-turbo-0613` to
//! `gpt-4o`): 3 tokens per message, the role's name counted as text, and 3 tokens that begin the
//! reply. A tool call is counted as its name and arguments and, since the Cookbook is silent on it,
//! the 3 tokens of a message. Identifiers of tool calls are not shown to a model and cost nothing.

use serde_json::value::RawValue;
use timeslip_timeline::conversation::{
    ChatRequest, Message, PromptPart, PromptPartKind, Role, ToolCall, ToolDefinition,
};
use xxhash_rust::xxh3::Xxh3;

use crate::tokenizer::{TextKey, Tokenizer};

/// Tokens that frame a message in the chat template.
pub const TOKENS_PER_MESSAGE: u64 = 3;
/// Tokens that frame a tool call inside an assistant message.
pub const TOKENS_PER_TOOL_CALL: u64 = 3;
/// Tokens at the end of a prompt that begin the reply.
pub const TOKENS_BEFORE_REPLY: u64 = 3;

impl Tokenizer {
    /// The tokens of a prompt: messages, tools and chat template.
    pub fn count_prompt(&self, request: &ChatRequest) -> u64 {
        self.count_parts(&self.prompt_parts(request))
    }

    /// The tokens of a prompt that has these parts.
    pub(crate) fn count_parts(&self, parts: &[PromptPart]) -> u64 {
        parts.iter().map(|part| part.tokens).sum::<u64>() + TOKENS_BEFORE_REPLY
    }

    /// The parts of a prompt in the order in which a model reads them: chat templates put the tools
    /// first.
    pub fn prompt_parts(&self, request: &ChatRequest) -> Vec<PromptPart> {
        let tools = (!request.tools.is_empty()).then(|| PromptPart {
            kind: PromptPartKind::Tools,
            tokens: self.count_tools(&request.tools),
            digest: key_of_tools(&request.tools).hash as u64,
        });
        let messages = request.messages.iter().map(|message| self.message_part(message));
        tools.into_iter().chain(messages).collect()
    }

    /// A message as a part of a prompt.
    pub(crate) fn message_part(&self, message: &Message) -> PromptPart {
        PromptPart {
            kind: PromptPartKind::Message(message.role),
            tokens: self.count_message(message),
            digest: digest_of(message),
        }
    }

    /// The tokens that a model writes for this message: its text and its tool calls.
    pub fn count_reply(&self, message: &Message) -> u64 {
        let calls: u64 = message.tool_calls.iter().map(|call| self.count_tool_call(call)).sum();
        self.count(&message.content) + calls
    }

    pub(crate) fn count_tool_call(&self, call: &ToolCall) -> u64 {
        TOKENS_PER_TOOL_CALL + self.count(&call.name) + self.count(&call.arguments)
    }

    fn count_message(&self, message: &Message) -> u64 {
        TOKENS_PER_MESSAGE + self.count(role_name(message.role)) + self.count_reply(message)
    }

    /// The tokens of a tool list, as the JSON of OpenAI's `tools` parameter.
    fn count_tools(&self, tools: &[ToolDefinition]) -> u64 {
        if tools.is_empty() {
            return 0;
        }
        self.count_once(key_of_tools(tools), || self.count(&tools_as_json(tools)))
    }
}

/// A hash of what the model reads of a message.
fn digest_of(message: &Message) -> u64 {
    let calls = message.tool_calls.iter().flat_map(|call| [&call.name, &call.arguments]);
    let mut hasher = Xxh3::new();
    for text in
        [role_name(message.role), &message.content].into_iter().chain(calls.map(|text| &**text))
    {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.digest()
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// Hashes the parts, so that the JSON of a list is written only once.
fn key_of_tools(tools: &[ToolDefinition]) -> TextKey {
    // Another seed than for texts: a list of tools never stands for a text.
    let mut hasher = Xxh3::with_seed(1);
    let mut length_bytes = 0;
    for part in tools.iter().flat_map(|tool| [&tool.name, &tool.description, &tool.input_schema]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
        length_bytes += part.len();
    }
    TextKey { hash: hasher.digest128(), length_bytes }
}

fn tools_as_json(tools: &[ToolDefinition]) -> String {
    #[derive(serde::Serialize)]
    struct Tool<'t> {
        r#type: &'static str,
        function: Function<'t>,
    }
    #[derive(serde::Serialize)]
    struct Function<'t> {
        name: &'t str,
        description: &'t str,
        parameters: Schema<'t>,
    }
    #[derive(serde::Serialize)]
    #[serde(untagged)]
    enum Schema<'t> {
        Json(&'t RawValue),
        /// A schema that is no JSON is still sent, and paid for.
        Text(&'t str),
    }
    let list: Vec<Tool> = tools
        .iter()
        .map(|tool| Tool {
            r#type: "function",
            function: Function {
                name: &tool.name,
                description: &tool.description,
                parameters: match serde_json::from_str(&tool.input_schema) {
                    Ok(json) => Schema::Json(json),
                    Err(_) => Schema::Text(&tool.input_schema),
                },
            },
        })
        .collect();
    serde_json::to_string(&list).expect("strings and parsed JSON can be written")
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{ChatOptions, ToolAnnotations};

    use super::*;

    fn request(messages: Vec<Message>, tools: Vec<ToolDefinition>) -> ChatRequest {
        ChatRequest { model: None, messages, tools, options: ChatOptions::default() }
    }

    fn search() -> ToolDefinition {
        ToolDefinition {
            name: "search".to_owned(),
            description: "Finds flights.".to_owned(),
            input_schema: r#"{"type":"object"}"#.to_owned(),
            output_schema: None,
            annotations: ToolAnnotations::default(),
        }
    }

    #[test]
    fn a_prompt_is_counted_as_the_cookbook_does() {
        let tokenizer = Tokenizer::default();
        let messages =
            vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, "Hello")];
        // 3 + "system" + "Be brief." (3), 3 + "user" + "Hello" (1), 3 before the reply.
        assert_eq!(
            tokenizer.count_prompt(&request(messages, Vec::new())),
            (3 + 1 + 3) + (3 + 1 + 1) + 3
        );
    }

    #[test]
    fn tools_cost_the_tokens_of_their_json() {
        let tokenizer = Tokenizer::default();
        let json = r#"[{"type":"function","function":{"name":"search","description":"Finds flights.","parameters":{"type":"object"}}}]"#;
        assert_eq!(tools_as_json(&[search()]), json);
        let with = tokenizer
            .count_prompt(&request(vec![Message::text(Role::User, "Hello")], vec![search()]));
        let without =
            tokenizer.count_prompt(&request(vec![Message::text(Role::User, "Hello")], Vec::new()));
        assert_eq!(with - without, tokenizer.count(json));
    }

    #[test]
    fn a_tool_call_costs_its_name_and_arguments() {
        let tokenizer = Tokenizer::default();
        let mut message = Message::text(Role::Assistant, "");
        message.tool_calls.push(ToolCall {
            id: "call_1".to_owned(),
            name: "search".to_owned(),
            arguments: "{}".to_owned(),
        });
        assert_eq!(tokenizer.count_reply(&message), 3 + 1 + 1);
    }
}
