//! Who is in the next step: admission, growth, preemption, and what a finished step leaves.

use timeslip_timeline::backend::{CallId, CompletionEvent};
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use super::agenda::Event;
use super::call::{Phase, Place};
use super::group::Share;
use crate::profile::Role;
use crate::text::count;

impl ModelledMachine {
    /// Forms the group's next batch, if it is free and has anything to do.
    pub(super) fn form_step(&mut self, group: usize) {
        if self.groups[group].role == Role::Decode {
            self.fetch(group);
        }
        if self.groups[group].step.is_some() {
            return;
        }
        let mut shares = self.groups[group].take_shares();
        let preempted = self.write_shares(group, &mut shares);
        if self.groups[group].role != Role::Decode {
            self.read_shares(group, !preempted, &mut shares);
        }
        if shares.is_empty() {
            self.groups[group].keep_shares(shares);
            return;
        }
        let ends_at = self.groups[group].begin(self.now, shares);
        self.busy.begin(self.now);
        self.agenda.add(ends_at, Event::EndStep { group });
    }

    /// Gives every reply under way its next token, and memory for it. Says whether a call lost its
    /// memory to another.
    fn write_shares(&mut self, group: usize, shares: &mut Vec<(CallId, Share)>) -> bool {
        let mut preempted = false;
        let mut index = 0;
        while let Some(id) = self.groups[group].running.get(index).copied() {
            let (unread, context) = (self.calls[&id].unread, self.calls[&id].tokens());
            if unread > 0 {
                index += 1;
            } else if self.grow(group, id, context) {
                shares.push((id, Share::Write { context }));
                index += 1;
            } else if !self.could_hold(group, context) {
                self.fail_full(group, id, context);
            } else {
                preempted = true;
                let newest = *self.groups[group].running.last().expect("a call is running");
                self.preempt(newest);
            }
        }
        preempted
    }

    /// Chunks of prompts, those under way first, then the queue in its order while it fits.
    fn read_shares(&mut self, group: usize, admit: bool, shares: &mut Vec<(CallId, Share)>) {
        let mut budget = self.deployment.tokens_per_step.saturating_sub(shares.len() as u64);
        for index in 0..self.groups[group].running.len() {
            self.read_chunk(self.groups[group].running[index], &mut budget, shares);
        }
        while admit && budget > 0 {
            let state = &self.groups[group];
            let Some(id) = state.queue.front().copied() else {
                break;
            };
            if state.running.len() as u64 >= self.deployment.calls_per_step {
                break;
            }
            let state = &mut self.groups[group];
            let call = self.calls.get_mut(&id).expect("a queued call exists");
            let tokens = call.tokens();
            let Some(cached) = state.memory.admit(&call.chain, &mut call.first_held, tokens) else {
                break;
            };
            state.queue.pop_front();
            state.running.push(id);
            // What a preempted call finds again when it comes back was once read for it.
            call.cached_tokens.get_or_insert(cached);
            call.unread = tokens - cached;
            call.place = Place::Running;
            call.enter(self.now, Phase::Prefill);
            self.read_chunk(id, &mut budget, shares);
        }
    }

    fn read_chunk(&self, id: CallId, budget: &mut u64, shares: &mut Vec<(CallId, Share)>) {
        let call = &self.calls[&id];
        let tokens = call.unread.min(*budget);
        if tokens > 0 {
            *budget -= tokens;
            let past = call.tokens() - call.unread;
            shares.push((id, Share::Read { past, tokens, last: tokens == call.unread }));
        }
    }

    /// Takes memory for `tokens` of a call in a group.
    fn grow(&mut self, group: usize, id: CallId, tokens: u64) -> bool {
        let state = &mut self.groups[group];
        let call = self.calls.get_mut(&id).expect("a call in a group exists");
        let held = match state.role {
            Role::Decode => &mut call.decode_held,
            Role::Prefill | Role::All => &mut call.first_held,
        };
        state.memory.grow(held, tokens)
    }

    /// Whether a group's memory, all of it, would hold a call of this many tokens.
    fn could_hold(&self, group: usize, tokens: u64) -> bool {
        let placement = &self.groups[group].pool.placement;
        placement.blocks_for(tokens) <= placement.blocks
    }

    /// Takes a call's memory away. What it has written is kept and read again, first of all.
    fn preempt(&mut self, id: CallId) {
        self.counts.preempted += 1;
        let mut call = self.calls.remove(&id).expect("a running call exists");
        let (first, decode, tokens) = (call.first_group, call.decode_group, call.tokens());
        self.leave(id, &mut call);
        call.unread = tokens;
        call.place = Place::Waiting;
        call.enter(self.now, Phase::Queue);
        self.calls.insert(id, call);
        // A call that no longer fits one of its groups would wait for ever.
        let full = [Some(first), decode].into_iter().flatten();
        match full.into_iter().find(|group| !self.could_hold(*group, tokens)) {
            None => self.groups[first].queue.push_front(id),
            Some(group) => self.fail_full(group, id, tokens),
        }
    }

