//! The KV cache of one group, counted in blocks.

/// Blocks of a KV cache. The law `free + used = total` is asserted at every change.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    total: u64,
    free: u64,
    used: u64,
}

impl Blocks {
    pub(crate) fn new(total: u64) -> Blocks {
        Blocks { total, free: total, used: 0 }
    }

    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Brings a chat that holds `held` blocks to `wanted`, or changes nothing and says `false`.
    pub(crate) fn grow(&mut self, held: &mut u64, wanted: u64) -> bool {
        let more = wanted.saturating_sub(*held);
        if more > self.free {
            return false;
        }
        self.free -= more;
        self.used += more;
        *held += more;
        self.assert_law();
        true
    }

    /// Gives back all blocks of a chat.
    pub(crate) fn release(&mut self, held: &mut u64) {
        self.used = self.used.checked_sub(*held).expect("a chat gives back only what it holds");
        self.free += *held;
        *held = 0;
        self.assert_law();
    }

    fn assert_law(&self) {
        assert_eq!(self.free + self.used, self.total, "KV blocks: free + used = total");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_gets_all_it_wants_or_nothing() {
        let mut blocks = Blocks::new(10);
        let (mut a, mut b) = (0, 0);
        assert!(blocks.grow(&mut a, 7));
        assert!(!blocks.grow(&mut b, 4));
        assert_eq!((a, b, blocks.used()), (7, 0, 7));
        assert!(blocks.grow(&mut a, 6), "fewer than it holds changes nothing");
        blocks.release(&mut a);
        assert_eq!((a, blocks.used()), (0, 0));
    }
}
