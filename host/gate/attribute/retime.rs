//! Runs a journal again in virtual time, on fresh machines and without any agent.
//!
//! The turns are those of `timeslip_timeline::drive`, so that a journal whose run nothing changed
//! gives the times of that run to the nanosecond: what is due at an instant is performed in the
//! order in which it was scheduled, then the machines say what completes there, and only then do
//! the agents go on, in the order of the sessions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, Served, SessionId, Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest};
use timeslip_timeline::time::Instant;

use super::journal::{ChatWork, Journal, Load, Work};
use super::under_way::{Act, SessionState};

/// A machine of the run, idle, by its name and the model it serves.
pub struct NamedMachine {
    /// Its name in the slip.
    pub name: Arc<str>,
    /// The model it serves.
    pub model: Arc<str>,
    /// The machine.
    pub backend: Box<dyn Backend>,
}

/// The times of a journal.
#[derive(Clone, Debug)]
pub(crate) struct Retimed {
    /// In the order of the journal.
    pub(crate) sessions: Vec<SessionTimes>,
}

/// The times of a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionTimes {
    pub(crate) began_at: Instant,
    pub(crate) ended_at: Instant,
    /// What became of each step.
    pub(crate) steps: Vec<Became>,
}

/// What became of a step.
#[derive(Clone, Debug)]
pub(crate) enum Became {
    /// The session ended before it.
    Nothing,
    /// It began, and no machine has figures of it.
    Begun,
    /// A machine served it.
    Served(Box<Served>),
}

/// Runs a journal to its end.
pub(crate) fn retime(journal: &Journal, machines: &mut [NamedMachine]) -> Retimed {
    Retiming::new(journal, machines).run()
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Arrival,
    GiveUp { session: usize, step: usize },
    Begin { session: usize, step: usize },
    Over { session: usize, step: usize },
    EndSession { session: usize },
}

struct Retiming<'a> {
    load: Load,
    machines: &'a mut [NamedMachine],
    request: Arc<ChatRequest>,
    now: Instant,
    due: BinaryHeap<Reverse<(Instant, u64, Due)>>,
    scheduled: u64,
    sessions: Vec<SessionState>,
    started: usize,
    running: usize,
    touched: Vec<usize>,
    under_way: BTreeMap<CallId, (usize, usize)>,
    submitted: u64,
}

