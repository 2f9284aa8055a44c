//! The state of one session while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::{CallId, SessionId, SessionWords};
use crate::drive::{DelegatedTask, MakeDelegate, SessionPlan};
use crate::guest::{GuestUse, Happening, StopCause};
use crate::http::FetchId;
use crate::record::{
    Asker, BurstRecord, ChatEnd, Delegation, JournalEntry, JournalLine, SessionOutcome,
    SessionRecord, Step, StepKind, ToolStep,
};
use crate::seat::{AGENT, Asked, DelegateRole, Role, Seat};
use crate::time::{Instant, Span};

mod fetches;

pub(crate) use fetches::FetchUnderWay;

/// A session that runs.
pub(crate) struct Session {
    pub(crate) words: SessionWords,
    pub(crate) seats: Vec<Seat>,
    pub(crate) record: SessionRecord,
    /// Makes the agents that do delegated tasks.
    pub(crate) make_delegate: MakeDelegate,
    /// The agents' asks that have no final answer yet.
    pub(crate) pending: BTreeMap<Asked, Pending>,
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
    /// The seat of the agent that does it, for a task that was delegated.
    pub(crate) delegate: Option<usize>,
    /// Whether the answer is due at an instant that the clock will reach.
    pub(crate) is_due: bool,
}

/// What nobody waits for any more.
#[derive(Debug, Default)]
pub(crate) struct GivenUp {
    /// What machines still work on.
    pub(crate) calls: Vec<(usize, CallId)>,
    /// How many asks.
    pub(crate) asks: u64,
}

