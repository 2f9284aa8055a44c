//! Does one task: a run of one session, on machines that nobody else is on.
//!
//! Engine, components, words and profiles are loaded once, and shared by all tasks.

use std::collections::BTreeMap;
use std::thread;

use timeslip_gate::compose::{RunFacts, ended_step};
use timeslip_gate::slip::{self, Slip, WordsKind, WordsUsed};
use timeslip_live::LiveRun;
use timeslip_serve::{
    ServedAgents, ServedTask, TaskEnd, TaskFailure, TaskFigures, TaskKind, TaskOrder, TaskWatch,
};
use timeslip_timeline::drive::{Load, RunUntil, SessionPlan};
use timeslip_timeline::pace::UntilStopped;
use timeslip_timeline::record::{RunRecord, SessionOutcome};

use super::pace::TaskPace;
use crate::bench::{Bench, COMMAND_LINE_TASK, LoadedWords, Task};
use crate::cast::Cast;
use crate::exit::Failure;
use crate::machines::{PlacedMachine, place};
use crate::serve::args::Speed;
use crate::servers::Servers;
use crate::stage::{Extent, Outcome, Scene, Watchers, facts, play};
use crate::words::{beside_servers, left_to_servers};

/// A bench of which everything is loaded.
pub(super) struct Doer {
    pub(super) bench: Bench,
    pub(super) machines: Vec<PlacedMachine>,
    servers: Servers,
    cast: Cast,
    facts: RunFacts,
    speed: Speed,
    /// Dropped last: the MCP servers are asked on its threads.
    live: Option<LiveRun>,
}

impl Doer {
    /// Loads a bench for so many tasks at once.
    ///
    /// # Errors
    /// When a machine, a component or a tool of the bench cannot be used.
    pub(super) fn prepare(bench: Bench, sessions: usize, speed: Speed) -> Result<Doer, Failure> {
        let mut live = None;
        let machines = place(&bench, &bench.machines, &mut live)?;
        if live.is_some() && speed != Speed::Times(1.0) {
            return Err(Failure::usage(
                "--speed: this bench asks real servers, which answer in their own time\n  fix: leave \
                 --speed out, or name a modelled machine by --on",
            ));
        }
        let servers = Servers::of(&bench, live.as_ref())?;
        let extent = Extent { sessions, load: Load::at_once(sessions) };
        let cast = Cast::load(&bench, &machines, &extent, servers.tools())?;
        let facts = facts(&bench, &machines, servers.tools());
        Ok(Doer { bench, machines, servers, cast, facts, speed, live })
    }

    /// Whether real servers are asked.
    pub(super) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Why no task may be given by its input, if none may.
    pub(super) fn no_inputs(&self) -> Option<String> {
        let why = "the words of this bench are recordings of its tasks, and answer nothing else; give \
                   `task`, the name of one";
        matches!(self.bench.words, LoadedWords::Cassette(_)).then(|| why.to_owned())
    }

    /// What the server has to know.
    pub(super) fn served(self) -> ServedAgents {
        let bench = &self.bench;
        let named = |task: &Task| ServedTask { name: task.name.to_string() };
        ServedAgents {
            bench: bench.name.clone(),
            identity: self.identity(),
            tasks: bench.tasks.iter().map(named).collect(),
            input_name: COMMAND_LINE_TASK.to_owned(),
            no_inputs: self.no_inputs(),
            seed: bench.seed,
            is_repeatable: !self.is_live(),
            doing: Box::new(move |order, watch| self.perform(order, watch)),
        }
    }

    /// The bench and the machines, with their digests.
    fn identity(&self) -> String {
        let machines = self.facts.machines.iter().map(|facts| {
            let slip::Machine { name, model, digest, endpoint, .. } = &facts.machine;
            let what = digest.as_ref().or(endpoint.as_ref()).map(|what| format!(" ({what})"));
            format!("{name}:{model}{}", what.unwrap_or_default())
        });
        let machines: Vec<String> = machines.collect();
        let Bench { name, digest, .. } = &self.bench;
        format!("the bench `{name}` ({digest}) on {}", machines.join(", "))
    }

