//! Who is in the next step: admission, growth, and what a finished step leaves.

use timeslip_timeline::backend::CompletionEvent;
use timeslip_timeline::conversation::ModelError;

use super::ModelledMachine;
use super::agenda::Event;
use super::call::{Call, Phase, Place};
use super::calls::CallSlot;
use super::group::{Duty, Share};
use crate::text::count;

impl ModelledMachine {
    /// Forms the group's next batch, if it is free and has anything to do.
    pub(super) fn form_step(&mut self, group: usize) {
        if self.groups[group].is_down() {
            return;
        }
        self.settle(group);
        if self.groups[group].duty == Duty::Write {
            self.fetch(group);
        }
        if self.groups[group].step.is_some() {
            return;
        }
        let mut shares = self.groups[group].take_shares();
        let preempted = self.write_shares(group, &mut shares);
        let writes = shares.len();
        if self.groups[group].duty != Duty::Write {
            self.read_shares(group, !preempted, &mut shares);
        }
        if shares.is_empty() {
            self.groups[group].keep_shares(shares);
            return;
        }
        let only_writes = writes == shares.len() && writes == self.groups[group].running.len();
        let steps = if only_writes { self.steps_to_sum(group) } else { 1 };
        let state = &mut self.groups[group];
        let ends_at = match only_writes {
            true => state.begin_series(self.now, shares, steps),
            false => state.begin(self.now, shares),
        };
        state.ticket += 1;
        self.busy.begin(self.now);
        let event = Event::EndStep { group, ticket: state.ticket };
        self.agenda.add(ends_at, event);
    }

    /// Gives every reply under way its next token, and memory for it and for what is proposed beyond
    /// it, as far as there is any. Says whether a call lost its memory to another.
    fn write_shares(&mut self, group: usize, shares: &mut Vec<(CallSlot, Share)>) -> bool {
        let mut preempted = false;
        let mut index = 0;
        let mut room = self.deployment.draft_room();
        while let Some(slot) = self.groups[group].running.get(index).copied() {
            let call = &self.calls[slot];
            let (unread, context) = (call.unread, call.tokens());
            if unread > 0 {
                index += 1;
                continue;
            }
            let mut left = room;
            let mut proposed = self.deployment.proposed(context, &mut left);
            if !self.grow(group, slot, context + proposed) {
                proposed = 0;
            }
            if self.grow(group, slot, context) {
                room = if proposed > 0 { left } else { room };
                shares.push((slot, Share::Write { context, proposed }));
                index += 1;
            } else if !self.could_hold(group, context) {
                self.fail_full(group, slot, context);
            } else {
                preempted = true;
                let newest = *self.groups[group].running.last().expect("a call is running");
                self.preempt(group, newest);
            }
        }
        preempted
    }

    /// Chunks of prompts, those under way first, then those that wait in their order while they fit.
    fn read_shares(&mut self, group: usize, admit: bool, shares: &mut Vec<(CallSlot, Share)>) {
        let mut budget = self.deployment.tokens_per_step.saturating_sub(shares.len() as u64);
        for slot in &self.groups[group].running {
            read_chunk(*slot, &self.calls[*slot], &mut budget, shares);
        }
        while admit && budget > 0 {
            let state = &mut self.groups[group];
            if state.batched() >= self.deployment.calls_per_step {
                break;
            }
            let Some(slot) = state.waiting.next(self.now, &self.calls) else {
                break;
            };
            // A batch that would be empty without it is decided when it comes.
            let is_planned = shares.is_empty() || self.is_planned(group, slot);
            if !is_planned || !self.admit(group, slot) {
                break;
            }
            let call = &self.calls[slot];
            if call.place == Place::Running {
                read_chunk(slot, call, &mut budget, shares);
            }
        }
    }

    /// Whether a call was there when the batch that is formed now was decided: where that is done a
    /// step ahead, when the step that ends now began.
    fn is_planned(&self, group: usize, slot: CallSlot) -> bool {
        let last_step = self.groups[group].last_step.filter(|(_, end)| *end == self.now);
        !self.deployment.plans_ahead
            || last_step.is_none_or(|(began, _)| self.calls[slot].queued_at <= began)
    }

    /// Takes the next of those that wait into the batch, or says that memory lacks.
    fn admit(&mut self, group: usize, slot: CallSlot) -> bool {
        let state = &mut self.groups[group];
        let call = &mut self.calls[slot];
        let tokens = call.tokens();
        let Some(cached) = state.memory.admit(&call.chain, &mut call.first_held, tokens) else {
            return false;
        };
        state.waiting.take_next();
        call.read_since = self.now;
        let swapped = std::mem::take(&mut call.swapped);
        // What was swapped out was read before; what is left to read stays that.
        call.unread = tokens - cached.max(swapped);
        call.was_admitted = true;
        if self.load_from_tiers(group, slot, cached, swapped) {
            return true;
        }
        let call = &mut self.calls[slot];
        // What a preempted call finds again when it comes back was once read for it.
        call.cached_tokens.get_or_insert(cached);
        call.place = Place::Running;
        call.enter(self.now, Phase::Prefill);
        self.groups[group].running.push(slot);
        true
    }

