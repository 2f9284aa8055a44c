//! Words without meaning: filler of drawn lengths, for load whose texts do not matter.
//!
//! Every chat draws the length of its reply. A session may also draw a number of tool calls: then
//! the model first asks, one reply after another, for tools that the request offers, with arguments
//! that satisfy their schemas, and answers in text once they are used up. A reply's tool call counts
//! into its drawn length, and filler before it makes up the rest.
//!
//! Each session and each chat of a session draws from streams of its own, so that what one session
//! hears does not depend on any other.

mod distribution;
mod filler;
mod instance;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use timeslip_timeline::backend::{Reply, SessionId, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::chance::Chance;
use timeslip_timeline::conversation::{
    ChatRequest, FinishReason, Message, Role, ToolCall, ToolChoice, ToolDefinition,
};
use timeslip_timeline::time::Span;

use crate::digest::sha256_hex;
use crate::spoken::spoken;
use crate::tokenizer::Tokenizer;

pub use distribution::Distribution;
use filler::Filler;
use instance::instance_of;

/// What a bench says of synthetic words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticSpec {
    /// Tokens of each reply; at least 1.
    pub output_tokens: Distribution,
    /// Tool calls that the model asks for in a session before it answers in text; none if absent.
    #[serde(default)]
    pub tool_calls_per_session: Option<Distribution>,
    /// What the user says; nobody is there if absent.
    #[serde(default)]
    pub user: Option<SyntheticUser>,
}

impl Default for SyntheticSpec {
    /// An everyday chat, for a run whose bench says nothing about its words: half of the replies are
    /// shorter than 150 tokens, one in twenty is longer than 600; no tools are asked for and nobody
    /// answers. The lengths are a choice, not a measurement.
    fn default() -> SyntheticSpec {
        SyntheticSpec {
            output_tokens: Distribution::Lognormal { median: 150.0, p95: 600.0 },
            tool_calls_per_session: None,
            user: None,
        }
    }
}

/// A user who answers in filler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticUser {
    /// Answers of a session, after which the user has left.
    pub answers_per_session: Distribution,
    /// Tokens of each answer; at least 1.
    pub answer_tokens: Distribution,
    /// Seconds that the user takes for an answer.
    #[serde(default, deserialize_with = "seconds")]
    pub after_seconds: f64,
}

/// Filler of drawn lengths.
#[derive(Clone)]
pub struct SyntheticWords {
    spec: SyntheticSpec,
    seed: u64,
    tokenizer: Arc<Tokenizer>,
    filler: Arc<Filler>,
    sessions: HashMap<SessionId, Heard>,
}

/// What a session has heard so far, and how much it will.
#[derive(Clone)]
struct Heard {
    chats: u64,
    tool_calls_left: u64,
    answers: u64,
    answers_left: u64,
}

impl SyntheticWords {
    /// Words of this specification, drawn from the run's seed.
    pub fn new(spec: SyntheticSpec, seed: u64, tokenizer: Arc<Tokenizer>) -> SyntheticWords {
        let filler = Arc::new(Filler::new(&tokenizer));
        SyntheticWords { spec, seed, tokenizer, filler, sessions: HashMap::new() }
    }

    /// The same words, drawn from another run's seed, to whom nothing has been said yet.
    pub fn seeded(&self, seed: u64) -> SyntheticWords {
        SyntheticWords { seed, sessions: HashMap::new(), ..self.clone() }
    }

