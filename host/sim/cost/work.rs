//! What one step computes: tokens, and pairs of tokens that attention joins.

use crate::profile::Model;

/// The work of one step, summed over its chats.
///
/// A step adds its chats one by one; [`Work::clear`] keeps the memory for the next step.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Tokens that pass all layers.
    pub tokens: u64,
    /// Chats in the step.
    pub calls: u64,
    /// Tokens whose successor is wanted, each of which passes the output matrix.
    pub outputs: u64,
    /// Per group of layers, in the model's order.
    pub groups: Vec<GroupWork>,
}

/// The attention of one layer of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupWork {
    window: Option<u64>,
    /// Cached tokens that reply tokens look back at.
    pub decode_pairs: u64,
    /// Tokens that prompt tokens look back at, each pair once.
    pub prefill_pairs: u64,
    /// Cached tokens read while reading prompts.
    pub prefill_context: u64,
}

impl Work {
    /// No work on this model.
    pub fn new(model: &Model) -> Work {
        let group = |window| GroupWork { window, ..GroupWork::default() };
        let groups = model.layers.iter().map(|layers| group(layers.window())).collect();
        Work { tokens: 0, calls: 0, outputs: 0, groups }
    }

    /// Forgets the chats.
    pub fn clear(&mut self) {
        (self.tokens, self.calls, self.outputs) = (0, 0, 0);
        for group in &mut self.groups {
            *group = GroupWork { window: group.window, ..GroupWork::default() };
        }
    }

    /// A chat writes one token, which looks back at `context` tokens, itself included.
    pub fn add_decode(&mut self, context: u64) {
        self.tokens += 1;
        self.calls += 1;
        self.outputs += 1;
        for group in &mut self.groups {
            group.decode_pairs += group.window.map_or(context, |window| context.min(window));
        }
    }

    /// A chat reads `new` tokens of its prompt after `past` that are cached; `last` when they are
    /// the prompt's last ones.
    pub fn add_prefill(&mut self, past: u64, new: u64, last: bool) {
        self.tokens += new;
        self.calls += 1;
        self.outputs += u64::from(last);
        for group in &mut self.groups {
            let window = group.window.unwrap_or(u64::MAX);
            group.prefill_pairs += pairs(past, new, window);
            group.prefill_context += past.min(window) + new;
        }
    }
}

/// The sum of `min(past + i, window)` for `i` from 1 to `new`.
fn pairs(past: u64, new: u64, window: u64) -> u64 {
    let growing = window.saturating_sub(past).min(new);
    growing * past + growing * (growing + 1) / 2 + (new - growing) * window.min(past + new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_closed_form_counts_pairs(past in 0u64..300, new in 0u64..300, window in 1u64..300) {
            let slow: u64 = (1..=new).map(|i| (past + i).min(window)).sum();
            prop_assert_eq!(pairs(past, new, window), slow);
        }

        #[test]
        fn chunks_of_a_prompt_have_the_pairs_of_the_whole(a in 1u64..200, b in 1u64..200) {
            for window in [17, u64::MAX] {
                prop_assert_eq!(
                    pairs(0, a, window) + pairs(a, b, window),
                    pairs(0, a + b, window)
                );
            }
        }
    }
}
