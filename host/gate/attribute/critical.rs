//! Which steps of a session stand on its critical path, as far as its instants show it.

use std::collections::BTreeSet;

use super::waits::{Waits, delegated_steps, end_of, end_of_session, last_followed, waits_of};
use crate::slip::Session;
use crate::step::Step;

/// Whether each step of a session is on its critical path: walking back from the session's end, from
/// each act of an agent to the step that it waited for last, and from there to the act that asked for
/// it. Between two such steps the agent computes. An answer that came while the agent computed after
/// another one looks as if it had been waited for, since no instant shows what the agent did. A tool step that an agent does with steps of its
/// own is on the path with those of them that it waited for. Of a session that was stopped, the step
/// that it waited for then is on it, from the agent's last act on.
pub fn critical_steps(session: &Session) -> Vec<bool> {
    let walk = Walk { session, waits: waits_of(session), delegated: delegated_steps(session) };
    let mut on_path = vec![false; session.steps.len()];
    walk.mark_agent(None, &walk.waits.ends.after, &mut on_path);
    on_path
}

struct Walk<'a> {
    session: &'a Session,
    waits: Waits,
    delegated: BTreeSet<usize>,
}

impl Walk<'_> {
    /// Marks what the path goes through of an agent's steps: the session's own, or the one within a
    /// tool step. Its last act followed these.
    fn mark_agent(&self, within: Option<usize>, followed: &[usize], on_path: &mut [bool]) {
        let mut next = match self.stopped_in(within) {
            Some(place) => {
                self.mark_step(place, on_path);
                self.before_stop(within)
            }
            None => self.last_of(within, followed),
        };
        while let Some(place) = next {
            self.mark_step(place, on_path);
            // Steps of one instant and no length may seem to follow each other; the path goes up.
            let before = self.last_of(within, &self.waits.begins[place].after);
            next = before.filter(|before| *before < place);
        }
    }

    /// What woke an agent last before it was stopped: a step that had ended by then.
    fn before_stop(&self, within: Option<usize>) -> Option<usize> {
        let steps = &self.session.steps;
        let end = end_of_session(self.session);
        let mut woken_by = last_followed(self.session, within);
        woken_by.retain(|place| end_of(&steps[*place]) < end);
        let last_asked = (0..steps.len()).rfind(|place| steps[*place].within() == within);
        self.last_of(within, &woken_by)
            .or_else(|| self.last_of(within, &self.waits.begins[last_asked?].after))
    }

    fn mark_step(&self, place: usize, on_path: &mut [bool]) {
        on_path[place] = true;
        if self.delegated.contains(&place) {
            let done = self.waits.gives_up[place].as_ref();
            let followed = done.map(|act| act.after.as_slice()).unwrap_or_default();
            self.mark_agent(Some(place), followed, on_path);
        }
    }

    /// Of some steps the agent's own one that ended last; of equals the first.
    fn last_of(&self, within: Option<usize>, places: &[usize]) -> Option<usize> {
        let steps = &self.session.steps;
        let own = places.iter().copied().filter(|place| steps[*place].within() == within);
        own.rev().max_by_key(|place| end_of(&steps[*place]))
    }

    /// What the agent of a session that was stopped waited for then: the first of its steps that
    /// reached to the end.
    fn stopped_in(&self, within: Option<usize>) -> Option<usize> {
        self.session.error.as_ref()?;
        let end = end_of_session(self.session);
        let mut steps = self.session.steps.iter().enumerate();
        let reaches = |step: &Step| step.within() == within && end_of(step) >= end;
        steps.find(|(_, step)| reaches(step)).map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use timeslip_timeline::drive::Load;
    use timeslip_timeline::time::Span;

    use super::*;
    use crate::attribute::driven::{Chains, Deed, driven};
    use crate::attribute::hand_made::{session, tool};
    use crate::attribute::laws::without_giving_up;
    use crate::attribute::retime_tests::any_sessions;
    use crate::slip::TimeShareNs;

    #[test]
    fn of_what_runs_side_by_side_the_longer_is_on_the_path() {
        let steps = vec![tool("a", 0, 10), tool("b", 10, 20), tool("c", 15, 5), tool("d", 30, 1)];
        assert_eq!(critical_steps(&session("t", 0, 31, steps)), [true, true, false, true]);
    }

    /// The shares of a stretch of an agent's time along the steps that are marked.
    fn shares_along(
        session: &Session,
        on_path: &[bool],
        within: Option<usize>,
        (from, until): (u64, u64),
        shares: &mut TimeShareNs,
    ) {
        let mut cursor = from;
        for (place, step) in session.steps.iter().enumerate() {
            if !on_path[place] || step.within() != within {
                continue;
            }
            let begin = step.at_ns().max(cursor).min(until);
            let end = (step.at_ns() + step.e2e_ns()).min(until).max(begin);
            shares.agent += begin - cursor;
            let is_delegated = session.steps.iter().any(|inner| inner.within() == Some(place));
            match step {
                Step::Chat(chat) => {
                    let mut at = chat.at_ns;
                    let mut left = begin;
                    let stages = [
                        (&mut shares.queue, chat.queue_ns),
                        (&mut shares.prefill, chat.prefill_ns),
                        (&mut shares.transfer, chat.transfer_ns),
                        (&mut shares.decode, chat.decode_ns),
                    ];
                    for (share, stage) in stages {
                        at += stage;
                        let upto = at.min(end).max(left);
                        *share += upto - left;
                        left = upto;
                    }
                }
                Step::Tool(_) if is_delegated => {
                    shares_along(session, on_path, Some(place), (begin, end), shares);
                }
                Step::Tool(_) => shares.tool += end - begin,
                Step::User(_) => shares.user += end - begin,
                Step::Sleep(_) => shares.sleep += end - begin,
            }
            cursor = end;
        }
        shares.agent += until - cursor;
    }

    fn along_path(session: &Session) -> TimeShareNs {
        let mut shares = TimeShareNs::default();
        let whole = (session.at_ns, session.at_ns + session.e2e_ns);
        shares_along(session, &critical_steps(session), None, whole, &mut shares);
        shares
    }

    /// The same deeds in one chain, each longer than what the agent computes while it asks, so that
    /// there is always one thing alone to wait for.
    fn one_after_the_other(sessions: Vec<Chains>) -> Vec<Chains> {
        let alone = |deed: &Deed| match *deed {
            Deed::Chat(input, output) => Deed::Chat(input, output),
            Deed::Tool(nanos) => Deed::Tool(nanos + 1_000),
            Deed::User(nanos) => Deed::User(nanos + 1_000),
            Deed::Sleep(nanos) => Deed::Sleep(nanos + 1_000),
            Deed::Delegate(tokens, ..) => Deed::Chat(tokens, 5),
            Deed::Race(..) | Deed::Impatient(_) => unreachable!("they were made patient"),
        };
        let chain = |chains: Chains| vec![chains.iter().flatten().map(alone).collect()];
        sessions.into_iter().map(chain).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_shares_along_the_path_are_those_of_the_accounting(
            sessions in any_sessions(),
            at_once in 1usize..5,
            deadline in prop::option::of(100u64..2000),
        ) {
            let deadline = deadline.map(Span::from_millis);
            let slip = driven(&sessions, Load::at_once(at_once), deadline);
            for session in &slip.sessions {
                let total = along_path(session).total();
                prop_assert_eq!(total, session.e2e_ns, "{:#?}", session);
            }
            // What a stopped agent did behind its last asking no instant of a slip shows.
            let ended = |session: &&Session| session.error.is_none();
            let patient = without_giving_up(sessions);
            let slip = driven(&one_after_the_other(patient), Load::at_once(at_once), deadline);
            for session in slip.sessions.iter().filter(ended) {
                prop_assert_eq!(along_path(session), session.time_share_ns, "{:#?}", session);
            }
        }
    }
}