impl<'a> Retiming<'a> {
    fn new(journal: &Journal, machines: &'a mut [NamedMachine]) -> Retiming<'a> {
        let request = ChatRequest {
            model: None,
            messages: Vec::new(),
            tools: Vec::new(),
            options: ChatOptions::default(),
        };
        Retiming {
            load: journal.load,
            machines,
            request: Arc::new(request),
            now: Instant::ZERO,
            due: BinaryHeap::new(),
            scheduled: 0,
            sessions: journal.sessions.iter().cloned().map(SessionState::new).collect(),
            started: 0,
            running: 0,
            touched: Vec::new(),
            under_way: BTreeMap::new(),
            submitted: 0,
        }
    }

    fn run(mut self) -> Retimed {
        self.schedule_arrivals();
        loop {
            self.schedule_what_is_ready();
            if self.running == 0 && self.started == self.sessions.len() {
                break;
            }
            match self.next_instant() {
                Some(at) => {
                    self.now = at;
                    self.deliver_everything_due();
                }
                None if self.unblock() => {}
                None => break,
            }
        }
        let now = self.now;
        let times = |session: SessionState| SessionTimes {
            began_at: session.began_at.unwrap_or(now),
            ended_at: session.ended_at.unwrap_or(now),
            steps: session.became,
        };
        Retimed { sessions: self.sessions.into_iter().map(times).collect() }
    }

    fn schedule_arrivals(&mut self) {
        let arrivals: Vec<Instant> = match self.load {
            Load::AtOnce(count) => {
                vec![Instant::ZERO; count.max(1).min(self.sessions.len())]
            }
            Load::Arrivals => self.sessions.iter().map(|s| s.journal.arrives_at).collect(),
        };
        for at in arrivals {
            self.schedule(at, Due::Arrival);
        }
    }

    fn schedule(&mut self, at: Instant, due: Due) {
        self.due.push(Reverse((at, self.scheduled, due)));
        self.scheduled += 1;
    }

    fn schedule_what_is_ready(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for session in touched {
            let state = &mut self.sessions[session];
            let mut ready = std::mem::take(&mut state.ready);
            if state.ended_at.is_some() {
                continue;
            }
            ready.sort_unstable();
            let acts: Vec<(Act, Instant)> = ready
                .into_iter()
                .map(|act| (state.acts[act].0, self.now + state.acts[act].1.gap))
                .collect();
            for (act, at) in acts {
                let due = match act {
                    Act::GiveUp(step) => Due::GiveUp { session, step },
                    Act::Begin(step) => Due::Begin { session, step },
                    Act::End => Due::EndSession { session },
                };
                self.schedule(at, due);
            }
        }
    }

    fn next_instant(&self) -> Option<Instant> {
        let timer = self.due.peek().map(|Reverse((at, ..))| *at);
        let machines = self.machines.iter().filter_map(|machine| machine.backend.next_event_at());
        machines.chain(timer).min().filter(|at| *at < Instant::END)
    }

    fn deliver_everything_due(&mut self) {
        while let Some(due) = self.pop_due() {
            self.perform(due);
        }
        for machine in 0..self.machines.len() {
            while let Some(completion) = self.machines[machine].backend.next(Some(self.now)) {
                self.completed(completion);
            }
        }
    }

    fn pop_due(&mut self) -> Option<Due> {
        let Reverse((at, ..)) = self.due.peek()?;
        if *at > self.now {
            return None;
        }
        self.due.pop().map(|Reverse((_, _, due))| due)
    }

    fn perform(&mut self, due: Due) {
        match due {
            Due::Arrival => self.start_next_session(),
            Due::GiveUp { session, step } => self.give_up(session, step),
            Due::Begin { session, step } => self.begin(session, step),
            Due::Over { session, step } => self.over(session, step),
            Due::EndSession { session } => self.end_session(session),
        }
    }

    fn start_next_session(&mut self) {
        let Some(session) = self.sessions.get_mut(self.started) else {
            return;
        };
        session.began_at = Some(self.now);
        session.ready = (0..session.acts.len()).filter(|act| session.missing[*act] == 0).collect();
        self.touched.push(self.started);
        self.started += 1;
        self.running += 1;
    }

    fn begin(&mut self, session: usize, step: usize) {
        let state = &mut self.sessions[session];
        if state.ended_at.is_some() {
            return;
        }
        state.became[step] = Became::Begun;
        let journal = state.journal.clone();
        match &journal.steps[step].work {
            Work::Chat(chat) => self.submit(session, step, chat),
            Work::Lasts(span) => self.schedule(self.now + *span, Due::Over { session, step }),
            // It was given up before it began, which only a mixture of two runs can bring about.
            Work::GivenUp { .. } | Work::Delegated { .. } if state.over[step] => {}
            Work::GivenUp { chat: Some(chat), .. } => self.submit(session, step, chat),
            Work::GivenUp { chat: None, .. } | Work::Delegated { .. } => {}
        }
    }

    fn submit(&mut self, session: usize, step: usize, chat: &ChatWork) {
        let Some(machine) = self.machine_for(chat) else {
            return self.over(session, step);
        };
        let call = CallId(self.submitted);
        self.submitted += 1;
        self.under_way.insert(call, (session, step));
        self.sessions[session].calls[step] = Some((machine, call));
        let id = SessionId(u32::try_from(session).unwrap_or(u32::MAX));
        let model = self.machines[machine].model.clone();
        let tokens = chat.planned_tokens();
        let work = Submission::planned(id, model, self.request.clone(), tokens);
        self.machines[machine].backend.submit(self.now, call, work);
    }

    /// The machine that served the chat; where there is none of its name, one that serves its
    /// model, or else the first.
    fn machine_for(&self, chat: &ChatWork) -> Option<usize> {
        let machines = &self.machines;
        let named = machines.iter().position(|machine| machine.name == chat.machine);
        let serving = || machines.iter().position(|machine| machine.model == chat.model);
        named.or_else(serving).or((!machines.is_empty()).then_some(0))
    }

    fn completed(&mut self, completion: Completion) {
        if matches!(completion.event, CompletionEvent::Progress { .. }) {
            return;
        }
        let Some((session, step)) = self.under_way.remove(&completion.call) else {
            return;
        };
        let state = &mut self.sessions[session];
        state.calls[step] = None;
        if let CompletionEvent::Served(served) = completion.event {
            state.became[step] = Became::Served(Box::new(served));
        }
        self.over(session, step);
    }

    /// A step is over: what waited for it alone is ready.
    fn over(&mut self, session: usize, step: usize) {
        let state = &mut self.sessions[session];
        if state.ended_at.is_some() || std::mem::replace(&mut state.over[step], true) {
            return;
        }
        for act in &state.waiting[step] {
            state.missing[*act] -= 1;
            if state.missing[*act] == 0 {
                state.ready.push(*act);
            }
        }
        self.touched.push(session);
    }

    fn give_up(&mut self, session: usize, step: usize) {
        if self.sessions[session].ended_at.is_none() {
            self.cancel(session, step);
            self.over(session, step);
        }
    }

    fn cancel(&mut self, session: usize, step: usize) {
        if let Some((machine, call)) = self.sessions[session].calls[step].take() {
            self.under_way.remove(&call);
            self.machines[machine].backend.cancel(self.now, call);
        }
    }

    fn end_session(&mut self, session: usize) {
        let steps = self.sessions[session].calls.len();
        (0..steps).for_each(|step| self.cancel(session, step));
        self.sessions[session].ended_at = Some(self.now);
        self.running -= 1;
        if matches!(self.load, Load::AtOnce(_)) {
            self.schedule(self.now, Due::Arrival);
        }
    }

    /// Lets a mixture of two runs go on in which one step waits for another that an agent ends only
    /// after it: the first such step is ended now. Says whether there was one.
    fn unblock(&mut self) -> bool {
        let stuck = self.sessions.iter().enumerate().find_map(|(session, state)| {
            let runs = state.began_at.is_some() && state.ended_at.is_none();
            let waited_for = |step: &usize| {
                let work = &state.journal.steps[*step].work;
                let by_agent = matches!(work, Work::GivenUp { .. } | Work::Delegated { .. });
                by_agent && !state.over[*step]
            };
            let step = runs.then(|| (0..state.over.len()).find(waited_for))??;
            Some((session, step))
        });
        if let Some((session, step)) = stuck {
            self.give_up(session, step);
        }
        stuck.is_some()
    }
}
