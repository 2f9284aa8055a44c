//! What one step computes: tokens, and pairs of tokens that attention joins.

use crate::profile::{HeadChips, Model, Reach};

/// The work of one step, summed over its chats.
///
/// A step adds its chats one by one; [`Work::clear`] keeps the memory for the next step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Tokens that pass all layers.
    pub tokens: u64,
    /// Chats in the step.
    pub calls: u64,
    /// Tokens whose successor is wanted, each of which passes the output matrix.
    pub outputs: u64,
    /// Chats that write a token.
    pub decodes: u64,
    /// Tokens that those look back at, limits aside.
    pub decode_context: u64,
    /// Tokens of prompts that are read.
    pub prefill_tokens: u64,
    /// Tokens before those, limits aside.
    pub prefill_past: u64,
    /// Pairs of a prompt's token and one that it looks back at, limits aside.
    pub prefill_pairs: u64,
    /// What is looked back at: group of layers after group, each with all of its reaches.
    pub reaches: Vec<ReachWork>,
    /// The steps in which a draft model proposes tokens for chats of this step, one for each token
    /// that may be proposed.
    drafts: Vec<Work>,
}

/// What the tokens of one layer look back at, of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReachWork {
    limit: Option<u64>,
    is_selected: bool,
    /// Reply tokens that look back at less than the limit, so that their successors look back at
    /// one more.
    growing: u64,
    /// Cached tokens that reply tokens look back at.
    pub decode_pairs: u64,
    /// Tokens that proposed tokens, which are checked at once, look back at, each pair once.
    pub drafted_pairs: u64,
    /// Cached tokens read while checking them.
    pub drafted_context: u64,
    /// Tokens that prompt tokens look back at, each pair once.
    pub prefill_pairs: u64,
    /// Cached tokens read while reading prompts.
    pub prefill_context: u64,
}

impl ReachWork {
    fn of(reach: &Reach) -> ReachWork {
        ReachWork { limit: reach.limit, is_selected: reach.is_selected, ..ReachWork::default() }
    }

    fn limit(&self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }

    /// The tokens that `new` ones read which are computed at once after `past`: those before them,
    /// as far as one of them looks, or any of them where each selects its own; and each other.
    fn read(&self, past: u64, new: u64) -> u64 {
        let before = match self.is_selected {
            true => self.limit().saturating_mul(new),
            false => self.limit(),
        };
        past.min(before) + new
    }
}

impl Work {
    /// No work on this model.
    pub fn new(model: &Model) -> Work {
        let reaches = model.layers.iter().flat_map(|layers| layers.reaches(HeadChips::ONE));
        Work { reaches: reaches.map(|reach| ReachWork::of(&reach)).collect(), ..Work::default() }
    }

    /// No work on this model, for which `draft` proposes up to `proposed` tokens in a step.
    pub fn with_drafts(model: &Model, draft: &Model, proposed: u64) -> Work {
        let drafts = (0..proposed).map(|_| Work::new(draft)).collect();
        Work { drafts, ..Work::new(model) }
    }

    /// Forgets the chats.
    pub fn clear(&mut self) {
        let mut reaches = std::mem::take(&mut self.reaches);
        let mut drafts = std::mem::take(&mut self.drafts);
        drafts.iter_mut().for_each(Work::clear);
        for reach in &mut reaches {
            let ReachWork { limit, is_selected, .. } = *reach;
            *reach = ReachWork { limit, is_selected, ..ReachWork::default() };
        }
        *self = Work { reaches, drafts, ..Work::default() };
    }

    /// A chat writes one token, which looks back at `context` tokens, itself included.
    pub fn add_decode(&mut self, context: u64) {
        self.tokens += 1;
        self.calls += 1;
        self.outputs += 1;
        self.decodes += 1;
        self.decode_context += context;
        for reach in &mut self.reaches {
            reach.decode_pairs += context.min(reach.limit());
            reach.growing += u64::from(context < reach.limit());
        }
    }

    /// The model checks `proposed` tokens of a chat at once, which a draft model proposes one after
    /// the other, and writes one more; the first of them looks back at `context` tokens, itself
    /// included. Without proposed tokens, a chat writes one.
    pub fn add_drafted(&mut self, context: u64, proposed: u64) {
        if proposed == 0 {
            return self.add_decode(context);
        }
        let tokens = proposed + 1;
        self.tokens += tokens;
        self.calls += 1;
        self.outputs += tokens;
        let past = context.saturating_sub(1);
        for reach in &mut self.reaches {
            reach.drafted_pairs += pairs(past, tokens, reach.limit());
            reach.drafted_context += reach.read(past, tokens);
        }
        for (index, draft) in self.drafts.iter_mut().take(proposed as usize).enumerate() {
            draft.add_decode(context + index as u64);
        }
    }

    /// The steps in which tokens are proposed.
    pub(crate) fn drafting(&self) -> impl Iterator<Item = &Work> {
        self.drafts.iter().filter(|draft| draft.calls > 0)
    }

    /// The same chats write their next token, where that is all they do.
    ///
    /// Right for as many steps as [`Work::steps_until_a_limit`] says.
    pub(crate) fn advance(&mut self) {
        self.decode_context += self.decodes;
        for reach in &mut self.reaches {
            reach.decode_pairs += reach.growing;
        }
    }

    /// How often a chat that looks back at `context` tokens can write a token before it looks back
    /// at as many as a reach has at most, for the first time.
    pub(crate) fn steps_until_a_limit(&self, context: u64) -> u64 {
        let limits = self.reaches.iter().filter_map(|reach| reach.limit);
        let left = limits.filter(|limit| context < *limit).map(|limit| limit - context);
        left.min().unwrap_or(u64::MAX)
    }

    /// A chat reads `new` tokens of its prompt after `past` that are cached; `last` when they are
    /// the prompt's last ones.
    pub fn add_prefill(&mut self, past: u64, new: u64, last: bool) {
        self.tokens += new;
        self.calls += 1;
        self.outputs += u64::from(last);
        self.prefill_tokens += new;
        self.prefill_past += past;
        self.prefill_pairs += pairs(past, new, u64::MAX);
        for reach in &mut self.reaches {
            reach.prefill_pairs += pairs(past, new, reach.limit());
            reach.prefill_context += reach.read(past, new);
        }
    }
}

/// The sum of `min(past + i, limit)` for `i` from 1 to `new`.
fn pairs(past: u64, new: u64, limit: u64) -> u64 {
    let growing = limit.saturating_sub(past).min(new);
    growing * past + growing * (growing + 1) / 2 + (new - growing) * limit.min(past + new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_closed_form_counts_pairs(past in 0u64..300, new in 0u64..300, limit in 1u64..300) {
            let slow: u64 = (1..=new).map(|i| (past + i).min(limit)).sum();
            prop_assert_eq!(pairs(past, new, limit), slow);
        }

        #[test]
        fn chunks_of_a_prompt_have_the_pairs_of_the_whole(a in 1u64..200, b in 1u64..200) {
            for limit in [17, u64::MAX] {
                prop_assert_eq!(pairs(0, a, limit) + pairs(a, b, limit), pairs(0, a + b, limit));
            }
        }
    }
}
