//! Memory behind the chips' own: the KV of earlier prompts, and of chats that were swapped out.
//!
//! What a group reads and writes is kept in every tier as well, behind the computing, so that
//! nothing waits for it; what no longer fits is dropped, the least recently used first. A chat that
//! is admitted takes from the chips' memory what is there, then from the nearest tier what that has
//! beyond, then from the next. Reads of one tier go one after the other, and those of different
//! tiers side by side; meanwhile the chat holds its memory and is in no batch.

use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use super::call::{Phase, Place};
use super::calls::CallSlot;
use super::chain::Chain;
use super::prefix::PrefixCache;
use crate::deployment::{DeployedTier, Deployment};
use crate::profile::TierScope;

/// The most runs of blocks that one store remembers, some hundred bytes of ours each. A petabyte
/// of storage would hold more: of a load of millions of chats, what was not used for two million
/// runs is forgotten though there is room for it.
const RUNS_MOST: usize = 2_000_000;

/// The tiers of a machine, the nearest first.
#[derive(Debug)]
pub(crate) struct Tiers(Vec<Tier>);

#[derive(Debug)]
struct Tier {
    spec: DeployedTier,
    block_bytes: f64,
    /// One for each group, or one for all.
    stores: Vec<Store>,
}

/// What one scope of a tier holds.
#[derive(Debug, Default)]
struct Store {
    capacity: u64,
    prefixes: PrefixCache,
    cached: u64,
    swapped: u64,
    free_at: Instant,
}

impl Tiers {
    pub(crate) fn new(deployment: &Deployment, groups: usize) -> Tiers {
        let block_bytes = deployment.kv_bytes(deployment.block_tokens);
        let tier = |spec: &DeployedTier| {
            let stores = match spec.scope {
                TierScope::Group => groups,
                TierScope::Machine => 1,
            };
            let capacity = (spec.capacity_bytes / block_bytes) as u64;
            let store = || Store { capacity, ..Store::default() };
            let stores = std::iter::repeat_with(store).take(stores).collect();
            Tier { spec: spec.clone(), block_bytes, stores }
        };
        Tiers(deployment.tiers.iter().map(tier).collect())
    }

    /// Keeps the first `blocks` of a prompt, which a group has in its memory now. Those of them that
    /// a tier has lost come back to it, so that no block is there without those before it.
    pub(crate) fn keep(&mut self, group: usize, chain: &Chain, blocks: u64) {
        for tier in &mut self.0 {
            tier.store(group).keep(chain, blocks);
        }
    }

    /// Makes room for this much of a chat that is swapped out of a group, in the nearest tier.
    /// Nothing changes, and it says `false`, where other chats leave no room.
    pub(crate) fn swap_out(&mut self, group: usize, now: Instant, bytes: f64) -> bool {
        let Some(tier) = self.0.first_mut() else {
            return false;
        };
        let blocks = tier.blocks(bytes);
        let span = tier.moving(bytes);
        let store = tier.store(group);
        if store.swapped + blocks > store.capacity {
            return false;
        }
        store.swapped += blocks;
        store.make_room();
        store.free_at = store.free_at.max(now) + span;
        true
    }

    /// Gives up the room of a chat that was swapped out.
    pub(crate) fn end_swap(&mut self, group: usize, bytes: f64) {
        if let Some(tier) = self.0.first_mut() {
            let blocks = tier.blocks(bytes);
            tier.store(group).swapped -= blocks;
        }
    }

    /// When a chat that was swapped out has its KV back.
    fn swap_in(&mut self, group: usize, now: Instant, bytes: f64) -> Instant {
        let tier = self.0.first_mut().expect("what was swapped out is in the nearest tier");
        tier.read(group, now, bytes)
    }

    /// A group is lost, and with it what its own stores hold.
    pub(crate) fn forget(&mut self, group: usize) {
        for tier in self.0.iter_mut().filter(|tier| tier.spec.scope == TierScope::Group) {
            let store = tier.store(group);
            store.prefixes = PrefixCache::default();
            store.cached = 0;
        }
    }
}

