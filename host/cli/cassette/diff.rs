//! `timeslip cassette diff`: what two recordings have otherwise.

use serde::Serialize;
use timeslip_timeline::conversation::{FinishReason, Message, Role};
use timeslip_timeline::time::Span;
use timeslip_words::cassette::{
    Cassette, ChatPair, Entry, ObservedToolCall, RecordedExchange, RequestDifference, ToolVerdict,
    canonical_json,
};
use timeslip_words::difference::Difference;

use super::diff_screen::screen;
use super::facts::{ToldTokens, tokens};
use super::fetches;
use super::{CassetteDiffArgs, print_json, read};
use crate::exit::{Exit, Failure};
use crate::output;

/// Two recordings, held against each other.
#[derive(Debug, Serialize)]
pub(super) struct Comparison<'c> {
    pub(super) before: &'c str,
    pub(super) now: &'c str,
    /// Whether they are equal in words and in tokens.
    pub(super) equal: bool,
    pub(super) chats: Vec<ComparedChat<'c>>,
    /// The numbers of the chats that only one has.
    pub(super) only_before: Vec<usize>,
    pub(super) only_now: Vec<usize>,
    /// Outputs of tools, answers of the user and fetches of tools that differ.
    pub(super) steps: Vec<ComparedStep>,
}

/// A chat of both.
#[derive(Debug, Serialize)]
pub(super) struct ComparedChat<'c> {
    /// Its number in each, counted from 1.
    pub(super) before: usize,
    pub(super) now: usize,
    pub(super) equal: bool,
    pub(super) request: Option<ComparedRequest>,
    pub(super) error: Option<Both<Option<String>>>,
    pub(super) reply: Option<Parting>,
    pub(super) tool_calls: Option<Parting>,
    pub(super) finish_reason: Option<Both<FinishReason>>,
    /// Tokens of both, where they differ.
    pub(super) tokens: Option<Both<ToldTokens>>,
    /// Whether they differ in more than what a cache served.
    pub(super) do_tokens_differ: bool,
    pub(super) ttft_ns: Option<Both<Span>>,
    pub(super) e2e_ns: Option<Both<Span>>,
    /// The model that answered, where another did.
    pub(super) served_model: Option<Both<&'c str>>,
}

/// Something of both recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Both<T> {
    pub(super) before: T,
    pub(super) now: T,
}

/// Where two texts part, with an excerpt of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Parting {
    /// The first character that differs, counted from 1.
    pub(super) character: usize,
    pub(super) before: String,
    pub(super) now: String,
}

/// Where two requests part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ComparedRequest {
    /// The message, counted from 1; none where all messages are equal.
    pub(super) message: Option<usize>,
    /// Who says it in each; none where the request has ended.
    pub(super) role: Both<Option<Role>>,
    /// The part of the key that differs in place of a message.
    pub(super) part: Option<&'static str>,
    pub(super) texts: Option<Parting>,
}

/// A tool call, a question to the user or a fetch that differs, or that only one has.
#[derive(Debug, Serialize)]
pub(super) struct ComparedStep {
    /// What it is, with the tool's name.
    pub(super) what: String,
    /// Its line in each; none in the one that lacks it.
    pub(super) line: Both<Option<usize>>,
    pub(super) texts: Option<Parting>,
}

/// Compares two recordings.
pub(super) fn diff(args: &CassetteDiffArgs) -> Result<Exit, Failure> {
    let (before, now) = (read(&args.before)?, read(&args.now)?);
    let comparison = Comparison::of(&before, &now);
    match args.json {
        true => print_json(&comparison)?,
        false => output::print(&screen(&comparison))?,
    }
    Ok(if comparison.equal { Exit::Pass } else { Exit::RunFailed })
}

impl<'c> Comparison<'c> {
    /// Holds one recording against another.
    pub(super) fn of(before: &'c Cassette, now: &'c Cassette) -> Comparison<'c> {
        let paired = before.paired_with(now);
        let (chats_before, chats_now) = (exchanges(before), exchanges(now));
        let compared = paired
            .pairs
            .iter()
            .map(|pair| ComparedChat::of(pair, &chats_before[pair.before], &chats_now[pair.now]));
        let chats: Vec<ComparedChat<'c>> = compared.collect();
        let mut steps = tools(before, now);
        steps.extend(answers(before, now));
        steps.extend(fetches::differing(before, now));
        let numbers = |places: Vec<usize>| places.into_iter().map(|place| place + 1).collect();
        let one_has_more = !paired.only_before.is_empty() || !paired.only_now.is_empty();
        Comparison {
            before: before.file(),
            now: now.file(),
            equal: !one_has_more && steps.is_empty() && chats.iter().all(|chat| chat.equal),
            chats,
            only_before: numbers(paired.only_before),
            only_now: numbers(paired.only_now),
            steps,
        }
    }
}

fn exchanges(cassette: &Cassette) -> Vec<RecordedExchange<'_>> {
    let entries = cassette.entries().into_iter();
    let chats = entries.filter_map(|entry| match entry {
        Entry::Chat(exchange) => Some(exchange),
        _ => None,
    });
    chats.collect()
}

