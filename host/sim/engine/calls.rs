//! The chats inside a machine, each in a slot that is found without a search.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use timeslip_timeline::backend::CallId;

use super::call::Call;

/// Where a chat stands in [`Calls`]. Slots are used again, so one that outlives its chat finds
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallSlot {
    index: u32,
    /// How often the slot had been taken before.
    turn: u32,
}

/// The chats inside a machine.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    entries: Vec<Entry>,
    free: Vec<u32>,
    slots: BTreeMap<CallId, CallSlot>,
}

#[derive(Debug)]
struct Entry {
    turn: u32,
    call: Option<Call>,
}

impl Calls {
    /// # Panics
    /// When a call of this number is inside already.
    pub(crate) fn insert(&mut self, call: Call) -> CallSlot {
        let id = call.id;
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry { turn: 0, call: None });
            (self.entries.len() - 1) as u32
        });
        let entry = &mut self.entries[index as usize];
        entry.call = Some(call);
        let slot = CallSlot { index, turn: entry.turn };
        let before = self.slots.insert(id, slot);
        assert!(before.is_none(), "a call's number is used once");
        slot
    }

    pub(crate) fn remove(&mut self, slot: CallSlot) -> Option<Call> {
        let entry = self.entries.get_mut(slot.index as usize)?;
        if entry.turn != slot.turn {
            return None;
        }
        let call = entry.call.take()?;
        entry.turn = entry.turn.wrapping_add(1);
        self.free.push(slot.index);
        self.slots.remove(&call.id);
        Some(call)
    }

    pub(crate) fn slot(&self, id: CallId) -> Option<CallSlot> {
        self.slots.get(&id).copied()
    }

    pub(crate) fn get(&self, slot: CallSlot) -> Option<&Call> {
        let entry = self.entries.get(slot.index as usize)?;
        entry.call.as_ref().filter(|_| entry.turn == slot.turn)
    }

    pub(crate) fn get_mut(&mut self, slot: CallSlot) -> Option<&mut Call> {
        let entry = self.entries.get_mut(slot.index as usize)?;
        entry.call.as_mut().filter(|_| entry.turn == slot.turn)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The calls in the order of their numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Call> {
        self.slots.values().map(|slot| &self[*slot])
    }

    /// The slots in the order of the calls' numbers.
    pub(crate) fn slots(&self) -> impl Iterator<Item = CallSlot> {
        self.slots.values().copied()
    }
}

impl Index<CallSlot> for Calls {
    type Output = Call;

    /// # Panics
    /// When the call is gone: a defect of this program.
    fn index(&self, slot: CallSlot) -> &Call {
        self.get(slot).expect("the call is inside")
    }
}

impl IndexMut<CallSlot> for Calls {
    fn index_mut(&mut self, slot: CallSlot) -> &mut Call {
        self.get_mut(slot).expect("the call is inside")
    }
}
