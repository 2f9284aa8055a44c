//! The time of a step that proposes tokens, checks all of them at once, and keeps some.

use super::model::StepModel;
use super::term::{Part, StepTime, Term};
use super::work::Work;

/// What the steps of a model take whose tokens another proposes.
#[derive(Clone, Debug)]
pub struct SpeculativeCost {
    /// The model itself.
    pub(crate) verify: StepModel,
    /// One step that proposes a token for each chat.
    pub(crate) draft: StepModel,
    /// Whether other chips propose than those that verify.
    pub(crate) is_apart: bool,
    /// Of a step, for proposals and what was accepted to reach the other side.
    pub(crate) crossing_seconds: f64,
}

impl SpeculativeCost {
    /// The step's time, and how far it uses all chips.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let mut time = self.verify.time(work);
        if let Some(draft) = self.draft_time(work) {
            time += if self.is_apart { draft.by_helper() } else { draft };
            time += StepTime::only(self.crossing_seconds);
        }
        time
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub(crate) fn terms(&self, work: &Work, sink: &mut dyn FnMut(Term)) {
        self.verify.terms(work, &mut |term| sink(term));
        let mut sum = Term::fixed(Part::Draft, 0.0);
        let mut longest = 0.0;
        for draft in work.drafting() {
            self.draft.terms(draft, &mut |term| {
                if term.seconds > longest {
                    longest = term.seconds;
                    sum.binds = term.binds;
                }
                sum.flops += term.flops;
                sum.bytes += term.bytes;
            });
        }
        if let Some(draft) = self.draft_time(work) {
            sink(Term { seconds: draft.seconds, ..sum });
            if self.crossing_seconds > 0.0 {
                sink(Term::fixed(Part::Crossings, self.crossing_seconds));
            }
        }
    }

    /// All proposals of a step, one after the other, if it has any.
    fn draft_time(&self, work: &Work) -> Option<StepTime> {
        let steps = work.drafting().map(|draft| self.draft.time(draft));
        steps.reduce(|sum, step| sum + step)
    }
}
