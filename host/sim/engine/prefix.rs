//! The beginnings of prompts that stand in a group's memory, and who holds them.
//!
//! The blocks that end in one part of a prompt are a run: they have the part's key, are made from
//! the first on, and go from the last on. A chat that holds a block holds all blocks of its prompt
//! before it, so what chats hold of a run is its beginning, and the rest of the run may be evicted.
//!
//! Runs are evicted in a total order: the one whose last use is the longest ago comes first, and of
//! those that were used together the one deepest in the prompt. A use is a chat's coming, reading
//! or leaving; uses are numbered in the order of the clock and, at one instant, of events. So every
//! block that is here has all blocks before it here too, and look-ups need not walk.

use std::hash::{BuildHasherDefault, Hasher};

use super::chain::{Chain, Link};
use super::recency::{Recency, Touch};

#[expect(clippy::disallowed_types, reason = "runs are looked up by their keys and never walked")]
type ByKey<T> = std::collections::HashMap<u64, T, BuildHasherDefault<KeyIsHash>>;

/// The keys of runs are hashes already.
#[derive(Debug, Default)]
struct KeyIsHash(u64);

impl Hasher for KeyIsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are whole numbers");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// The beginnings of prompts in one group.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache {
    runs: ByKey<Run>,
    recency: Recency,
    uses: u64,
}

/// Blocks from `first` up to, not including, `end` of the prompts that have them.
#[derive(Debug)]
struct Run {
    first: u64,
    end: u64,
    /// How many chats hold the run's blocks up to which end, the ends rising. There are few.
    holds: Vec<(u64, u64)>,
    last_use: u64,
}

/// What a cache has of a prompt: whole blocks from its first on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) blocks: u64,
    /// Of those, held by chats.
    pub(crate) held: u64,
}

/// Where a run ends, and what chats hold of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) run: u64,
    pub(crate) held: u64,
}

impl Run {
    /// Of no blocks yet.
    fn at(link: Link) -> Run {
        Run { first: link.first, end: link.first, holds: Vec::new(), last_use: 0 }
    }

    fn held_end(&self) -> u64 {
        self.holds.last().map_or(self.first, |(end, _)| *end)
    }

    fn ends(&self) -> Ends {
        Ends { run: self.end, held: self.held_end() }
    }

    /// Whether some block of it is held by no chat.
    fn is_evictable(&self) -> bool {
        self.held_end() < self.end
    }

    /// Whether a touch is its last.
    fn is_last(&self, touch: &Touch) -> bool {
        self.last_use == touch.last_use && self.is_evictable()
    }

    /// A chat that held blocks up to `from` holds them up to `to`; nothing where it is `first`.
    fn move_hold(&mut self, from: u64, to: u64) {
        let place = |holds: &[(u64, u64)], end| holds.partition_point(|hold| hold.0 < end);
        if from > self.first {
            let at = place(&self.holds, from);
            let hold = self.holds.get_mut(at).filter(|hold| hold.0 == from);
            let (_, chats) = hold.expect("a chat lets go of what it holds");
            *chats -= 1;
            if *chats == 0 {
                self.holds.remove(at);
            }
            if self.holds.is_empty() {
                // There are millions of runs that nobody holds.
                self.holds = Vec::new();
            }
        }
        if to > self.first {
            let at = place(&self.holds, to);
            match self.holds.get_mut(at).filter(|hold| hold.0 == to) {
                Some((_, chats)) => *chats += 1,
                None => self.holds.insert(at, (to, 1)),
            }
        }
    }
}

impl PrefixCache {
    /// How many runs there are.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// The blocks of the longest beginning of a prompt that is here, at most so many.
    pub(crate) fn find_blocks(&self, chain: &Chain, most: u64) -> u64 {
        let end_of = |link: &Link| {
            self.runs.get(&link.key).filter(|run| run.end > run.first).map(|run| run.end)
        };
        let found = chain.links().partition_point(|link| end_of(link).is_some());
        let last = found.checked_sub(1).and_then(|last| end_of(&chain.links()[last]));
        last.unwrap_or(0).min(most)
    }

    /// The longest beginning of a prompt that is here, of at most so many blocks.
    pub(crate) fn find(&self, chain: &Chain, most: u64) -> Found {
        let of = |links: &[Link], end: &dyn Fn(&Run) -> u64| {
            let has =
                |link: &Link| self.runs.get(&link.key).is_some_and(|run| end(run) > run.first);
            let found = links.partition_point(has);
            let last = found.checked_sub(1).map(|last| &self.runs[&links[last].key]);
            (last.map_or(0, end).min(most), found)
        };
        let (blocks, found) = of(chain.links(), &|run| run.end);
        let (held, _) = of(&chain.links()[..found], &Run::held_end);
        Found { blocks, held }
    }

    /// Whether a block of a prompt is here, and so all before it.
    pub(crate) fn has_block(&self, chain: &Chain, block: u64) -> bool {
        let mut links = chain.links_between(block, block + 1);
        let run = links.next().and_then(|(link, _)| self.runs.get(&link.key));
        run.is_some_and(|run| run.end > block)
    }

    /// Begins a use: what is touched until the next one counts as used together.
    pub(crate) fn begin_use(&mut self) {
        self.end_use();
        self.uses += 1;
    }

    fn end_use(&mut self) {
        let runs = &self.runs;
        let counts = |touch: &Touch| runs.get(&touch.key).is_some_and(|run| run.is_last(touch));
        self.recency.end_use(runs.len(), counts);
    }

