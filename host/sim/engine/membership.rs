//! Which groups a call counts in, and what it leaves behind when it goes.

use super::call::Place;
use super::calls::CallSlot;
use super::group::Duty;
use super::{Counts, ModelledMachine};

impl ModelledMachine {
    /// Frees all that a call holds, and lets those who waited for it try again.
    pub(super) fn forget(&mut self, slot: CallSlot, count: impl FnOnce(&mut Counts)) {
        let Some(call) = self.calls.get(slot) else {
            return;
        };
        match call.muted {
            true => self.counts.cancelled += 1,
            false => count(&mut self.counts),
        }
        if call.place == Place::Stranded {
            self.stranded.retain(|stranded| *stranded != slot);
        }
        self.end_swap(slot);
        self.leave(slot);
        self.calls.remove(slot);
    }

    /// Counts a call in a group, which is to read it or, where another has, to write its reply.
    pub(super) fn enter_group(&mut self, group: usize, slot: CallSlot) {
        let state = &mut self.groups[group];
        let call = &mut self.calls[slot];
        state.prompt_tokens += call.input_tokens;
        match state.duty {
            Duty::Write => call.decode_group = Some(group),
            Duty::Read | Duty::Both => {
                call.first_group = group;
                call.is_in_first = true;
            }
        }
    }

    /// Takes a call out of its groups, and frees its blocks.
    pub(super) fn leave(&mut self, slot: CallSlot) {
        let call = &self.calls[slot];
        let (place, first, decode) = (call.place, call.first_group, call.decode_group);
        if call.is_in_first {
            self.settle(first);
            let (state, call) = (&mut self.groups[first], &mut self.calls[slot]);
            match place {
                Place::Waiting => state.waiting.left(call),
                Place::Running => state.running.retain(|running| *running != slot),
                Place::Loading => {
                    state.holding -= 1;
                    state.loading -= 1;
                }
                Place::Parked | Place::Moving => state.holding -= 1,
                Place::FrontEnd | Place::Stranded | Place::Writing => {}
            }
            call.is_in_first = false;
            state.prompt_tokens -= call.input_tokens;
            state.memory.release(&call.chain, &mut call.first_held);
            self.form_soon(first);
        }
        if let Some(decode) = decode {
            self.settle(decode);
            let (state, call) = (&mut self.groups[decode], &mut self.calls[slot]);
            match place {
                Place::Parked => state.waiting.left(call),
                Place::Moving => state.holding -= 1,
                _ => state.running.retain(|running| *running != slot),
            }
            call.decode_group = None;
            state.prompt_tokens -= call.input_tokens;
            state.memory.release(&call.chain, &mut call.decode_held);
            self.form_soon(decode);
        }
    }

    /// Gives up the room in a tier of a call that was swapped out.
    pub(super) fn end_swap(&mut self, slot: CallSlot) {
        let call = &mut self.calls[slot];
        let tokens = std::mem::take(&mut call.swapped);
        if tokens > 0 {
            let group = call.decode_group.unwrap_or(call.first_group);
            self.tiers.end_swap(group, self.deployment.transfer_bytes(tokens));
        }
    }
}
