//! What each act of a session waited for, as far as its instants show it.
//!
//! A slip does not say why an agent went on. Its agents wait for steps and answer at once, so an
//! act follows whatever ended since the act before it; acts with nothing ended between them are of
//! one stretch of computing and follow the same. Of two chains of steps that run side by side, each
//! thus follows itself alone. A step that was given up ends by the agent's own doing, so nothing
//! follows it.
//!
//! An agent that is a tool of another begins with its tool step, waits for its own steps alone, and
//! its last act is the end of the tool step.

use std::collections::{BTreeSet, VecDeque};

use timeslip_timeline::time::{Instant, Span};

use crate::compose::GIVEN_UP;
use crate::slip::Session;
use crate::step::{ChatFinish, Step};

/// An act of a session: when, and after which of its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) at: Instant,
    /// In order; none for the session's beginning.
    pub(super) after: Vec<usize>,
}

/// The acts of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    /// When each step was asked.
    pub(super) begins: Vec<Act>,
    /// When an agent ended each step: gave it up, or, of a tool step that is an agent, was done with
    /// it. `None` for those that no agent ended, and for those that the end of the session gave up.
    pub(super) gives_up: Vec<Option<Act>>,
    /// When it ended. A session that its deadline ended waited for nothing else.
    pub(super) ends: Act,
}

/// Whether the agent, or the session's end, gave the step up. Of a sleep a slip does not say it.
pub(super) fn is_given_up(step: &Step) -> bool {
    match step {
        Step::Chat(chat) => chat.finish_reason == ChatFinish::Cancelled,
        Step::Tool(_) | Step::User(_) => step.error() == Some(GIVEN_UP),
        Step::Sleep(_) => false,
    }
}

/// The steps that agents did with steps of their own, by their places.
pub(super) fn delegated_steps(session: &Session) -> BTreeSet<usize> {
    let places = session.steps.iter().filter_map(Step::within);
    places.filter(|place| *place < session.steps.len()).collect()
}

/// When a step ended.
pub(super) fn end_of(step: &Step) -> Instant {
    Instant::from_nanos(step.at_ns()) + Span::from_nanos(step.e2e_ns())
}

/// When a session ended.
pub(super) fn end_of_session(session: &Session) -> Instant {
    Instant::from_nanos(session.at_ns) + Span::from_nanos(session.e2e_ns)
}

/// Finds what each act of a session waited for.
pub(super) fn waits_of(session: &Session) -> Waits {
    let steps = &session.steps;
    let ended_at = end_of_session(session);
    let mut waits = Waits {
        begins: vec![Act { at: Instant::ZERO, after: Vec::new() }; steps.len()],
        gives_up: vec![None; steps.len()],
        ends: Act { at: ended_at, after: Vec::new() },
    };
    let last = waits_of_agent(session, None, Vec::new(), &mut waits);
    let by_deadline = session.error.as_ref().is_some_and(|error| error.kind == "deadline");
    if !by_deadline {
        waits.ends = last;
    }
    // A tool step stands above the steps of its agent, so what it waits for is known before theirs.
    for place in delegated_steps(session) {
        let inherited = waits.begins[place].after.clone();
        let last = waits_of_agent(session, Some(place), inherited, &mut waits);
        // One that was given up ends by the act that gave it up.
        if !is_given_up(&steps[place]) {
            waits.gives_up[place] = Some(last);
        }
    }
    waits
}

/// What the last act of an agent followed, also where it was stopped behind it: of the session's own,
/// or of the one within a tool step.
pub(super) fn last_followed(session: &Session, within: Option<usize>) -> Vec<usize> {
    let nothing = || Act { at: Instant::ZERO, after: Vec::new() };
    let mut waits = Waits {
        begins: session.steps.iter().map(|_| nothing()).collect(),
        gives_up: vec![None; session.steps.len()],
        ends: nothing(),
    };
    waits_of_agent(session, within, Vec::new(), &mut waits).after
}

