//! The state of one session while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::{CallId, SessionId, SessionWords};
use crate::drive::SessionPlan;
use crate::guest::{AskId, Delivery, Guest, GuestUse, Happening, StopCause};
use crate::http::FetchId;
use crate::record::{
    BurstCause, BurstRecord, ChatEnd, JournalEntry, JournalLine, SessionOutcome, SessionRecord,
    Step, StepKind, ToolStep,
};
use crate::time::{Instant, Span};

mod fetches;

pub(crate) use fetches::FetchUnderWay;

/// The place of the agent among a session's guests; tool plugins follow.
pub(crate) const AGENT: usize = 0;

/// A session that runs.
pub(crate) struct Session {
    pub(crate) words: SessionWords,
    pub(crate) seats: Vec<Seat>,
    pub(crate) record: SessionRecord,
    /// The agent's asks that have no final answer yet.
    pub(crate) pending: BTreeMap<AskId, Pending>,
    /// What its plugins fetch.
    pub(crate) fetches: BTreeMap<FetchId, FetchUnderWay>,
    fetches_asked: u64,
    /// How many things that are due will change something here.
    pub(crate) expected: u64,
    /// Whether a deadline will end it.
    pub(crate) has_deadline: bool,
    /// The tier that its task asks for.
    pub(crate) tier: Option<Arc<str>>,
    /// Dollars of its replies so far, as far as they are known.
    pub(crate) spent_usd: f64,
    open_spans: BTreeMap<(usize, u64), usize>,
}

/// An ask under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) step: usize,
    /// The machine and its call, for a chat that was submitted.
    pub(crate) call: Option<(usize, CallId)>,
    /// Whether the answer is due at an instant that the clock will reach.
    pub(crate) is_due: bool,
}

/// A guest's place in a session.
pub(crate) struct Seat {
    pub(crate) name: Arc<str>,
    /// Absent while the guest runs, and after it has ended.
    pub(crate) guest: Option<Box<dyn Guest>>,
    pub(crate) busy_until: Instant,
    inbox: Vec<(Delivery, BurstCause)>,
    woken: bool,
    woken_by_itself: bool,
    pub(crate) ended: Option<StopCause>,
    /// Computing time of all bursts so far.
    pub(crate) compute: Span,
    pub(crate) used: GuestUse,
    /// A plugin's calls under way, with the seat's computing time when each began.
    pub(crate) calls: BTreeMap<u64, ToolCallUnderWay>,
}

/// A tool call under way inside a plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolCallUnderWay {
    pub(crate) ask: AskId,
    pub(crate) compute_before: Option<Span>,
}

/// What a seat must do about a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Run at once.
    Now,
    /// Run when the guest has finished computing.
    At(Instant),
    /// Nothing: it is woken already, or has ended.
    No,
}

impl Seat {
    pub(crate) fn new(name: Arc<str>, guest: Box<dyn Guest>) -> Seat {
        Seat {
            name,
            guest: Some(guest),
            busy_until: Instant::ZERO,
            inbox: Vec::new(),
            woken: false,
            woken_by_itself: false,
            ended: None,
            compute: Span::ZERO,
            used: GuestUse::default(),
            calls: BTreeMap::new(),
        }
    }

    /// Puts a delivery into the inbox.
    pub(crate) fn deliver(&mut self, now: Instant, delivery: Delivery, cause: BurstCause) -> Wake {
        if self.guest.is_none() {
            return Wake::No;
        }
        self.inbox.push((delivery, cause));
        if std::mem::replace(&mut self.woken, true) {
            Wake::No
        } else if self.busy_until > now {
            self.woken_by_itself = true;
            Wake::At(self.busy_until)
        } else {
            Wake::Now
        }
    }

    /// Takes the inbox, and what woke the guest: of several causes the earliest asked. A guest that
    /// was busy when the first delivery came is woken by its own last burst.
    pub(crate) fn take_inbox(&mut self) -> (Vec<Delivery>, BurstCause) {
        self.woken = false;
        let was_busy = std::mem::take(&mut self.woken_by_itself);
        let mut cause = None;
        let mut deliveries = Vec::with_capacity(self.inbox.len());
        for (delivery, because) in self.inbox.drain(..) {
            if let Delivery::ToolCall { call, .. } = &delivery
                && let Some(under_way) = self.calls.get_mut(call)
            {
                under_way.compute_before = Some(self.compute);
            }
            cause = match (cause, because) {
                (Some(BurstCause::Step(first)), BurstCause::Step(second)) => {
                    Some(BurstCause::Step(first.min(second)))
                }
                (Some(cause), _) => Some(cause),
                (None, because) => Some(because),
            };
            deliveries.push(delivery);
        }
        let cause = if was_busy { BurstCause::Busy } else { cause.unwrap_or(BurstCause::Start) };
        (deliveries, cause)
    }
}

impl Session {
    pub(crate) fn new(id: SessionId, plan: &SessionPlan, at: Instant, seats: Vec<Seat>) -> Session {
        Session {
            words: SessionWords {
                session: id,
                task_index: plan.task_index,
                task_input: plan.input.clone(),
            },
            seats,
            record: SessionRecord {
                id,
                task_index: plan.task_index,
                task: plan.task.clone(),
                started_at: at,
                ended_at: at,
                // Overwritten when the session ends; every session ends.
                outcome: SessionOutcome::Stopped(StopCause {
                    kind: "running",
                    message: "the session still runs".to_owned(),
                }),
                steps: Vec::new(),
                bursts: Vec::new(),
                journal: Vec::new(),
                agent_compute: Span::ZERO,
                used: Vec::new(),
            },
            pending: BTreeMap::new(),
            fetches: BTreeMap::new(),
            fetches_asked: 0,
            expected: 0,
            has_deadline: false,
            tier: plan.tier.clone(),
            spent_usd: 0.0,
            open_spans: BTreeMap::new(),
        }
    }

