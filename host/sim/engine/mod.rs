//! A modelled machine as a [`Backend`]: events, continuous batching, KV memory.
//!
//! Calls pass a front end, are routed to a group of chips and wait there in the order of the
//! machine's policy. Prompts are read in chunks beside the replies being written; where pools are
//! split, KV moves over a link before the decode pool writes. A group that must grow a reply and
//! has no memory takes that of its newest chat.
//!
//! Unless the profile says otherwise, each group that reads prompts keeps their beginnings in
//! memory, and a later prompt that begins the same way is read from the block in which it differs,
//! wherever that is. A block is found once it is written, so of two chats that come in one step
//! with the same new beginning both read it. A reply is kept where the group that writes it also
//! reads; a decode group keeps nothing. Cached blocks give way to chats, the least recently used
//! first; tiers behind the chips' memory keep them longer.
//!
//! Steps that differ only in how far their tokens look back are summed (`series`), to the bit what
//! walking them gives; [`ModelledMachine::walking`] walks.
//!
//! Two things keep causality: no event after the deadline is ever taken, and a batch is formed as
//! the last event of its instant, so that whatever is submitted there joins it.

mod agenda;
mod blocks;
mod call;
mod calls;
mod chain;
mod estimate;
mod group;
mod intake;
mod limits;
mod membership;
mod memory;
mod outages;
mod preempt;
mod prefix;
mod recency;
mod refusal;
mod route;
mod schedule;
mod series;
mod tiers;
mod totals;
mod transfer;
mod used;
mod waiting;

use std::collections::VecDeque;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, Estimate, Incidents, MachineFailure,
    MachineTotals, Occupancy, ReplyLength, Served, Submission,
};
use timeslip_timeline::conversation::{ModelError, Usage};
use timeslip_timeline::time::{Instant, Span};

pub use outages::Outage;

use crate::deployment::Deployment;
use agenda::{Agenda, Event};
use call::Call;
use calls::{CallSlot, Calls};
use chain::Chain;
use group::{Duty, Group};
use tiers::Tiers;
use transfer::Paths;

/// A modelled machine that serves one model.
#[derive(Debug)]
pub struct ModelledMachine {
    deployment: Deployment,
    groups: Vec<Group>,
    tiers: Tiers,
    calls: Calls,
    /// Calls that no group which is up could take, in their order.
    stranded: VecDeque<CallSlot>,
    agenda: Agenda,
    outbox: VecDeque<Completion>,
    now: Instant,
    /// Up to where everything has happened, what was due there included.
    passed: Option<Instant>,
    paths: Paths,
    /// The group whose turn is next, where they take turns.
    turn: usize,
    /// Whether every step is visited, also where steps could be summed.
    walks: bool,
    counts: Counts,
    busy: Busy,
}

/// What became of the calls: submitted = served + failed + cancelled + those still inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that came in.
    pub submitted: u64,
    /// Replies complete.
    pub served: u64,
    /// Answered with an error.
    pub failed: u64,
    /// Given up.
    pub cancelled: u64,
    /// Of those that failed: too many waited already.
    pub rejected: u64,
    /// Of those that failed: they had waited as long as they may.
    pub expired: u64,
    /// Times that a call lost its KV because another had to grow.
    pub preempted: u64,
    /// Times that a call began again because a group failed.
    pub requeued: u64,
}

/// Time with at least one step or transfer under way.
#[derive(Debug, Default)]
struct Busy {
    active: u64,
    since: Instant,
    span: Span,
}

impl Busy {
    fn begin(&mut self, now: Instant) {
        if self.active == 0 {
            self.since = now;
        }
        self.active += 1;
    }

    fn end(&mut self, now: Instant) {
        self.active -= 1;
        if self.active == 0 {
            self.span += now.since(self.since);
        }
    }

    fn until(&self, at: Instant) -> Span {
        match self.active {
            0 => self.span,
            _ => self.span + at.since(self.since),
        }
    }
}

