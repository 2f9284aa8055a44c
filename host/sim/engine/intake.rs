//! How long a chat takes from its arrival to the scheduler.

use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use super::group::{Duty, Group};

impl ModelledMachine {
    /// Of a prompt of so many tokens that comes at `at`.
    pub(super) fn front_end(&self, at: Instant, input_tokens: u64) -> Span {
        let front_end = &self.deployment.front_end;
        let step = match front_end.waits_for_steps() {
            true => self.mean_step(at),
            false => Span::ZERO,
        };
        front_end.span(input_tokens, step)
    }

    /// The mean length of the steps under way at `at`, of the groups that read prompts and write
    /// replies: which of them a chat goes to is decided once it has been taken in. Groups that only
    /// read look at what has come before each step, since they have nothing else to go on with.
    fn mean_step(&self, at: Instant) -> Span {
        let both = self.groups.iter().filter(|group| group.duty == Duty::Both);
        let (sum, groups) = both.fold((0, 0), |(sum, groups), group| {
            (sum + group.step_under_way(at).as_nanos(), groups + 1)
        });
        Span::from_nanos(sum / groups.max(1))
    }
}

impl Group {
    /// How long the step takes that is under way at `at`, or the one that ends then and that another
    /// follows; nothing where none is.
    fn step_under_way(&self, at: Instant) -> Span {
        match &self.step {
            Some(step) => match self.series.under_way(step.began_at, at) {
                Some((began_at, ends_at)) => ends_at.since(began_at),
                None => step.ends_at.since(step.began_at),
            },
            // A chat that comes when another's reply is complete comes between two steps.
            None => match self.last_step {
                Some((began_at, ended_at)) if ended_at == at && !self.running.is_empty() => {
                    ended_at.since(began_at)
                }
                _ => Span::ZERO,
            },
        }
    }
}
