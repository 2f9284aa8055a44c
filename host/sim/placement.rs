//! Where a model's weights and its KV cache stand in a group's memory.
//!
//! What every token passes is shared by the tensor-parallel chips of all stages, and each data rank
//! has a copy of it; the experts are shared by all chips. A chat's KV stands on the chips of its
//! rank.

use serde::Serialize;

use crate::error::{DoesNotFit, MachineError};
use crate::ledger::Ledger;
use crate::profile::{
    Cached, Chip, ChipKind, HeadChips, LayerGroup, Model, Parallelism, Precision, Serving,
};

/// Tokens of one block of the KV cache where a machine's profile says nothing else, as in vLLM.
pub const BLOCK_TOKENS: u64 = 16;

/// A model in the memory of one group of chips.
///
/// The memory for KV is that of all data ranks together, and so are the blocks: chats are taken to
/// be spread over the ranks so that all of them are equally full. That one rank is full before the
/// others, or that one chat is larger than its rank, is not modelled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placement {
    /// Chips of the group.
    pub chips: u64,
    /// How they share the model.
    pub parallel: Parallelism,
    /// The formats the weights are held in here.
    pub formats: Formats,
    /// Memory of the group.
    pub capacity_bytes: f64,
    /// Kept by serving software.
    pub reserved_bytes: f64,
    /// All weights, as they are held here, with the copies of the data ranks.
    pub weights_bytes: f64,
    /// Left for KV.
    pub kv_bytes: f64,
    /// KV of one token in layers that look back at all of them, over the whole group.
    pub kv_bytes_per_token: f64,
    /// KV of one token in layers with a window, and the window, over the whole group.
    pub windows: Vec<WindowBytes>,
    /// What the layers with a state keep of one chat, over the whole group.
    pub state_bytes: f64,
    /// Tokens of one block.
    #[serde(skip)]
    pub block_tokens: u64,
    /// Bytes of one block.
    pub block_bytes: f64,
    /// Blocks of the cache.
    pub blocks: u64,
}

/// The formats of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Formats {
    /// Weights that every token passes.
    pub linear: Precision,
    /// Experts, where the model has them.
    pub experts: Option<Precision>,
    /// Embedding and output matrix.
    pub head: Precision,
}

/// Layers that look back at a window only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WindowBytes {
    /// Tokens of the window.
    pub window: u64,
    /// KV of one token in all such layers.
    pub bytes_per_token: f64,
}

/// The chips of one group, and where they stand.
#[derive(Clone, Copy)]
pub(crate) struct GroupChips<'a> {
    pub(crate) machine: &'a str,
    /// As in a sentence: `ffn pool`.
    pub(crate) pool: &'static str,
    pub(crate) chip: &'a Chip,
    pub(crate) parallel: Parallelism,
}

impl Placement {
    /// Places a model in a group of chips.
    ///
    /// # Errors
    /// When the chip cannot hold a format, a size is unknown, or the model is too large.
    pub(crate) fn new(
        group: GroupChips<'_>,
        model: &Model,
        serving: &Serving,
        block_tokens: u64,
        ledger: &Ledger,
    ) -> Result<Placement, MachineError> {
        let GroupChips { machine, pool, chip, parallel } = group;
        let memory = match &chip.memory {
            Some(memory) if chip.kind != ChipKind::Cpu => memory,
            _ => {
                return Err(MachineError::ServesNothing { chip: chip.name.clone() });
            }
        };
        let lpu = chip.kind == ChipKind::Lpu;
        if lpu && parallel.is_divided() {
            let (machine, chip) = (machine.to_owned(), chip.name.clone());
            return Err(MachineError::OnlyTensorParallel { machine, pool, chip });
        }
        let formats = formats(chip, &memory.formats, model, serving)?;
        let capacity = ledger.need(&memory.capacity_bytes, &chip.name, "memory.capacity_bytes")?;
        let reserved = ledger.need(&memory.reserved_bytes, &chip.name, "memory.reserved_bytes")?;
        let weights_bytes = weights_bytes(model, formats, parallel.data);
        let heads = chip.head_chips(1, ledger);
        let sizes = Sizes { capacity, reserved, weights_bytes, block_tokens, lpu, heads };
        let placed =
            |tensor| sizes.place(Parallelism { tensor, ..parallel }, formats, model, serving);
        placed(parallel.tensor).ok_or_else(|| {
            let tensor_needed = sizes.fewest_tensor_parallel(parallel, |n| placed(n).is_some());
            MachineError::DoesNotFit(Box::new(DoesNotFit {
                model: model.name.clone(),
                machine: machine.to_owned(),
                pool,
                chip: chip.name.clone(),
                parallel,
                capacity_bytes: capacity,
                reserved_bytes: reserved,
                weights_bytes,
                tensor_needed,
            }))
        })
    }

