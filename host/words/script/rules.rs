//! The rules of a script: their conditions, and why one does not hold.

use minijinja::Value;
use timeslip_timeline::conversation::{ChatRequest, Role};
use timeslip_timeline::time::Span;
use toml::Spanned;

use super::file::{
    AnswerTable, AnswerWhenTable, CallTable, CountTable, ReplyTable, ReplyWhenTable, ScriptFile,
};
use super::http::HttpRule;
use super::pattern::Pattern;
use super::template::{TemplateId, Templates, TomlFile};
use crate::error::{FileError, of_toml};

/// A script, read and checked.
pub(super) struct Rules {
    pub(super) replies: Vec<ReplyRule>,
    pub(super) answers: Vec<AnswerRule>,
    pub(super) http: Vec<HttpRule>,
    pub(super) templates: Templates,
}

/// What the model says, and when.
pub(super) struct ReplyRule {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) when: ReplyWhen,
    pub(super) say: Option<TemplateId>,
    pub(super) calls: Vec<CallRule>,
}

/// A tool call of a reply.
pub(super) struct CallRule {
    pub(super) tool: String,
    pub(super) arguments: Option<TemplateId>,
}

/// What the user does, and when.
pub(super) struct AnswerRule {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) when: AnswerWhen,
    pub(super) does: Answering,
}

/// What the user does.
pub(super) enum Answering {
    Says { template: TemplateId, after: Span },
    IsGone,
    IsNobody,
}

/// The conditions of a reply. Absent ones hold.
pub(super) struct ReplyWhen {
    role: Option<Role>,
    text: Option<Pattern>,
    input: Option<Pattern>,
    replies: Option<CountTable>,
    called: Option<String>,
    offered: Option<String>,
}

/// The conditions of an answer. Absent ones hold.
pub(super) struct AnswerWhen {
    text: Option<Pattern>,
    input: Option<Pattern>,
    answers: Option<CountTable>,
}

/// What the conditions of a reply look at.
pub(super) struct Seen<'s> {
    pub(super) input: &'s str,
    pub(super) request: &'s ChatRequest,
}

/// What the conditions of an answer look at.
pub(super) struct Asked<'s> {
    pub(super) input: &'s str,
    pub(super) question: &'s str,
    pub(super) answers: u64,
}

impl ReplyWhen {
    /// The captures of `text`, or why the rule does not fit.
    pub(super) fn hold(&self, seen: &Seen<'_>) -> Result<Value, String> {
        let messages = &seen.request.messages;
        let replies = messages.iter().filter(|message| message.role == Role::Assistant).count();
        holds_count(self.replies, replies as u64, "replies so far")?;
        if let Some(role) = self.role {
            match messages.last() {
                Some(last) if last.role == role => {}
                Some(last) => {
                    let (last, role) = (role_name(last.role), role_name(role));
                    return Err(format!("the last message is the {last}'s, not the {role}'s"));
                }
                None => return Err("there is no message yet".to_owned()),
            }
        }
        if let Some(wanted) = &self.called {
            let called = messages.iter().rev().find_map(|message| message.tool_calls.last());
            match called {
                Some(call) if call.name == *wanted => {}
                Some(call) => {
                    return Err(format!("the tool called last is `{}`, not `{wanted}`", call.name));
                }
                None => return Err(format!("no tool was called yet, so not `{wanted}`")),
            }
        }
        if let Some(wanted) = &self.offered
            && !seen.request.tools.iter().any(|tool| tool.name == *wanted)
        {
            return Err(format!("the tool `{wanted}` is not offered"));
        }
        holds_in(&self.input, seen.input, "the task's input")?;
        let last = messages.last().map_or("", |last| &last.content);
        holds_in(&self.text, last, "the last message")
    }
}

impl AnswerWhen {
    /// The captures of `text`, or why the rule does not fit.
    pub(super) fn hold(&self, asked: &Asked<'_>) -> Result<Value, String> {
        holds_count(self.answers, asked.answers, "answers so far")?;
        holds_in(&self.input, asked.input, "the task's input")?;
        holds_in(&self.text, asked.question, "the question")
    }
}

fn holds_count(wanted: Option<CountTable>, found: u64, what: &str) -> Result<(), String> {
    match wanted {
        Some(CountTable::Exactly(wanted)) if wanted != found => {
            Err(format!("{what}: {found}, not {wanted}"))
        }
        Some(CountTable::Between([first, last])) if !(first..=last).contains(&found) => {
            Err(format!("{what}: {found}, not {first} to {last}"))
        }
        _ => Ok(()),
    }
}

