//! What is told of a recording: the facts that the screen and the JSON share.

use std::collections::HashMap;

use serde::Serialize;
use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation::{FinishReason, Message, Role, ToolCall, Usage};
use timeslip_timeline::observed::{CountedBy, Observed};
use timeslip_timeline::time::{Instant, Span};
use timeslip_words::cassette::{
    AppliedRewrite, Cassette, Entry, KeyPart, RecordedExchange, TokenSource,
};

use super::fetches::ToldFetch;

/// A recorded conversation.
#[derive(Debug, Serialize)]
pub(super) struct Conversation<'c> {
    pub(super) file: &'c str,
    pub(super) name: &'c str,
    pub(super) source: &'c str,
    pub(super) recorded_model: Option<&'c str>,
    pub(super) key: &'c [KeyPart],
    pub(super) tokens: TokenSource,
    pub(super) rewrites: &'c [AppliedRewrite],
    pub(super) redacted: bool,
    pub(super) cut_off: bool,
    pub(super) chats: usize,
    pub(super) tool_calls: usize,
    pub(super) answers: usize,
    pub(super) fetches: usize,
    pub(super) entries: Vec<Told<'c>>,
}

/// Something that the session did.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Told<'c> {
    Chat(Box<ToldChat<'c>>),
    Tool {
        line: usize,
        name: &'c str,
        arguments: &'c str,
        output: &'c str,
        ok: bool,
    },
    User {
        line: usize,
        question: &'c str,
        /// The line of the reply that says the same, if one stands before.
        question_on_line: Option<usize>,
        answer: &'c str,
        after_ns: Span,
    },
    Fetch(Box<ToldFetch<'c>>),
}

/// A chat.
#[derive(Debug, Serialize)]
pub(super) struct ToldChat<'c> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) line: usize,
    pub(super) relation: Relation,
    /// The earlier chat that it is related to; none where it begins a conversation.
    pub(super) follows: Option<usize>,
    /// The messages that it shares with that, the other's reply included.
    pub(super) known_messages: usize,
    /// The messages that it adds.
    pub(super) new_messages: Vec<ToldMessage<'c>>,
    /// The model that was asked for.
    pub(super) model: Option<&'c str>,
    /// The model that answered, as the server names it.
    pub(super) served_model: Option<&'c str>,
    pub(super) reply: Option<ToldMessage<'c>>,
    pub(super) finish_reason: Option<FinishReason>,
    pub(super) error: Option<String>,
    pub(super) tokens: Option<ToldTokens>,
    pub(super) times: Option<ToldTimes>,
    pub(super) chunks: Option<ToldChunks>,
    pub(super) attempts: Vec<ToldAttempt<'c>>,
}

/// How a chat goes on with an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Relation {
    /// It shares no message with any.
    Begins,
    /// It asks the same again.
    Repeats,
    /// It goes on where that ended, with its reply if there was one.
    GoesOn,
    /// It shares the first messages alone.
    Branches,
}

/// A message.
#[derive(Debug, Serialize)]
pub(super) struct ToldMessage<'c> {
    pub(super) role: Role,
    pub(super) content: &'c str,
    pub(super) tool_calls: &'c [ToolCall],
    /// The line of the tool call or of the answer that says the same, if one stands before.
    pub(super) as_on_line: Option<usize>,
}

/// Tokens of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ToldTokens {
    pub(super) input_tokens: u64,
    pub(super) cached_input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) reasoning_tokens: Option<u64>,
    /// Whether the recorder counted them, since the server did not.
    pub(super) counted: bool,
}

/// Times of a chat.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ToldTimes {
    pub(super) asked_at_ns: u64,
    pub(super) queue_ns: Span,
    pub(super) prefill_ns: Span,
    pub(super) transfer_ns: Span,
    pub(super) decode_ns: Span,
    pub(super) ttft_ns: Span,
    /// Unknown below two tokens.
    pub(super) inter_token_ns: Option<Span>,
    pub(super) e2e_ns: Span,
}

/// The chunks in which a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ToldChunks {
    pub(super) count: usize,
    /// The median time from one to the next; unknown for a single one.
    pub(super) gap_p50_ns: Option<Span>,
    pub(super) gap_max_ns: Option<Span>,
}