    fn perform(&self, order: &TaskOrder, watch: TaskWatch) -> Option<TaskEnd> {
        let (task, place) = self.task(&order.kind);
        let words = self.bench.words.for_one(place, order.seed, &self.bench.tokenizer);
        let live = self.live.as_ref().map(LiveRun::beside);
        let (thread, waiting) = (thread::current(), live.as_ref().map(LiveRun::stop_waiting));
        watch.stop.on_set(move || {
            thread.unpark();
            if let Some(waiting) = waiting {
                waiting.stop();
            }
        });
        let pace = match &live {
            Some(live) => TaskPace::Live(live.pace()),
            None => TaskPace::modelled(self.speed, &watch.stop),
        };
        let mut pace = UntilStopped::new(pace, watch.stop);
        let left = left_to_servers(&self.machines, live.is_some());
        let mut spoken = beside_servers(words.begin(), &self.bench, &self.machines, left);
        let scene = Scene {
            machines: &self.machines,
            live: live.as_ref(),
            servers: &self.servers,
            cast: &self.cast.for_one(&task.config, order.seed),
            facts: self.facts_of(&task, &words, order.seed),
            plans: vec![plan(&task)],
            load: Load::at_once(1),
            words: spoken.as_mut(),
            pace: &mut pace,
            until: RunUntil::AllHaveEnded,
            threads: 1,
            keeps_files: false,
        };
        let mut on_step = watch.on_step;
        let watchers = Watchers {
            on_step_end: &mut |_, step| {
                let step = serde_json::to_string(&ended_step(step));
                on_step(step.expect("a step holds nothing that JSON cannot"));
            },
            on_fetch_end: &mut |_, _| {},
            on_session_end: &mut |_, _| {},
        };
        let outcome = play(&self.bench, scene, watchers);
        if pace.has_stopped() {
            return None;
        }
        Some(match outcome {
            Ok(Outcome { slip, record, .. }) => end(&slip, record),
            Err(failure) => TaskEnd::of_host("machine_failed", failure.message),
        })
    }

    /// A task of the bench with its place, or one of the client's own.
    fn task(&self, kind: &TaskKind) -> (Task, Option<usize>) {
        match kind {
            TaskKind::Named(name) => {
                let place = self.bench.tasks.iter().position(|task| *task.name == **name);
                // A store's tasks are of this very bench, which its digest says.
                let place = place.expect("the server gives tasks of the bench alone");
                (self.bench.tasks[place].clone(), Some(place))
            }
            TaskKind::Input(input) => {
                let (name, input) = (COMMAND_LINE_TASK.into(), input.as_str().into());
                (Task { name, input, tier: None, config: BTreeMap::new() }, None)
            }
        }
    }

    /// What the slip says beside what happens: as of the bench with this task alone.
    fn facts_of(&self, task: &Task, words: &LoadedWords, seed: u64) -> RunFacts {
        let (name, digest) = (self.bench.name.clone(), self.bench.digest_of_one(task, words));
        let used = match self.facts.words.kind {
            WordsKind::Endpoint => WordsUsed { kind: WordsKind::Endpoint, digest: None },
            _ => words.used(),
        };
        RunFacts { bench: slip::Bench { name, digest }, seed, words: used, ..self.facts.clone() }
    }
}

fn plan(task: &Task) -> SessionPlan {
    let (name, input, tier) = (task.name.clone(), task.input.clone(), task.tier.clone());
    SessionPlan { task_index: 0, task: name, input, tier }
}

fn end(slip: &Slip, mut record: RunRecord) -> TaskEnd {
    let session = record.sessions.pop().expect("one session ran");
    let outcome = match (session.outcome, &slip.sessions[0].error) {
        (SessionOutcome::Answered(answer), _) => Ok(answer),
        (_, Some(error)) => {
            Err(TaskFailure { kind: error.kind.clone(), message: error.message.clone() })
        }
        (_, None) => unreachable!("a session without an answer says why"),
    };
    let summary = &slip.summary;
    let figures = TaskFigures {
        e2e_ns: Some(slip.sessions[0].e2e_ns),
        model_calls: Some(summary.model_calls),
        tool_calls: Some(summary.tool_calls),
        input_tokens: Some(summary.input_tokens),
        cached_input_tokens: Some(summary.cached_input_tokens),
        output_tokens: Some(summary.output_tokens),
        energy_j: summary.energy_j,
        cost_usd: summary.cost_usd,
    };
    TaskEnd { outcome, figures, slip: Some(slip.to_json()) }
}
