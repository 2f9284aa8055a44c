//! A machine that lets recorded chats go as they went.

use std::collections::BTreeMap;

use crate::backend::{Backend, CallId, Completion, CompletionEvent, MachineTotals, Submission};
use crate::conversation::ModelError;
use crate::observed::RecordedTiming;
use crate::time::{Instant, Span};

/// Completions that are planned, in the order of the clock; of one instant, as they were planned.
#[derive(Debug, Default)]
pub struct Agenda {
    planned: BTreeMap<(Instant, u64), Completion>,
    count: u64,
}

impl Agenda {
    /// Plans all that comes out for a recorded chat asked at `at`.
    pub fn plan_recorded(
        &mut self,
        at: Instant,
        call: CallId,
        chat: &RecordedTiming,
        stream: bool,
    ) {
        for (after, event) in chat.events(stream) {
            self.plan(Completion { at: at + after, call, event });
        }
    }

    /// Plans a completion.
    pub fn plan(&mut self, completion: Completion) {
        self.planned.insert((completion.at, self.count), completion);
        self.count += 1;
    }

    /// When the first is planned.
    pub fn first_at(&self) -> Option<Instant> {
        self.planned.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first that is planned at or before `deadline`.
    pub fn take_by(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let at = self.first_at()?;
        if deadline.is_some_and(|deadline| at > deadline) {
            return None;
        }
        self.planned.pop_first().map(|(_, completion)| completion)
    }

    /// Forgets a call.
    pub fn forget(&mut self, call: CallId) {
        self.planned.retain(|_, completion| completion.call != call);
    }
}

/// The time during which at least one call is under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct BusyTime {
    under_way: u64,
    since: Instant,
    before: Span,
}

impl BusyTime {
    /// A call begins.
    pub fn begin(&mut self, at: Instant) {
        if self.under_way == 0 {
            self.since = at;
        }
        self.under_way += 1;
    }

    /// A call that began has ended.
    pub fn end(&mut self, at: Instant) {
        self.under_way -= 1;
        if self.under_way == 0 {
            self.before += at.since(self.since);
        }
    }

    /// All of it, up to `at`.
    pub fn until(&self, at: Instant) -> Span {
        match self.under_way {
            0 => self.before,
            _ => self.before + at.since(self.since),
        }
    }
}

/// A machine that answers recorded chats in their recorded times, and no others.
#[derive(Debug, Default)]
pub struct Playback {
    agenda: Agenda,
    busy: BusyTime,
}

impl Backend for Playback {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        self.busy.begin(at);
        match &work.recorded {
            Some(chat) => self.agenda.plan_recorded(at, call, chat, work.stream),
            None => {
                let error = ModelError::Unavailable(
                    "the recording does not say how long this chat took; run it on a machine, or \
                     record it again"
                        .to_owned(),
                );
                let event = CompletionEvent::Failed(error.into());
                self.agenda.plan(Completion { at, call, event });
            }
        }
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        let before = self.agenda.planned.len();
        self.agenda.forget(call);
        if self.agenda.planned.len() < before {
            self.busy.end(at);
        }
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.agenda.first_at()
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let completion = self.agenda.take_by(deadline)?;
        if !matches!(completion.event, CompletionEvent::Progress { .. }) {
            self.busy.end(completion.at);
        }
        Some(completion)
    }

    fn totals(&self, at: Instant) -> MachineTotals {
        MachineTotals { busy: self.busy.until(at), ..MachineTotals::default() }
    }
}
