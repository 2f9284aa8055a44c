//! A machine and words of plain Rust.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::backend::{
    Backend, CallId, ChatTiming, Completion, CompletionEvent, Estimate, MachineTotals, Reply,
    Served, SessionWords, Submission, UserReply, Words, WordsError,
};
use crate::conversation::{ChatRequest, FinishReason, Message, ModelError, Role, Usage};
use crate::http::{FetchSaid, HttpRequest, HttpResponse};
use crate::time::{Instant, Span};

/// Nanoseconds to read one token of a prompt.
pub(super) const READ_NS: u64 = 10;
/// Nanoseconds between reading and writing.
pub(super) const MOVE_NS: u64 = 50;
/// Nanoseconds to write one token of a reply.
pub(super) const WRITE_NS: u64 = 100;
/// Prompts of more tokens are refused.
pub(super) const LONGEST_PROMPT: u64 = 900;

/// A machine with so many slots; calls wait in one queue and are served in order.
pub(super) struct Slots {
    free: usize,
    waiting: VecDeque<Waiting>,
    serving: Vec<Serving>,
    served: u64,
}

struct Waiting {
    at: Instant,
    call: CallId,
    work: Submission,
}

struct Serving {
    asked_at: Instant,
    began_at: Instant,
    written: u64,
    call: CallId,
    work: Submission,
}

impl Serving {
    fn input_tokens(&self) -> u64 {
        self.work.tokens.as_ref().expect("a modelled call").input_tokens
    }

    fn first_token_at(&self) -> Instant {
        self.began_at + Span::from_nanos(self.input_tokens() * READ_NS + MOVE_NS + WRITE_NS)
    }

    /// When its next token is written, or it is refused.
    fn next_at(&self) -> Instant {
        if self.input_tokens() > LONGEST_PROMPT {
            return self.began_at;
        }
        self.first_token_at() + Span::from_nanos(self.written * WRITE_NS)
    }

    fn timing(&self, at: Instant) -> ChatTiming {
        ChatTiming {
            queue: self.began_at.since(self.asked_at),
            prefill: Span::from_nanos(self.input_tokens() * READ_NS),
            transfer: Span::from_nanos(MOVE_NS),
            decode: at.since(self.first_token_at()) + Span::from_nanos(WRITE_NS),
            time_to_first_token: self.first_token_at().since(self.asked_at),
        }
    }
}

impl Slots {
    pub(super) fn new(slots: usize) -> Slots {
        Slots { free: slots, waiting: VecDeque::new(), serving: Vec::new(), served: 0 }
    }

    fn fill(&mut self, at: Instant) {
        while self.free > 0
            && let Some(Waiting { at: asked_at, call, work }) = self.waiting.pop_front()
        {
            self.free -= 1;
            self.serving.push(Serving { asked_at, began_at: at, written: 0, call, work });
        }
    }

    fn earliest(&self) -> Option<usize> {
        let serving = self.serving.iter().enumerate();
        serving.min_by_key(|(_, call)| (call.next_at(), call.call)).map(|(index, _)| index)
    }

    fn finish(&mut self, index: usize, at: Instant) -> Serving {
        let done = self.serving.swap_remove(index);
        self.free += 1;
        self.fill(at);
        done
    }

    /// Writes the earliest token, or refuses the call.
    fn step(&mut self, index: usize) -> Option<Completion> {
        let serving = &mut self.serving[index];
        let at = serving.next_at();
        if serving.input_tokens() > LONGEST_PROMPT {
            let call = self.finish(index, at).call;
            let error = ModelError::ContextTooLong("the prompt is too long".to_owned());
            return Some(Completion { at, call, event: CompletionEvent::Failed(error.into()) });
        }
        serving.written += 1;
        let output_tokens = serving.written;
        let timing = serving.timing(at);
        let call = serving.call;
        if serving.work.tokens.as_ref().expect("modelled").reply.is_reached_by(output_tokens) {
            let input_tokens = self.finish(index, at).input_tokens();
            self.served += 1;
            let served = Served {
                usage: Usage { input_tokens, cached_input_tokens: 0, output_tokens },
                timing,
                energy_j: Some(1.0),
                cost_usd: None,
                words: None,
                observed: None,
            };
            return Some(Completion { at, call, event: CompletionEvent::Served(served) });
        }
        let event = CompletionEvent::Progress { output_tokens, timing, text: None };
        serving.work.stream.then_some(Completion { at, call, event })
    }
}

