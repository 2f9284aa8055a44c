//! What stands in a slip for each thing a session asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::part_ranges::PartRanges;

/// Something a session asked for and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// A chat with a model.
    Chat(ChatStep),
    /// A tool call.
    Tool(ToolStep),
    /// A question to the user.
    User(UserStep),
    /// Sleep.
    Sleep(SleepStep),
}

impl Step {
    /// When it was asked, in nanoseconds since the run began.
    pub fn at_ns(&self) -> u64 {
        match self {
            Step::Chat(step) => step.at_ns,
            Step::Tool(step) => step.at_ns,
            Step::User(step) => step.at_ns,
            Step::Sleep(step) => step.at_ns,
        }
    }

    /// The tool step whose agent asked for it, where the session's own agent did not.
    pub fn within(&self) -> Option<usize> {
        match self {
            Step::Chat(step) => step.within,
            Step::Tool(step) => step.within,
            Step::User(step) => step.within,
            Step::Sleep(step) => step.within,
        }
    }

    /// From asking to the end, in nanoseconds.
    pub fn e2e_ns(&self) -> u64 {
        match self {
            Step::Chat(step) => step.e2e_ns,
            Step::Tool(step) => step.e2e_ns,
            Step::User(step) => step.e2e_ns,
            Step::Sleep(step) => step.e2e_ns,
        }
    }

    /// Why it brought nothing, if it did not.
    pub fn error(&self) -> Option<&str> {
        match self {
            Step::Chat(step) => step.error.as_deref(),
            Step::Tool(step) => step.error.as_deref(),
            Step::User(step) => step.error.as_deref(),
            Step::Sleep(_) => None,
        }
    }
}

/// A chat with a model.
///
/// `queue_ns + prefill_ns + transfer_ns + decode_ns = e2e_ns`. Of a chat without a reply, all of
/// the time is in `queue_ns`, and `ttft_ns` is `e2e_ns`, so that no rate can be taken from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChatStep {
    /// When it was asked, since the run began.
    pub at_ns: u64,
    /// The tool step whose agent asked for it, by its place among the session's steps; absent where
    /// the session's own agent did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// The machine; empty when none was chosen.
    pub machine: String,
    /// The model.
    pub model: String,
    /// Why that machine; absent where there was no choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Of those, served by a cache.
    pub cached_input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// The prompt: which of the session's parts, in order. Absent where they are not known.
    #[serde(default, skip_serializing_if = "PartRanges::is_empty")]
    pub prompt: PartRanges,
    /// Waiting for the machine.
    pub queue_ns: u64,
    /// Reading the prompt.
    pub prefill_ns: u64,
    /// Moving the prompt's state to the decode pool.
    pub transfer_ns: u64,
    /// Writing the reply.
    pub decode_ns: u64,
    /// From the request to the first token.
    pub ttft_ns: u64,
    /// From the request to the last token.
    pub e2e_ns: u64,
    /// Why it ended.
    pub finish_reason: ChatFinish,
    /// Why there is no reply; absent when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Joules spent on this chat, its share of each batch; `null` when unknown.
    #[serde(default)]
    pub energy_j: Option<f64>,
    /// Dollars spent on this chat: its share of each batch, or its tokens at the price of its
    /// machine's tier; `null` when unknown.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// What was seen of it, where a real server was asked, now or when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Box<ObservedChat>>,
}

/// What was seen of a chat with a real server, beside its tokens and times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedChat {
    /// Whether it was seen in this run, or when the words were recorded.
    pub origin: ObservedIn,
    /// Who counted the tokens.
    pub counted_by: CountedBy,
    /// Of the output tokens, those of reasoning; `null` where the server does not say.
    pub reasoning_output_tokens: Option<u64>,
    /// The model, as the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// Every request that was sent for it; the one that was answered is the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<ChatAttempt>,
    /// From the asking until each chunk with words came, in nanoseconds. A chunk may hold many
    /// tokens. Empty where the reply came in one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks_ns: Vec<u64>,
}

/// Where a chat with a real server was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObservedIn {
    /// In this run.
    Server,
    /// In a recording that this run played back.
    Recording,
}

/// Who counted the tokens of a chat with a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedBy {
    /// The server.
    Server,
    /// The run's own tokenizer.
    Tokenizer,
}

