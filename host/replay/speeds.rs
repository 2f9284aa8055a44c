//! A slip's sessions with tools, agents and users that are faster or slower than they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_gate::attribute::journal::{Journal, JournalStep, Moment, Work};
use timeslip_gate::slip::Slip;
use timeslip_gate::step::Step;
use timeslip_timeline::time::Span;

/// How many times as fast each part of a session is that no machine serves: 1 is as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Speeds {
    /// Every tool that has no speed of its own.
    pub tools: f64,
    /// Single tools, by their names.
    pub tool: BTreeMap<String, f64>,
    /// The computing of agents.
    pub agent: f64,
    /// The user's thinking.
    pub user: f64,
}

impl Default for Speeds {
    fn default() -> Speeds {
        Speeds { tools: 1.0, tool: BTreeMap::new(), agent: 1.0, user: 1.0 }
    }
}

impl Speeds {
    /// How many times as fast a step is.
    fn of(&self, step: &Step) -> f64 {
        match step {
            Step::Tool(step) => self.tool.get(&step.tool).copied().unwrap_or(self.tools),
            Step::User(_) => self.user,
            Step::Chat(_) | Step::Sleep(_) => 1.0,
        }
    }

    /// The journal of a slip at these speeds.
    pub(crate) fn applied(&self, slip: &Slip, mut journal: Journal) -> Journal {
        for (session, recorded) in journal.sessions.iter_mut().zip(&slip.sessions) {
            let session = Arc::make_mut(session);
            self.move_agent(&mut session.ends);
            for (step, was) in session.steps.iter_mut().zip(&recorded.steps) {
                self.move_step(step, self.of(was));
            }
        }
        journal
    }

    fn move_step(&self, step: &mut JournalStep, speed: f64) {
        self.move_agent(&mut step.begins);
        match &mut step.work {
            Work::Lasts(span) => *span = at_speed(*span, speed),
            Work::Delegated { until } => self.move_agent(until),
            Work::GivenUp { until: Some(until), .. } => self.move_agent(until),
            Work::Chat(_) | Work::GivenUp { until: None, .. } => {}
        }
    }

    fn move_agent(&self, moment: &mut Moment) {
        moment.gap = at_speed(moment.gap, self.agent);
    }
}

/// A span at so many times the speed, to the nearest nanosecond.
fn at_speed(span: Span, speed: f64) -> Span {
    match speed == 1.0 {
        true => span,
        false => Span::from_nanos((span.as_nanos() as f64 / speed).round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_at_its_own_speed_is_the_same_to_the_nanosecond() {
        let long = Span::from_nanos((1 << 53) + 1);
        assert_eq!(at_speed(long, 1.0), long);
        assert_eq!(at_speed(Span::from_nanos(7), 2.0), Span::from_nanos(4));
        assert_eq!(at_speed(Span::from_nanos(7), 0.5), Span::from_nanos(14));
    }
}