/// Finds what each act of one agent waited for: the session's own, or the one within a tool step.
/// Returns its last act.
fn waits_of_agent(
    session: &Session,
    within: Option<usize>,
    inherited: Vec<usize>,
    waits: &mut Waits,
) -> Act {
    let steps = &session.steps;
    let ended_at = within.map_or(end_of_session(session), |place| end_of(&steps[place]));
    let own = || (0..steps.len()).filter(|place| steps[*place].within() == within);
    let mut ends: Vec<(Instant, usize)> = own()
        .filter(|step| !is_given_up(&steps[*step]))
        .map(|step| (end_of(&steps[step]), step))
        .collect();
    ends.sort_unstable();
    // By instant, then by what is done first: giving up, asking, ending.
    let mut acts: Vec<(Instant, u8, usize)> = Vec::with_capacity(steps.len() + 1);
    for place in own() {
        let step = &steps[place];
        acts.push((Instant::from_nanos(step.at_ns()), 1, place));
        if is_given_up(step) && end_of(step) < end_of_session(session) {
            acts.push((end_of(step), 0, place));
        }
    }
    acts.sort_unstable();
    let mut follows = Follows { ends: ends.into(), last: inherited };
    for (at, what, place) in acts {
        match what {
            0 => waits.gives_up[place] = Some(follows.act(at, usize::MAX)),
            _ => waits.begins[place] = follows.act(at, place),
        }
    }
    follows.act(ended_at, usize::MAX)
}

struct Follows {
    /// Ends that no act has followed yet, in order.
    ends: VecDeque<(Instant, usize)>,
    /// What the last act followed.
    last: Vec<usize>,
}

impl Follows {
    /// An act that cannot follow the step `before_step` or later ones: of two steps of one instant
    /// the one asked first does not wait for the other.
    fn act(&mut self, at: Instant, before_step: usize) -> Act {
        let mut since: Vec<usize> = Vec::new();
        let mut left: Vec<(Instant, usize)> = Vec::new();
        while let Some(&(end, step)) = self.ends.front().filter(|(end, _)| *end <= at) {
            self.ends.pop_front();
            match step < before_step {
                true => since.push(step),
                false => left.push((end, step)),
            }
        }
        left.into_iter().rev().for_each(|end| self.ends.push_front(end));
        if !since.is_empty() {
            since.sort_unstable();
            self.last = since;
        }
        Act { at, after: self.last.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::hand_made::{session, sleep, tool};

    fn follows(waits: &Waits) -> Vec<Vec<usize>> {
        waits.begins.iter().chain([&waits.ends]).map(|act| act.after.clone()).collect()
    }

    #[test]
    fn steps_in_turn_follow_each_other() {
        let steps = vec![tool("a", 0, 10), tool("b", 12, 10), tool("c", 22, 10)];
        let waits = waits_of(&session("t", 0, 40, steps));
        assert_eq!(follows(&waits), [vec![], vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn what_is_asked_together_follows_the_same_and_a_join_follows_both() {
        let steps = vec![tool("a", 0, 10), tool("b", 10, 20), tool("c", 15, 5), tool("d", 30, 1)];
        let waits = waits_of(&session("t", 0, 31, steps));
        assert_eq!(follows(&waits), [vec![], vec![0], vec![0], vec![1, 2], vec![3]]);
    }

    #[test]
    fn of_two_chains_side_by_side_each_follows_itself() {
        let steps =
            vec![tool("a1", 0, 10), tool("b1", 0, 14), tool("a2", 10, 10), tool("b2", 14, 30)];
        let waits = waits_of(&session("t", 0, 44, steps));
        assert_eq!(follows(&waits), [vec![], vec![], vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn nothing_follows_what_was_given_up() {
        let mut given_up = tool("slow", 0, 10);
        let Step::Tool(step) = &mut given_up else { unreachable!() };
        (step.ok, step.error) = (false, Some(GIVEN_UP.to_owned()));
        let steps = vec![given_up, sleep(0, 10), tool("fast", 10, 5)];
        let waits = waits_of(&session("t", 0, 15, steps));
        assert_eq!(follows(&waits), [vec![], vec![], vec![1], vec![2]]);
        assert_eq!(waits.gives_up[0].as_ref().unwrap().after, [1]);
    }

    #[test]
    fn of_steps_of_one_instant_and_no_length_none_follows_a_later_one() {
        let steps = vec![sleep(0, 0), sleep(0, 0), sleep(0, 5)];
        let waits = waits_of(&session("t", 0, 5, steps));
        assert_eq!(follows(&waits), [vec![], vec![0], vec![1], vec![2]]);
    }
}
