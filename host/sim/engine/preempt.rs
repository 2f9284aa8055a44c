//! A chat loses its memory to an older one: its KV is computed again, or swapped out and back.

use super::ModelledMachine;
use super::call::{Phase, Place};
use super::calls::CallSlot;
use super::group::Duty;
use crate::profile::Preemption;

impl ModelledMachine {
    /// Takes a call's memory away. What it has written is kept; its KV is read again, or comes back
    /// from where it was swapped to. It is the next to be admitted.
    pub(super) fn preempt(&mut self, group: usize, slot: CallSlot) {
        self.counts.preempted += 1;
        let call = &self.calls[slot];
        let (first, decode, tokens) = (call.first_group, call.decode_group, call.tokens());
        let present = tokens - call.unread;
        // A call that no longer fits one of its groups would wait for ever.
        let mut groups = [Some(first), decode].into_iter().flatten();
        let full = groups.find(|group| !self.could_hold(*group, tokens));
        let swaps = full.is_none()
            && self.deployment.preemption == Preemption::Swap
            && self.tiers.swap_out(group, self.now, self.deployment.transfer_bytes(present));
        self.leave(slot);
        let call = &mut self.calls[slot];
        call.enter(self.now, Phase::Queue);
        if let Some(full) = full {
            return self.fail_full(full, slot, tokens);
        }
        let call = &mut self.calls[slot];
        call.swapped = if swaps { present } else { 0 };
        call.unread = if swaps { tokens - present } else { tokens };
        if swaps && self.groups[group].duty == Duty::Write {
            call.place = Place::Parked;
        } else {
            call.place = Place::Waiting;
            call.queued_at = self.now;
        }
        let back_to = if call.place == Place::Parked { group } else { first };
        if self.groups[back_to].is_down() {
            return self.route(slot);
        }
        self.enter_group(back_to, slot);
        self.groups[back_to].waiting.push_first(slot, &mut self.calls[slot]);
        self.form_soon(back_to);
    }
}