impl Backend for Slots {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        self.waiting.push_back(Waiting { at, call, work });
        self.fill(at);
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        self.waiting.retain(|waiting| waiting.call != call);
        if let Some(index) = self.serving.iter().position(|serving| serving.call == call) {
            self.finish(index, at);
        }
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.earliest().map(|index| self.serving[index].next_at())
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        loop {
            let index = self.earliest()?;
            if deadline.is_some_and(|deadline| self.serving[index].next_at() > deadline) {
                return None;
            }
            if let Some(completion) = self.step(index) {
                return Some(completion);
            }
        }
    }

    fn totals(&self, _: Instant) -> MachineTotals {
        MachineTotals { energy_j: Some(self.served as f64), ..MachineTotals::default() }
    }

    /// Each call that waits is taken to hold it up as long as this one takes to be read.
    fn estimate(&self, _: Instant, work: &Submission) -> Option<Estimate> {
        let input_tokens = work.tokens.as_ref()?.input_tokens;
        let ahead = self.waiting.len() as u64 + 1;
        let read = ahead.saturating_mul(input_tokens * READ_NS);
        Some(Estimate {
            time_to_first_token: Span::from_nanos(read + MOVE_NS + WRITE_NS),
            inter_token: Span::from_nanos(WRITE_NS),
            cost_usd: None,
        })
    }
}

/// A machine that never answers.
pub(super) struct Silent;

impl Backend for Silent {
    fn submit(&mut self, _: Instant, _: CallId, _: Submission) {}

    fn cancel(&mut self, _: Instant, _: CallId) {}

    fn next_event_at(&self) -> Option<Instant> {
        None
    }

    fn next(&mut self, _: Option<Instant>) -> Option<Completion> {
        None
    }

    fn totals(&self, _: Instant) -> MachineTotals {
        MachineTotals::default()
    }
}

/// Words read out of the question: "7 3" is a prompt of seven tokens with a reply of three, and
/// anything else has no reply. A user is asked for the nanoseconds after which to answer.
pub(super) struct Script;

impl Words for Script {
    fn reply(&mut self, _: &SessionWords, request: &ChatRequest) -> Result<Reply, WordsError> {
        let text = &request.messages[0].content;
        let counts = text.split_once(' ').and_then(|(input, output)| {
            Some((input.parse::<u64>().ok()?, output.parse::<u64>().ok()?))
        });
        let Some((input_tokens, output_tokens)) = counts else {
            let message = format!("nothing is written for {text:?}");
            return Err(WordsError { kind: "script_error", message });
        };
        let message = Message::text(Role::Assistant, "né ".repeat(output_tokens as usize));
        let finish_reason = FinishReason::Stop;
        Ok(Reply {
            message,
            finish_reason,
            input_tokens,
            output_tokens,
            prompt: Arc::default(),
            reply_part: None,
            recorded: None,
        })
    }

    fn user_answer(&mut self, _: &SessionWords, question: &str) -> Result<UserReply, WordsError> {
        match (question, question.parse()) {
            ("nobody", _) => Ok(UserReply::Nobody),
            ("gone", _) => Ok(UserReply::Gone),
            (_, Ok(nanos)) => {
                let after = Span::from_nanos(nanos);
                Ok(UserReply::Answer { text: "yes".to_owned(), after })
            }
            _ => {
                let message = format!("nothing is written for {question:?}");
                Err(WordsError { kind: "script_error", message })
            }
        }
    }

    fn fetch(&mut self, _: &SessionWords, request: &HttpRequest) -> Result<FetchSaid, WordsError> {
        let nanos = request.url.rsplit('/').next().and_then(|end| end.parse::<u64>().ok());
        let nanos = nanos.expect("an address ends in a number");
        match nanos {
            0 => Err(WordsError { kind: "script_error", message: "no such page".to_owned() }),
            1 => Ok(FetchSaid::LeftToServer),
            _ => {
                let (answer, after) = (Ok(page("scripted")), Span::from_nanos(nanos));
                Ok(FetchSaid::Answered { answer, after })
            }
        }
    }
}

/// A page with this text.
pub(super) fn page(text: &str) -> Arc<HttpResponse> {
    let body = text.as_bytes().to_vec();
    Arc::new(HttpResponse { status: 200, headers: Vec::new(), body })
}
