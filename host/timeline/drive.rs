//! The one loop that moves time.
//!
//! Run every guest that is ready until it waits; take what they asked, in session order; find the
//! earliest instant at which anything is due; move the clock there, in one assignment; deliver
//! EVERYTHING due at that instant before any guest runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::{Backend, CallId, SessionId, Words};
use crate::conversation::Message;
use crate::crew::{Crew, Done, Job};
use crate::guest::{Delivery, Guest, GuestState, Happening, StopCause};
use crate::queue::DueQueue;
use crate::record::{
    BurstCause, CallCounts, RunRecord, SessionOutcome, SessionRecord,
};
use crate::session::{AGENT, Seat, Session, Wake};
use crate::time::{Instant, Span};

mod answers;
mod asks;

/// A session that is to run.
#[derive(Clone, Debug)]
pub struct SessionPlan {
    /// The task's place in the bench.
    pub task_index: usize,
    /// The task's name.
    pub task: Arc<str>,
    /// The task's input.
    pub input: Arc<str>,
}

/// When sessions start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// At most this many at once; the next starts when one ends. At least 1.
    AtOnce(usize),
    /// Each at its own instant, in ascending order, as many as there are sessions.
    Arrivals(Vec<Instant>),
}

/// The guests of a new session.
pub struct SessionGuests {
    /// The agent.
    pub agent: Box<dyn Guest>,
    /// The tool plugins, in the order of [`Stage::plugins`].
    pub plugins: Vec<Box<dyn Guest>>,
}

/// A machine under the loop.
pub struct Machine {
    /// Its name in the slip.
    pub name: Arc<str>,
    /// The model it serves.
    pub model: Arc<str>,
    /// The machine.
    pub backend: Box<dyn Backend>,
}

/// Everything a run needs.
pub struct Stage<'a> {
    /// The sessions, in the order in which they start.
    pub sessions: Vec<SessionPlan>,
    /// When they start.
    pub load: Load,
    /// The longest a session may take.
    pub deadline: Option<Span>,
    /// The agent's name, for the journal.
    pub agent: Arc<str>,
    /// The plugins' names.
    pub plugins: Vec<Arc<str>>,
    /// Which plugin offers a tool, by the tool's name.
    pub tools: BTreeMap<Arc<str>, usize>,
    /// The machines; the first serves requests that name no model. At least one.
    pub machines: Vec<Machine>,
    /// What models and users say.
    pub words: &'a mut dyn Words,
    /// Makes the guests of a session.
    pub make_guests: &'a mut dyn FnMut(SessionId, &SessionPlan) -> SessionGuests,
    /// Told of each session as it ends: how many have ended, and the clock.
    pub on_session_end: &'a mut dyn FnMut(usize, Instant),
    /// Threads that run guests, at least 1.
    pub threads: usize,
}

/// Runs all sessions to their ends.
///
/// # Panics
/// When a law is broken (the clock falls, a call is lost), which is a defect of this program or of
/// a [`Backend`].
pub fn run(stage: Stage<'_>) -> RunRecord {
    let threads = stage.threads.max(1);
    Crew::with(threads, |crew| Drive::new(stage).run(crew))
}

/// Something that is due.
enum Due {
    Arrival,
    Happened { session: SessionId, seat: usize, burst: usize, happening: Happening },
    ToolAnswered { session: SessionId, seat: usize, call: u64, compute: Span, happening: Happening },
    Deliver { session: SessionId, seat: usize, delivery: Delivery, cause: BurstCause },
    /// An answer to the agent that also ends the step.
    Answer { session: SessionId, answer: answers::AnswerToAgent },
    SeatFree { session: SessionId, seat: usize },
    SeatEnded { session: SessionId, seat: usize, state: GuestState },
    Deadline { session: SessionId },
}

/// A chat that a machine works on.
struct ChatUnderWay {
    session: SessionId,
    ask: crate::guest::AskId,
    message: Option<(Message, crate::conversation::FinishReason)>,
    output_tokens: u64,
    sent_bytes: usize,
}

struct Drive<'a> {
    stage: Stage<'a>,
    now: Instant,
    queue: DueQueue<Due>,
    ready: Vec<(SessionId, usize)>,
    running: BTreeMap<SessionId, Session>,
    ended: Vec<SessionRecord>,
    chats: BTreeMap<CallId, ChatUnderWay>,
    next_call: u64,
    next_tool_call: u64,
    started: usize,
    counts: CallCounts,
}

impl<'a> Drive<'a> {
    fn new(stage: Stage<'a>) -> Drive<'a> {
        Drive {
            stage,
            now: Instant::ZERO,
            queue: DueQueue::new(),
            ready: Vec::new(),
            running: BTreeMap::new(),
            ended: Vec::new(),
            chats: BTreeMap::new(),
            next_call: 0,
            next_tool_call: 0,
            started: 0,
            counts: CallCounts::default(),
        }
    }

    fn run(mut self, crew: &Crew) -> RunRecord {
        self.schedule_starts();
        loop {
            self.run_ready_guests(crew);
            match self.next_instant() {
                Some(at) => {
                    assert!(at >= self.now, "the clock of a run never falls");
                    self.now = at;
                    self.deliver_everything_due();
                }
                None if self.running.is_empty() => break,
                None => self.stop_stuck_sessions(),
            }
        }
        self.into_record()
    }

    fn schedule_starts(&mut self) {
        match self.stage.load.clone() {
            Load::AtOnce(count) => {
                for _ in 0..count.max(1).min(self.stage.sessions.len()) {
                    self.queue.schedule(Instant::ZERO, Due::Arrival);
                }
            }
            Load::Arrivals(instants) => {
                for at in instants {
                    self.queue.schedule(at, Due::Arrival);
                }
            }
        }
    }

    /// The earliest instant at which a timer or a machine has something.
    fn next_instant(&self) -> Option<Instant> {
        let machines = self.stage.machines.iter().filter_map(|m| m.backend.next_event_at());
        machines.chain(self.queue.next_at()).min()
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
    }

    fn perform(&mut self, due: Due) {
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
            Due::SeatFree { session, seat } => self.ready.push((session, seat)),
            Due::SeatEnded { session, seat, state } => self.seat_ended(session, seat, state),
            Due::Deadline { session } => self.deadline_passed(session),
        }
    }