/// A request to a real server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatAttempt {
    /// From the asking until it was sent, in nanoseconds.
    pub at_ns: u64,
    /// From sending it until its outcome was known, in nanoseconds.
    pub lasted_ns: u64,
    /// Why it gave no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ChatStep {
    /// Whether the model replied.
    pub fn is_answered(&self) -> bool {
        !matches!(self.finish_reason, ChatFinish::Error | ChatFinish::Cancelled)
    }

    /// What the reply wrote after its first token; `None` when it has no second one.
    fn after_first_token(&self) -> Option<AfterFirstToken> {
        let after = AfterFirstToken::of(self.e2e_ns, self.ttft_ns, self.output_tokens);
        after.filter(|_| self.is_answered())
    }

    /// `(e2e_ns - ttft_ns) / (output_tokens - 1)`, to the nearest nanosecond; `None` when the reply
    /// has no second token.
    pub fn inter_token_latency_ns(&self) -> Option<u64> {
        self.after_first_token().map(AfterFirstToken::inter_token_latency_ns)
    }

    /// One over the inter-token latency, in tokens a second: what one user sees. It is held against
    /// the target. `None` when the reply has no second token.
    pub fn output_tokens_per_second(&self) -> Option<f64> {
        self.after_first_token().map(AfterFirstToken::tokens_per_second)
    }
}

/// The tokens that a reply has after its first one, and the time that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterFirstToken {
    nanos: u64,
    tokens: u64,
}

impl AfterFirstToken {
    /// Those of a complete reply; `None` when it has no second token.
    pub fn of(e2e_ns: u64, ttft_ns: u64, output_tokens: u64) -> Option<AfterFirstToken> {
        let nanos = e2e_ns.checked_sub(ttft_ns)?;
        let tokens = output_tokens.checked_sub(1)?;
        (nanos > 0 && tokens > 0).then_some(AfterFirstToken { nanos, tokens })
    }

    /// Nanoseconds a token, to the nearest one.
    pub fn inter_token_latency_ns(self) -> u64 {
        let (nanos, tokens) = (u128::from(self.nanos), u128::from(self.tokens));
        // At most `nanos`, so it is a u64.
        ((nanos + tokens / 2) / tokens) as u64
    }

    /// Tokens a second.
    pub fn tokens_per_second(self) -> f64 {
        self.tokens as f64 / self.nanos as f64 * 1e9
    }
}

/// Why a chat went to its machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The tier of the machine; absent when it stands in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// What decided.
    pub reason: RouteReason,
    /// The machines among which it was chosen; absent where only one came into question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
}

/// What decided on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteReason {
    /// It serves the model; of several, it was expected to be done first.
    ByModel,
    /// It stands in the chat's tier; of several, it was expected to be done first.
    ByTier,
    /// It was the cheapest that was expected to be done within the session's deadline.
    CheapestInTime,
    /// None would have been done in time, and it was the fastest within the session's budget.
    FastestInBudget,
    /// None would have been done in time or within the budget, and it was the cheapest.
    Cheapest,
}

/// What a machine was expected to make of a chat, before its reply had a length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Considered {
    /// The machine.
    pub machine: String,
    /// From the request to the last token; `null` when the machine cannot say.
    pub expected_ns: Option<u64>,
    /// Dollars; `null` when the machine cannot say.
    pub expected_cost_usd: Option<f64>,
}

/// Why a chat ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatFinish {
    /// The model was done.
    Stop,
    /// The limit on output tokens.
    Length,
    /// The model asks for tools.
    ToolCalls,
    /// The machine withheld the rest.
    ContentFilter,
    /// There is no reply, because of an error.
    Error,
    /// There is no reply, because nobody waited for it any more.
    Cancelled,
}

/// A tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolStep {
    /// When it was asked, since the run began.
    pub at_ns: u64,
    /// The tool step whose agent asked for it, by its place among the session's steps; absent where
    /// the session's own agent did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// The tool's name.
    pub tool: String,
    /// The computing of the plugin, or of the agent that is the tool.
    pub compute_ns: u64,
    /// The rest: waiting for the plugin's one thread, and for what the plugin or agent waited for.
    pub wait_ns: u64,
    /// From asking to the output.
    pub e2e_ns: u64,
    /// Whether there is an output.
    pub ok: bool,
    /// Why there is none; absent when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the plugin fetched over HTTP meanwhile, in the order of asking; part of `wait_ns`. Absent
    /// where it fetched nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetches: Vec<Fetch>,
}

/// A request of a tool plugin over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fetch {
    /// When it was asked, since the run began.
    pub at_ns: u64,
    /// The method.
    pub method: String,
    /// The address, without what in its query is mostly a secret.
    pub url: String,
    /// The status of the response; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is no response; absent when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From asking until the whole body was there.
    pub took_ns: u64,
}

/// A question to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserStep {
    /// When it was asked, since the run began.
    pub at_ns: u64,
    /// The tool step whose agent asked for it, by its place among the session's steps; absent where
    /// the session's own agent did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// From asking to the answer.
    pub e2e_ns: u64,
    /// Whether there is an answer.
    pub ok: bool,
    /// Why there is none; absent when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Sleep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SleepStep {
    /// When it began, since the run began.
    pub at_ns: u64,
    /// The tool step whose agent asked for it, by its place among the session's steps; absent where
    /// the session's own agent did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// Its length.
    pub e2e_ns: u64,
}
