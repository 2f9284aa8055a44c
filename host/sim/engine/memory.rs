//! A group's memory for KV: what its chats hold, alone and together, and what is kept of the past.
//!
//! There are two kinds of blocks. A block of a prompt is as many tokens
//! as the machine's profile says. A block of memory
//! is what such a block takes in the layers that look back at all tokens; in models with windows
//! the first blocks of a prompt take more, since the windows' KV is counted with them. So what is
//! cached of a long prompt can be taken up at any of its blocks, also where the window of that
//! place would have been overwritten. The state of recurrent layers is each chat's own: it is not
//! cached with a prompt, of which it is taken to be known at any block.
//!
//! Where a machine keeps no prefixes, the chains of its chats are empty, and all that a chat holds
//! is its own.

use std::sync::Arc;

use super::blocks::Blocks;
use super::chain::Chain;
use super::prefix::PrefixCache;
use crate::deployment::DeployedPool;

/// The memory of one group.
#[derive(Debug)]
pub(crate) struct Memory {
    pool: Arc<DeployedPool>,
    blocks: Blocks,
    pub(crate) prefixes: PrefixCache,
}

/// What a chat holds of a group's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Leading blocks of its prompt that others find, and may hold too.
    pub(crate) shared: u64,
    /// The memory of those, in blocks of memory.
    shared_memory: u64,
    /// Blocks of memory that are its own.
    pub(crate) own: u64,
}

impl Memory {
    pub(crate) fn new(pool: Arc<DeployedPool>) -> Memory {
        let blocks = Blocks::new(pool.placement.blocks);
        Memory { pool, blocks, prefixes: PrefixCache::default() }
    }

    /// Blocks of memory that chats hold, each counted once.
    pub(crate) fn used(&self) -> u64 {
        self.blocks.used()
    }

    /// Blocks of memory that are kept for chats to come.
    #[cfg(test)]
    pub(crate) fn cached(&self) -> u64 {
        self.blocks.cached()
    }

    fn block_tokens(&self) -> u64 {
        self.pool.placement.block_tokens
    }

    /// Blocks of memory that chats could take.
    pub(crate) fn available(&self) -> u64 {
        self.blocks.available()
    }

    /// Blocks of memory that chats could take before anything cached gives way.
    pub(crate) fn free(&self) -> u64 {
        self.blocks.available() - self.blocks.cached()
    }

    /// Blocks of memory that a chat lacks for `tokens`.
    pub(crate) fn lacks(&self, held: &Held, tokens: u64) -> u64 {
        let wanted = self.pool.placement.blocks_for(tokens);
        wanted.saturating_sub(held.shared_memory + held.own)
    }

    /// Blocks of memory of the first so many blocks of a prompt.
    fn of_first(&self, blocks: u64) -> u64 {
        self.pool.placement.shared_blocks_for(blocks * self.block_tokens())
    }

    /// Gives a chat that holds nothing memory for `tokens`, of which it finds as much cached as
    /// there is; one token is left to read, since its successor is wanted. Returns the tokens that
    /// it found, or changes nothing where memory lacks.
    pub(crate) fn admit(&mut self, chain: &Chain, held: &mut Held, tokens: u64) -> Option<u64> {
        let found = self.prefixes.find(chain, tokens.saturating_sub(1) / self.block_tokens());
        let shared_memory = self.of_first(found.blocks);
        let own = self.pool.placement.blocks_for(tokens) - shared_memory;
        let revived = shared_memory - self.of_first(found.held);
        if own + revived > self.blocks.available() {
            return None;
        }
        self.blocks.reuse(revived);
        self.prefixes.begin_use();
        for (link, end) in chain.links_between(0, found.blocks) {
            self.prefixes.hold(link, link.first, end);
        }
        *held = Held { shared: found.blocks, shared_memory, own: 0 };
        self.take(held, own);
        Some(found.blocks * self.block_tokens())
    }

    /// Brings a chat to memory for `tokens`, or changes nothing and says `false`.
    pub(crate) fn grow(&mut self, held: &mut Held, tokens: u64) -> bool {
        let more = self.lacks(held, tokens);
        if more > self.blocks.available() {
            return false;
        }
        if more > 0 {
            self.take(held, more);
        }
        true
    }

    /// Takes memory that is available; what is cached gives way.
    fn take(&mut self, held: &mut Held, blocks: u64) {
        let missing = self.blocks.missing(blocks);
        if missing > 0 {
            let placement = &self.pool.placement;
            let memory = |blocks| placement.shared_blocks_for(blocks * placement.block_tokens);
            self.blocks.evict(self.prefixes.evict(missing, memory));
        }
        self.blocks.take(blocks);
        held.own += blocks;
    }

