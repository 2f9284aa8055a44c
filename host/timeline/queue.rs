//! What is due, in one total order: by instant, then by the order in which it was scheduled.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Instant;

/// A queue of things that are due at an instant.
#[derive(Debug)]
pub struct DueQueue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    scheduled: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Instant,
    sequence: u64,
    due: T,
}

impl<T> DueQueue<T> {
    /// A queue of nothing.
    pub fn new() -> DueQueue<T> {
        DueQueue { heap: BinaryHeap::new(), scheduled: 0 }
    }

    /// Puts something in. Of things that are due at one instant the first put in is due first.
    pub fn schedule(&mut self, at: Instant, due: T) {
        self.heap.push(Reverse(Entry { at, sequence: self.scheduled, due }));
        self.scheduled += 1;
    }

    /// When the first thing is due; `None` when there is none.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// The first thing due at or before `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<T> {
        if self.next_at()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.due)
    }
}

impl<T> Default for DueQueue<T> {
    fn default() -> DueQueue<T> {
        DueQueue::new()
    }
}

impl<T> Entry<T> {
    /// One number, since queues of millions spend their time comparing.
    fn order(&self) -> u128 {
        u128::from(self.at.as_nanos()) << 64 | u128::from(self.sequence)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Entry<T>) -> bool {
        self.sequence == other.sequence
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Entry<T>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Entry<T>) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}
