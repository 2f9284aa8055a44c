//! Why a machine cannot serve a model.

use crate::profile::{Parallelism, ProfileError};
use crate::text::{bytes, count};

/// Why a machine cannot serve a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MachineError {
    /// A profile is missing or wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The machine's file does not say how it holds this model.
    #[error(
        "machine `{machine}` does not serve `{model}`; it serves {}. Add a [[serves]] with \
         model = \"{model}\" to the machine's file to say in which formats it would hold it{}",
        served.join(", "),
        nearest.as_ref().map(|near| format!(", or did you mean `{near}`?")).unwrap_or_default()
    )]
    NotServed {
        /// The machine.
        machine: String,
        /// The model asked for.
        model: String,
        /// What it serves.
        served: Vec<String>,
        /// The nearest name of those.
        nearest: Option<String>,
    },
    /// Time rests on a figure that nobody publishes.
    #[error(
        "`{figure}` is unknown, so the machine cannot be timed; give it a value in a copy of the profile"
    )]
    UnknownFigure {
        /// The figure's full name.
        figure: String,
    },
    /// A CPU was put into a pool, or a chip without figures into one that states no step times.
    #[error("chip `{chip}` serves no models; a pool needs a gpu or an lpu, or `fixed_steps`")]
    ServesNothing {
        /// The chip.
        chip: String,
    },
    /// The chip named as host CPU cannot run agents.
    #[error(
        "chip `{chip}` cannot run agents and tools: it has no section [host]; name another \
         `host_cpu` for `{machine}`"
    )]
    RunsNothing {
        /// The machine.
        machine: String,
        /// The chip.
        chip: String,
    },
    /// A layer profile has no table for a part of the model.
    #[error(
        "the tables of a `layer_profile` hold no {what}, which `{model}` has; remove it from \
         `{machine}` to time the model from the chip's figures"
    )]
    Unmeasured {
        /// The machine.
        machine: String,
        /// The model.
        model: String,
        /// What is not in the tables.
        what: &'static str,
    },
    /// A draft model proposes tokens that its target does not know.
    #[error(
        "`{draft}` cannot propose tokens for `{target}`: it has a vocabulary of {} tokens, and \
         `{target}` one of {}; name a smaller model of the same family in [[pools.drafts]]",
        count(*draft_tokens),
        count(*target_tokens)
    )]
    OtherTokens {
        /// The model that is served.
        target: String,
        /// Its vocabulary.
        target_tokens: u64,
        /// The model that proposes.
        draft: String,
        /// Its vocabulary.
        draft_tokens: u64,
    },
    /// A machine and its software do not agree on the size of a step.
    #[error(
        "a step of `{machine}` has at most {} chats and {} tokens, one of which `{software}` says; each \
         chat of a step passes at least one token, so give both in [scheduler]",
        count(*calls),
        count(*tokens)
    )]
    CallsBeyondTokens {
        /// The machine.
        machine: String,
        /// Its serving software.
        software: String,
        /// The most chats of one step.
        calls: u64,
        /// The most tokens.
        tokens: u64,
    },
    /// Chips that do not share a model in any other way than matrix by matrix.
    #[error(
        "{chip} shares a model only by `tensor_parallel`; remove `data_parallel`, `expert_parallel` \
         and `pipeline_parallel` from the {pool} of `{machine}`"
    )]
    OnlyTensorParallel {
        /// The machine.
        machine: String,
        /// The pool, as in a sentence.
        pool: &'static str,
        /// The chip.
        chip: String,
    },
    /// A group has more chips than one domain joins.
    #[error(
        "a group of {} {chip} in `{machine}` is larger than the {} that one domain joins; lower \
         `tensor_parallel`, or the product of it and `data_parallel`",
        count(*group),
        count(*domain)
    )]
    BeyondDomain {
        /// The machine.
        machine: String,
        /// The chip.
        chip: String,
        /// Chips of one group, or of one of its stages.
        group: u64,
        /// Chips of one domain.
        domain: u64,
    },
    /// The chip cannot hold weights in this format, nor in a wider one.
    #[error("chip `{chip}` cannot hold the {what} of `{model}` in {format}; it holds {}", held.join(", "))]
    NoFormat {
        /// The chip.
        chip: String,
        /// The model.
        model: String,
        /// Which weights.
        what: &'static str,
        /// The format asked for.
        format: &'static str,
        /// The formats it holds.
        held: Vec<&'static str>,
    },
    /// The weights, or the first few tokens beside them, are larger than the group's memory.
    #[error(transparent)]
    DoesNotFit(Box<DoesNotFit>),
}

/// The arithmetic of a model that is too large.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "`{model}` does not fit the {pool} of `{machine}`: its weights take {} as held there{}, and \
     {} × {chip} give {} × ({} − {} reserved) = {}. {}",
    bytes(*weights_bytes),
    copies(*parallel),
    count(parallel.chips()),
    count(parallel.chips()),
    bytes(*capacity_bytes),
    bytes(*reserved_bytes),
    bytes(parallel.chips() as f64 * (capacity_bytes - reserved_bytes)),
    smallest(*parallel, *tensor_needed, chip)
)]
pub struct DoesNotFit {
    /// The model.
    pub model: String,
    /// The machine.
    pub machine: String,
    /// The pool: `pool`, `prefill pool`, `ffn pool` and so on.
    pub pool: &'static str,
    /// The pool's chip.
    pub chip: String,
    /// How the chips of one group share the model.
    pub parallel: Parallelism,
    /// Memory of one chip.
    pub capacity_bytes: f64,
    /// Of which serving software keeps this much.
    pub reserved_bytes: f64,
    /// The weights as they would be held.
    pub weights_bytes: f64,
    /// The fewest tensor-parallel chips with which a group of as many data ranks and stages would
    /// hold the model and its first tokens; `None` when no number of them would.
    pub tensor_needed: Option<u64>,
}

fn copies(parallel: Parallelism) -> String {
    match parallel.data {
        1 => String::new(),
        data => format!(" ({} copies of all but the experts, one for each data rank)", count(data)),
    }
}

fn smallest(parallel: Parallelism, tensor: Option<u64>, chip: &str) -> String {
    let Some(tensor) = tensor else {
        return format!("No number of {chip} holds it");
    };
    let needed = Parallelism { tensor, ..parallel };
    let group = format!("The smallest group that holds it is {} × {chip}", count(needed.chips()));
    match parallel.data * parallel.pipeline {
        1 => group,
        _ => format!("{group}, with `tensor_parallel` {}", count(tensor)),
    }
}
