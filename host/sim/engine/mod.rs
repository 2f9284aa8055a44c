//! A modelled machine as a [`Backend`]: events, continuous batching, KV memory.
//!
//! Calls pass a front end, wait in one queue per group of chips, are read in chunks beside the
//! replies being written, and, where pools are split, have their KV moved over a link before the
//! decode pool writes. Steps run token by token. What is left out: priorities, speculative
//! decoding, and the summing of equal steps.
//!
//! Unless the profile says otherwise, each group that reads prompts keeps their beginnings in
//! memory, and a later prompt that begins the same way is read from the block in which it differs.
//! A block is found once it is written, so of two chats that come in one step with the same new
//! beginning both read it. A reply is kept where the group that writes it also reads; a decode
//! group keeps nothing. A chat goes to the group with the fewest chats, wherever its beginning
//! stands. Cached blocks give way to chats, the least recently used first.
//!
//! Two things keep causality: no event after the deadline is ever taken, and a batch is formed as
//! the last event of its instant, so that whatever is submitted there joins it.

mod agenda;
mod blocks;
mod call;
mod chain;
mod estimate;
mod group;
mod memory;
mod prefix;
mod refusal;
mod schedule;
mod totals;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, Estimate, MachineTotals, ReplyLength, Served,
    Submission,
};
use timeslip_timeline::conversation::{ModelError, Usage};
use timeslip_timeline::time::{Instant, Span};

use crate::deployment::Deployment;
use crate::profile::Role;
use agenda::{Agenda, Event};
use call::{Call, Phase, Place};
use chain::Chain;
use group::Group;

