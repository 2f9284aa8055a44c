//! The turns of the loop: ready guests run, the clock moves, everything due is delivered.

use super::{Drive, Due, Load};
use crate::backend::{MachineFailure, SessionId};
use crate::crew::{Crew, Done, Job};
use crate::guest::{Delivery, GuestState, Happening};
use crate::record::{BurstCause, BurstRecord, RunRecord};
use crate::seat::{AGENT, Role, Seat, Wake};
use crate::session::Session;
use crate::time::Instant;

impl Drive<'_> {
    pub(super) fn run(mut self, crew: &Crew) -> Result<RunRecord, MachineFailure> {
        self.schedule_starts();
        loop {
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            self.run_ready_guests(crew);
            self.mark_stuck_sessions();
            // Timers and machines may have more, but no session is left to see it.
            if self.running.is_empty() && self.started == self.stage.sessions.len() {
                break;
            }
            if self.is_over {
                self.stop_sessions();
                break;
            }
            match self.next_instant() {
                Some(at) => {
                    assert!(at >= self.now, "the clock of a run never falls");
                    self.now = at;
                    self.deliver_everything_due();
                }
                None => self.mark_all_sessions_stuck(),
            }
        }
        match self.failure() {
            None => Ok(self.into_record()),
            Some(failure) => Err(failure),
        }
    }

    fn failure(&self) -> Option<MachineFailure> {
        self.stage.machines.iter().find_map(|machine| machine.backend.failure())
    }

    fn schedule_starts(&mut self) {
        let sessions = self.stage.sessions.len();
        match self.stage.load.clone() {
            Load::AtOnce { count, .. } => {
                for _ in 0..count.max(1).min(sessions) {
                    self.queue.schedule(Instant::ZERO, Due::Arrival);
                }
            }
            Load::Arrivals(instants) => {
                assert_eq!(instants.len(), sessions, "each session has an arrival");
                assert!(instants.is_sorted(), "arrivals stand in ascending order");
                for at in instants {
                    assert!(at < Instant::END, "sessions arrive before the end of the clock");
                    self.queue.schedule(at, Due::Arrival);
                }
            }
        }
    }

    /// The earliest instant at which a timer or a machine has something, once it has come. What
    /// stands at the end of the clock never comes.
    fn next_instant(&mut self) -> Option<Instant> {
        let machines =
            self.stage.machines.iter().filter_map(|machine| machine.backend.next_event_at());
        let due = machines.chain(self.queue.next_at()).min().filter(|at| *at < Instant::END);
        self.stage.pace.next_instant(self.now, due).filter(|at| *at < Instant::END)
    }

    fn deliver_everything_due(&mut self) {
        while let Some(due) = self.queue.pop_due(self.now) {
            self.perform(due);
        }
        for machine in 0..self.stage.machines.len() {
            while let Some(completion) = self.stage.machines[machine].backend.next(Some(self.now)) {
                assert!(completion.at <= self.now, "a machine looked past the deadline");
                self.completed(machine, completion);
            }
            let next = self.stage.machines[machine].backend.next_event_at();
            assert!(next.is_none_or(|at| at > self.now), "a machine does not move on");
        }
        self.take_fetched();
        let left = self.queue.next_at();
        assert!(left.is_none_or(|at| at > self.now), "something due was not delivered");
    }

    fn perform(&mut self, due: Due) {
        if let Some(id) = due.session()
            && let Some(session) = self.running.get_mut(&id)
        {
            if due.is_expected() {
                session.expected -= 1;
            }
            self.touched.push(id);
        }
        match due {
            Due::Arrival => self.start_next_session(),
            Due::Happened { session, seat, burst, happening } => {
                self.happened(session, seat, burst, happening);
            }
            Due::ToolAnswered { session, seat, call, compute, happening } => {
                self.tool_answered(session, seat, call, compute, happening);
            }
            Due::Deliver { session, seat, delivery, cause } => {
                self.deliver(session, seat, delivery, cause);
            }
            Due::Answer { session, answer } => self.answer_agent(session, answer),
            Due::Fetched { fetch, answer } => self.fetched(fetch, answer),
            Due::SeatFree { session, seat } => self.ready.push((session, seat)),
            Due::SeatEnded { session, seat, state } => self.seat_ended(session, seat, state),
            Due::Deadline { session } => self.deadline_passed(session),
            Due::Stuck { session } => self.stuck(session),
        }
    }

    /// Schedules something that will happen to a running session.
    pub(super) fn schedule(&mut self, at: Instant, due: Due) {
        if at < Instant::END
            && due.is_expected()
            && let Some(session) = due.session().and_then(|id| self.running.get_mut(&id))
        {
            session.expected += 1;
        }
        self.queue.schedule(at, due);
    }

    fn start_next_session(&mut self) {
        if self.is_over {
            return;
        }
        let Some(plan) = self.stage.sessions.get(self.started).cloned() else {
            return;
        };
        let id = SessionId(u32::try_from(self.started).expect("fewer than 2^32 sessions"));
        self.started += 1;
        let guests = (self.stage.make_guests)(id, &plan);
        assert_eq!(guests.plugins.len(), self.stage.plugins.len(), "a guest for each plugin");
        let mut seats = vec![Seat::new(self.stage.agent.clone(), Role::Agent, guests.agent)];
        for (name, plugin) in self.stage.plugins.iter().zip(guests.plugins) {
            seats.push(Seat::new(name.clone(), Role::Plugin, plugin));
        }
        let mut session = Session::new(id, &plan, self.now, seats, guests.make_delegate);
        if let Some(deadline) = self.stage.deadline {
            let at = self.now + deadline;
            session.has_deadline = at < Instant::END;
            self.queue.schedule(at, Due::Deadline { session: id });
        }
        self.running.insert(id, session);
        self.deliver(id, AGENT, Delivery::Start, BurstCause::Start);
    }

    pub(super) fn deliver(
        &mut self,
        id: SessionId,
        seat: usize,
        delivery: Delivery,
        cause: BurstCause,
    ) {
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        self.touched.push(id);
        match session.seats[seat].deliver(self.now, delivery, cause) {
            Wake::Now => self.ready.push((id, seat)),
            Wake::At(at) => self.schedule(at, Due::SeatFree { session: id, seat }),
            Wake::No => {}
        }
    }

    /// Resumes every ready guest and merges what they did in session order, so that the result does
    /// not depend on the number of threads.
    fn run_ready_guests(&mut self, crew: &Crew) {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable();
        let mut jobs = Vec::with_capacity(ready.len());
        let mut resumed = Vec::with_capacity(ready.len());
        for (id, seat_index) in ready {
            let Some(session) = self.running.get_mut(&id) else {
                continue;
            };
            let seat = &mut session.seats[seat_index];
            let (deliveries, cause) = seat.take_inbox();
            let Some(guest) = seat.guest.take() else {
                continue;
            };
            jobs.push(Job { session: id, guest, deliveries });
            resumed.push((id, seat_index, cause));
        }
        if jobs.is_empty() {
            return;
        }
        let done = crew.resume_all(self.now, jobs);
        for ((id, seat, cause), done) in resumed.into_iter().zip(done) {
            self.merge(id, seat, cause, done);
        }
    }

    fn merge(&mut self, id: SessionId, seat_index: usize, cause: BurstCause, done: Done) {
        let Done { guest, burst } = done;
        self.touched.push(id);
        let session = self.running.get_mut(&id).expect("only running sessions are resumed");
        let seat = &mut session.seats[seat_index];
        let compute_before = seat.compute;
        seat.compute += burst.compute;
        // A guest that failed inside the host says nothing of what it used.
        seat.used.fuel = seat.used.fuel.max(burst.used.fuel);
        seat.used.memory_bytes = seat.used.memory_bytes.max(burst.used.memory_bytes);
        seat.busy_until = self.now + burst.compute;
        let ended_at = seat.busy_until;
        if burst.state == GuestState::Waiting {
            seat.guest = Some(guest);
        }
        let record = BurstRecord { began_at: self.now, compute: burst.compute, cause };
        let burst_index = match session.seats[seat_index].asker() {
            Some(asker) => session.record_burst(asker, record),
            None => 0,
        };
        for (offset, happening) in burst.happenings {
            let at = self.now + offset;
            let session = self.running.get_mut(&id).expect("still running");
            let Some(happening) = session.write_journal(seat_index, at, happening) else {
                continue;
            };
            let due = match happening {
                Happening::ToolAnswer { call, .. } => {
                    let total = compute_before + offset;
                    let began = session.seats[seat_index].calls.get(&call);
                    let before = began.and_then(|call| call.compute_before).unwrap_or(total);
                    let compute = total.saturating_sub(before);
                    Due::ToolAnswered { session: id, seat: seat_index, call, compute, happening }
                }
                other => Due::Happened {
                    session: id,
                    seat: seat_index,
                    burst: burst_index,
                    happening: other,
                },
            };
            self.schedule(at, due);
        }
        if burst.state != GuestState::Waiting {
            let due = Due::SeatEnded { session: id, seat: seat_index, state: burst.state };
            self.schedule(ended_at, due);
        }
    }
}

impl Due {
    /// The session that it happens to.
    fn session(&self) -> Option<SessionId> {
        match self {
            Due::Arrival => None,
            Due::Fetched { fetch, .. } => Some(fetch.session),
            Due::Happened { session, .. }
            | Due::ToolAnswered { session, .. }
            | Due::Deliver { session, .. }
            | Due::Answer { session, .. }
            | Due::SeatFree { session, .. }
            | Due::SeatEnded { session, .. }
            | Due::Deadline { session }
            | Due::Stuck { session } => Some(*session),
        }
    }

    /// Whether it counts among what a session expects: what surely changes something. An answer
    /// does not, since it may have been given up; a deadline only ends the session.
    fn is_expected(&self) -> bool {
        !matches!(self, Due::Arrival | Due::Answer { .. } | Due::Deadline { .. })
    }
}