impl ModelledMachine {
    /// An idle machine at the beginning of a run.
    pub fn new(deployment: Deployment) -> ModelledMachine {
        let deployment = deployment.for_one_machine();
        let mut groups = Vec::new();
        for pool in deployment.pools.iter().filter(|pool| !pool.role.helps()) {
            for _ in 0..pool.replicas {
                groups.push(Group::new(&deployment, pool));
            }
        }
        ModelledMachine {
            tiers: Tiers::new(&deployment, groups.len()),
            paths: Paths::new(deployment.link.map_or(1, |link| link.paths)),
            deployment,
            groups,
            calls: Calls::default(),
            stranded: VecDeque::new(),
            agenda: Agenda::default(),
            outbox: VecDeque::new(),
            now: Instant::ZERO,
            passed: None,
            turn: 0,
            walks: false,
            counts: Counts::default(),
            busy: Busy::default(),
        }
    }

    /// The same machine, which visits every step: slower, and the same to the bit.
    pub fn walking(mut self) -> ModelledMachine {
        self.walks = true;
        self
    }

    /// What became of the calls so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Cancel(slot) => self.forget(slot, |_| {}),
            Event::GoDown { group } => self.go_down(group),
            Event::ComeUp { group } => self.come_up(group),
            Event::Refuse(slot) => {
                let refusal = self.calls.get_mut(slot).and_then(|call| call.refusal.take());
                if let Some(error) = refusal {
                    self.fail(slot, error);
                }
            }
            Event::Arrive(slot) => self.arrive(slot),
            Event::Deliver { call, transfer } => self.deliver(call, transfer),
            Event::EndStep { group, ticket } => self.end_step(group, ticket),
            Event::Expire(slot) => self.expire(slot),
            Event::FormStep { group } => {
                self.groups[group].forming = false;
                self.form_step(group);
            }
        }
    }

    /// Puts an event into the outbox unless its call was given up.
    fn tell(&mut self, slot: CallSlot, event: CompletionEvent) {
        if let Some(call) = self.calls.get(slot)
            && !call.muted
        {
            self.outbox.push_back(Completion { at: self.now, call: call.id, event });
        }
    }

    /// Answers a call with its reply's figures and forgets it.
    fn serve(&mut self, slot: CallSlot) {
        self.keep_reply(slot);
        let call = &self.calls[slot];
        let known = |value: f64, known: bool| known.then_some(value);
        let pools = &self.deployment.pools;
        let has_draw = pools.iter().all(|pool| pool.draw.is_some());
        let has_price = pools.iter().all(|pool| pool.usd_per_hour.is_some());
        let served = Served {
            usage: Usage {
                input_tokens: call.input_tokens,
                cached_input_tokens: call.cached_tokens.unwrap_or(0),
                output_tokens: call.written,
            },
            timing: call.timing(),
            energy_j: known(call.used.joules(), has_draw),
            cost_usd: known(call.used.dollars(), has_price),
            words: None,
            observed: None,
        };
        self.tell(slot, CompletionEvent::Served(served));
        self.forget(slot, |counts| counts.served += 1);
    }

    /// Lets later prompts find the reply of a call that is served, where the group that wrote it
    /// reads them. The reply's last token has no KV: nothing was written after it.
    fn keep_reply(&mut self, slot: CallSlot) {
        let call = &mut self.calls[slot];
        let group = call.first_group;
        let part = call.reply_part.and_then(|part| part.once_complete(call.written));
        if let (Duty::Both, Some(part)) = (self.groups[group].duty, part) {
            let written = call.tokens() - 1;
            call.chain.push(&part);
            self.publish(group, slot, written);
        }
    }

    /// Answers a call with an error and forgets it.
    fn fail(&mut self, slot: CallSlot, error: ModelError) {
        self.tell(slot, CompletionEvent::Failed(error.into()));
        self.forget(slot, |counts| counts.failed += 1);
    }

    /// Forms the group's next batch at the end of this instant.
    fn form_soon(&mut self, group: usize) {
        self.settle(group);
        let state = &mut self.groups[group];
        if !state.forming {
            state.forming = true;
            self.agenda.add(self.now, Event::FormStep { group });
        }
    }

    fn assert_laws(&self) {
        let counts = self.counts;
        let done = counts.served + counts.failed + counts.cancelled;
        let inside = self.calls.len() as u64;
        assert_eq!(counts.submitted, done + inside, "calls in = calls out + calls inside");
        if inside == 0 {
            let used: u64 = self.groups.iter().map(|group| group.memory.used()).sum();
            assert_eq!(used, 0, "an empty machine holds no KV");
        }
    }
}

