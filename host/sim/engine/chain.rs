//! The blocks of a prompt by the names under which a cache knows them.
//!
//! KV depends on all tokens before it, so a block is named by everything up to its end: a hash over
//! the parts of the prompt up to the one that holds the block's last token, and the block's place.
//! Two prompts have a block in common exactly when all these parts are equal. Text is not looked
//! into: of two messages that begin alike and end differently, no block is common.

use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The blocks of a prompt that end in one of its parts: from `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Over this part and all before it.
    pub(crate) key: u64,
    pub(crate) first: u64,
    pub(crate) end: u64,
}

/// The whole blocks of a prompt, in its order. What follows the last part, the end of the chat
/// template, has no name, and a block that reaches into it none either.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    links: Vec<Link>,
    key: u64,
    tokens: u64,
    block_tokens: u64,
}

impl Chain {
    pub(crate) fn of(parts: &[PromptPart], block_tokens: u64) -> Chain {
        let links = Vec::with_capacity(parts.len() + 1);
        let mut chain = Chain { links, block_tokens, ..Chain::default() };
        parts.iter().for_each(|part| chain.push(part));
        chain
    }

    /// Appends a part. One that is too short to hold the end of a block names the next one with it.
    pub(crate) fn push(&mut self, part: &PromptPart) {
        let first = self.blocks();
        self.key = key_after(self.key, part);
        self.tokens = self.tokens.saturating_add(part.tokens);
        let end = self.tokens / self.block_tokens;
        if end > first {
            self.links.push(Link { key: self.key, first, end });
        }
    }

    /// Whole blocks.
    pub(crate) fn blocks(&self) -> u64 {
        self.links.last().map_or(0, |link| link.end)
    }

    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The links with blocks of `from..to`, and for each the end of these blocks in it.
    pub(crate) fn links_between(&self, from: u64, to: u64) -> impl Iterator<Item = (Link, u64)> {
        let start = self.links.partition_point(|link| link.end <= from);
        let links = self.links[start..].iter().take_while(move |link| link.first < to);
        links.map(move |link| (*link, link.end.min(to)))
    }
}

/// The name of a beginning of a prompt that goes on with this part.
fn key_after(before: u64, part: &PromptPart) -> u64 {
    let mut bytes = [0; 17];
    bytes[0] = match part.kind {
        PromptPartKind::Tools => 0,
        PromptPartKind::Message(Role::System) => 1,
        PromptPartKind::Message(Role::User) => 2,
        PromptPartKind::Message(Role::Assistant) => 3,
        PromptPartKind::Message(Role::Tool) => 4,
    };
    bytes[1..9].copy_from_slice(&part.tokens.to_le_bytes());
    bytes[9..].copy_from_slice(&part.digest.to_le_bytes());
    xxh3_64_with_seed(&bytes, before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::part;

    fn spans(chain: &Chain) -> Vec<(u64, u64)> {
        chain.links().iter().map(|link| (link.first, link.end)).collect()
    }

    #[test]
    fn a_block_belongs_to_the_part_that_holds_its_last_token() {
        // Tokens end at 40, 45, 50 and 96: two blocks end in the first part, none in the second,
        // the third of all in the third, and three in the last.
        let chain = Chain::of(&[part(1, 40), part(2, 5), part(3, 5), part(4, 46)], 16);
        assert_eq!(spans(&chain), [(0, 2), (2, 3), (3, 6)]);
        assert_eq!(chain.blocks(), 6);
        let between: Vec<(u64, u64)> =
            chain.links_between(2, 5).map(|(link, end)| (link.first, end)).collect();
        assert_eq!(between, [(2, 3), (3, 5)]);
    }

    #[test]
    fn a_part_changes_the_names_of_its_own_blocks_and_of_all_after_it() {
        let keys = |parts: &[PromptPart]| -> Vec<u64> {
            Chain::of(parts, 16).links().iter().map(|link| link.key).collect()
        };
        let one = keys(&[part(1, 40), part(2, 5), part(3, 40)]);
        let changed = keys(&[part(1, 40), part(9, 5), part(3, 40)]);
        let longer = keys(&[part(1, 40), part(2, 6), part(3, 40)]);
        let tools = PromptPart { kind: PromptPartKind::Tools, ..part(1, 40) };
        let other_kind = keys(&[tools, part(2, 5), part(3, 40)]);
        assert_eq!(one[0], changed[0]);
        assert_ne!(one[1], changed[1]);
        assert_eq!(one[0], longer[0]);
        assert_ne!(one[1], longer[1]);
        assert_ne!(one[0], other_kind[0]);
    }
}