/// A request to the server.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ToldAttempt<'c> {
    pub(super) at_ns: Span,
    pub(super) lasted_ns: Span,
    pub(super) error: Option<&'c str>,
}

impl<'c> Conversation<'c> {
    /// All that is told of a recording.
    pub(super) fn of(cassette: &'c Cassette) -> Conversation<'c> {
        let (header, counts) = (cassette.header(), cassette.counts());
        let mut teller = Teller::default();
        Conversation {
            file: cassette.file(),
            name: &header.name,
            source: &header.source,
            recorded_model: header.recorded_model.as_deref(),
            key: &header.key,
            tokens: header.tokens,
            rewrites: &header.rewrites,
            redacted: header.redacted,
            cut_off: cassette.is_cut_off(),
            chats: counts.chats,
            tool_calls: counts.tool_calls,
            answers: counts.answers,
            fetches: counts.fetches,
            entries: cassette.entries().into_iter().map(|entry| teller.told(entry)).collect(),
        }
    }
}

/// Tells entries one after another, and of each chat what is new.
///
/// The conversations so far are a tree, since a chat goes on with any earlier one: each beginning of
/// a conversation is a number, and a message leads from one to the next.
#[derive(Default)]
struct Teller<'c> {
    next: HashMap<(usize, &'c Message), usize>,
    chats: usize,
    /// For each beginning, the latest chat that has it.
    latest: HashMap<usize, usize>,
    /// For each whole request, the latest chat that asked it.
    asked: HashMap<usize, usize>,
    /// For each whole request with its reply, the latest chat that it came of.
    ended: HashMap<usize, usize>,
    /// Replies, outputs of tools and answers of the user that were told, with their lines.
    said: HashMap<(Role, &'c str), usize>,
}

impl<'c> Teller<'c> {
    fn told(&mut self, entry: Entry<'c>) -> Told<'c> {
        match entry {
            Entry::Chat(exchange) => Told::Chat(Box::new(self.chat(&exchange))),
            Entry::Tool { line, name, arguments, output, ok } => {
                self.said.insert((Role::Tool, output), line);
                Told::Tool { line, name, arguments, output, ok }
            }
            Entry::Fetch { line, fetch } => Told::Fetch(Box::new(ToldFetch::of(line, fetch))),
            Entry::User { line, question, answer, after } => {
                let question_on_line = self.line_of(Role::Assistant, question);
                self.said.insert((Role::User, answer), line);
                Told::User { line, question, question_on_line, answer, after_ns: after }
            }
        }
    }

    fn chat(&mut self, exchange: &RecordedExchange<'c>) -> ToldChat<'c> {
        self.chats += 1;
        let number = self.chats;
        let messages = &exchange.messages;
        let (mut known, mut beginning) = (0, 0);
        while let Some(next) =
            messages.get(known).and_then(|message| self.next.get(&(beginning, *message)))
        {
            (known, beginning) = (known + 1, *next);
        }
        let (relation, follows) = self.relation(beginning, known == messages.len());
        let new_messages = messages[known..].iter().map(|message| self.message(message)).collect();
        self.note(exchange, number);
        let told = exchange.outcome.as_ref();
        ToldChat {
            number,
            line: exchange.line,
            relation,
            follows,
            known_messages: known,
            new_messages,
            model: exchange.model,
            served_model: exchange.observed.served_model.as_deref(),
            reply: told.ok().map(|(reply, _)| whole(reply, None)),
            finish_reason: told.ok().map(|(_, finish_reason)| *finish_reason),
            error: told.err().map(ToString::to_string),
            tokens: exchange.usage.map(|usage| tokens(usage, exchange.observed)),
            times: exchange
                .timing
                .map(|(asked_at, timing)| times(asked_at, timing, exchange.usage)),
            chunks: chunks(&exchange.observed.chunks),
            attempts: attempts(exchange.observed),
        }
    }

    /// How a request goes on whose longest known beginning is this one, and with which chat.
    fn relation(&self, beginning: usize, is_whole: bool) -> (Relation, Option<usize>) {
        let chat = |chats: &HashMap<usize, usize>| chats.get(&beginning).copied();
        let repeated = chat(&self.asked).filter(|_| is_whole);
        match (repeated, chat(&self.ended), chat(&self.latest)) {
            (Some(asked), _, _) => (Relation::Repeats, Some(asked)),
            (None, Some(ended), _) => (Relation::GoesOn, Some(ended)),
            (None, None, Some(latest)) => (Relation::Branches, Some(latest)),
            (None, None, None) => (Relation::Begins, None),
        }
    }

    fn message(&self, message: &'c Message) -> ToldMessage<'c> {
        whole(message, self.line_of(message.role, &message.content))
    }

    /// Where the same was said before, by the same.
    fn line_of(&self, role: Role, text: &'c str) -> Option<usize> {
        self.said.get(&(role, text)).copied().filter(|_| !text.is_empty())
    }

    /// Takes a chat's request and reply as something that later chats may go on with.
    fn note(&mut self, exchange: &RecordedExchange<'c>, number: usize) {
        let reply = exchange.outcome.as_ref().ok().map(|(reply, _)| *reply);
        if let Some(reply) = reply {
            self.said.insert((Role::Assistant, &reply.content), exchange.line);
        }
        let mut beginning = 0;
        for (place, message) in exchange.messages.iter().copied().chain(reply).enumerate() {
            let fresh = self.next.len() + 1;
            beginning = *self.next.entry((beginning, message)).or_insert(fresh);
            self.latest.insert(beginning, number);
            if place + 1 == exchange.messages.len() {
                self.asked.insert(beginning, number);
            }
        }
        self.ended.insert(beginning, number);
    }
}

fn whole(message: &Message, as_on_line: Option<usize>) -> ToldMessage<'_> {
    let Message { role, content, tool_calls, .. } = message;
    ToldMessage { role: *role, content, tool_calls, as_on_line }
}

/// Tokens as they are told.
pub(super) fn tokens(usage: Usage, observed: &Observed) -> ToldTokens {
    ToldTokens {
        input_tokens: usage.input_tokens,
        cached_input_tokens: usage.cached_input_tokens,
        output_tokens: usage.output_tokens,
        reasoning_tokens: observed.reasoning_tokens,
        counted: observed.counted_by == CountedBy::Tokenizer,
    }
}

fn times(asked_at: Instant, timing: ChatTiming, usage: Option<Usage>) -> ToldTimes {
    let end_to_end = timing.end_to_end();
    let after_first = end_to_end.saturating_sub(timing.time_to_first_token).as_nanos();
    let gaps = usage.map(|usage| usage.output_tokens.saturating_sub(1)).filter(|gaps| *gaps > 0);
    ToldTimes {
        asked_at_ns: asked_at.as_nanos(),
        queue_ns: timing.queue,
        prefill_ns: timing.prefill,
        transfer_ns: timing.transfer,
        decode_ns: timing.decode,
        ttft_ns: timing.time_to_first_token,
        inter_token_ns: gaps.map(|gaps| Span::from_nanos(after_first / gaps)),
        e2e_ns: end_to_end,
    }
}

fn chunks(chunks: &[Span]) -> Option<ToldChunks> {
    let pairs = chunks.windows(2);
    let mut gaps: Vec<Span> = pairs.map(|pair| pair[1].saturating_sub(pair[0])).collect();
    gaps.sort_unstable();
    let middle = gaps.len().saturating_sub(1) / 2;
    let told = ToldChunks {
        count: chunks.len(),
        gap_p50_ns: gaps.get(middle).copied(),
        gap_max_ns: gaps.last().copied(),
    };
    (!chunks.is_empty()).then_some(told)
}

fn attempts(observed: &Observed) -> Vec<ToldAttempt<'_>> {
    let told = observed.attempts.iter().map(|attempt| ToldAttempt {
        at_ns: attempt.at,
        lasted_ns: attempt.lasted,
        error: attempt.error.as_deref(),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(nanos: &[u64]) -> Vec<Span> {
        nanos.iter().copied().map(Span::from_nanos).collect()
    }

    #[test]
    fn gaps_between_chunks_are_values_that_occurred() {
        let span = |nanos| Some(Span::from_nanos(nanos));
        let told = |nanos: &[u64]| {
            chunks(&spans(nanos)).map(|told| (told.count, told.gap_p50_ns, told.gap_max_ns))
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[5]), Some((1, None, None)));
        assert_eq!(told(&[5, 8, 9, 20, 22]), Some((5, span(2), span(11))));
    }
}