    /// Lets others find the whole blocks of a chat's first `written` tokens, which are read or
    /// written now. Of blocks that another chat has made meanwhile, the chat gives its own back.
    pub(crate) fn publish(&mut self, chain: &Chain, held: &mut Held, written: u64) {
        let to = chain.blocks().min(written / self.block_tokens());
        if to <= held.shared {
            return;
        }
        self.prefixes.begin_use();
        for (link, end) in chain.links_between(held.shared, to) {
            let from = held.shared;
            let [before, _] = self.prefixes.hold(link, from, end);
            let known = before.run.clamp(from, end);
            let twice = self.of_first(known) - self.of_first(from);
            let revived = self.of_first(known) - self.of_first(before.held.clamp(from, known));
            self.blocks.reuse(revived);
            self.blocks.give_back(twice);
            let memory = self.of_first(end);
            held.own -= memory - held.shared_memory;
            held.shared_memory = memory;
            held.shared = end;
        }
    }

    /// Takes all that a chat holds. What is shared stays, and gives way when memory lacks.
    pub(crate) fn release(&mut self, chain: &Chain, held: &mut Held) {
        self.prefixes.begin_use();
        for (link, end) in chain.links_between(0, held.shared) {
            let [before, after] = self.prefixes.hold(link, end, link.first);
            self.blocks.keep(self.of_first(before.held) - self.of_first(after.held));
        }
        self.blocks.give_back(held.own);
        *held = Held::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::examples::part;

    const BLOCK_TOKENS: u64 = 16;

    /// A model with as much KV in a window of 128 tokens as beside it: each of the first eight
    /// blocks of a prompt takes two blocks of memory.
    fn with_windows() -> Memory {
        let deployment = Catalogue::built_in().deploy("dgx-spark", Some("gpt-oss-120b")).unwrap();
        let mut pool = (*deployment.pools[0]).clone();
        pool.placement.blocks = 40;
        Memory::new(Arc::new(pool))
    }

    fn counts(memory: &Memory) -> (u64, u64) {
        (memory.used(), memory.cached())
    }

    #[test]
    fn the_kv_of_windows_is_shared_with_the_first_blocks() {
        let mut memory = with_windows();
        let chain = Chain::of(&[part(1, 64), part(2, 256)], BLOCK_TOKENS);
        let (mut one, mut two) = (Held::default(), Held::default());
        assert_eq!(memory.admit(&chain, &mut one, 325), Some(0));
        assert_eq!(one.own, 21 + 8);
        memory.publish(&chain, &mut one, 100);
        assert_eq!((one.shared, one.own), (6, 29 - 12));
        memory.publish(&chain, &mut one, 325);
        assert_eq!((one.shared, one.own), (20, 1));
        // The second finds six blocks, shares them, and needs what the first has not given back.
        assert_eq!(memory.admit(&chain, &mut two, 97), Some(96));
        assert_eq!((two.shared, two.own), (6, 2));
        assert_eq!(counts(&memory), (29 + 2, 0));
        memory.release(&chain, &mut one);
        assert_eq!(counts(&memory), (12 + 2, 16));
        memory.release(&chain, &mut two);
        assert_eq!(counts(&memory), (0, 28));
    }

    #[test]
    fn what_is_cached_gives_way_and_is_not_counted_as_room_for_itself() {
        let mut memory = with_windows();
        let chain = Chain::of(&[part(1, 320)], BLOCK_TOKENS);
        let mut one = Held::default();
        assert_eq!(memory.admit(&chain, &mut one, 320), Some(0));
        memory.publish(&chain, &mut one, 320);
        memory.release(&chain, &mut one);
        assert_eq!(counts(&memory), (0, 28));
        // 28 cached and 12 free: 33 blocks of a prompt fit only with what is cached left in place.
        assert_eq!(memory.admit(&chain, &mut one, 33 * BLOCK_TOKENS), None);
        assert_eq!((one, counts(&memory)), (Held::default(), (0, 28)));
        assert_eq!(memory.admit(&chain, &mut one, 32 * BLOCK_TOKENS), Some(320));
        assert_eq!(counts(&memory), (40, 0));
        memory.release(&chain, &mut one);
        // 17 blocks of memory evict five, which are the prompt's last five blocks.
        assert!(memory.grow(&mut one, 8 * BLOCK_TOKENS + 1));
        assert_eq!(counts(&memory), (17, 23));
        assert_eq!(memory.prefixes.find(&chain, 99).blocks, 15);
    }
}
