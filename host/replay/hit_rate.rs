//! The most that any cache could hold of a trace's prompts.

use std::collections::BTreeSet;

use timeslip_timeline::conversation::PromptPart;

use crate::trace::Trace;

/// What a cache without limits, shared by all requests, finds of a trace's prompts: of each, in the
/// order of their arrivals, the leading parts that some earlier prompt began with.
///
/// Of Mooncake's traces it finds 37.4 % (conversation) and 65.1 % (synthetic) of the tokens. The
/// last block of a prompt is shorter than the others and rarely found, so the shares of the blocks
/// are lower: 36.6 % and 64.0 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HitRate {
    /// Parts of all prompts; in Mooncake's traces, blocks.
    pub blocks: u64,
    /// Of those, found.
    pub hit_blocks: u64,
    /// Tokens of all prompts, those in no part included.
    pub tokens: u64,
    /// Of those, in parts that were found.
    pub hit_tokens: u64,
}

impl HitRate {
    /// Looks for each prompt's beginning among those before it.
    pub fn of(trace: &Trace) -> HitRate {
        let mut rate = HitRate::default();
        let mut seen = BTreeSet::new();
        for call in trace.calls() {
            rate.tokens += call.input_tokens;
            rate.blocks += call.prompt.len() as u64;
            let mut goes_on = true;
            let mut beginning = 0;
            for part in call.prompt.iter() {
                beginning = with(beginning, part);
                goes_on &= !seen.insert(beginning);
                if goes_on {
                    rate.hit_blocks += 1;
                    rate.hit_tokens += part.tokens;
                }
            }
        }
        rate
    }

    /// The part of the tokens that is found; `None` when there are none.
    pub fn of_tokens(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.hit_tokens as f64 / self.tokens as f64)
    }

    /// The part of the blocks that is found; `None` when there are none.
    pub fn of_blocks(&self) -> Option<f64> {
        (self.blocks > 0).then(|| self.hit_blocks as f64 / self.blocks as f64)
    }
}

/// Names a beginning of a prompt that goes on with a part.
fn with(beginning: u64, part: &PromptPart) -> u64 {
    let mixed = (beginning ^ part.digest).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_of(lines: &str) -> HitRate {
        HitRate::of(&Trace::parse("t", lines.as_bytes(), None).unwrap())
    }

    #[test]
    fn only_leading_blocks_are_found() {
        let rate = share_of(
            "{\"timestamp\":0,\"input_length\":1024,\"output_length\":1,\"hash_ids\":[1,2]}\n\
             {\"timestamp\":1,\"input_length\":1100,\"output_length\":1,\"hash_ids\":[1,3,4]}\n\
             {\"timestamp\":2,\"input_length\":600,\"output_length\":1,\"hash_ids\":[9,2]}\n",
        );
        let expected = HitRate { blocks: 7, hit_blocks: 1, tokens: 2724, hit_tokens: 512 };
        assert_eq!(rate, expected);
    }

    #[test]
    fn a_trace_without_blocks_has_no_share_of_them() {
        let rate = share_of("arrival_s,isl,osl\n0,10,10\n");
        assert_eq!((rate.of_blocks(), rate.of_tokens()), (None, Some(0.0)));
    }
}