    /// Takes memory for `tokens` of a call in a group.
    pub(super) fn grow(&mut self, group: usize, slot: CallSlot, tokens: u64) -> bool {
        let state = &mut self.groups[group];
        let call = &mut self.calls[slot];
        let held = match state.duty {
            Duty::Write => &mut call.decode_held,
            Duty::Read | Duty::Both => &mut call.first_held,
        };
        state.memory.grow(held, tokens)
    }

    /// Whether a group's memory, all of it, would hold a call of this many tokens.
    pub(super) fn could_hold(&self, group: usize, tokens: u64) -> bool {
        let placement = &self.groups[group].pool.placement;
        placement.blocks_for(tokens) <= placement.blocks
    }

    pub(super) fn fail_full(&mut self, group: usize, slot: CallSlot, tokens: u64) {
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
        self.fail(slot, ModelError::ContextTooLong(message));
    }

    /// Ends a group's step: shares out its energy and cost, and moves its calls on.
    pub(super) fn end_step(&mut self, group: usize, ticket: u64) {
        if self.groups[group].ticket != ticket {
            return;
        }
        self.settle(group);
        let state = &mut self.groups[group];
        let step = state.step.take().expect("a step that ends was under way");
        self.busy.end(self.now);
        state.busy += self.now.since(step.began_at);
        state.last_step = Some((step.began_at, self.now));
        state.used += step.used;
        for (slot, share) in &step.shares {
            // A call that was given up meanwhile is gone; its share of the step is nobody's.
            let Some(call) = self.calls.get_mut(*slot) else {
                continue;
            };
            call.used += step.used_by_each;
            match *share {
                Share::Write { proposed, .. } => self.write_accepted(*slot, proposed),
                Share::Read { tokens, last, .. } => self.end_chunk(group, *slot, tokens, last),
            }
        }
        self.groups[group].keep_shares(step.shares);
        self.form_soon(group);
    }

    /// A chunk of a prompt is read: others find it from now on.
    fn end_chunk(&mut self, group: usize, slot: CallSlot, tokens: u64, last: bool) {
        let call = &mut self.calls[slot];
        call.unread -= tokens;
        let read = call.tokens() - call.unread;
        self.publish(group, slot, read);
        match (last, self.groups[group].duty) {
            (false, _) => {}
            (true, Duty::Read) => self.park(slot),
            (true, Duty::Both | Duty::Write) => self.write_token(slot),
        }
    }

    /// Lets later prompts find the first `written` tokens of a call.
    pub(super) fn publish(&mut self, group: usize, slot: CallSlot, written: u64) {
        let call = &mut self.calls[slot];
        if call.chain.links().is_empty() {
            return;
        }
        self.groups[group].memory.publish(&call.chain, &mut call.first_held, written);
        // The tiers get a prompt once it is whole, rather than each of its chunks.
        if call.unread == 0 {
            self.tiers.keep(group, &call.chain, call.first_held.shared);
        }
    }

    /// Writes the token that a step gives a call, and those of the proposed ones that are accepted,
    /// until its reply is complete.
    fn write_accepted(&mut self, slot: CallSlot, proposed: u64) {
        let call = &self.calls[slot];
        let accepted = self
            .deployment
            .speculation
            .as_ref()
            .map_or(0, |speculation| speculation.accepted(call.id, call.written, proposed));
        for _ in 0..=accepted {
            if self.calls.get(slot).is_some() {
                self.write_token(slot);
            }
        }
    }

    fn write_token(&mut self, slot: CallSlot) {
        let now = self.now;
        let call = &mut self.calls[slot];
        call.write_token(now);
        let limit = self.deployment.model.context_tokens;
        if call.reply.is_reached_by(call.written) {
            self.serve(slot);
        } else if call.tokens() >= limit {
            let message = format!(
                "prompt and reply have filled the {} tokens of `{}`'s context",
                count(limit),
                self.deployment.model.name
            );
            self.fail(slot, ModelError::ContextTooLong(message));
        } else if call.stream {
            let (output_tokens, timing) = (call.written, call.timing());
            self.tell(slot, CompletionEvent::Progress { output_tokens, timing, text: None });
        }
    }
}

fn read_chunk(slot: CallSlot, call: &Call, budget: &mut u64, shares: &mut Vec<(CallSlot, Share)>) {
    let tokens = call.unread.min(*budget);
    if tokens > 0 {
        *budget -= tokens;
        let past = call.tokens() - call.unread;
        shares.push((slot, Share::Read { past, tokens, last: tokens == call.unread }));
    }
}