fn holds_in(pattern: &Option<Pattern>, text: &str, what: &str) -> Result<Value, String> {
    let Some(pattern) = pattern else {
        return Ok(Value::from_pairs::<_, Value, Value>([]));
    };
    pattern.captures(text).ok_or_else(|| format!("`{}` is not in {what}", pattern.source()))
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

impl Rules {
    /// Reads a script.
    pub(super) fn read(file: &str, text: &str) -> Result<Rules, FileError> {
        let script: ScriptFile =
            toml::from_str(text).map_err(|error| of_toml(file, text, &error))?;
        let toml = TomlFile { file, text };
        if script.reply.is_empty() {
            return Err(FileError {
                file: file.to_owned(),
                line: None,
                column: None,
                problem: "the script has no [[reply]]".to_owned(),
                fix: "add one: [[reply]] and, below it, say = \"…\"".to_owned(),
            });
        }
        let http = script.http.into_iter().enumerate();
        let http = http.map(|(index, table)| HttpRule::read(&toml, index + 1, table));
        let mut rules = Rules {
            replies: Vec::new(),
            answers: Vec::new(),
            http: http.collect::<Result<_, _>>()?,
            templates: Templates::new(file),
        };
        for (index, table) in script.reply.into_iter().enumerate() {
            let rule = rules.read_reply(&toml, index + 1, table)?;
            rules.replies.push(rule);
        }
        for (index, table) in script.answer.into_iter().enumerate() {
            let rule = rules.read_answer(&toml, index + 1, table)?;
            rules.answers.push(rule);
        }
        Ok(rules)
    }

    fn read_reply(
        &mut self,
        toml: &TomlFile<'_>,
        number: usize,
        table: Spanned<ReplyTable>,
    ) -> Result<ReplyRule, FileError> {
        let line = toml.line_of(&table);
        let table = table.into_inner();
        if table.say.is_none() && table.call.is_empty() {
            return Err(toml.error(
                line,
                "this [[reply]] neither says anything nor calls a tool",
                "add `say = \"…\"`, or [[reply.call]] with `tool = \"…\"`",
            ));
        }
        Ok(ReplyRule {
            name: table.name.unwrap_or_else(|| format!("reply {number}")),
            line,
            when: read_reply_when(toml, table.when)?,
            say: self.read_template(toml, table.say.as_ref())?,
            calls: table
                .call
                .into_iter()
                .map(|call| self.read_call(toml, call))
                .collect::<Result<_, _>>()?,
        })
    }

    fn read_call(&mut self, toml: &TomlFile<'_>, table: CallTable) -> Result<CallRule, FileError> {
        let arguments = self.read_template(toml, table.arguments.as_ref())?;
        Ok(CallRule { tool: table.tool, arguments })
    }

    fn read_answer(
        &mut self,
        toml: &TomlFile<'_>,
        number: usize,
        table: Spanned<AnswerTable>,
    ) -> Result<AnswerRule, FileError> {
        let line = toml.line_of(&table);
        let table = table.into_inner();
        let seconds = table.after_seconds.unwrap_or(0.0);
        if !(seconds.is_finite() && seconds >= 0.0) {
            let problem = format!("`after_seconds` is {seconds}");
            return Err(toml.error(line, problem, "give a number of seconds, 0 or more"));
        }
        let says = self.read_template(toml, table.say.as_ref())?;
        let does = match (says, table.gone, table.nobody) {
            (Some(template), false, false) => {
                Answering::Says { template, after: Span::from_seconds_f64(seconds) }
            }
            (None, true, false) => Answering::IsGone,
            (None, false, true) => Answering::IsNobody,
            _ => {
                return Err(toml.error(
                    line,
                    "an [[answer]] does exactly one of three things",
                    "keep one of `say = \"…\"`, `gone = true` (the user has left) and \
                     `nobody = true` (nobody is there)",
                ));
            }
        };
        Ok(AnswerRule {
            name: table.name.unwrap_or_else(|| format!("answer {number}")),
            line,
            when: read_answer_when(toml, table.when)?,
            does,
        })
    }

    fn read_template(
        &mut self,
        toml: &TomlFile<'_>,
        value: Option<&Spanned<String>>,
    ) -> Result<Option<TemplateId>, FileError> {
        value.map(|value| self.templates.add(toml, value)).transpose()
    }
}

fn read_reply_when(toml: &TomlFile<'_>, table: ReplyWhenTable) -> Result<ReplyWhen, FileError> {
    Ok(ReplyWhen {
        role: table.role,
        text: read_pattern(toml, table.text)?,
        input: read_pattern(toml, table.input)?,
        replies: read_count(toml, table.replies)?,
        called: table.called,
        offered: table.offered,
    })
}

fn read_answer_when(toml: &TomlFile<'_>, table: AnswerWhenTable) -> Result<AnswerWhen, FileError> {
    Ok(AnswerWhen {
        text: read_pattern(toml, table.text)?,
        input: read_pattern(toml, table.input)?,
        answers: read_count(toml, table.answers)?,
    })
}

fn read_pattern(
    toml: &TomlFile<'_>,
    value: Option<Spanned<String>>,
) -> Result<Option<Pattern>, FileError> {
    value.map(|value| Pattern::read(toml, &value)).transpose()
}

fn read_count(
    toml: &TomlFile<'_>,
    value: Option<Spanned<CountTable>>,
) -> Result<Option<CountTable>, FileError> {
    match value {
        Some(value) => match *value.get_ref() {
            CountTable::Between([first, last]) if first > last => Err(toml.error(
                toml.line_of(&value),
                format!("the first number of [{first}, {last}] is larger than the last"),
                format!("write [{last}, {first}]"),
            )),
            count => Ok(Some(count)),
        },
        None => Ok(None),
    }
}
