//! How sessions end: by their agents, at their deadlines, or because nothing can come any more.

use super::{Drive, Due, Load, RunUntil};
use crate::backend::SessionId;
use crate::guest::{GuestState, StopCause};
use crate::record::{CallCounts, RunRecord, SessionOutcome};
use crate::seat::Role;
use crate::session::GivenUp;
use crate::time::Instant;

/// The last instant that a run can reach.
const LAST_INSTANT: Instant = Instant::from_nanos(Instant::END.as_nanos() - 1);

/// The cause of sessions that were stopped since the run was over.
pub const RUN_ENDED: &str = "run_ended";

impl Drive<'_> {
    pub(super) fn seat_ended(&mut self, id: SessionId, seat: usize, state: GuestState) {
        let Some(session) = self.running.get(&id).filter(|session| !session.seats[seat].closed)
        else {
            return;
        };
        match (session.seats[seat].role, state) {
            (_, GuestState::Waiting) => {}
            (Role::Agent, GuestState::Finished(Ok(answer))) => {
                self.end_session(id, SessionOutcome::Answered(answer));
            }
            (Role::Agent, GuestState::Finished(Err(message))) => {
                self.end_session(id, SessionOutcome::GaveUp(message));
            }
            (Role::Agent, GuestState::Stopped(cause)) => {
                self.end_session(id, SessionOutcome::Stopped(cause));
            }
            (Role::Delegate(role), state) => self.delegate_ended(id, seat, role, state),
            (Role::Plugin, GuestState::Finished(_)) => {
                let message = "the plugin returned, and a plugin stays to answer calls";
                let cause = StopCause { kind: "plugin_returned", message: message.to_owned() };
                self.plugin_stopped(id, seat, cause);
            }
            (Role::Plugin, GuestState::Stopped(cause)) => self.plugin_stopped(id, seat, cause),
        }
    }

    pub(super) fn deadline_passed(&mut self, id: SessionId) {
        let Some(session) = self.running.get(&id) else {
            return;
        };
        let deadline = self.stage.deadline.unwrap_or_default();
        let mut message = format!("the session took longer than its deadline of {deadline}");
        if session.expects_nothing() {
            message = format!("{message}; {}", session.what_it_waits_for());
        }
        self.end_session(id, SessionOutcome::Stopped(StopCause { kind: "deadline", message }));
    }

    /// Ends the sessions to which nothing can happen any more, each when its guests have finished
    /// computing, so that no other session has a say in when. One with a deadline lives until then.
    pub(super) fn mark_stuck_sessions(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            let Some(session) = self.running.get(&id) else {
                continue;
            };
            if !session.has_deadline && session.expects_nothing() {
                self.mark_stuck(id);
            }
        }
    }

    /// Nothing is due and no machine works, so what the sessions wait for can never come.
    pub(super) fn mark_all_sessions_stuck(&mut self) {
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            self.mark_stuck(id);
        }
    }

    fn mark_stuck(&mut self, id: SessionId) {
        let at = self.running[&id].computes_until().max(self.now);
        self.schedule(at, Due::Stuck { session: id });
    }

    pub(super) fn stuck(&mut self, id: SessionId) {
        let Some(session) = self.running.get(&id) else {
            return;
        };
        let cause = StopCause { kind: "stuck", message: session.what_it_waits_for() };
        self.end_session(id, SessionOutcome::Stopped(cause));
    }

    pub(super) fn end_session(&mut self, id: SessionId, outcome: SessionOutcome) {
        self.give_up_fetches(id);
        let Some(mut session) = self.running.remove(&id) else {
            return;
        };
        let failed = !matches!(outcome, SessionOutcome::Answered(_));
        let given_up = session.end(self.now, outcome);
        self.cancel(given_up);
        session.note_use(self.stage.agents.iter().map(|agent| agent.name.clone()));
        self.ended.push(session.record);
        (self.stage.on_session_end)(self.ended.len(), self.now);
        self.is_over |= match self.stage.until {
            RunUntil::AllHaveEnded => false,
            RunUntil::FirstFailure => failed,
            RunUntil::EndOf(session) => session == id,
        };
        if let Load::AtOnce { think, .. } = self.stage.load {
            // No session may be lost behind the end of the clock.
            let at = (self.now + think).min(LAST_INSTANT);
            self.queue.schedule(at, Due::Arrival);
        }
    }

    /// Stops the sessions that still run, since the run is over.
    pub(super) fn stop_sessions(&mut self) {
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            let message = "the run ended before the session did".to_owned();
            let cause = StopCause { kind: RUN_ENDED, message };
            self.end_session(id, SessionOutcome::Stopped(cause));
        }
    }

    /// Takes what nobody waits for any more from the machines.
    pub(super) fn cancel(&mut self, given_up: GivenUp) {
        self.counts.cancelled += given_up.asks;
        for (machine, call) in given_up.calls {
            self.chats.remove(&call);
            self.stage.machines[machine].backend.cancel(self.now, call);
        }
    }

    pub(super) fn into_record(mut self) -> RunRecord {
        let CallCounts { asked, answered, failed, cancelled } = self.counts;
        assert_eq!(asked, answered + failed + cancelled, "a call was lost or counted twice");
        assert_eq!(self.ended.len(), self.started, "a session was lost");
        let all = self.started == self.stage.sessions.len();
        assert!(all || self.is_over, "a session never started");
        self.ended.sort_by_key(|session| session.id);
        let ended_at = self.ended.iter().map(|session| session.ended_at).max().unwrap_or_default();
        let machines = self.stage.machines.iter();
        RunRecord {
            sessions: self.ended,
            machines: machines.map(|machine| machine.backend.totals(ended_at)).collect(),
            ended_at,
            calls: self.counts,
        }
    }
}