    fn fail_full(&mut self, group: usize, id: CallId, tokens: u64) {
        let pool = &self.groups[group].pool;
        let message = format!(
            "prompt and reply have reached {} tokens, whose KV takes {} blocks; a group of `{}`'s {} \
             has {}",
            count(tokens),
            count(pool.placement.blocks_for(tokens)),
            self.deployment.machine,
            pool.role.pool(),
            count(pool.placement.blocks)
        );
        self.fail(id, ModelError::ContextTooLong(message));
    }

    /// Ends a group's step: shares out its energy and cost, and moves its calls on.
    pub(super) fn end_step(&mut self, group: usize) {
        let step = self.groups[group].step.take().expect("a step that ends was under way");
        self.busy.end(self.now);
        let state = &mut self.groups[group];
        state.busy += step.span;
        let seconds = step.span.as_seconds_f64();
        let joules = step.watts.map_or(0.0, |watts| watts * seconds);
        state.energy_j += joules;
        let chips = state.pool.placement.chips as f64;
        let dollars = state.pool.usd_per_hour.map_or(0.0, |price| price * chips * seconds / 3600.0);
        let calls = step.shares.len() as f64;
        for (id, share) in &step.shares {
            // A call that was given up meanwhile is gone; its share of the step is nobody's.
            let Some(call) = self.calls.get_mut(id) else {
                continue;
            };
            call.energy_j += joules / calls;
            call.cost_usd += dollars / calls;
            match *share {
                Share::Write { .. } => self.write_token(*id),
                Share::Read { tokens, last, .. } => {
                    call.unread -= tokens;
                    let read = call.tokens() - call.unread;
                    let memory = &mut self.groups[group].memory;
                    memory.publish(&call.chain, &mut call.first_held, read);
                    match (last, self.groups[group].role) {
                        (false, _) => {}
                        (true, Role::Prefill) => self.park(*id),
                        (true, Role::All | Role::Decode) => self.write_token(*id),
                    }
                }
            }
        }
        self.groups[group].keep_shares(step.shares);
        self.form_soon(group);
    }

    fn write_token(&mut self, id: CallId) {
        let now = self.now;
        let call = self.calls.get_mut(&id).expect("a call that writes exists");
        call.write_token(now);
        let limit = self.deployment.model.context_tokens;
        if call.reply.is_reached_by(call.written) {
            self.serve(id);
        } else if call.tokens() >= limit {
            let message = format!(
                "prompt and reply have filled the {} tokens of `{}`'s context",
                count(limit),
                self.deployment.model.name
            );
            self.fail(id, ModelError::ContextTooLong(message));
        } else if call.stream {
            let (output_tokens, timing) = (call.written, call.timing());
            self.tell(id, CompletionEvent::Progress { output_tokens, timing });
        }
    }

    /// A prompt is read: its KV stays in the first group until the decode group has room.
    fn park(&mut self, id: CallId) {
        let decode = self.least_outstanding(|role| role == Role::Decode);
        let call = self.calls.get_mut(&id).expect("a call that was read exists");
        call.place = Place::Parked;
        call.decode_group = Some(decode);
        call.enter(self.now, Phase::Queue);
        let first = &mut self.groups[call.first_group];
        first.running.retain(|running| *running != id);
        first.holding += 1;
        self.groups[decode].queue.push_back(id);
        self.form_soon(decode);
    }

    /// Starts the transfers for which a decode group has room, in the order of its queue.
    fn fetch(&mut self, group: usize) {
        while let Some(id) = self.groups[group].queue.front().copied() {
            let state = &self.groups[group];
            let calls = state.running.len() as u64 + state.holding;
            let tokens = self.calls[&id].tokens();
            if calls >= self.deployment.calls_per_step || !self.grow(group, id, tokens) {
                return;
            }
            let state = &mut self.groups[group];
            state.queue.pop_front();
            state.holding += 1;
            self.start_transfer(id, tokens);
        }
    }

    /// Puts a prompt's KV on the link, behind those already there.
    fn start_transfer(&mut self, id: CallId, tokens: u64) {
        let link = self.deployment.link.expect("split pools have a link");
        let bytes = self.deployment.transfer_bytes(tokens);
        let (moving, arriving) = link.transfer_seconds(bytes);
        let starts_at = self.link_free_at.max(self.now);
        self.link_free_at = starts_at + Span::from_seconds_f64(moving);
        let arrives_at: Instant = starts_at + Span::from_seconds_f64(arriving);
        let call = self.calls.get_mut(&id).expect("a parked call exists");
        call.place = Place::Moving;
        call.transfer += 1;
        call.enter(self.now, Phase::Transfer);
        let transfer = call.transfer;
        self.busy.begin(self.now);
        self.agenda.add(arrives_at, Event::Deliver { call: id, transfer });
    }

    /// A prompt's KV is in the decode group: the first group need not hold it any longer.
    pub(super) fn deliver(&mut self, id: CallId, transfer: u64) {
        self.busy.end(self.now);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.place != Place::Moving || call.transfer != transfer {
            return;
        }
        call.place = Place::Writing;
        call.enter(self.now, Phase::Decode);
        let decode = call.decode_group.expect("a transfer has a destination");
        let first = call.first_group;
        let state = &mut self.groups[first];
        state.holding -= 1;
        state.memory.release(&call.chain, &mut call.first_held);
        self.groups[decode].holding -= 1;
        self.groups[decode].running.push(id);
        self.form_soon(first);
        self.form_soon(decode);
    }
}
