//! Which group a chat goes to.

use super::ModelledMachine;
use super::call::{Phase, Place};
use super::calls::CallSlot;
use super::group::Duty;
use crate::profile::Routing;

impl ModelledMachine {
    /// Has a call wait for the group that is to read it; until one is up, where none is.
    pub(super) fn route(&mut self, slot: CallSlot) {
        let Some(group) = self.reader_for(slot) else {
            return self.strand(slot);
        };
        let call = &mut self.calls[slot];
        call.place = Place::Waiting;
        call.queued_at = self.now;
        call.enter(self.now, Phase::Queue);
        let (tokens, submitted_at) = (call.input_tokens, call.submitted_at);
        let latest_start =
            self.deployment.first_token_objective.map_or(submitted_at, |objective| {
                let reading = self.groups[group].reading_span(tokens);
                submitted_at + objective.saturating_sub(reading)
            });
        self.enter_group(group, slot);
        let state = &mut self.groups[group];
        state.waiting.push(slot, &mut self.calls[slot], latest_start);
        // A full batch takes nobody before one of it is done.
        if state.batched() < self.deployment.calls_per_step {
            self.form_soon(group);
        }
    }

    /// No group that could take the call is up.
    pub(super) fn strand(&mut self, slot: CallSlot) {
        let call = &mut self.calls[slot];
        call.place = Place::Stranded;
        call.unread = call.tokens();
        call.enter(self.now, Phase::Queue);
        self.stranded.push_back(slot);
    }

    /// The group with the fewest calls among those of a duty that are up; ties go to the first.
    pub(super) fn least_outstanding(&self, duty: Duty) -> Option<usize> {
        let groups = self.groups.iter().enumerate();
        let of_duty = groups.filter(|(_, group)| group.duty == duty && !group.is_down());
        of_duty.min_by_key(|(_, group)| group.outstanding()).map(|(index, _)| index)
    }

    fn reader_for(&mut self, slot: CallSlot) -> Option<usize> {
        let duty = self.groups[0].duty;
        match self.deployment.routing {
            Routing::LeastOutstanding => self.least_outstanding(duty),
            Routing::RoundRobin => self.next_in_turn(duty),
            Routing::PrefixAffinity => self.least_to_do(duty, slot),
        }
    }

    fn next_in_turn(&mut self, duty: Duty) -> Option<usize> {
        let readers = self.groups.iter().take_while(|group| group.duty == duty).count();
        let turns = (self.turn..readers).chain(0..self.turn.min(readers));
        let next = turns.into_iter().find(|group| !self.groups[*group].is_down())?;
        self.turn = (next + 1) % readers;
        Some(next)
    }

    /// The group with the fewest tokens: those of this prompt that it does not have in memory, and
    /// those of the prompts of the chats it has.
    fn least_to_do(&mut self, duty: Duty, slot: CallSlot) -> Option<usize> {
        let mut least: Option<(u64, usize)> = None;
        // The most blocks of this prompt that any group so far has.
        let mut deepest = 0;
        for group in 0..self.groups.len() {
            if self.groups[group].duty != duty || self.groups[group].is_down() {
                continue;
            }
            if self.groups[group].series.evicts {
                self.settle(group);
            }
            let call = &self.calls[slot];
            let state = &self.groups[group];
            let most = call.input_tokens.saturating_sub(1) / self.deployment.block_tokens;
            let prefixes = &state.memory.prefixes;
            let to_do_with = |blocks: u64| {
                call.input_tokens - blocks * self.deployment.block_tokens + state.prompt_tokens
            };
            // A group that has no more of the prompt than another need not be searched.
            let has_more = || deepest < most && prefixes.has_block(&call.chain, deepest);
            if least.is_some_and(|(least, _)| to_do_with(deepest) >= least) && !has_more() {
                continue;
            }
            let found = prefixes.find_blocks(&call.chain, most);
            deepest = deepest.max(found);
            let to_do = to_do_with(found);
            if least.is_none_or(|(least, _)| to_do < least) {
                least = Some((to_do, group));
            }
        }
        least.map(|(_, group)| group)
    }
}
