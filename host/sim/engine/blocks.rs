//! The memory for KV of one group, counted in blocks.

/// Blocks of a group's memory: free, used by chats, or cached for chats to come. The law
/// `free + used + cached = total` is asserted at every change.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    total: u64,
    free: u64,
    used: u64,
    cached: u64,
}

impl Blocks {
    pub(crate) fn new(total: u64) -> Blocks {
        Blocks { total, free: total, used: 0, cached: 0 }
    }

    /// Blocks that chats hold; those that several hold count once.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Blocks that no chat holds and whose contents are kept.
    pub(crate) fn cached(&self) -> u64 {
        self.cached
    }

    /// Blocks that chats could take: what is cached gives way to them.
    pub(crate) fn available(&self) -> u64 {
        self.free + self.cached
    }

    /// Cached blocks that must give way before this many are free.
    pub(crate) fn missing(&self, blocks: u64) -> u64 {
        blocks.saturating_sub(self.free)
    }

    /// A chat takes free blocks.
    pub(crate) fn take(&mut self, blocks: u64) {
        shift(&mut self.free, &mut self.used, blocks);
        self.assert_law();
    }

    /// A chat gives blocks back.
    pub(crate) fn give_back(&mut self, blocks: u64) {
        shift(&mut self.used, &mut self.free, blocks);
        self.assert_law();
    }

    /// The last chat that held these blocks leaves them with their contents.
    pub(crate) fn keep(&mut self, blocks: u64) {
        shift(&mut self.used, &mut self.cached, blocks);
        self.assert_law();
    }

    /// A chat takes cached blocks for their contents.
    pub(crate) fn reuse(&mut self, blocks: u64) {
        shift(&mut self.cached, &mut self.used, blocks);
        self.assert_law();
    }

    /// Cached blocks lose their contents.
    pub(crate) fn evict(&mut self, blocks: u64) {
        shift(&mut self.cached, &mut self.free, blocks);
        self.assert_law();
    }

    fn assert_law(&self) {
        let whole = self.free + self.used + self.cached;
        assert_eq!(whole, self.total, "KV blocks: free + used + cached = total");
    }
}

/// # Panics
/// When fewer blocks are there than are moved: a defect of this program.
fn shift(from: &mut u64, to: &mut u64, blocks: u64) {
    *from = from.checked_sub(blocks).expect("only blocks that are there are moved");
    *to += blocks;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_go_round_and_none_is_lost() {
        let mut blocks = Blocks::new(10);
        blocks.take(7);
        blocks.keep(4);
        assert_eq!((blocks.used(), blocks.cached(), blocks.available()), (3, 4, 7));
        assert_eq!((blocks.missing(3), blocks.missing(5)), (0, 2));
        blocks.reuse(1);
        blocks.evict(3);
        blocks.give_back(4);
        assert_eq!((blocks.used(), blocks.cached(), blocks.available()), (0, 0, 10));
    }

    #[test]
    #[should_panic(expected = "only blocks that are there")]
    fn a_block_that_is_not_there_is_a_defect() {
        Blocks::new(10).give_back(1);
    }
}