impl<'c> ComparedChat<'c> {
    fn of(
        pair: &ChatPair,
        before: &RecordedExchange<'c>,
        now: &RecordedExchange<'c>,
    ) -> ComparedChat<'c> {
        let replies = before.outcome.as_ref().ok().zip(now.outcome.as_ref().ok());
        let messages = replies.map(|((before, _), (now, _))| (*before, *now));
        let reasons = replies.map(|((_, before), (_, now))| Both { before: *before, now: *now });
        let errors = Both { before: error_of(before), now: error_of(now) };
        let both = before.usage.zip(now.usage).map(|(one, other)| Both {
            before: tokens(one, before.observed),
            now: tokens(other, now.observed),
        });
        let counts = |told: &ToldTokens| (told.input_tokens, told.output_tokens);
        let times = before.timing.zip(now.timing).filter(|_| replies.is_some());
        let times = times.map(|((_, before), (_, now))| Both { before, now });
        let served =
            before.observed.served_model.as_deref().zip(now.observed.served_model.as_deref());
        let mut compared = ComparedChat {
            before: pair.before + 1,
            now: pair.now + 1,
            equal: false,
            request: pair.request.as_ref().map(ComparedRequest::of),
            error: Some(errors).filter(Both::differs),
            reply: messages.and_then(|(one, other)| parting(&one.content, &other.content)),
            tool_calls: messages.and_then(|(one, other)| parting(&calls(one), &calls(other))),
            finish_reason: reasons.filter(Both::differs),
            tokens: both.filter(Both::differs),
            do_tokens_differ: both.is_some_and(|both| counts(&both.before) != counts(&both.now)),
            ttft_ns: times.map(|both| both.map(|timing| timing.time_to_first_token)),
            e2e_ns: times.map(|both| both.map(|timing| timing.end_to_end())),
            served_model: served.map(|(before, now)| Both { before, now }).filter(Both::differs),
        };
        compared.equal = compared.request.is_none()
            && compared.error.is_none()
            && compared.reply.is_none()
            && compared.tool_calls.is_none()
            && compared.finish_reason.is_none()
            && !compared.do_tokens_differ;
        compared
    }
}

impl<T> Both<T> {
    fn differs(&self) -> bool
    where
        T: PartialEq,
    {
        self.before != self.now
    }

    fn map<U>(self, change: impl Fn(T) -> U) -> Both<U> {
        Both { before: change(self.before), now: change(self.now) }
    }
}

impl Parting {
    fn of(difference: Difference) -> Parting {
        let Difference { character, recorded, actual } = difference;
        Parting { character, before: recorded, now: actual }
    }
}

impl ComparedRequest {
    fn of(difference: &RequestDifference) -> ComparedRequest {
        match difference {
            RequestDifference::Message { number, before, now, difference } => ComparedRequest {
                message: Some(*number),
                role: Both {
                    before: before.as_ref().map(|message| message.role),
                    now: now.as_ref().map(|message| message.role),
                },
                part: None,
                texts: difference.clone().map(Parting::of),
            },
            RequestDifference::Part { name, difference } => ComparedRequest {
                message: None,
                role: Both { before: None, now: None },
                part: Some(name),
                texts: Some(Parting::of(difference.clone())),
            },
        }
    }
}

/// Where two texts part.
pub(super) fn parting(before: &str, now: &str) -> Option<Parting> {
    Difference::between(before, now).map(Parting::of)
}

fn error_of(exchange: &RecordedExchange<'_>) -> Option<String> {
    exchange.outcome.as_ref().err().map(ToString::to_string)
}

/// The calls of a message as one text; identifiers are left out, since models make them up anew.
fn calls(message: &Message) -> String {
    let each = message.tool_calls.iter();
    let each = each.map(|call| format!("{} {}", call.name, canonical_json(&call.arguments)));
    each.collect::<Vec<_>>().join("\n")
}

/// The calls of tools that only one recording has, or with another output.
fn tools(before: &Cassette, now: &Cassette) -> Vec<ComparedStep> {
    let entries = now.entries().into_iter();
    let called = entries.filter_map(|entry| match entry {
        Entry::Tool { line, name, arguments, output, .. } => {
            Some((line, ObservedToolCall { name, arguments, output }))
        }
        _ => None,
    });
    let (lines, called): (Vec<usize>, Vec<_>) = called.unzip();
    let report = before.compare_tool_outputs(&called);
    let of_both = report.calls.into_iter().zip(lines);
    let differing = of_both.filter(|(call, _)| call.verdict != ToolVerdict::Equal);
    let mut steps: Vec<ComparedStep> = differing
        .map(|(call, line)| ComparedStep {
            what: format!("tool {}", call.name),
            line: Both { before: call.line, now: Some(line) },
            texts: match call.verdict {
                ToolVerdict::Different(difference) => Some(Parting::of(difference)),
                _ => None,
            },
        })
        .collect();
    let gone = before.entries().into_iter().filter_map(|entry| match entry {
        Entry::Tool { line, name, .. } if report.not_called.contains(&line) => {
            Some((line, name.to_owned()))
        }
        _ => None,
    });
    steps.extend(gone.map(|(line, name)| ComparedStep {
        what: format!("tool {name}"),
        line: Both { before: Some(line), now: None },
        texts: None,
    }));
    steps
}

/// The questions to the user, held against each other in their order, with their answers.
fn answers(before: &Cassette, now: &Cassette) -> Vec<ComparedStep> {
    let (before, now) = (asked(before), asked(now));
    let steps = (0..before.len().max(now.len())).filter_map(|place| {
        let both = Both { before: before.get(place), now: now.get(place) };
        let texts = match (both.before, both.now) {
            (Some((_, one)), Some((_, other))) => Some(parting(one, other)?),
            _ => None,
        };
        let line = both.map(|asked| asked.map(|(line, _)| *line));
        Some(ComparedStep { what: "user".to_owned(), line, texts })
    });
    steps.collect()
}

/// Each question to the user with its answer, as one text.
fn asked(cassette: &Cassette) -> Vec<(usize, String)> {
    let entries = cassette.entries().into_iter();
    let asked = entries.filter_map(|entry| match entry {
        Entry::User { line, question, answer, .. } => Some((line, format!("{question}\n{answer}"))),
        _ => None,
    });
    asked.collect()
}
