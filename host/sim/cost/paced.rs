//! Steps that take another time than they would by the chips' figures.

use super::model::StepModel;
use super::term::{StepTime, Term};
use super::work::Work;

/// The steps of another model, faster or slower.
#[derive(Clone, Debug)]
pub struct PacedCost {
    /// What the steps would take.
    pub(crate) inner: StepModel,
    /// How many times as fast those are that read any token of a prompt.
    pub(crate) prefill: f64,
    /// How many times as fast those are that only write.
    pub(crate) decode: f64,
}

impl PacedCost {
    /// The step's time, in which it does the same work.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let time = self.inner.time(work);
        StepTime { seconds: time.seconds / self.speed(work), ..time }
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub(crate) fn terms(&self, work: &Work, sink: &mut dyn FnMut(Term)) {
        let speed = self.speed(work);
        self.inner.terms(work, &mut |term| sink(Term { seconds: term.seconds / speed, ..term }));
    }

    fn speed(&self, work: &Work) -> f64 {
        match work.prefill_tokens {
            0 => self.decode,
            _ => self.prefill,
        }
    }
}
