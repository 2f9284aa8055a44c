//! The ways in which a machine's profile says what a step takes.

use super::component::ComponentSteps;
use super::grid::Line;
use super::layer_profile::{LayerProfileCost, StepShape};
use super::paced::PacedCost;
use super::speculative::SpeculativeCost;
use super::split::SplitCost;
use super::sram::SramCost;
use super::step::StepCost;
use super::term::{Binds, Part, StepTime, Term};
use super::work::Work;

/// What a pool's group of chips takes for a step.
#[derive(Clone, Debug)]
pub enum StepModel {
    /// From the work in it and the chips' rates.
    Roofline(Box<StepCost>),
    /// From the layers' way through chips that hold them in SRAM.
    Sram(Box<SramCost>),
    /// From what the model's layers were measured to take on these chips.
    LayerProfile(Box<LayerProfileCost>),
    /// Stated, whatever the work in it is.
    Fixed(FixedSteps),
    /// As a component states it.
    Component(ComponentSteps),
    /// From two groups that share the layers.
    Split(Box<SplitCost>),
    /// From tokens that are proposed and checked.
    Speculative(Box<SpeculativeCost>),
    /// As another says, faster or slower.
    Paced(Box<PacedCost>),
}

/// Steps of stated times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixedSteps {
    /// A step that reads any token of a prompt.
    pub prefill_seconds: f64,
    /// A step that only writes.
    pub decode_seconds: f64,
}

/// What a series of steps that only write has in common, step after step.
#[derive(Clone, Debug, Default)]
pub(crate) struct WritingSteps {
    /// All but attention.
    fixed: StepTime,
    /// Of the chats' states.
    states: StepTime,
    /// Of each pair of tokens that attention joins, per reach.
    pairs: Vec<StepTime>,
    /// Of attention in each of so many equal layers, by the mean of the tokens looked back at.
    measured: Line,
    layers: f64,
    /// Whether the steps have nothing in common that would make them cheaper to time.
    is_whole: bool,
}

impl StepModel {
    /// What a machine's figures say, whatever the pace.
    pub(crate) fn at_its_own_pace(&self) -> &StepModel {
        match self {
            StepModel::Paced(cost) => cost.inner.at_its_own_pace(),
            model => model,
        }
    }

    /// The step's time in seconds.
    pub fn seconds(&self, work: &Work) -> f64 {
        self.time(work).seconds
    }

    /// The step's time, and how far it uses the chips.
    pub fn time(&self, work: &Work) -> StepTime {
        match self {
            StepModel::Roofline(cost) => cost.time(work),
            StepModel::Sram(cost) => cost.time(work),
            StepModel::LayerProfile(cost) => StepTime::only(cost.seconds(&StepShape::of(work))),
            StepModel::Fixed(fixed) => fixed.time(work),
            StepModel::Component(cost) => StepTime::only(cost.seconds(work)),
            StepModel::Split(cost) => cost.time(work),
            StepModel::Speculative(cost) => cost.time(work),
            StepModel::Paced(cost) => cost.time(work),
        }
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        match self {
            StepModel::Roofline(cost) => cost.terms(work, sink),
            StepModel::Sram(cost) => cost.terms(work, sink),
            StepModel::LayerProfile(cost) => cost.terms(&StepShape::of(work), sink),
            StepModel::Fixed(fixed) => sink(Term::fixed(Part::Stated, fixed.time(work).seconds)),
            StepModel::Component(cost) => {
                let stated = Term::fixed(Part::Stated, cost.seconds(work));
                sink(Term { binds: Binds::Stated, ..stated });
            }
            StepModel::Split(cost) => cost.terms(work, sink),
            StepModel::Speculative(cost) => cost.terms(work, sink),
            StepModel::Paced(cost) => cost.terms(work, sink),
        }
    }

    /// Prepares a series of steps that write for the chats of `work` and do nothing else.
    pub(crate) fn begin_writing(&self, work: &Work, series: &mut WritingSteps) {
        series.states = StepTime::default();
        series.pairs.clear();
        series.layers = 0.0;
        series.is_whole = matches!(
            self,
            StepModel::Sram(_)
                | StepModel::Component(_)
                | StepModel::Split(_)
                | StepModel::Speculative(_)
                | StepModel::Paced(_)
        );
        match self {
            StepModel::Roofline(cost) => {
                series.fixed = cost.all_but_attention(work);
                series.states = cost.states(work);
                series.pairs.extend(cost.decode_pairs());
            }
            StepModel::LayerProfile(cost) => {
                series.fixed = StepTime::only(cost.all_but_attention(&StepShape::of(work)));
                series.layers = cost.begin_writing(work.decodes, &mut series.measured);
            }
            StepModel::Fixed(fixed) => series.fixed = fixed.time(work),
            StepModel::Sram(_)
            | StepModel::Component(_)
            | StepModel::Split(_)
            | StepModel::Speculative(_)
            | StepModel::Paced(_) => {}
        }
    }
}

impl WritingSteps {
    /// The time of one step of a series that `model` began: to the bit what [`StepModel::time`]
    /// gives for it.
    pub(crate) fn time(&self, model: &StepModel, work: &Work) -> StepTime {
        if self.is_whole {
            return model.time(work);
        }
        if self.layers > 0.0 {
            let context = StepShape::of(work).mean_context();
            let attention = self.layers * self.measured.at(context).max(0.0);
            return self.fixed + StepTime::only(attention);
        }
        let mut attention = self.states;
        for (pair, pairs) in self.pairs.iter().zip(&work.reaches) {
            attention += *pair * pairs.decode_pairs as f64;
        }
        self.fixed + attention
    }
}

impl FixedSteps {
    fn time(&self, work: &Work) -> StepTime {
        StepTime::only(match work.prefill_tokens {
            0 => self.decode_seconds,
            _ => self.prefill_seconds,
        })
    }
}