/// A modelled machine that serves one model.
#[derive(Debug)]
pub struct ModelledMachine {
    deployment: Deployment,
    groups: Vec<Group>,
    calls: BTreeMap<CallId, Call>,
    agenda: Agenda,
    outbox: VecDeque<Completion>,
    now: Instant,
    link_free_at: Instant,
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
    /// Times that a call lost its KV because another had to grow.
    pub preempted: u64,
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
        let mut groups = Vec::new();
        for pool in &deployment.pools {
            for _ in 0..pool.replicas {
                groups.push(Group::new(pool.role, Arc::clone(pool), &deployment.model));
            }
        }
        ModelledMachine {
            deployment,
            groups,
            calls: BTreeMap::new(),
            agenda: Agenda::default(),
            outbox: VecDeque::new(),
            now: Instant::ZERO,
            link_free_at: Instant::ZERO,
            counts: Counts::default(),
            busy: Busy::default(),
        }
    }

    /// What became of the calls so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Cancel(call) => self.withdraw(call),
            Event::Refuse(call) => {
                let refusal = self.calls.get_mut(&call).and_then(|call| call.refusal.take());
                if let Some(error) = refusal {
                    self.fail(call, error);
                }
            }
            Event::Arrive(call) => self.arrive(call),
            Event::Deliver { call, transfer } => self.deliver(call, transfer),
            Event::EndStep { group } => self.end_step(group),
            Event::FormStep { group } => {
                self.groups[group].forming = false;
                self.form_step(group);
            }
        }
    }

    /// Puts an event into the outbox unless its call was given up.
    fn tell(&mut self, call: CallId, event: CompletionEvent) {
        let muted = self.calls.get(&call).is_none_or(|call| call.muted);
        if !muted {
            self.outbox.push_back(Completion { at: self.now, call, event });
        }
    }

    /// Answers a call with its reply's figures and forgets it.
    fn serve(&mut self, id: CallId) {
        self.keep_reply(id);
        let call = &self.calls[&id];
        let known = |value: f64, known: bool| known.then_some(value);
        let pools = &self.deployment.pools;
        let served = Served {
            usage: Usage {
                input_tokens: call.input_tokens,
                cached_input_tokens: call.cached_tokens.unwrap_or(0),
                output_tokens: call.written,
            },
            timing: call.timing(),
            energy_j: known(call.energy_j, pools.iter().all(|pool| pool.draw.is_some())),
            cost_usd: known(call.cost_usd, pools.iter().all(|pool| pool.usd_per_hour.is_some())),
            words: None,
        };
        self.tell(id, CompletionEvent::Served(served));
        self.forget(id, |counts| counts.served += 1);
    }

    /// Lets later prompts find the reply of a call that is served, where the group that wrote it
    /// reads them. The reply's last token has no KV: nothing was written after it.
    fn keep_reply(&mut self, id: CallId) {
        let call = self.calls.get_mut(&id).expect("a call that is served exists");
        let group = &mut self.groups[call.first_group];
        let part = call.reply_part.and_then(|part| part.once_complete(call.written));
        if let (Role::All, Some(part)) = (group.role, part) {
            let written = call.tokens() - 1;
            call.chain.push(&part);
            group.memory.publish(&call.chain, &mut call.first_held, written);
        }
    }

    /// Answers a call with an error and forgets it.
    fn fail(&mut self, id: CallId, error: ModelError) {
        self.tell(id, CompletionEvent::Failed(error));
        self.forget(id, |counts| counts.failed += 1);
    }

    /// Takes a call that was given up out of whatever it is in.
    fn withdraw(&mut self, id: CallId) {
        if self.calls.contains_key(&id) {
            self.forget(id, |_| {});
        }
    }

    /// Frees all that a call holds, and lets those who waited for it try again.
    fn forget(&mut self, id: CallId, count: impl FnOnce(&mut Counts)) {
        let Some(mut call) = self.calls.remove(&id) else {
            return;
        };
        match call.muted {
            true => self.counts.cancelled += 1,
            false => count(&mut self.counts),
        }
        self.leave(id, &mut call);
    }

    /// Takes a call out of its queue or batch, and frees its blocks.
    fn leave(&mut self, id: CallId, call: &mut Call) {
        if matches!(call.place, Place::FrontEnd) {
            return;
        }
        let first = call.first_group;
        let group = &mut self.groups[first];
        group.queue.retain(|queued| *queued != id);
        group.running.retain(|running| *running != id);
        if matches!(call.place, Place::Parked | Place::Moving) {
            group.holding -= 1;
        }
        group.memory.release(&call.chain, &mut call.first_held);
        self.form_soon(first);
        if let Some(decode) = call.decode_group.take() {
            let group = &mut self.groups[decode];
            group.queue.retain(|queued| *queued != id);
            group.running.retain(|running| *running != id);
            if call.place == Place::Moving {
                group.holding -= 1;
            }
            group.memory.release(&call.chain, &mut call.decode_held);
            self.form_soon(decode);
        }
    }

    /// Forms the group's next batch at the end of this instant.
    fn form_soon(&mut self, group: usize) {
        let state = &mut self.groups[group];
        if !state.forming {
            state.forming = true;
            self.agenda.add(self.now, Event::FormStep { group });
        }
    }

    fn arrive(&mut self, id: CallId) {
        if !self.calls.contains_key(&id) {
            return;
        }
        let first = self.least_outstanding(|role| role != Role::Decode);
        let call = self.calls.get_mut(&id).expect("looked up above");
        call.first_group = first;
        call.place = Place::Waiting;
        call.enter(self.now, Phase::Queue);
        self.groups[first].queue.push_back(id);
        self.form_soon(first);
    }

    /// The group with the fewest calls among those of a role; ties go to the first.
    fn least_outstanding(&self, role: impl Fn(Role) -> bool) -> usize {
        let groups = self.groups.iter().enumerate().filter(|(_, group)| role(group.role));
        let least = groups.min_by_key(|(_, group)| group.outstanding());
        least.map(|(index, _)| index).expect("a machine has a group of every role it uses")
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
        let mut state = Call::new(at, input, reply, work.stream);
        if let Some(tokens) = &work.tokens
            && self.deployment.prefix_cache
            && !tokens.prompt.is_empty()
        {
            state.chain = Chain::of(&tokens.prompt);
            state.reply_part = tokens.reply_part;
        }
        match refusal {
            Some(error) => {
                state.refusal = Some(error);
                self.agenda.add(at, Event::Refuse(call));
            }
            None => self.agenda.add(at + self.deployment.front_end, Event::Arrive(call)),
        }
        let before = self.calls.insert(call, state);
        assert!(before.is_none(), "a call's number is used once");
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
        if let Some(state) = self.calls.get_mut(&call) {
            state.muted = true;
            self.agenda.add(at.max(self.now), Event::Cancel(call));
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
        }
    }

    fn estimate(&self, at: Instant, work: &Submission) -> Option<Estimate> {
        self.expected(at, work)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod prefix_tests;
#[cfg(test)]
mod tests;
