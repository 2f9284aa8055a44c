//! Runs of cached blocks in the order in which they give way: the one whose last use is the longest
//! ago first, and of those that were used together the one deepest in the prompt.
//!
//! Uses only ever become later, so the order is a queue to whose end each use adds what it touched.
//! An entry whose run was used again since says nothing more, and is passed over.

use std::cmp::Reverse;
use std::collections::VecDeque;

/// A run at one of its uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) key: u64,
    pub(crate) last_use: u64,
    /// Its first block in the prompt.
    pub(crate) first: u64,
}

/// The touches, from the least recent on.
#[derive(Debug, Default)]
pub(crate) struct Recency {
    order: VecDeque<Touch>,
    /// Those of the use under way.
    touched: Vec<Touch>,
}

impl Recency {
    /// Notes a touch of the use under way.
    pub(crate) fn touch(&mut self, touch: Touch) {
        self.touched.push(touch);
    }

    /// Ends the use under way. `runs` says how many runs there are, and `counts` whether a touch is
    /// the last one of its run: once most are not, they are dropped.
    pub(crate) fn end_use(&mut self, runs: usize, counts: impl Fn(&Touch) -> bool) {
        self.touched.sort_unstable_by_key(|touch| (Reverse(touch.first), touch.key));
        self.order.extend(self.touched.drain(..));
        if self.order.len() > 2 * runs + 1024 {
            self.order.retain(counts);
        }
    }

    /// The run that gives way first, of those for which `counts` holds.
    pub(crate) fn first(&mut self, counts: impl Fn(&Touch) -> bool) -> Option<Touch> {
        while let Some(touch) = self.order.front() {
            if counts(touch) {
                return Some(*touch);
            }
            self.order.pop_front();
        }
        None
    }
}