impl Tier {
    fn store(&mut self, group: usize) -> &mut Store {
        match self.spec.scope {
            TierScope::Group => &mut self.stores[group],
            TierScope::Machine => &mut self.stores[0],
        }
    }

    fn blocks(&self, bytes: f64) -> u64 {
        (bytes / self.block_bytes).ceil() as u64
    }

    fn moving(&self, bytes: f64) -> Span {
        Span::from_seconds_f64(bytes / self.spec.bytes_per_second)
    }

    /// When bytes that are asked for now have come back.
    fn read(&mut self, group: usize, now: Instant, bytes: f64) -> Instant {
        let span = self.moving(bytes);
        let latency = Span::from_seconds_f64(self.spec.latency_seconds);
        let store = self.store(group);
        store.free_at = store.free_at.max(now) + span;
        store.free_at + latency
    }
}

impl Store {
    fn keep(&mut self, chain: &Chain, blocks: u64) {
        self.prefixes.begin_use();
        for (link, end) in chain.links_between(0, blocks) {
            self.cached += self.prefixes.keep(link, end);
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        let room = self.capacity - self.swapped;
        let excess = self.cached.saturating_sub(room);
        if excess > 0 {
            self.cached -= self.prefixes.evict(excess, |blocks| blocks);
        }
        while self.prefixes.runs() > RUNS_MOST {
            self.cached -= self.prefixes.evict(1, |blocks| blocks);
        }
    }
}

impl ModelledMachine {
    /// Has the KV of an admitted call come from the tiers, beyond the tokens that its group has in
    /// memory. Says whether the call waits for any.
    pub(super) fn load_from_tiers(
        &mut self,
        group: usize,
        slot: CallSlot,
        cached: u64,
        swapped: u64,
    ) -> bool {
        let call = &self.calls[slot];
        let tokens = call.tokens();
        let most = tokens.saturating_sub(1) / self.deployment.block_tokens;
        let (mut present, mut arrives_at) = (cached, self.now);
        if swapped > 0 {
            self.tiers.end_swap(group, self.deployment.transfer_bytes(swapped));
        }
        if swapped > cached {
            let bytes = self.deployment.transfer_bytes(swapped - cached);
            arrives_at = self.tiers.swap_in(group, self.now, bytes);
            present = swapped;
        } else {
            for tier in &mut self.tiers.0 {
                let blocks = tier.store(group).prefixes.find_blocks(&call.chain, most);
                let found = blocks * self.deployment.block_tokens;
                if found > present {
                    let bytes = self.deployment.transfer_bytes(found - present);
                    arrives_at = arrives_at.max(tier.read(group, self.now, bytes));
                    present = found;
                }
            }
        }
        if present == cached {
            return false;
        }
        let call = &mut self.calls[slot];
        call.unread = tokens - present;
        call.cached_tokens.get_or_insert(present);
        let state = &mut self.groups[group];
        state.holding += 1;
        state.loading += 1;
        self.travel(slot, arrives_at);
        true
    }

    /// Has the KV of a call that was swapped out of a decode group come back.
    pub(super) fn swap_in(&mut self, group: usize, slot: CallSlot, tokens: u64) {
        let bytes = self.deployment.transfer_bytes(tokens);
        self.tiers.end_swap(group, bytes);
        let arrives_at = self.tiers.swap_in(group, self.now, bytes);
        self.travel(slot, arrives_at);
    }

    /// KV has come from a tier: the rest of the prompt is read, or the reply goes on.
    pub(super) fn deliver_from_tier(&mut self, slot: CallSlot) {
        let group = self.calls[slot].first_group;
        self.settle(group);
        let call = &mut self.calls[slot];
        call.place = Place::Running;
        call.read_since = self.now;
        call.enter(self.now, Phase::Prefill);
        let present = call.tokens() - call.unread;
        self.publish(group, slot, present);
        let state = &mut self.groups[group];
        state.holding -= 1;
        state.loading -= 1;
        state.running.push(slot);
        self.form_soon(group);
    }
}