    /// SHA-256 of the specification, in hexadecimal. The seed is not part of it: a slip names it.
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(&self.spec).expect("a specification is plain data");
        sha256_hex(text.as_bytes())
    }

    fn heard(&mut self, session: SessionId) -> &mut Heard {
        let (spec, seed) = (&self.spec, self.seed);
        self.sessions.entry(session).or_insert_with(|| {
            let draw = |distribution: &Distribution, purpose| {
                distribution.draw(&mut Chance::new(seed, purpose, u64::from(session.0)))
            };
            Heard {
                chats: 0,
                tool_calls_left: spec
                    .tool_calls_per_session
                    .as_ref()
                    .map_or(0, |calls| draw(calls, "synthetic tool calls")),
                answers: 0,
                answers_left: spec
                    .user
                    .as_ref()
                    .map_or(0, |user| draw(&user.answers_per_session, "synthetic answers")),
            }
        })
    }

    /// The tool to ask for in this chat, if any.
    fn tool<'r>(
        &mut self,
        session: SessionId,
        request: &'r ChatRequest,
        chance: &mut Chance,
    ) -> Option<&'r ToolDefinition> {
        let heard = self.heard(session);
        let offered = &request.tools;
        let tool = match &request.options.tool_choice {
            ToolChoice::None => None,
            ToolChoice::Named(name) => offered.iter().find(|tool| tool.name == *name),
            ToolChoice::Auto if heard.tool_calls_left == 0 => None,
            ToolChoice::Auto | ToolChoice::Required => {
                let last = (offered.len() as u64).checked_sub(1)?;
                offered.get(chance.next_between(0, last) as usize)
            }
        };
        heard.tool_calls_left = heard.tool_calls_left.saturating_sub(u64::from(tool.is_some()));
        tool
    }

    /// A message of the drawn length: a tool call, and filler for what it leaves.
    fn message(
        &self,
        request: &ChatRequest,
        tool: Option<&ToolDefinition>,
        tokens: u64,
        chance: &mut Chance,
    ) -> Message {
        let mut message = Message::text(Role::Assistant, "");
        if let Some(tool) = tool {
            let asked: usize = request.messages.iter().map(|m| m.tool_calls.len()).sum();
            message.tool_calls.push(ToolCall {
                id: format!("call_{}", asked + 1),
                name: tool.name.clone(),
                arguments: instance_of(&tool.input_schema),
            });
        } else if let Some(schema) = &request.options.response_schema {
            // A reply that must obey a schema is as long as the schema makes it.
            message.content = instance_of(schema);
            return message;
        }
        let left = tokens.saturating_sub(self.tokenizer.count_reply(&message));
        message.content = self.filler.write(&self.tokenizer, left, chance);
        message
    }
}

impl Words for SyntheticWords {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        let heard = self.heard(session.session);
        heard.chats += 1;
        let place = place_of(session.session, heard.chats);
        let mut chance = Chance::new(self.seed, "synthetic reply", place);
        let tokens = self.spec.output_tokens.draw(&mut chance).max(1);
        let tool = self.tool(session.session, request, &mut chance);
        let message = self.message(request, tool, tokens, &mut chance);
        let finish_reason = match message.tool_calls.is_empty() {
            true => FinishReason::Stop,
            false => FinishReason::ToolCalls,
        };
        Ok(spoken(&self.tokenizer, request, message, finish_reason, None))
    }

    fn user_answer(
        &mut self,
        session: &SessionWords,
        _question: &str,
    ) -> Result<UserReply, WordsError> {
        let heard = self.heard(session.session);
        heard.answers += 1;
        let place = place_of(session.session, heard.answers);
        let is_gone = heard.answers > heard.answers_left;
        let Some(user) = &self.spec.user else {
            return Ok(UserReply::Nobody);
        };
        if is_gone {
            return Ok(UserReply::Gone);
        }
        let mut chance = Chance::new(self.seed, "synthetic answer", place);
        let tokens = user.answer_tokens.draw(&mut chance).max(1);
        Ok(UserReply::Answer {
            text: self.filler.write(&self.tokenizer, tokens, &mut chance),
            after: Span::from_seconds_f64(user.after_seconds),
        })
    }

    fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    match seconds.is_finite() && seconds >= 0.0 {
        true => Ok(seconds),
        false => Err(serde::de::Error::custom(format!(
            "{seconds} seconds is no time to answer in; give 0 or more"
        ))),
    }
}

/// The stream of one chat or answer of a session. A session has fewer than 2^32 of them.
fn place_of(session: SessionId, number: u64) -> u64 {
    u64::from(session.0) << 32 | number
}

#[cfg(test)]
mod tests;