    pub(crate) fn record_agent_burst(&mut self, at: Instant, compute: Span, cause: BurstCause) {
        self.record.bursts.push(BurstRecord { began_at: at, compute, cause });
        self.record.agent_compute += compute;
    }

    /// Begins a step and returns its place.
    pub(crate) fn begin_step(&mut self, at: Instant, asked_in: usize, kind: StepKind) -> usize {
        self.record.steps.push(Step { asked_at: at, asked_in, ended_at: at, kind });
        self.record.steps.len() - 1
    }

    /// Writes journal entries at once: nothing else depends on them. Returns what it did not write.
    pub(crate) fn write_journal(
        &mut self,
        seat: usize,
        at: Instant,
        happening: Happening,
    ) -> Option<Happening> {
        let entry = match happening {
            Happening::Logged(level, text) => JournalEntry::Log(level, text),
            Happening::SpanBegan(number, name) => {
                self.open_spans.insert((seat, number), self.record.journal.len());
                JournalEntry::Span { name, ended_at: at }
            }
            Happening::SpanEnded(number) => {
                self.end_span((seat, number), at);
                return None;
            }
            other => return Some(other),
        };
        let component = self.seats[seat].name.clone();
        self.record.journal.push(JournalLine { at, component, entry });
        None
    }

    fn end_span(&mut self, key: (usize, u64), at: Instant) {
        if let Some(line) = self.open_spans.remove(&key)
            && let JournalEntry::Span { ended_at, .. } = &mut self.record.journal[line].entry
        {
            *ended_at = at;
        }
    }

    /// Ends the session: what is under way is cancelled at `at`. Returns the calls that machines
    /// still work on and the number of asks given up.
    pub(crate) fn end(
        &mut self,
        at: Instant,
        outcome: SessionOutcome,
    ) -> (Vec<(usize, CallId)>, u64) {
        let pending = std::mem::take(&mut self.pending);
        let given_up = pending.len() as u64;
        let mut calls = Vec::new();
        for waiting in pending.into_values() {
            calls.extend(waiting.call);
            self.cancel_step(waiting.step, at);
        }
        for key in self.open_spans.keys().copied().collect::<Vec<_>>() {
            self.end_span(key, at);
        }
        for seat in &mut self.seats {
            seat.guest = None;
        }
        self.cut_off_what_lies_after(at);
        self.record.used = self.seats.iter().map(|seat| (seat.name.clone(), seat.used)).collect();
        self.record.ended_at = at;
        self.record.outcome = outcome;
        (calls, given_up)
    }

    /// A burst is recorded when it begins, up to its end; the session may have ended inside it.
    fn cut_off_what_lies_after(&mut self, at: Instant) {
        let record = &mut self.record;
        if let Some(last) = record.bursts.last_mut() {
            let cut = last.compute.saturating_sub(at.since(last.began_at));
            last.compute = last.compute - cut;
            record.agent_compute = record.agent_compute - cut;
        }
        record.journal.retain(|line| line.at <= at);
        for line in &mut record.journal {
            if let JournalEntry::Span { ended_at, .. } = &mut line.entry {
                *ended_at = at.min(*ended_at);
            }
        }
        // Lines are written when a burst is merged, so a later line of a longer burst may stand
        // before an earlier one of another component.
        record.journal.sort_by_key(|line| line.at);
    }

    /// Whether nothing will happen here any more, but for a deadline.
    pub(crate) fn expects_nothing(&self) -> bool {
        let answered = |pending: &Pending| pending.is_due || pending.call.is_some();
        let fetched = self.fetches.values().any(|under_way| under_way.is_outside);
        self.expected == 0 && !fetched && !self.pending.values().any(answered)
    }

    /// When the last of its guests has finished computing, the clock permitting.
    pub(crate) fn computes_until(&self) -> Instant {
        let busy = self.seats.iter().map(|seat| seat.busy_until);
        busy.filter(|at| *at < Instant::END).max().unwrap_or_default()
    }

    /// Why a session that expects nothing goes no further, for a person.
    pub(crate) fn what_it_waits_for(&self) -> String {
        if self.seats[AGENT].busy_until == Instant::END {
            return "the agent computes past the end of the clock".to_owned();
        }
        let Some(pending) = self.pending.values().next() else {
            return "the agent waits, and it asked for nothing that could wake it".to_owned();
        };
        let what = match &self.record.steps[pending.step].kind {
            StepKind::Chat(chat) => format!("the machine \"{}\"", chat.machine),
            StepKind::Tool(tool) => format!("the tool \"{}\"", tool.tool),
            StepKind::User(_) => "the user".to_owned(),
            StepKind::Sleep => "the end of a sleep".to_owned(),
        };
        format!("the agent waits for {what}, which does not come before the end of the clock")
    }

    /// Marks a step as given up at `at`.
    pub(crate) fn cancel_step(&mut self, step: usize, at: Instant) {
        let step = &mut self.record.steps[step];
        step.ended_at = at;
        if let StepKind::Chat(chat) = &mut step.kind {
            chat.end = ChatEnd::Cancelled;
            let untold = at.since(step.asked_at) - chat.timing.end_to_end();
            let streamed = chat.usage.output_tokens > 0;
            *(if streamed { &mut chat.timing.decode } else { &mut chat.timing.queue }) += untold;
        }
    }

    /// The tool step at this place.
    pub(crate) fn tool_step(&mut self, step: usize) -> &mut ToolStep {
        match &mut self.record.steps[step].kind {
            StepKind::Tool(tool) => tool,
            _ => unreachable!("only tool asks are answered by tools"),
        }
    }
}