    /// A group whose blocks a profile states, whatever its chips and their memory are.
    pub(crate) fn stated(
        parallel: Parallelism,
        model: &Model,
        serving: &Serving,
        block_tokens: u64,
        blocks: u64,
    ) -> Placement {
        let formats = Formats {
            linear: serving.linear,
            experts: serving.experts.filter(|_| model.expert_parameters() > 0),
            head: serving.head,
        };
        let weights_bytes = weights_bytes(model, formats, parallel.data);
        let values = |layers: &LayerGroup| {
            let cached = layers.cached(HeadChips::ONE);
            layers.count as f64 * cached.iter().map(|cached| cached.values).sum::<f64>()
        };
        let kv_bytes_per_token = model.layers.iter().map(values).sum::<f64>() * serving.kv.bytes();
        let block_bytes = block_tokens as f64 * kv_bytes_per_token;
        let kv_bytes = blocks as f64 * block_bytes;
        let chips = parallel.chips();
        Placement {
            chips,
            parallel,
            formats,
            capacity_bytes: weights_bytes + kv_bytes,
            reserved_bytes: 0.0,
            weights_bytes,
            kv_bytes,
            kv_bytes_per_token,
            windows: Vec::new(),
            state_bytes: model.state_bytes() as f64,
            block_tokens,
            block_bytes,
            blocks,
        }
    }

    /// Blocks that a chat of this many tokens takes: its KV, and its state.
    pub fn blocks_for(&self, tokens: u64) -> u64 {
        match tokens {
            0 => 0,
            _ => self.blocks_of(tokens, self.state_bytes),
        }
    }

    /// Blocks that the KV of this many tokens takes, which other chats may share. Each chat has a
    /// state of its own.
    pub fn shared_blocks_for(&self, tokens: u64) -> u64 {
        self.blocks_of(tokens, 0.0)
    }

    fn blocks_of(&self, tokens: u64, state_bytes: f64) -> u64 {
        if self.windows.is_empty() && state_bytes == 0.0 {
            return tokens.div_ceil(self.block_tokens);
        }
        let whole = tokens.div_ceil(self.block_tokens) * self.block_tokens;
        let windows: f64 = self
            .windows
            .iter()
            .map(|layers| whole.min(layers.window) as f64 * layers.bytes_per_token)
            .sum();
        let bytes = whole as f64 * self.kv_bytes_per_token + windows + state_bytes;
        (bytes / self.block_bytes).ceil() as u64
    }
}

struct Sizes {
    capacity: f64,
    reserved: f64,
    weights_bytes: f64,
    block_tokens: u64,
    lpu: bool,
    /// One of the chips.
    heads: HeadChips,
}

impl Sizes {
    /// The fewest chips of a rank's stage with which a group of as many ranks and stages holds the
    /// weights and a first block, `None` when no number does.
    fn fewest_tensor_parallel(
        &self,
        parallel: Parallelism,
        holds: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let usable = self.capacity - self.reserved;
        let first = (self.weights_bytes / usable).ceil();
        if usable <= 0.0 || first > 1e6 {
            return None;
        }
        // What stands beside the weights is a few tokens, or is copied to each chip: twice the
        // chips are enough if any number is.
        let first = (first as u64).div_ceil(parallel.data * parallel.pipeline).max(1);
        (first..=2 * first + 8).find(|chips| holds(*chips))
    }

