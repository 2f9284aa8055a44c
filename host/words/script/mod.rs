//! Words written by hand: rules that read the conversation and say what comes next.
//!
//! A script is a TOML file of ordered rules. The first rule whose conditions all hold gives the
//! reply; a rule without conditions always holds. When none does, the session ends with an error
//! that says why each rule was passed over, since a made-up reply would be worse than none.
//!
//! ```toml
//! [[reply]]
//! name = "search"                          # optional, for messages
//! when.replies = 0                         # replies so far: a number, or [first, last]
//! when.text = '(?i)from (?<from>\w+)'      # a regular expression in the last message's text
//! when.role = "user"                       # who wrote the last message
//! when.input = 'flight'                    # a regular expression in the task's input
//! when.called = "get_user"                 # the tool that was called last
//! when.offered = "search"                  # a tool that the request offers
//! say = "I look for flights from {{ captures.from }}."
//! [[reply.call]]
//! tool = "search"
//! arguments = '{"from": {{ captures.from | tojson }}}'
//!
//! [[answer]]                               # what the user says; none at all: nobody is there
//! when.text = 'confirm'                    # in the question
//! when.answers = [0, 3]                    # answers so far
//! say = "Yes."                             # or `gone = true`, or `nobody = true`
//! after_seconds = 8.0
//!
//! [[http]]                                 # what a server gives to a tool that fetches
//! url = "https://example.org/docs/*"       # the address, or its beginning and a `*`
//! method = "GET"                           # GET if left out
//! status = 200                             # 200 if left out
//! headers = { content-type = "text/html" }
//! body = "<h1>Docs</h1>"
//! latency_ms = 120                         # from the asking to the whole body
//! # error = "timeout"                      # or "failed", in place of a response
//! ```
//!
//! What a model and a user say, and arguments, are [minijinja](https://docs.rs/minijinja) templates;
//! `context` names what they see. A reply ends before the first of the request's stop texts and at its
//! limit on output, as a model's does. The reasons a reply ends are derived: it asks for tools, it is
//! done, or its limit is reached.

mod context;
mod file;
mod http;
mod pattern;
mod rules;
mod template;

use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::{Reply, SessionId, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::{ChatRequest, FinishReason, Message, Role, ToolCall};
use timeslip_timeline::http::{FetchSaid, HttpRequest};

use crate::difference::beginning;
use crate::digest::sha256_hex;
use crate::error::{FileError, utf8};
use crate::spoken::spoken;
use crate::tokenizer::Tokenizer;

use context::{answer_context, reply_context};
use rules::{AnswerRule, Answering, Asked, CallRule, ReplyRule, Rules, Seen};

const KIND: &str = "script_error";

/// Words that follow the rules of a script.
#[derive(Clone)]
pub struct ScriptWords {
    file: String,
    digest: String,
    rules: Arc<Rules>,
    tokenizer: Arc<Tokenizer>,
    /// Answers of the user so far.
    answers: HashMap<SessionId, u64>,
}

impl ScriptWords {
    /// Reads a script from the bytes of a file; `file` names it in messages.
    ///
    /// # Errors
    /// When the bytes are no script: unknown keys, wrong regular expressions and wrong templates
    /// are named with their line and a fix.
    pub fn parse(
        file: &str,
        bytes: &[u8],
        tokenizer: Arc<Tokenizer>,
    ) -> Result<ScriptWords, FileError> {
        Ok(ScriptWords {
            file: file.to_owned(),
            digest: sha256_hex(bytes),
            rules: Arc::new(Rules::read(file, utf8(file, bytes)?)?),
            tokenizer,
            answers: HashMap::new(),
        })
    }

    /// SHA-256 of the script's bytes, in hexadecimal.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }
}

impl Words for ScriptWords {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        let seen = Seen { input: &session.task_input, request };
        let mut reasons = Vec::new();
        for rule in &self.rules.replies {
            match rule.when.hold(&seen) {
                Ok(captures) => {
                    let context = reply_context(&session.task_input, request, captures);
                    return self.spoken(rule, &context, request);
                }
                Err(reason) => reasons.push(passed_over(rule.line, &rule.name, &reason)),
            }
        }
        Err(self.no_reply(request, &reasons))
    }

    fn user_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<UserReply, WordsError> {
        if self.rules.answers.is_empty() {
            return Ok(UserReply::Nobody);
        }
        let answers = self.answers.entry(session.session).or_default();
        let asked = Asked { input: &session.task_input, question, answers: *answers };
        *answers += 1;
        let mut reasons = Vec::new();
        for rule in &self.rules.answers {
            match rule.when.hold(&asked) {
                Ok(captures) => {
                    let context = answer_context(&asked, captures);
                    return self.answered(rule, &context);
                }
                Err(reason) => reasons.push(passed_over(rule.line, &rule.name, &reason)),
            }
        }
        Err(self.no_answer(&asked, &reasons))
    }

    fn fetch(
        &mut self,
        _session: &SessionWords,
        request: &HttpRequest,
    ) -> Result<FetchSaid, WordsError> {
        http::fetched(&self.file, &self.rules.http, request)
    }

    fn forget(&mut self, session: SessionId) {
        self.answers.remove(&session);
    }
}

