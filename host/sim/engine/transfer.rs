//! A prompt's KV on its way from the pool that reads to the pool that writes.

use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use super::agenda::Event;
use super::call::{Phase, Place};
use super::calls::CallSlot;
use super::group::Duty;
use crate::profile::Sending;

/// The link between the pools: its paths, each with the instant from which it is free.
#[derive(Debug)]
pub(crate) struct Paths(Vec<Instant>);

impl Paths {
    pub(crate) fn new(paths: u64) -> Paths {
        Paths(vec![Instant::ZERO; paths.max(1) as usize])
    }

    /// When the path that is free first is free.
    pub(crate) fn free_at(&self) -> Instant {
        self.0.iter().copied().min().expect("a link has a path")
    }

    /// The path that is free first.
    fn first_free(&mut self) -> &mut Instant {
        self.0.iter_mut().min().expect("a link has a path")
    }
}

impl ModelledMachine {
    /// A prompt is read: its KV stays in the first group until the decode group has room.
    pub(super) fn park(&mut self, slot: CallSlot) {
        let call = &self.calls[slot];
        let first = call.first_group;
        let Some(decode) = self.least_outstanding(Duty::Write) else {
            self.leave(slot);
            return self.strand(slot);
        };
        let call = &mut self.calls[slot];
        call.place = Place::Parked;
        call.parked_at = self.now;
        call.enter(self.now, Phase::Queue);
        let submitted_at = call.submitted_at;
        let state = &mut self.groups[first];
        state.running.retain(|running| *running != slot);
        state.holding += 1;
        self.settle(decode);
        self.enter_group(decode, slot);
        self.groups[decode].waiting.push(slot, &mut self.calls[slot], submitted_at);
        self.form_soon(decode);
    }

    /// Starts the transfers for which a decode group has room, in the order of its queue.
    pub(super) fn fetch(&mut self, group: usize) {
        while let Some(slot) = self.groups[group].waiting.next(self.now, &self.calls) {
            let state = &self.groups[group];
            let calls = state.running.len() as u64 + state.holding;
            let tokens = self.calls[slot].tokens();
            if calls >= self.deployment.calls_per_step || !self.grow(group, slot, tokens) {
                return;
            }
            let state = &mut self.groups[group];
            state.waiting.take_next();
            state.holding += 1;
            let swapped = std::mem::take(&mut self.calls[slot].swapped);
            match swapped {
                0 => self.start_transfer(slot, tokens),
                tokens => self.swap_in(group, slot, tokens),
            }
        }
    }

    /// Puts a prompt's KV on the link, behind what is on its path already.
    fn start_transfer(&mut self, slot: CallSlot, tokens: u64) {
        let link = self.deployment.link.expect("split pools have a link");
        let bytes = self.deployment.transfer_bytes(tokens);
        let (moving, latency) = link.transfer_spans(bytes);
        let last_layer = self.deployment.moving_of_a_layer(moving);
        let call = &self.calls[slot];
        let path = self.paths.first_free();
        // Layer by layer the transfer begins with the reading, unless the call had to wait for room.
        let overlaps = link.sends == Sending::PerLayer && call.parked_at == self.now;
        let begins_at = if overlaps { call.read_since } else { self.now };
        let begins_at = begins_at.max(*path);
        // The last layer is known only when the prompt is read.
        let moved_at = (begins_at + moving).max(self.now + last_layer);
        *path = moved_at;
        self.travel(slot, moved_at + latency);
    }

    /// A call's KV will be in the group that waits for it at `arrives_at`.
    pub(super) fn travel(&mut self, slot: CallSlot, arrives_at: Instant) {
        let call = &mut self.calls[slot];
        call.place = if call.decode_group.is_some() { Place::Moving } else { Place::Loading };
        call.transfer += 1;
        call.enter(self.now, Phase::Transfer);
        let transfer = call.transfer;
        self.busy.begin(self.now);
        self.agenda.add(arrives_at, Event::Deliver { call: slot, transfer });
    }

    /// KV has arrived where it is needed.
    pub(super) fn deliver(&mut self, slot: CallSlot, transfer: u64) {
        self.busy.end(self.now);
        let Some(call) = self.calls.get_mut(slot) else {
            return;
        };
        if call.transfer != transfer {
            return;
        }
        match call.place {
            Place::Moving => self.deliver_to_decode(slot),
            Place::Loading => self.deliver_from_tier(slot),
            _ => {}
        }
    }

    /// A prompt's KV is in the decode group: the first group need not hold it any longer.
    fn deliver_to_decode(&mut self, slot: CallSlot) {
        let call = &self.calls[slot];
        let (first, decode) = (call.first_group, call.decode_group);
        let decode = decode.expect("a transfer has a destination");
        self.settle(decode);
        let call = &mut self.calls[slot];
        call.place = Place::Writing;
        call.enter(self.now, Phase::Decode);
        if call.is_in_first {
            call.is_in_first = false;
            let state = &mut self.groups[first];
            state.holding -= 1;
            state.prompt_tokens -= call.input_tokens;
            state.memory.release(&call.chain, &mut call.first_held);
            self.form_soon(first);
        }
        let state = &mut self.groups[decode];
        state.holding -= 1;
        state.running.push(slot);
        self.form_soon(decode);
    }
}