    /// The placement on these chips, or nothing when not even one block of KV fits beside the weights.
    fn place(
        &self,
        parallel: Parallelism,
        formats: Formats,
        model: &Model,
        serving: &Serving,
    ) -> Option<Placement> {
        let usable = self.capacity - self.reserved;
        let chips = parallel.chips();
        if usable <= 0.0 {
            return None;
        }
        let (kv_bytes_per_token, windows) = self.kv_per_token(parallel.tensor, model, serving);
        let holds_kv = kv_bytes_per_token > 0.0 || !windows.is_empty();
        let kv_bytes = match holds_kv {
            true => chips as f64 * usable - self.weights_bytes,
            false => 0.0,
        };
        let per_token = match kv_bytes_per_token > 0.0 {
            true => kv_bytes_per_token,
            false => windows.iter().map(|layers| layers.bytes_per_token).sum(),
        };
        let block_bytes = self.block_tokens as f64 * per_token;
        let blocks = if holds_kv { (kv_bytes / block_bytes) as u64 } else { 0 };
        let placement = Placement {
            chips,
            parallel,
            formats,
            capacity_bytes: chips as f64 * self.capacity,
            reserved_bytes: chips as f64 * self.reserved,
            weights_bytes: self.weights_bytes,
            kv_bytes,
            kv_bytes_per_token,
            windows,
            state_bytes: model.state_bytes() as f64,
            block_tokens: self.block_tokens,
            block_bytes,
            blocks,
        };
        let fits = match holds_kv {
            true => placement.blocks_for(1) <= blocks,
            false => self.weights_bytes <= chips as f64 * usable,
        };
        fits.then_some(placement)
    }

    fn kv_per_token(
        &self,
        chips: u64,
        model: &Model,
        serving: &Serving,
    ) -> (f64, Vec<WindowBytes>) {
        let mut full = 0.0;
        let mut windows = Vec::new();
        for layers in &model.layers {
            let (cached, copies) = match self.lpu {
                true => (layers.cached(HeadChips::ONE), 1.0),
                false => (layers.cached(HeadChips { chips, ..self.heads }), chips as f64),
            };
            for Cached { limit, values } in cached {
                let bytes_per_token = layers.count as f64 * (values * copies) * serving.kv.bytes();
                match limit {
                    Some(window) => windows.push(WindowBytes { window, bytes_per_token }),
                    None => full += bytes_per_token,
                }
            }
        }
        (full, windows)
    }
}

fn formats(
    chip: &Chip,
    held: &[Precision],
    model: &Model,
    serving: &Serving,
) -> Result<Formats, MachineError> {
    let hold = |what, format: Precision| {
        format.widened_to(held).ok_or_else(|| MachineError::NoFormat {
            chip: chip.name.clone(),
            model: model.name.clone(),
            what,
            format: format.word(),
            held: held.iter().map(|format| format.word()).collect(),
        })
    };
    Ok(Formats {
        linear: hold("linear weights", serving.linear)?,
        experts: (model.expert_parameters() > 0)
            .then(|| hold("experts", serving.experts.unwrap_or(serving.linear)))
            .transpose()?,
        // A part of a model without an output matrix has none to hold.
        head: match model.head_parameters() {
            0 => hold("linear weights", serving.linear)?,
            _ => hold("output matrix", serving.head)?,
        },
    })
}

/// What every token passes is there once for each of so many copies.
fn weights_bytes(model: &Model, formats: Formats, copies: u64) -> f64 {
    let embeddings = if model.tied_embeddings { 1.0 } else { 2.0 };
    let passed = model.linear_parameters() as f64 * formats.linear.bytes()
        + embeddings * model.head_parameters() as f64 * formats.head.bytes();
    copies as f64 * passed
        + model.expert_parameters() as f64 * formats.experts.map_or(0.0, Precision::bytes)
}