impl ScriptWords {
    fn spoken(
        &self,
        rule: &ReplyRule,
        context: &minijinja::Value,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        let mut content = match rule.say {
            Some(say) => self.rules.templates.render(say, context).map_err(error)?,
            None => String::new(),
        };
        let stop = request.options.first_stop(&content);
        content.truncate(stop.unwrap_or(content.len()));
        let calls_before: usize = request.messages.iter().map(|m| m.tool_calls.len()).sum();
        let mut message = Message::text(Role::Assistant, content);
        // A model writes its calls behind the text, so one that was stopped there makes none.
        let calls = if stop.is_none() { &*rule.calls } else { &[] };
        for call in calls {
            message.tool_calls.push(ToolCall {
                id: format!("call_{}", calls_before + message.tool_calls.len() + 1),
                name: call.tool.clone(),
                arguments: self.arguments(rule, call, context)?,
            });
        }
        let finish_reason = match message.tool_calls.is_empty() {
            true => FinishReason::Stop,
            false => FinishReason::ToolCalls,
        };
        Ok(spoken(&self.tokenizer, request, message, finish_reason, None))
    }

    /// The arguments as compact JSON.
    fn arguments(
        &self,
        rule: &ReplyRule,
        call: &CallRule,
        context: &minijinja::Value,
    ) -> Result<String, WordsError> {
        let Some(template) = call.arguments else {
            return Ok("{}".to_owned());
        };
        let text = self.rules.templates.render(template, context).map_err(error)?;
        let wrong = |problem: String| {
            let (line, name, tool) = (self.rules.templates.line(template), &rule.name, &call.tool);
            error(format!(
                "{}:{line}: rule `{name}` gives the tool `{tool}` arguments that are {problem}\n  \
                 they read: {}\n  \
                 fix: write a JSON object, with `tojson` behind every text: {{{{ x | tojson }}}}",
                self.file,
                beginning(&text)
            ))
        };
        match serde_json::from_str(&text) {
            Ok(value @ serde_json::Value::Object(_)) => Ok(value.to_string()),
            Ok(_) => Err(wrong("no JSON object".to_owned())),
            Err(fault) => Err(wrong(format!("no JSON: {fault}"))),
        }
    }

    fn answered(
        &self,
        rule: &AnswerRule,
        context: &minijinja::Value,
    ) -> Result<UserReply, WordsError> {
        match &rule.does {
            Answering::Says { template, after } => Ok(UserReply::Answer {
                text: self.rules.templates.render(*template, context).map_err(error)?,
                after: *after,
            }),
            Answering::IsGone => Ok(UserReply::Gone),
            Answering::IsNobody => Ok(UserReply::Nobody),
        }
    }

    fn no_reply(&self, request: &ChatRequest, reasons: &[String]) -> WordsError {
        let last = match request.messages.last() {
            Some(last) => format!(
                "its last message is the {}'s: {}",
                rules::role_name(last.role),
                beginning(&last.content)
            ),
            None => "it has no message".to_owned(),
        };
        error(format!(
            "no [[reply]] of {} fits a chat of {} messages; {last}{}\n  \
             fix: add a [[reply]]; one without `when`, at the end, fits every chat",
            self.file,
            request.messages.len(),
            reasons.concat()
        ))
    }

    fn no_answer(&self, asked: &Asked<'_>, reasons: &[String]) -> WordsError {
        error(format!(
            "no [[answer]] of {} fits the question {}{}\n  \
             fix: add an [[answer]]; one without `when`, at the end, fits every question",
            self.file,
            beginning(asked.question),
            reasons.concat()
        ))
    }
}

fn passed_over(line: usize, name: &str, reason: &str) -> String {
    format!("\n  line {line}, {name}: {reason}")
}

fn error(message: String) -> WordsError {
    WordsError { kind: KIND, message }
}

#[cfg(test)]
#[path = "guide_tests.rs"]
mod guide_tests;
#[cfg(test)]
mod tests;
