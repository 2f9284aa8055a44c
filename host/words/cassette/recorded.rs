//! What a cassette holds, in the order of its lines.

use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation::{FinishReason, Message, ModelError, Usage};
use timeslip_timeline::http::Fetch;
use timeslip_timeline::observed::Observed;
use timeslip_timeline::time::{Instant, Span};

use super::{Cassette, RecordedChat, RecordedOutcome};

/// Something that a session did.
#[derive(Clone, Debug)]
pub enum Entry<'c> {
    /// A chat.
    Chat(RecordedExchange<'c>),
    /// A call of a tool.
    Tool {
        /// The line.
        line: usize,
        /// The tool's name.
        name: &'c str,
        /// The arguments, as JSON text.
        arguments: &'c str,
        /// The output, or the error's text.
        output: &'c str,
        /// Whether it is an output, and not an error.
        ok: bool,
    },
    /// A question to the user.
    User {
        /// The line.
        line: usize,
        /// What was asked.
        question: &'c str,
        /// What was answered.
        answer: &'c str,
        /// How long that took.
        after: Span,
    },
    /// What a tool asked over HTTP.
    Fetch {
        /// The line.
        line: usize,
        /// What was asked, what came of it, and when.
        fetch: &'c Fetch,
    },
}

impl Entry<'_> {
    /// Its line in the file.
    pub fn line(&self) -> usize {
        match self {
            Entry::Chat(exchange) => exchange.line,
            Entry::Tool { line, .. } | Entry::User { line, .. } | Entry::Fetch { line, .. } => {
                *line
            }
        }
    }
}

/// A recorded chat.
#[derive(Clone, Debug)]
pub struct RecordedExchange<'c> {
    /// Its line in the file.
    pub line: usize,
    /// The model that was asked for, where that is part of the key.
    pub model: Option<&'c str>,
    /// The conversation that was sent.
    pub messages: Vec<&'c Message>,
    /// The reply and why it ends, or why there was none.
    pub outcome: Result<(&'c Message, FinishReason), &'c ModelError>,
    /// Tokens, where they were recorded.
    pub usage: Option<Usage>,
    /// When it was asked, on the clock of its recording, and where its time went.
    pub timing: Option<(Instant, ChatTiming)>,
    /// What was seen beside that.
    pub observed: &'c Observed,
}

impl Cassette {
    /// All that it holds, in the order of its lines.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let chats = self.chats.iter().map(|chat| Entry::Chat(self.exchange(chat)));
        let tools = self.tools.iter().map(|call| Entry::Tool {
            line: call.line,
            name: &call.name,
            arguments: &call.arguments,
            output: &self.messages[call.output].content,
            ok: call.ok,
        });
        let answers = self.answers.iter().map(|answer| Entry::User {
            line: answer.line,
            question: &answer.question,
            answer: &self.messages[answer.answer].content,
            after: answer.after,
        });
        let fetches = self.fetches.iter();
        let fetches = fetches.map(|one| Entry::Fetch { line: one.line, fetch: &one.fetch });
        let steps = chats.chain(tools).chain(answers);
        let mut entries: Vec<Entry<'_>> = steps.chain(fetches).collect();
        entries.sort_by_key(Entry::line);
        entries
    }

    /// The lines of chats that failed by what may pass: asked again, they may get a reply.
    pub fn passing_failures(&self) -> Vec<usize> {
        let failed = self.chats.iter().filter(|chat| {
            matches!(chat.outcome, RecordedOutcome::Error(ModelError::Unavailable(_)))
        });
        failed.map(|chat| chat.line).collect()
    }

    fn exchange<'c>(&'c self, chat: &'c RecordedChat) -> RecordedExchange<'c> {
        RecordedExchange {
            line: chat.line,
            model: chat.model.as_deref(),
            messages: self.request_of(chat).map(|(_, message)| message).collect(),
            outcome: match &chat.outcome {
                RecordedOutcome::Reply(place, finish_reason) => {
                    Ok((&self.messages[*place], *finish_reason))
                }
                RecordedOutcome::Error(error) => Err(error),
            },
            usage: chat.usage,
            timing: chat.timing,
            observed: &chat.observed,
        }
    }
}