    fn start_next_session(&mut self) {
        let Some(plan) = self.stage.sessions.get(self.started).cloned() else { return };
        let id = SessionId(u32::try_from(self.started).expect("fewer than 2^32 sessions"));
        self.started += 1;
        let guests = (self.stage.make_guests)(id, &plan);
        let mut seats = vec![Seat::new(self.stage.agent.clone(), guests.agent)];
        for (name, plugin) in self.stage.plugins.iter().zip(guests.plugins) {
            seats.push(Seat::new(name.clone(), plugin));
        }
        self.running.insert(id, Session::new(id, &plan, self.now, seats));
        if let Some(deadline) = self.stage.deadline {
            self.queue.schedule(self.now + deadline, Due::Deadline { session: id });
        }
        self.deliver(id, AGENT, Delivery::Start, BurstCause::Start);
    }

    fn deliver(&mut self, id: SessionId, seat: usize, delivery: Delivery, cause: BurstCause) {
        let Some(session) = self.running.get_mut(&id) else { return };
        match session.seats[seat].deliver(self.now, delivery, cause) {
            Wake::Now => self.ready.push((id, seat)),
            Wake::At(at) => self.queue.schedule(at, Due::SeatFree { session: id, seat }),
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
            let Some(session) = self.running.get_mut(&id) else { continue };
            let seat = &mut session.seats[seat_index];
            let (deliveries, cause) = seat.take_inbox();
            let Some(guest) = seat.guest.take() else { continue };
            jobs.push(Job { guest, deliveries });
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
        let session = self.running.get_mut(&id).expect("only running sessions are resumed");
        let seat = &mut session.seats[seat_index];
        let compute_before = seat.compute;
        seat.compute += burst.compute;
        seat.busy_until = self.now + burst.compute;
        let ended_at = seat.busy_until;
        if burst.state == GuestState::Waiting {
            seat.guest = Some(guest);
        }
        if seat_index == AGENT {
            session.record_agent_burst(self.now, burst.compute, cause);
        }
        let burst_index = session.record.bursts.len().saturating_sub(1);
        for (offset, happening) in burst.happenings {
            let at = self.now + offset;
            let session = self.running.get_mut(&id).expect("still running");
            let Some(happening) = session.write_journal(seat_index, at, happening) else { continue };
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
            self.queue.schedule(at, due);
        }
        if burst.state != GuestState::Waiting {
            let due = Due::SeatEnded { session: id, seat: seat_index, state: burst.state };
            self.queue.schedule(ended_at, due);
        }
    }

    fn seat_ended(&mut self, id: SessionId, seat: usize, state: GuestState) {
        match (seat, state) {
            (_, GuestState::Waiting) => {}
            (AGENT, GuestState::Finished(Ok(answer))) => {
                self.end_session(id, SessionOutcome::Answered(answer));
            }
            (AGENT, GuestState::Finished(Err(message))) => {
                self.end_session(id, SessionOutcome::GaveUp(message));
            }
            (AGENT, GuestState::Stopped(cause)) => {
                self.end_session(id, SessionOutcome::Stopped(cause));
            }
            (_, GuestState::Finished(_)) => {}
            (_, GuestState::Stopped(cause)) => self.plugin_stopped(id, seat, cause),
        }
    }

    fn deadline_passed(&mut self, id: SessionId) {
        let deadline = self.stage.deadline.unwrap_or_default();
        let message = format!("the session took longer than its deadline of {deadline}");
        let cause = StopCause { kind: "deadline", message };
        self.end_session(id, SessionOutcome::Stopped(cause));
    }

    /// Nothing is due and no machine works, so what these agents wait for can never come.
    fn stop_stuck_sessions(&mut self) {
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            let message = "the agent waits for something that nothing can bring any more";
            let cause = StopCause { kind: "stuck", message: message.to_owned() };
            self.end_session(id, SessionOutcome::Stopped(cause));
        }
    }

    fn end_session(&mut self, id: SessionId, outcome: SessionOutcome) {
        let Some(mut session) = self.running.remove(&id) else { return };
        let (calls, given_up) = session.end(self.now, outcome);
        self.counts.cancelled += given_up;
        for (machine, call) in calls {
            self.chats.remove(&call);
            self.stage.machines[machine].backend.cancel(self.now, call);
        }
        self.ended.push(session.record);
        (self.stage.on_session_end)(self.ended.len(), self.now);
        if matches!(self.stage.load, Load::AtOnce(_)) {
            self.queue.schedule(self.now, Due::Arrival);
        }
    }

    fn into_record(mut self) -> RunRecord {
        let CallCounts { asked, answered, failed, cancelled } = self.counts;
        assert_eq!(asked, answered + failed + cancelled, "a call was lost or counted twice");
        self.ended.sort_by_key(|session| session.id);
        let ended_at = self.ended.iter().map(|s| s.ended_at).max().unwrap_or_default();
        RunRecord {
            sessions: self.ended,
            machines: self.stage.machines.iter().map(|m| m.backend.totals(ended_at)).collect(),
            ended_at,
            calls: self.counts,
        }
    }
}
