//! Serving software: what it adds to the time of the chips it runs on, and how it forms batches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::flaw::{Flaw, positive};
use super::serving::Scheduler;

/// One file of `hardware-profiles/software`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// The name that machines use; the file's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Software of which this is a variant: it has what this does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// From the request's arrival to the scheduler: parsing, tokenising, dispatch.
    pub front_end_seconds: Figure,
    /// Of each token of a prompt on that way; 0 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_end_token_seconds: Option<Figure>,
    /// Host work per step, multiplied by the square root of the chats of a data rank.
    pub host_step_seconds: Figure,
    /// Host work per step, multiplied by the chats of a data rank; 0 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_call_seconds: Option<Figure>,
    /// Host work per step, whatever is in it; 0 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_fixed_seconds: Option<Figure>,
    /// Over the fixed times of a chip's kernels; 1 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_factor: Option<Figure>,
    /// Over the fixed times of experts, besides; 1 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_factor: Option<Figure>,
    /// Over the time that the arithmetic of prompts takes; 1 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill_factor: Option<Figure>,
    /// Host work of each layer in a step that reads prompts, whose kernels are begun one by one and
    /// not as a recorded graph; 0 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill_layer_seconds: Option<Figure>,
    /// How batches are formed, where a machine's file does not say it.
    #[serde(default)]
    pub scheduler: Scheduler,
    /// What is otherwise on single chips.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<OnChip>,
}

/// What is otherwise on one chip: a figure that is absent is as on any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnChip {
    /// The chip's name.
    pub chip: String,
    /// As [`Software::front_end_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_end_seconds: Option<Figure>,
    /// As [`Software::front_end_token_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_end_token_seconds: Option<Figure>,
    /// As [`Software::host_step_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_step_seconds: Option<Figure>,
    /// As [`Software::host_call_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_call_seconds: Option<Figure>,
    /// As [`Software::host_fixed_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_fixed_seconds: Option<Figure>,
    /// As [`Software::kernel_factor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_factor: Option<Figure>,
    /// As [`Software::expert_factor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_factor: Option<Figure>,
    /// As [`Software::prefill_factor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill_factor: Option<Figure>,
    /// As [`Software::prefill_layer_seconds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill_layer_seconds: Option<Figure>,
    /// As [`Software::scheduler`].
    #[serde(default)]
    pub scheduler: Scheduler,
}

/// Figures with their keys.
type Figures<'a> = [(&'static str, Option<&'a Figure>); 9];

/// The figures of software, or of its section of a chip, under the names of their fields.
macro_rules! figures {
    ($of:ident) => {
        figures!(
            $of: front_end_seconds, front_end_token_seconds, host_step_seconds, host_call_seconds,
            host_fixed_seconds, kernel_factor, expert_factor, prefill_factor, prefill_layer_seconds
        )
    };
    ($of:ident: $($key:ident),*) => {
        [$((stringify!($key), Option::<&Figure>::from(&$of.$key))),*]
    };
}

impl Software {
    /// What is wrong with it: it says all that a machine may leave out, and each chip's section
    /// stands once.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.scheduler.flaws();
        flaws.extend(factor_flaws(self.figures()));
        for (key, figure) in [
            ("scheduler.tokens_per_step", &self.scheduler.tokens_per_step),
            ("scheduler.calls_per_step", &self.scheduler.calls_per_step),
        ] {
            if figure.is_none() {
                flaws.push(Flaw::new(key, format!("`{key}` is missing; add it")));
            }
        }
        for (index, on) in self.on.iter().enumerate() {
            let section = format!("on.{index}");
            let inside = on.scheduler.flaws().into_iter().chain(factor_flaws(on.figures()));
            flaws.extend(inside.map(|flaw| flaw.inside(&section)));
            if self.on[..index].iter().any(|other| other.chip == on.chip) {
                let message = format!("two [[on]] are of `{}`; make them one", on.chip);
                flaws.push(Flaw::new(format!("{section}.chip"), message));
            }
        }
        let subject = format!("software `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.about(&subject)).collect()
    }

    /// The figures on a chip, which is given with those that it inherits from, the nearest first.
    pub(crate) fn on_chip<'a>(&'a self, lineage: &[String]) -> SoftwareOn<'a> {
        let section = |chip: &String| self.on.iter().find(|on| on.chip == *chip);
        SoftwareOn { software: self, on: lineage.iter().find_map(section) }
    }

    fn figures(&self) -> Figures<'_> {
        figures!(self)
    }
}

impl OnChip {
    fn figures(&self) -> Figures<'_> {
        figures!(self)
    }
}

/// A factor of 0 would be work that takes no time.
fn factor_flaws(figures: Figures<'_>) -> impl Iterator<Item = Flaw> {
    let factors = figures.into_iter().filter(|(key, _)| key.ends_with("_factor"));
    factors.filter_map(|(key, figure)| positive(key, figure?).err())
}

/// Software on one chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoftwareOn<'a> {
    software: &'a Software,
    on: Option<&'a OnChip>,
}

impl<'a> SoftwareOn<'a> {
    /// The software's name, which its figures' full names begin with.
    pub(crate) fn name(self) -> &'a str {
        &self.software.name
    }

    /// A figure and its key in the software's file.
    pub(crate) fn figure(self, key: &str) -> Option<(&'a Figure, String)> {
        let of = |figures: Figures<'a>| {
            figures.into_iter().find(|(known, _)| *known == key).and_then(|(_, figure)| figure)
        };
        let own = self.on.and_then(|on| Some((of(on.figures())?, section_key(on, key))));
        own.or_else(|| Some((of(self.software.figures())?, key.to_owned())))
    }

    /// What it says of batches, the chip's own first, each with its key in the software's file.
    pub(crate) fn schedulers(self) -> impl Iterator<Item = (&'a Scheduler, String)> {
        let own = self.on.map(|on| (&on.scheduler, section_key(on, "scheduler")));
        own.into_iter().chain([(&self.software.scheduler, "scheduler".to_owned())])
    }
}

fn section_key(on: &OnChip, key: &str) -> String {
    format!("on.{}.{key}", on.chip)
}
