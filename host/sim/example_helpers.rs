//! What the small machine's profile says of groups that help, and of proposed tokens.

use crate::examples::known;

/// What helps the small machine's groups that write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    None,
    /// Chips that hold the feed-forward parts, a tenth of a millisecond away.
    Ffn,
    /// The same model on chips of its own, which proposes two tokens a step.
    Draft,
    /// A layer more, which does.
    Heads,
}

impl Helper {
    /// What stands under the machine's pools.
    pub(crate) fn text(self) -> String {
        let layers = match self {
            Helper::None => return String::new(),
            Helper::Ffn => {
                return format!(
                    "[ffn_link]\nbandwidth_bytes_per_second = {}\nlatency_seconds = {}\n\
                     micro_batches = {}\nattention_fixed_fraction = {}\n",
                    known("16e6"),
                    known("1e-4"),
                    known("2"),
                    known("0.5"),
                );
            }
            Helper::Draft => format!("crossing_seconds = {}\n", known("1e-4")),
            Helper::Heads => format!("draft_layers = {}\n", known("1")),
        };
        format!(
            "[speculation]\nproposed_tokens = {}\n{layers}accepted_tokens = {}\n",
            known("2"),
            known("0").replace("value = 0", "probabilities = [0.5, 0.3, 0.2]"),
        )
    }

    /// Bytes that a group needs for what the helper adds to its model.
    pub(crate) fn memory(self, blocks: u64) -> u64 {
        match self {
            Helper::None | Helper::Draft => 0,
            Helper::Ffn => 192,
            // A layer, and its KV.
            Helper::Heads => 256 + 256 * blocks,
        }
    }
}

/// The model that the small machine's draft pool holds.
pub(crate) const DRAFT: &str = "[[pools.drafts]]\ntarget = \"small-model\"\nmodel = \"small-model\"\n\
                     linear = \"bf16\"\nhead = \"bf16\"\nkv = \"bf16\"\n";
