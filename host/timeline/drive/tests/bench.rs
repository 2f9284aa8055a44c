//! Puts guests, machines and words on a stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::guests::{Agent, Diary, Move, plugin};
use super::machines::{Script, Slots};
use crate::backend::{Backend, SessionId};
use crate::drive::{
    DelegatedTask, Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage, ToolAgent,
    ToolProvider, Tools, run,
};
use crate::http::{Fetch, Fetcher, HttpStage};
use crate::pace::{Jumping, Pace};
use crate::record::{RunRecord, SessionOutcome, SessionRecord};
use crate::route::Routing;
use crate::time::{Instant, Span};

/// A run for a test: sessions as lists of moves, the tools `left` and `right` in a plugin each, an
/// agent `deputy` that is a tool of all, and machines that serve `small` and `large`.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    pub(super) sessions: Vec<Vec<Move>>,
    /// What the deputy does for the tasks `0`, `1` and so on.
    pub(super) deputies: Vec<Vec<Move>>,
    pub(super) load: Load,
    pub(super) until: RunUntil,
    pub(super) deadline: Option<Span>,
    /// The slots of each machine; none for a machine that never answers.
    pub(super) slots: [usize; 2],
    pub(super) threads: usize,
}

/// What a run left, and what each agent was told.
pub(super) struct Ran {
    pub(super) record: RunRecord,
    pub(super) diaries: Vec<Vec<(u64, Vec<String>)>>,
}

impl Bench {
    /// All sessions at once, on machines where no call waits for another.
    pub(super) fn of(sessions: impl IntoIterator<Item = Vec<Move>>) -> Bench {
        let sessions: Vec<Vec<Move>> = sessions.into_iter().collect();
        let load = Load::at_once(sessions.len());
        let deputies = Vec::new();
        let until = RunUntil::AllHaveEnded;
        Bench { sessions, deputies, load, until, deadline: None, slots: [1000, 1000], threads: 1 }
    }

    pub(super) fn deputies(self, deputies: impl IntoIterator<Item = Vec<Move>>) -> Bench {
        Bench { deputies: deputies.into_iter().collect(), ..self }
    }

    pub(super) fn deadline(self, nanos: u64) -> Bench {
        Bench { deadline: Some(Span::from_nanos(nanos)), ..self }
    }

    pub(super) fn run(&self) -> Ran {
        self.run_on(self.slots.map(|slots| Box::new(Slots::new(slots)) as Box<dyn Backend>))
    }

    pub(super) fn run_on(&self, backends: [Box<dyn Backend>; 2]) -> Ran {
        self.run_with(backends, HttpStage::default(), &mut Jumping)
    }

    pub(super) fn run_with(
        &self,
        backends: [Box<dyn Backend>; 2],
        http: HttpStage<'_>,
        pace: &mut dyn Pace,
    ) -> Ran {
        let diaries: Vec<Diary> = self.sessions.iter().map(|_| Diary::default()).collect();
        let plan = |task_index| SessionPlan {
            task_index,
            task: Arc::from(format!("task-{task_index}")),
            input: Arc::from(""),
            tier: None,
        };
        let names = ["small", "large"].into_iter();
        let record = run(Stage {
            sessions: (0..self.sessions.len()).map(plan).collect(),
            load: self.load.clone(),
            until: self.until,
            deadline: self.deadline,
            budget_usd: None,
            routing: Routing::default(),
            agent: Arc::from("agent"),
            plugins: vec![Arc::from("left-plugin"), Arc::from("right-plugin")],
            agents: vec![ToolAgent { name: Arc::from("deputy"), tools: tools() }],
            tools: tools(),
            machines: names
                .zip(backends)
                .map(|(model, backend)| Machine {
                    name: Arc::from(format!("rack-{model}")),
                    model: Arc::from(model),
                    tier: None,
                    backend,
                })
                .collect(),
            words: &mut Script,
            make_guests: &mut |_, plan| {
                let deputies = self.deputies.clone();
                let moves = &self.sessions[plan.task_index];
                SessionGuests {
                    agent: Box::new(Agent::new(moves, diaries[plan.task_index].clone())),
                    plugins: (0..2).map(|_| plugin()).collect(),
                    make_delegate: Box::new(move |task: DelegatedTask<'_>| {
                        let number: usize = task.input.parse().expect("the deputy's tasks");
                        let moves = deputies.get(number).map(Vec::as_slice).unwrap_or_default();
                        Box::new(Agent::new(moves, Diary::default()))
                    }),
                }
            },
            pace,
            on_step_end: &mut |_, _| {},
            on_session_end: &mut |_, _| {},
            http: HttpStage {
                fetcher: http.fetcher.map(|one| one as &mut dyn Fetcher),
                on_fetch_end: http.on_fetch_end.map(|one| one as &mut dyn FnMut(SessionId, &Fetch)),
            },
            threads: self.threads,
        })
        .expect("no machine fails");
        let diaries = diaries.into_iter().map(|diary| diary.lock().unwrap().clone()).collect();
        Ran { record, diaries }
    }
}

impl Ran {
    pub(super) fn session(&self, index: usize) -> &SessionRecord {
        &self.record.sessions[index]
    }

    /// One word for how a session ended.
    pub(super) fn ended(&self, index: usize) -> &str {
        match &self.session(index).outcome {
            SessionOutcome::Answered(_) => "answered",
            SessionOutcome::GaveUp(_) => "gave_up",
            SessionOutcome::Stopped(cause) => cause.kind,
        }
    }

    /// The message of a session that was stopped.
    pub(super) fn cause(&self, index: usize) -> &str {
        match &self.session(index).outcome {
            SessionOutcome::Stopped(cause) => &cause.message,
            other => panic!("{other:?}"),
        }
    }

    /// When a step was asked and when it was over.
    pub(super) fn step(&self, session: usize, step: usize) -> (u64, u64) {
        let step = &self.session(session).steps[step];
        (step.asked_at.as_nanos(), step.ended_at.as_nanos())
    }

    /// When a session started and when it ended.
    pub(super) fn times(&self, session: usize) -> (u64, u64) {
        let session = self.session(session);
        (session.started_at.as_nanos(), session.ended_at.as_nanos())
    }
}

fn tools() -> Tools {
    BTreeMap::from([
        (Arc::from("left"), ToolProvider::Plugin(0)),
        (Arc::from("right"), ToolProvider::Plugin(1)),
        (Arc::from("deputy"), ToolProvider::Agent(0)),
    ])
}

pub(super) fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}
