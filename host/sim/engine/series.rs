//! Steps between two changes of a batch, summed at once.
//!
//! While every chat of a batch writes and nobody comes or goes, steps differ only in how far their
//! tokens look back. Such steps are timed one by one, by the same arithmetic as always, but nobody
//! is visited for them: the chats hear of them together. Whatever touches the group first settles
//! the series: the steps that are over by then are counted, and the one under way goes on as a step
//! like any other. So results are the same to the bit as if every step were walked.

use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use super::agenda::Event;
use super::group::{Duty, Share};
use super::used::Used;

/// Steps that are summed, each with its end and what all up to it used.
#[derive(Debug, Default)]
pub(crate) struct Series {
    ends: Vec<Instant>,
    used: Vec<Used>,
    used_by_each: Vec<Used>,
    /// Whether the growth of its chats makes cached blocks give way.
    pub(crate) evicts: bool,
    /// The longest series that is begun: doubled after one that nothing cut short, since what is
    /// computed beyond a cut is lost.
    limit: u64,
}

/// The bounds of [`Series::limit`].
const SHORTEST: u64 = 16;
const LONGEST: u64 = 4096;

impl Series {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn clear(&mut self) {
        self.ends.clear();
        self.used.clear();
        self.used_by_each.clear();
    }

    pub(crate) fn push(&mut self, ends_at: Instant, used: Used, used_by_each: Used) {
        self.ends.push(ends_at);
        self.used.push(used);
        self.used_by_each.push(used_by_each);
    }

    /// The most steps that are summed next.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.clamp(SHORTEST, LONGEST)
    }

    /// When the step of the series began and ends that is under way at `at`; its last one after its
    /// end, and `None` where there is no series.
    pub(crate) fn under_way(&self, began_at: Instant, at: Instant) -> Option<(Instant, Instant)> {
        let step = (self.steps_over(at) as usize).min(self.ends.len().checked_sub(1)?);
        let began_at = step.checked_sub(1).map_or(began_at, |before| self.ends[before]);
        Some((began_at, self.ends[step]))
    }

    /// How many of its steps are over at `at`.
    pub(crate) fn steps_over(&self, at: Instant) -> u64 {
        self.ends.partition_point(|end| *end <= at) as u64
    }

    /// What the group used in the series up to `at`: whole steps, and a part of the one under way.
    pub(crate) fn joules_until(&self, began_at: Instant, at: Instant) -> f64 {
        let done = self.ends.partition_point(|end| *end <= at);
        let before = done.checked_sub(1).map(|last| (self.ends[last], self.used[last]));
        let (since, whole) = before.unwrap_or((began_at, Used::default()));
        let Some(end) = self.ends.get(done) else {
            return whole.joules();
        };
        let part = at.since(since).as_seconds_f64() / end.since(since).as_seconds_f64();
        whole.joules() + (self.used[done] - whole).joules() * part
    }
}

impl ModelledMachine {
    /// How many steps like this one a group may sum: until a chat's reply is complete, a limit of
    /// what it looks back at is reached, memory lacks, or a token has to be told of.
    pub(super) fn steps_to_sum(&mut self, group: usize) -> u64 {
        let state = &self.groups[group];
        let is_full = state.batched() >= self.deployment.calls_per_step;
        let may_change = state.waiting.depends_on_time()
            || (self.deployment.plans_ahead && state.waiting.len() > 0);
        let writes_several = self.deployment.speculation.is_some();
        if self.walks || writes_several || (may_change && !is_full) {
            return 1;
        }
        let mut steps = state.series.limit();
        for slot in &state.running {
            let call = &self.calls[*slot];
            if call.stream {
                return 1;
            }
            let context = call.tokens();
            steps = steps
                .min(call.reply.tokens_left(call.written))
                .min(self.deployment.model.context_tokens.saturating_sub(context))
                .min(state.steps_until_a_limit(context));
        }
        let mut steps = steps.max(1);
        let (available, free) = (state.memory.available(), state.memory.free());
        let mut lacks = self.lacks_after(group, steps);
        while lacks > available {
            steps /= 2;
            lacks = self.lacks_after(group, steps);
        }
        self.groups[group].series.evicts = lacks > free;
        steps
    }

    /// Blocks that the chats of a group lack for this many steps.
    fn lacks_after(&self, group: usize, steps: u64) -> u64 {
        let state = &self.groups[group];
        let lacks = |slot| {
            let call = &self.calls[slot];
            let held = match state.duty {
                Duty::Write => &call.decode_held,
                Duty::Read | Duty::Both => &call.first_held,
            };
            state.memory.lacks(held, call.tokens() + steps - 1)
        };
        state.running.iter().map(|slot| lacks(*slot)).sum()
    }

    /// Counts the steps of a group's series that were over before now, and lets the one under way
    /// go on alone. Everything that changes a group, or looks into its memory, does this first.
    pub(super) fn settle(&mut self, group: usize) {
        let state = &mut self.groups[group];
        if state.series.is_empty() {
            return;
        }
        let steps = state.series.ends.len();
        // At an instant that is over, so are the steps that end there.
        let is_over = |end: &Instant| *end < self.now || Some(*end) <= self.passed;
        let done = state.series.ends.partition_point(is_over).min(steps - 1);
        state.series.limit = match done + 1 == steps {
            true => 2 * state.series.limit(),
            false => 2 * done as u64,
        };
        let mut series = std::mem::take(&mut state.series);
        let mut step = state.step.take().expect("a series is under way");
        let at = |used: &[Used]| done.checked_sub(1).map_or(Used::default(), |last| used[last]);
        let (used, used_by_each) = (at(&series.used), at(&series.used_by_each));
        if done > 0 {
            let (first, last) = (series.ends[0], series.ends[done - 1]);
            for (slot, share) in &mut step.shares {
                let call = &mut self.calls[*slot];
                call.write_tokens(done as u64, first, last);
                call.used += used_by_each;
                let context = call.tokens();
                *share = Share::Write { context, proposed: 0 };
                let grown = self.grow(group, *slot, context);
                assert!(grown, "the memory of a series was counted before");
            }
            let state = &mut self.groups[group];
            state.busy += last.since(step.began_at);
            state.used += used;
            step.began_at = last;
        }
        step.ends_at = series.ends[done];
        step.used = series.used[done] - used;
        step.used_by_each = series.used_by_each[done] - used_by_each;
        series.clear();
        let state = &mut self.groups[group];
        if done + 1 < steps {
            state.ticket += 1;
            let event = Event::EndStep { group, ticket: state.ticket };
            self.agenda.add(step.ends_at, event);
        }
        state.series = series;
        state.step = Some(step);
    }
}
