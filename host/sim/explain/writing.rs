//! A step that writes for replies of one context: what it computes, and how long it takes.

use super::{StepExplanation, Sum, TermLine, helper};
use crate::cost::{Work, step_span};
use crate::deployment::{DeployedPool, Deployment};

/// What a step that writes computes, and the tokens that it writes.
pub(super) struct WritingWork {
    pub(super) work: Work,
    /// Of each reply, on average.
    tokens_per_reply: f64,
    /// Of the reply that it writes the fewest of, on average over steps.
    fewest_tokens: f64,
}

impl WritingWork {
    pub(super) fn of(deployment: &Deployment, context: u64, batch: u64) -> WritingWork {
        let mut work = deployment.no_work();
        let mean = deployment.mean_tokens_per_step();
        let mut room = deployment.draft_room();
        let (mut written, mut fewest_tokens) = (0.0, mean);
        for _ in 0..batch {
            let proposed = deployment.proposed(context, &mut room);
            let tokens = if proposed > 0 { mean } else { 1.0 };
            written += tokens;
            fewest_tokens = tokens.min(fewest_tokens);
            work.add_drafted(context, proposed);
        }
        WritingWork { work, tokens_per_reply: written / batch as f64, fewest_tokens }
    }
}

/// One step that writes for `batch` replies, each of which looks back at as many tokens.
pub(crate) struct WritingStep<'a> {
    pool: &'a DeployedPool,
    written: WritingWork,
    sum: Sum<'a>,
}

impl<'a> WritingStep<'a> {
    pub(crate) fn of(deployment: &'a Deployment, context: u64, batch: u64) -> WritingStep<'a> {
        let pool = deployment.writer();
        let written = WritingWork::of(deployment, context, batch);
        let sum = Sum::of(&pool.cost, [&written.work]);
        WritingStep { pool, written, sum }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.sum.seconds()
    }

    /// Tokens that the step writes of each reply, on average.
    pub(super) fn tokens_per_reply(&self) -> f64 {
        self.written.tokens_per_reply
    }

    /// Those over the step's time.
    pub(super) fn tokens_per_second_per_user(&self) -> f64 {
        self.written.tokens_per_reply / step_span(self.seconds()).as_seconds_f64()
    }

    /// The speed of the slowest user if the step took this long: where a draft group has no room for
    /// all chats, some write one token a step.
    pub(crate) fn slowest_tokens_per_second(&self, seconds: f64) -> f64 {
        self.written.fewest_tokens / step_span(seconds).as_seconds_f64()
    }

    /// What its time is made of.
    pub(crate) fn lines(&self) -> Vec<TermLine> {
        self.sum.lines(1)
    }

    pub(super) fn explain(&self, deployment: &Deployment) -> StepExplanation {
        let explained = self.sum.explain(self.pool, 1, self.written.work.tokens);
        StepExplanation { helper: helper(deployment), ..explained }
    }
}