    /// A chat that held the blocks of a link up to `from` holds them up to `to`; none of them where
    /// that is the link's first. Blocks that were not here are now. Returns where the run ended,
    /// and what chats held of it, before and after.
    pub(crate) fn hold(&mut self, link: Link, from: u64, to: u64) -> [Ends; 2] {
        let run = self.runs.entry(link.key).or_insert_with(|| Run::at(link));
        let before = run.ends();
        run.move_hold(from, to);
        run.end = run.end.max(to);
        run.last_use = self.uses;
        let after = run.ends();
        if run.is_evictable() {
            let touch = Touch { key: link.key, last_use: run.last_use, first: run.first };
            self.recency.touch(touch);
        }
        [before, after]
    }

    /// Keeps the blocks of a link up to `to` for chats to come, though none holds them here. Returns
    /// how many of them were not here.
    pub(crate) fn keep(&mut self, link: Link, to: u64) -> u64 {
        let run = self.runs.entry(link.key).or_insert_with(|| Run::at(link));
        let before = run.end;
        run.end = before.max(to);
        run.last_use = self.uses;
        if run.is_evictable() {
            let touch = Touch { key: link.key, last_use: run.last_use, first: run.first };
            self.recency.touch(touch);
        }
        run.end - before
    }

    /// Evicts blocks that no chat holds until `wanted` blocks of memory are free, or none is left.
    /// `memory` says how much memory the first so many blocks of any prompt take. Returns how much
    /// became free.
    pub(crate) fn evict(&mut self, wanted: u64, memory: impl Fn(u64) -> u64) -> u64 {
        self.end_use();
        let mut freed = 0;
        while freed < wanted {
            let runs = &self.runs;
            let counts = |touch: &Touch| runs.get(&touch.key).is_some_and(|run| run.is_last(touch));
            let Some(Touch { key, .. }) = self.recency.first(counts) else {
                break;
            };
            let run = self.runs.get_mut(&key).expect("an evictable run is here");
            let (held, whole) = (run.held_end(), memory(run.end));
            // The longest beginning of the run that may stay.
            let enough = |end: u64| freed + whole - memory(end) >= wanted;
            let stays = (held..run.end).rev().find(|end| enough(*end)).unwrap_or(held);
            freed += whole - memory(stays);
            run.end = stays;
            if run.end == run.first {
                self.runs.remove(&key);
            }
        }
        freed
    }
}

#[cfg(test)]
impl PrefixCache {
    /// What is here of the blocks of one link, by the ends of these blocks; 0 is nothing.
    pub(crate) fn of_link(&self, link: Link) -> Found {
        let Some(run) = self.runs.get(&link.key) else {
            return Found::default();
        };
        let end = |end| if end > run.first { end } else { 0 };
        Found { blocks: end(run.end), held: end(run.held_end()) }
    }

    /// Blocks of prompts that no chat holds.
    pub(crate) fn evictable_blocks(&self) -> u64 {
        self.runs.values().map(|run| run.end - run.held_end()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::part;

    /// Prompts of one part of three blocks and one of two, the last of which is `digest`.
    fn chain(digest: u64) -> Chain {
        Chain::of(&[part(1, 48), part(digest, 32)], 16)
    }

    fn hold(cache: &mut PrefixCache, chain: &Chain, to: u64) {
        cache.begin_use();
        chain.links_between(0, to).for_each(|(link, end)| {
            cache.hold(link, link.first, end);
        });
    }

    fn let_go(cache: &mut PrefixCache, chain: &Chain, from: u64) {
        cache.begin_use();
        chain.links_between(0, from).for_each(|(link, end)| {
            cache.hold(link, end, link.first);
        });
    }

    fn blocks(cache: &PrefixCache, chain: &Chain) -> (u64, u64) {
        let found = cache.find(chain, u64::MAX);
        (found.blocks, found.held)
    }

    #[test]
    fn a_beginning_is_found_as_far_as_it_is_the_same() {
        let mut cache = PrefixCache::default();
        let (one, other) = (chain(2), chain(3));
        hold(&mut cache, &one, 5);
        assert_eq!(blocks(&cache, &one), (5, 5));
        assert_eq!(blocks(&cache, &other), (3, 3));
        assert_eq!(cache.find(&one, 4), Found { blocks: 4, held: 4 });
        let_go(&mut cache, &one, 5);
        assert_eq!(blocks(&cache, &one), (5, 0));
    }

    #[test]
    fn the_least_recent_goes_first_and_of_one_prompt_its_end() {
        let mut cache = PrefixCache::default();
        let (one, other) = (chain(2), chain(3));
        for chain in [&one, &other] {
            hold(&mut cache, chain, 5);
            let_go(&mut cache, chain, 5);
        }
        assert_eq!(cache.evict(1, |blocks| blocks), 1);
        assert_eq!((blocks(&cache, &one), blocks(&cache, &other)), ((4, 0), (5, 0)));
        // The rest of the first prompt's own, then of the second's, then of what they share.
        assert_eq!(cache.evict(2, |blocks| blocks), 2);
        assert_eq!((blocks(&cache, &one), blocks(&cache, &other)), ((3, 0), (4, 0)));
        assert_eq!(cache.evict(3, |blocks| blocks), 3);
        assert_eq!((blocks(&cache, &one), blocks(&cache, &other)), ((1, 0), (1, 0)));
    }

    #[test]
    fn what_a_chat_holds_stays() {
        let mut cache = PrefixCache::default();
        let one = chain(2);
        hold(&mut cache, &one, 5);
        hold(&mut cache, &one, 4);
        let_go(&mut cache, &one, 5);
        assert_eq!(blocks(&cache, &one), (5, 4));
        assert_eq!(cache.evict(9, |blocks| blocks), 1, "one block is held by nobody");
        assert_eq!(blocks(&cache, &one), (4, 4));
        let_go(&mut cache, &one, 4);
        assert_eq!(cache.evict(9, |blocks| blocks), 4);
        assert!(cache.runs.is_empty());
    }
}