impl GivenUp {
    fn add(&mut self, other: GivenUp) {
        self.calls.extend(other.calls);
        self.asks += other.asks;
    }
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        plan: &SessionPlan,
        at: Instant,
        seats: Vec<Seat>,
        make_delegate: MakeDelegate,
    ) -> Session {
        Session {
            words: SessionWords {
                session: id,
                task_index: plan.task_index,
                task_input: plan.input.clone(),
            },
            seats,
            make_delegate,
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
                delegations: Vec::new(),
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

    /// Records a burst of an agent and returns its place.
    pub(crate) fn record_burst(&mut self, asker: Asker, burst: BurstRecord) -> usize {
        let bursts = match asker {
            Asker::Agent => {
                self.record.agent_compute += burst.compute;
                &mut self.record.bursts
            }
            Asker::Delegate(delegation) => &mut self.record.delegations[delegation].bursts,
        };
        bursts.push(burst);
        bursts.len() - 1
    }

    /// Begins a step and returns its place.
    pub(crate) fn begin_step(
        &mut self,
        at: Instant,
        asked: Asked,
        asked_in: usize,
        kind: StepKind,
    ) -> usize {
        let step = self.record.steps.len();
        let asked_by = self.seats[asked.seat].asker().expect("only agents have steps");
        self.record.steps.push(Step { asked_at: at, asked_by, asked_in, ended_at: at, kind });
        let pending = Pending { step, call: None, delegate: None, is_due: false };
        let before = self.pending.insert(asked, pending);
        assert!(before.is_none(), "a guest uses the number of an ask once");
        step
    }

    /// Seats an agent that does a delegated task, and returns its seat.
    pub(crate) fn seat_delegate(
        &mut self,
        name: Arc<str>,
        agent: usize,
        caller: Asked,
        input: &str,
    ) -> usize {
        let depth = self.depth(caller.seat) + 1;
        let delegation = self.record.delegations.len();
        let number = delegation + 1;
        let guest = (self.make_delegate)(DelegatedTask { agent, number, input });
        let pending = self.pending.get_mut(&caller).expect("its step has begun");
        let (step, seat) = (pending.step, self.seats.len());
        pending.delegate = Some(seat);
        self.tool_step(step).delegation = Some(delegation);
        let (agent_name, input) = (name.clone(), input.into());
        let delegated = Delegation { agent: agent_name, step, input, bursts: Vec::new() };
        self.record.delegations.push(delegated);
        let role = Role::Delegate(DelegateRole { agent, delegation, caller, depth });
        self.seats.push(Seat::new(name, role, guest));
        seat
    }

    /// How many agents do delegated tasks now.
    pub(crate) fn delegates_at_work(&self) -> usize {
        let at_work = |seat: &&Seat| matches!(seat.role, Role::Delegate(_)) && !seat.closed;
        self.seats.iter().filter(at_work).count()
    }

    /// The words of the agent in this seat: it speaks of its own task.
    pub(crate) fn words_of(&self, seat: usize) -> SessionWords {
        let mut words = self.words.clone();
        if let Role::Delegate(role) = self.seats[seat].role {
            words.task_input = self.record.delegations[role.delegation].input.clone();
        }
        words
    }

    /// How many agents stand above the one in this seat.
    pub(crate) fn depth(&self, seat: usize) -> usize {
        match self.seats[seat].role {
            Role::Delegate(role) => role.depth,
            _ => 0,
        }
    }

    /// Ends an agent's part in the session, and what others do for it: what is under way is
    /// cancelled at `at`.
    pub(crate) fn close(&mut self, at: Instant, seat: usize) -> GivenUp {
        self.seats[seat].guest = None;
        self.seats[seat].closed = true;
        if let Some(Asker::Delegate(delegation)) = self.seats[seat].asker() {
            let cut = cut_off(&mut self.record.delegations[delegation].bursts, at);
            self.seats[seat].compute = self.seats[seat].compute - cut;
        }
        let spans = self.open_spans.keys().filter(|(of, _)| *of == seat);
        for key in spans.copied().collect::<Vec<_>>() {
            self.end_span(key, at);
        }
        let open = |asked: &&Asked| asked.seat == seat;
        let asks: Vec<Asked> = self.pending.keys().filter(open).copied().collect();
        let mut given_up = GivenUp::default();
        for asked in asks {
            given_up.add(self.give_up(at, asked));
        }
        given_up
    }

    /// Gives up an ask that is under way, and what others do for it.
    pub(crate) fn give_up(&mut self, at: Instant, asked: Asked) -> GivenUp {
        let Some(pending) = self.pending.remove(&asked) else {
            return GivenUp::default();
        };
        let mut given_up = GivenUp { calls: pending.call.into_iter().collect(), asks: 1 };
        if let Some(seat) = pending.delegate {
            given_up.add(self.close(at, seat));
            self.tool_step(pending.step).compute = self.seats[seat].compute;
        }
        self.cancel_step(pending.step, at);
        given_up
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

    /// Ends the session: what is under way is cancelled at `at`.
    pub(crate) fn end(&mut self, at: Instant, outcome: SessionOutcome) -> GivenUp {
        let mut given_up = GivenUp::default();
        while let Some(asked) = self.pending.keys().next().copied() {
            given_up.add(self.give_up(at, asked));
        }
        for key in self.open_spans.keys().copied().collect::<Vec<_>>() {
            self.end_span(key, at);
        }
        for seat in &mut self.seats {
            seat.guest = None;
        }
        self.cut_off_what_lies_after(at);
        self.record.ended_at = at;
        self.record.outcome = outcome;
        given_up
    }

    /// A burst is recorded when it begins, up to its end; the session may have ended inside it.
    fn cut_off_what_lies_after(&mut self, at: Instant) {
        let record = &mut self.record;
        let cut = cut_off(&mut record.bursts, at);
        record.agent_compute = record.agent_compute - cut;
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

    /// What the guests used by the names of their components: the agent's first, then the plugins',
    /// then those of these agents that are tools.
    pub(crate) fn note_use(&mut self, agents: impl Iterator<Item = Arc<str>>) {
        let mut used: Vec<(Arc<str>, GuestUse)> = Vec::new();
        let mut delegates: Vec<(Arc<str>, GuestUse)> =
            agents.map(|name| (name, GuestUse::default())).collect();
        for seat in &self.seats {
            match seat.role {
                Role::Delegate(role) => {
                    let sum = &mut delegates[role.agent].1;
                    sum.fuel += seat.used.fuel;
                    sum.memory_bytes = sum.memory_bytes.max(seat.used.memory_bytes);
                }
                _ => used.push((seat.name.clone(), seat.used)),
            }
        }
        used.append(&mut delegates);
        self.record.used = used;
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

/// Cuts off what the last burst would have computed after `at`. Returns how much that is.
fn cut_off(bursts: &mut [BurstRecord], at: Instant) -> Span {
    let Some(last) = bursts.last_mut() else {
        return Span::ZERO;
    };
    let cut = last.compute.saturating_sub(at.since(last.began_at));
    last.compute = last.compute - cut;
    cut
}
