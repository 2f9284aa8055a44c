//! What the acts of two sessions wait for, in terms of both.
//!
//! Instants show what an act may have waited for, not what it did: of two steps that end before it
//! one may have no part in it. Where the two runs seem to differ, but a wait for the same steps
//! gives the instants of both, they do not differ.

use timeslip_timeline::time::{Instant, Span};

use super::align::Row;
use super::journal::{Moment, Work};
use super::lay::natural_end;
use super::mixed::{MixedWork, Pair};
use super::waits::{Act, Waits, waits_of};
use crate::slip::Session;

/// The acts of two sessions, by the places of mixed steps.
pub(super) struct Acts {
    begins: Vec<Pair<Option<Moment>>>,
    gives_up: Vec<Pair<Option<Moment>>>,
    ends: Pair<Option<Moment>>,
}

impl Acts {
    /// Finds what the acts of two sessions wait for; `rows` says which step is which.
    pub(super) fn of(sessions: &Pair<Option<&Session>>, rows: &[Row]) -> Acts {
        let runs = Pair {
            before: sessions.before.map(|session| Run::of(session, rows, |row| row.0, |row| row.1)),
            now: sessions.now.map(|session| Run::of(session, rows, |row| row.1, |row| row.0)),
        };
        let settle = |act: fn(&Run, usize) -> Option<&Act>, place: usize| {
            let act = runs.as_ref().map(|run| run.as_ref().and_then(|run| act(run, place)));
            settle(&runs, act)
        };
        Acts {
            begins: (0..rows.len())
                .map(|place| settle(|r, p| r.begins[p].as_ref(), place))
                .collect(),
            gives_up: (0..rows.len())
                .map(|place| settle(|r, p| r.gives_up[p].as_ref(), place))
                .collect(),
            ends: settle(|run, _| Some(&run.ends), 0),
        }
    }

    /// When a step begins.
    pub(super) fn begins(&self, place: usize) -> Pair<Option<Moment>> {
        self.begins[place].clone()
    }

    /// When the sessions end.
    pub(super) fn ends(&self) -> Pair<Option<Moment>> {
        self.ends.clone()
    }

    /// Says of steps that an agent ends when it does.
    pub(super) fn put_gives_up(&self, place: usize, work: &mut Pair<Option<MixedWork>>) {
        let put = |work: &mut Option<MixedWork>, moment: &Option<Moment>| match work {
            Some(MixedWork { work: Work::GivenUp { until, .. }, .. }) => {
                *until = moment.clone();
            }
            Some(MixedWork { work: Work::Delegated { until }, .. }) => {
                *until = moment.clone().unwrap_or_default();
            }
            _ => {}
        };
        put(&mut work.before, &self.gives_up[place].before);
        put(&mut work.now, &self.gives_up[place].now);
    }
}

/// One session by the places of mixed steps. Each act waits for steps that both sessions have, and
/// for those that only this one has; it waits for all that stands behind the latter too, so that
/// it is right without them.
struct Run {
    started_at: Instant,
    /// By place; `None` for steps that end by the agent's own doing, or are not there.
    ended_at: Vec<Option<Instant>>,
    /// By place: whether only this run has it.
    alone: Vec<bool>,
    begins: Vec<Option<Act>>,
    gives_up: Vec<Option<Act>>,
    ends: Act,
}

impl Run {
    fn of(
        session: &Session,
        rows: &[Row],
        own: impl Fn(&Row) -> Option<usize>,
        other: impl Fn(&Row) -> Option<usize>,
    ) -> Run {
        let mut places = vec![0; session.steps.len()];
        for (place, row) in rows.iter().enumerate() {
            if let Some(step) = own(row) {
                places[step] = place;
            }
        }
        let waits: Waits = waits_of(session);
        let mut run = Run {
            started_at: Instant::from_nanos(session.at_ns),
            ended_at: rows
                .iter()
                .map(|row| own(row).and_then(|step| natural_end(&session.steps[step])))
                .collect(),
            alone: rows.iter().map(|row| own(row).is_some() && other(row).is_none()).collect(),
            begins: vec![None; rows.len()],
            gives_up: vec![None; rows.len()],
            ends: waits.ends.clone(),
        };
        for (step, act) in waits.begins.iter().enumerate() {
            run.begins[places[step]] = Some(run.placed(act, &places));
        }
        for (step, act) in waits.gives_up.iter().enumerate() {
            run.gives_up[places[step]] = act.as_ref().map(|act| run.placed(act, &places));
        }
        run.ends = run.placed(&waits.ends, &places);
        run
    }

    fn placed(&self, act: &Act, places: &[usize]) -> Act {
        let mut after: Vec<usize> = Vec::new();
        for step in &act.after {
            let place = places[*step];
            after.push(place);
            if self.alone[place]
                && let Some(behind) = &self.begins[place]
            {
                after.extend(&behind.after);
            }
        }
        after.sort_unstable();
        after.dedup();
        Act { at: act.at, after }
    }

    /// When the last of these has ended; `None` when one has not by then.
    fn last_end(&self, after: &[usize], by: Instant) -> Option<Instant> {
        let mut last = self.started_at;
        for place in after {
            let end = self.ended_at[*place].filter(|end| *end <= by)?;
            last = last.max(end);
        }
        Some(last)
    }

    /// Whether a wait for these steps, and for those that only this run has, gives the act's
    /// instant as well.
    fn explains(&self, act: &Act, shared: &[usize]) -> bool {
        let instead = self.with_own(act, shared);
        self.last_end(&instead, act.at) == self.last_end(&act.after, act.at)
    }

    fn with_own(&self, act: &Act, shared: &[usize]) -> Vec<usize> {
        let own = act.after.iter().copied().filter(|place| self.alone[*place]);
        let mut after: Vec<usize> = own.chain(shared.iter().copied()).collect();
        after.sort_unstable();
        after
    }

    fn shared(&self, act: &Act) -> Vec<usize> {
        act.after.iter().copied().filter(|place| !self.alone[*place]).collect()
    }

    fn moment(&self, act: &Act, after: Vec<usize>) -> Moment {
        let last = self.last_end(&after, act.at).unwrap_or(self.started_at);
        let gap = act.at.as_nanos().saturating_sub(last.as_nanos());
        Moment { after, gap: Span::from_nanos(gap) }
    }
}

/// Gives an act of both runs one set of steps to wait for, where one gives both instants: all that
/// either run waits for, or what both do.
fn settle(runs: &Pair<Option<Run>>, act: Pair<Option<&Act>>) -> Pair<Option<Moment>> {
    let own = |run: &Option<Run>, act: Option<&Act>| {
        run.as_ref().zip(act).map(|(run, act)| run.moment(act, act.after.clone()))
    };
    let apart = || Pair { before: own(&runs.before, act.before), now: own(&runs.now, act.now) };
    let (Some((before, now)), Some((act_before, act_now))) = (runs.both(), act.both()) else {
        return apart();
    };
    let (first, second) = (before.shared(act_before), now.shared(act_now));
    if first == second {
        return apart();
    }
    let mut all: Vec<usize> = first.iter().chain(&second).copied().collect();
    all.sort_unstable();
    all.dedup();
    let both: Vec<usize> = first.iter().copied().filter(|place| second.contains(place)).collect();
    for shared in [all, both] {
        if before.explains(act_before, &shared) && now.explains(act_now, &shared) {
            return Pair {
                before: Some(before.moment(act_before, before.with_own(act_before, &shared))),
                now: Some(now.moment(act_now, now.with_own(act_now, &shared))),
            };
        }
    }
    apart()
}
