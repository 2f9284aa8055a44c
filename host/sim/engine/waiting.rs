//! Who waits for a group, and who is next.

use std::collections::{BTreeMap, VecDeque};

use timeslip_timeline::time::Instant;

use super::call::Call;
use super::calls::{CallSlot, Calls};
use crate::profile::Policy;

/// A chat's place in a queue. One that left meanwhile, or was given up, is passed over when it
/// would be next.
#[derive(Clone, Copy, Debug)]
struct Entry {
    slot: CallSlot,
    /// How often the chat had come to a queue or left one.
    moves: u64,
}

impl Entry {
    fn is_here(&self, calls: &Calls) -> bool {
        calls.get(self.slot).is_some_and(|call| call.moves == self.moves)
    }
}

/// The chats that wait for one group.
#[derive(Debug)]
pub(crate) struct Waiting {
    policy: Policy,
    /// Those that lost their memory, before all others.
    first: VecDeque<Entry>,
    in_order: VecDeque<Entry>,
    /// Of the other policies: by the prompt's tokens or the latest start, then by coming.
    by_key: BTreeMap<(u64, u64), Entry>,
    /// Those that can no longer meet the objective, by their coming.
    late: BTreeMap<u64, Entry>,
    came: u64,
    count: u64,
}

impl Waiting {
    pub(crate) fn new(policy: Policy) -> Waiting {
        Waiting {
            policy,
            first: VecDeque::new(),
            in_order: VecDeque::new(),
            by_key: BTreeMap::new(),
            late: BTreeMap::new(),
            came: 0,
            count: 0,
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// Those that wait.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// A chat comes, which meets the objective if it is begun by `latest_start`.
    pub(crate) fn push(&mut self, slot: CallSlot, call: &mut Call, latest_start: Instant) {
        let entry = self.enter(slot, call);
        match self.policy {
            Policy::Fcfs => self.in_order.push_back(entry),
            Policy::ShortestPrompt => self.push_by(call.input_tokens, entry),
            Policy::SloAware => self.push_by(latest_start.as_nanos(), entry),
        }
    }

    /// A chat that lost its memory comes back.
    pub(crate) fn push_first(&mut self, slot: CallSlot, call: &mut Call) {
        let entry = self.enter(slot, call);
        self.first.push_front(entry);
    }

    fn enter(&mut self, slot: CallSlot, call: &mut Call) -> Entry {
        self.count += 1;
        self.came += 1;
        call.moves += 1;
        Entry { slot, moves: call.moves }
    }

    fn push_by(&mut self, key: u64, entry: Entry) {
        self.by_key.insert((key, self.came), entry);
    }

    /// A chat that waits here is given up, or goes elsewhere.
    pub(crate) fn left(&mut self, call: &mut Call) {
        self.count -= 1;
        call.moves += 1;
    }

    /// Who is next, if anybody.
    pub(crate) fn next(&mut self, now: Instant, calls: &Calls) -> Option<CallSlot> {
        if self.count == 0 {
            return None;
        }
        if let Some(slot) = front_here(&mut self.first, calls) {
            return Some(slot);
        }
        match self.policy {
            Policy::Fcfs => front_here(&mut self.in_order, calls),
            Policy::ShortestPrompt | Policy::SloAware => {
                self.set_late_ones_aside(now);
                first_here(&mut self.by_key, calls).or_else(|| first_here(&mut self.late, calls))
            }
        }
    }

    /// Takes the one out that [`Waiting::next`] gave.
    pub(crate) fn take_next(&mut self) {
        self.count -= 1;
        if self.first.pop_front().is_some() {
            return;
        }
        match self.policy {
            Policy::Fcfs => {
                self.in_order.pop_front();
            }
            Policy::ShortestPrompt | Policy::SloAware => {
                if self.by_key.pop_first().is_none() {
                    self.late.pop_first();
                }
            }
        }
    }

    /// Whether who is next can change by the passing of time alone.
    pub(crate) fn depends_on_time(&self) -> bool {
        self.policy == Policy::SloAware && self.count > 0
    }

    fn set_late_ones_aside(&mut self, now: Instant) {
        if self.policy != Policy::SloAware {
            return;
        }
        while let Some(entry) = self.by_key.first_entry()
            && entry.key().0 < now.as_nanos()
        {
            let ((_, came), slot) = entry.remove_entry();
            self.late.insert(came, slot);
        }
    }
}

fn front_here(waiting: &mut VecDeque<Entry>, calls: &Calls) -> Option<CallSlot> {
    while let Some(entry) = waiting.front() {
        if entry.is_here(calls) {
            return Some(entry.slot);
        }
        waiting.pop_front();
    }
    None
}

fn first_here<K: Ord>(waiting: &mut BTreeMap<K, Entry>, calls: &Calls) -> Option<CallSlot> {
    while let Some(entry) = waiting.first_entry() {
        if entry.get().is_here(calls) {
            return Some(entry.get().slot);
        }
        entry.remove();
    }
    None
}
