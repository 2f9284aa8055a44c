//! What a row asks of a modelled machine: chips, model, formats, layout and load.

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::profile::Serving;

use crate::formats::serving;
use crate::layout::Layout;
use crate::names;
use crate::row::{Asked, Row, StatedLayout, StatedServing, StatedStep};
use crate::settings::proposed_tokens;

/// More chats at once than any measurement has, and as many as our memory holds.
const CHATS_MAX: u64 = 100_000;

/// What a row asks. Rows that ask the same are predicted once.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The chip's profile.
    pub chip: String,
    /// The model and its formats.
    pub serving: Serving,
    /// The serving software: `vllm`, `sglang`, `trtllm`.
    pub software: Option<String>,
    /// Tokens that the model's own layers propose for each chat of a step; 0 where none are.
    pub proposed_tokens: u64,
    /// The groups of chips.
    pub groups: Groups,
    /// What they do.
    pub work: AskedWork,
}

/// The groups of chips that serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// One group reads prompts and writes replies.
    Together(Layout),
    /// Some read prompts, others write replies.
    Apart {
        /// Those that read.
        prefill: Workers,
        /// Those that write.
        decode: Workers,
    },
}

/// Equal groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// How many.
    pub count: u64,
    /// How each shares the model.
    pub layout: Layout,
}

/// What the groups do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedWork {
    /// They serve chats.
    Load(Load),
    /// One group takes one step.
    Step(StatedStep),
}

/// Chats that are served, so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Chats at once.
    pub concurrency: u64,
    /// The longest prompt, in tokens.
    pub input_tokens: u64,
    /// The longest reply, in tokens.
    pub output_tokens: u64,
}

/// What was taken for something that a row should state and does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// One group reads and one writes, where their numbers are not stated.
    OneWorkerEach,
    /// The groups are those of the one other configuration of the file that serves the same load.
    WorkersOfAlike,
}

impl Assumption {
    /// The word that stands beside the row's mode.
    pub fn word(self) -> &'static str {
        match self {
            Assumption::OneWorkerEach => "workers not stated",
            Assumption::WorkersOfAlike => "workers of a like row",
        }
    }
}

impl Scenario {
    /// What a row asks, and what had to be assumed.
    ///
    /// # Errors
    /// A short reason, the same for rows that lack the same.
    pub fn of(catalogue: &Catalogue, row: &Row) -> Result<(Scenario, Option<Assumption>), String> {
        let chip = names::chip(catalogue, &row.system)?;
        let model = names::model(catalogue, &row.model)?;
        let read = catalogue.chip(&chip).map_err(|error| error.to_string())?;
        let shape = catalogue.model(&model).map_err(|error| error.to_string())?;
        let serving = serving(&model, &row.model, &row.formats, &read)?;
        let (groups, work, assumption) = match &row.asked {
            Asked::Serving(stated) => {
                let layout = |stated: &StatedLayout| Layout::of(stated, &shape);
                let (groups, assumption) = groups(stated, layout)?;
                let load = load(stated)?;
                check_chats(load.concurrency)?;
                (groups, AskedWork::Load(load), assumption)
            }
            Asked::Step(step) => {
                check_chats(step.batch)?;
                let stated = StatedLayout { tensor: Some(step.tensor), ..StatedLayout::default() };
                let groups = Groups::Together(Layout::of(&stated, &shape)?);
                (groups, AskedWork::Step(*step), None)
            }
        };
        let software = row.software.as_deref().map(names::software);
        let mut scenario = Scenario { chip, serving, software, proposed_tokens: 0, groups, work };
        if let Asked::Serving(stated) = &row.asked
            && let Some(day) = &stated.measured_on
        {
            scenario.proposed_tokens = proposed_tokens(&scenario, day);
        }
        Ok((scenario, assumption))
    }
}

fn groups(
    stated: &StatedServing,
    layout: impl Fn(&StatedLayout) -> Result<Layout, String>,
) -> Result<(Groups, Option<Assumption>), String> {
    match stated.mode.as_deref() {
        Some("agg") => Ok((Groups::Together(layout(&stated.together)?), None)),
        Some("disagg") => {
            let workers = |stated: &StatedLayout| {
                Ok::<_, String>(Workers {
                    count: stated.workers.unwrap_or(1),
                    layout: layout(stated)?,
                })
            };
            let groups = Groups::Apart {
                prefill: workers(&stated.prefill)?,
                decode: workers(&stated.decode)?,
            };
            let is_stated = stated.prefill.workers.and(stated.decode.workers).is_some();
            Ok((groups, (!is_stated).then_some(Assumption::OneWorkerEach)))
        }
        Some(other) => Err(format!("the mode `{other}` is neither `agg` nor `disagg`")),
        None => Err("the mode is not stated".to_owned()),
    }
}

fn check_chats(chats: u64) -> Result<(), String> {
    match chats > CHATS_MAX {
        true => Err("there are more than 100,000 chats at once".to_owned()),
        false => Ok(()),
    }
}

fn load(stated: &StatedServing) -> Result<Load, String> {
    Ok(Load {
        concurrency: stated.concurrency.ok_or("the number of chats at once is not stated")?,
        input_tokens: stated.input_tokens.ok_or("the prompt's length is not stated")?,
        output_tokens: stated.output_tokens.ok_or("the reply's length is not stated")?,
    })
}