impl Backend for ModelledMachine {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        assert!(at >= self.now, "a call is submitted in the machine's past");
        self.counts.submitted += 1;
        let refusal = self.refusal(&work);
        let (input, reply) = match &work.tokens {
            // Even an empty prompt is one token: the one that begins every sequence.
            Some(tokens) => (tokens.input_tokens.max(1), tokens.reply),
            None => (1, ReplyLength::of(1)),
        };
        let mut state = Call::new(call, at, input, reply, work.stream);
        if let Some(tokens) = &work.tokens
            && self.deployment.prefix_cache
            && !tokens.prompt.is_empty()
        {
            state.chain = Chain::of(&tokens.prompt, self.deployment.block_tokens);
            state.reply_part = tokens.reply_part;
        }
        let is_refused = refusal.is_some();
        state.refusal = refusal;
        let slot = self.calls.insert(state);
        match is_refused {
            true => self.agenda.add(at, Event::Refuse(slot)),
            false => {
                let front_end = self.front_end(at, input);
                self.agenda.add(at + front_end, Event::Arrive(slot));
            }
        }
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        // What completed but was not yet taken is dropped at once, and then the call was given up
        // rather than answered; memory is freed at `at`, since steps before it still hold the call.
        for completion in self.outbox.iter().filter(|completion| completion.call == call) {
            match completion.event {
                CompletionEvent::Progress { .. } => continue,
                CompletionEvent::Served(_) => self.counts.served -= 1,
                CompletionEvent::Failed(_) => self.counts.failed -= 1,
            }
            self.counts.cancelled += 1;
        }
        self.outbox.retain(|completion| completion.call != call);
        if let Some(slot) = self.calls.slot(call) {
            self.calls[slot].muted = true;
            self.agenda.add(at.max(self.now), Event::Cancel(slot));
        }
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.outbox.front().map(|completion| completion.at).or_else(|| self.agenda.next_at())
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        loop {
            if let Some(completion) = self.outbox.pop_front() {
                return Some(completion);
            }
            let Some((at, event)) = self.agenda.take(deadline) else {
                self.assert_laws();
                self.passed = self.passed.max(deadline);
                return None;
            };
            assert!(at >= self.now, "the clock of a machine never falls");
            self.now = at;
            self.handle(event);
        }
    }

    fn totals(&self, at: Instant) -> MachineTotals {
        MachineTotals {
            energy_j: self.energy_j(at),
            cost_usd: self.cost_usd(at),
            busy: self.busy.until(at),
            incidents: Incidents {
                preempted: self.counts.preempted,
                requeued: self.counts.requeued,
                rejected: self.counts.rejected,
                expired: self.counts.expired,
            },
        }
    }

    fn estimate(&self, at: Instant, work: &Submission) -> Option<Estimate> {
        self.expected(at, work)
    }

    fn occupancy(&self) -> Option<Occupancy> {
        Some(self.occupied())
    }

    fn failure(&self) -> Option<MachineFailure> {
        self.deployment.failure()
    }
}

#[cfg(test)]
mod helping_tests;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod prefix_tests;
#[cfg(test)]
mod serving_laws;
#[cfg(test)]
mod serving_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tier_tests;
