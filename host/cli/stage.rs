//! From a bench to a run: machines deployed, components loaded, the loop driven, the slip composed.

use std::sync::Arc;

use timeslip_gate::compose::{RunFacts, compose};
use timeslip_gate::laws::breaches;
use timeslip_gate::slip::{self, Component, ComponentRole, Slip, WordsKind, WordsUsed};
use timeslip_live::LiveRun;
use timeslip_live::purse::Purse;
use timeslip_runtime::engine::component_digest;
use timeslip_runtime::files::SessionFiles;
use timeslip_runtime::session::SessionState;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::account::critical_path;
use timeslip_timeline::backend::{Backend, SessionId, Words};
use timeslip_timeline::drive::{self, Load, Machine, RunUntil, SessionPlan, Stage};
use timeslip_timeline::http::{Fetch, Fetcher, HttpStage};
use timeslip_timeline::pace::{Jumping, Pace};
use timeslip_timeline::playback::Playback;
use timeslip_timeline::price::{Priced, TokenPrice};
use timeslip_timeline::record::{RunRecord, Step};
use timeslip_timeline::time::Instant;

use crate::bench::{Bench, MachineChoice, Mounted};
use crate::cast::Cast;
use crate::exit::Failure;
use crate::machines::{PlacedMachine, RECORDED, place};
use crate::servers::Servers;
use crate::tool_cast::ServerTools;

/// What a run leaves: its slip, and what a slip does not hold.
pub(crate) struct Outcome {
    /// The slip.
    pub(crate) slip: Slip,
    /// Everything that happened.
    pub(crate) record: RunRecord,
    /// The files of each session, where they were wanted.
    pub(crate) files: Vec<SessionFiles>,
}

/// How many sessions of a bench run, and when they start.
#[derive(Clone)]
pub(crate) struct Extent {
    /// How many; they take the tasks in turn.
    pub(crate) sessions: usize,
    /// When they start.
    pub(crate) load: Load,
}

impl Extent {
    /// All of a bench.
    pub(crate) fn of(bench: &Bench) -> Extent {
        Extent { sessions: bench.sessions, load: bench.load.clone() }
    }

    /// How many live at once, at most.
    pub(crate) fn at_once(&self) -> usize {
        match self.load {
            Load::AtOnce { count, .. } => count.min(self.sessions),
            Load::Arrivals(_) => self.sessions.min(ARRIVING_SESSIONS_AT_ONCE),
        }
    }
}

/// The most instances of one component that a run keeps room for when sessions arrive at random.
const ARRIVING_SESSIONS_AT_ONCE: usize = 10_000;

/// What watches a run.
pub(crate) struct Watchers<'w> {
    /// Told of each step that was answered or failed.
    pub(crate) on_step_end: &'w mut dyn FnMut(SessionId, &Step),
    /// Told of each fetch of a tool that is over or was given up.
    pub(crate) on_fetch_end: &'w mut dyn FnMut(SessionId, &Fetch),
    /// Told of each session as it ends: how many have ended, and the clock.
    pub(crate) on_session_end: &'w mut dyn FnMut(usize, Instant),
}

/// Runs a bench to its end, on modelled machines.
///
/// # Errors
/// When a machine, a component or a tool of the bench cannot be used.
///
/// # Panics
/// When the slip breaks a law, which is a defect of this program.
pub(crate) fn run_bench(
    bench: &Bench,
    machines: &[MachineChoice],
    threads: usize,
    on_session_end: &mut dyn FnMut(usize, Instant),
) -> Result<Outcome, Failure> {
    let deployments = deploy(bench, machines)?;
    run_deployed(bench, deployments, &Extent::of(bench), threads, on_session_end)
}

/// Runs so many sessions of a bench on machines whose models are placed.
///
/// # Errors
/// When a component or a tool of the bench cannot be used, or a machine fails.
///
/// # Panics
/// As [`run_bench`].
pub(crate) fn run_deployed(
    bench: &Bench,
    deployments: Vec<Deployment>,
    extent: &Extent,
    threads: usize,
    on_session_end: &mut dyn FnMut(usize, Instant),
) -> Result<Outcome, Failure> {
    let machines = deployments.into_iter().map(|one| PlacedMachine::Modelled(Box::new(one)));
    let setting = Setting {
        machines: machines.collect(),
        live: None,
        servers: Servers::recorded(bench)?,
        words: bench.words.begin(),
        extent: extent.clone(),
        until: RunUntil::AllHaveEnded,
        threads,
        keeps_files: false,
    };
    let watchers =
        Watchers { on_step_end: &mut |_, _| {}, on_fetch_end: &mut |_, _| {}, on_session_end };
    run(bench, setting, watchers)
}

/// What a bench is run on, and how much of it.
pub(crate) struct Setting {
    /// The machines, the first of which serves requests that name no model.
    pub(crate) machines: Vec<PlacedMachine>,
    /// What waits for real servers, where there are some.
    pub(crate) live: Option<LiveRun>,
    /// The MCP servers whose tools are used.
    pub(crate) servers: Servers,
    /// What models and users say.
    pub(crate) words: Box<dyn Words>,
    /// How many sessions, and when they start.
    pub(crate) extent: Extent,
    /// When the run is over.
    pub(crate) until: RunUntil,
    /// Threads that run components.
    pub(crate) threads: usize,
    /// Whether the files of ended sessions are wanted.
    pub(crate) keeps_files: bool,
}

/// Runs a bench.
///
/// # Errors
/// When a component or a tool of the bench cannot be used, or a machine fails.
///
/// # Panics
/// As [`run_bench`].
pub(crate) fn run(
    bench: &Bench,
    setting: Setting,
    watchers: Watchers<'_>,
) -> Result<Outcome, Failure> {
    let Setting { machines, live, servers, mut words, extent, until, threads, keeps_files } =
        setting;
    let cast = Cast::load(bench, &machines, &extent, servers.tools())?;
    let plans = (0..extent.sessions).map(|session| {
        let task_index = session % bench.tasks.len();
        let task = &bench.tasks[task_index];
        let (name, input, tier) = (task.name.clone(), task.input.clone(), task.tier.clone());
        SessionPlan { task_index, task: name, input, tier }
    });
    let mut pace: Box<dyn Pace> = match &live {
        Some(live) => Box::new(live.pace()),
        None => Box::new(Jumping),
    };
    let scene = Scene {
        machines: &machines,
        live: live.as_ref(),
        servers: &servers,
        cast: &cast,
        facts: facts(bench, &machines, servers.tools()),
        plans: plans.collect(),
        load: extent.load,
        words: words.as_mut(),
        pace: pace.as_mut(),
        until,
        threads,
        keeps_files,
    };
    play(bench, scene, watchers)
}

/// A run of which everything is loaded.
pub(crate) struct Scene<'s> {
    /// The machines.
    pub(crate) machines: &'s [PlacedMachine],
    /// What waits for real servers, where there are some.
    pub(crate) live: Option<&'s LiveRun>,
    /// The MCP servers whose tools are used.
    pub(crate) servers: &'s Servers,
    /// The components.
    pub(crate) cast: &'s Cast,
    /// What the slip says beside what happens.
    pub(crate) facts: RunFacts,
    /// The sessions.
    pub(crate) plans: Vec<SessionPlan>,
    /// When they start.
    pub(crate) load: Load,
    /// What models and users say.
    pub(crate) words: &'s mut dyn Words,
    /// How fast the clock may go.
    pub(crate) pace: &'s mut dyn Pace,
    /// When the run is over.
    pub(crate) until: RunUntil,
    /// Threads that run components.
    pub(crate) threads: usize,
    /// Whether the files of ended sessions are wanted.
    pub(crate) keeps_files: bool,
}

/// Runs what is loaded.
///
/// # Errors
/// When a machine fails.
///
/// # Panics
/// As [`run_bench`].
pub(crate) fn play(
    bench: &Bench,
    scene: Scene<'_>,
    watchers: Watchers<'_>,
) -> Result<Outcome, Failure> {
    let Scene { machines, live, servers, cast, facts, .. } = scene;
    let purse = bench.run_budget_usd.map(|limit| Arc::new(Purse::new(limit)));
    let under_loop = machines.iter().map(|machine| {
        let tier = bench.routing.tier_of(machine.name());
        Machine {
            name: machine.name().into(),
            model: machine.model().into(),
            tier: tier.map(|tier| tier.name.as_str().into()),
            backend: backend(bench, machine, live, purse.as_ref()),
        }
    });
    let mut fetcher = live.map(|live| servers.asked_by(live.fetcher()));
    let mut sessions = Vec::new();
    let record = drive::run(Stage {
        sessions: scene.plans,
        load: scene.load,
        until: scene.until,
        deadline: bench.deadline,
        budget_usd: bench.budget_usd,
        routing: bench.routing.rules.clone(),
        agent: bench.agent.name.as_str().into(),
        plugins: cast.tools.names(),
        agents: cast.tools.agents.clone(),
        tools: cast.tools.tools.clone(),
        machines: under_loop.collect(),
        words: scene.words,
        pace: scene.pace,
        make_guests: &mut |session, plan| {
            let state = SessionState::new(session, bench.budgets);
            sessions.extend(scene.keeps_files.then(|| state.clone()));
            cast.guests(&state, plan)
        },
        on_step_end: watchers.on_step_end,
        on_session_end: watchers.on_session_end,
        http: HttpStage {
            fetcher: fetcher.as_mut().map(|fetcher| fetcher as &mut dyn Fetcher),
            on_fetch_end: Some(watchers.on_fetch_end),
        },
        threads: scene.threads,
    })
    .map_err(Failure::usage)?;
    let shares: Vec<_> = record.sessions.iter().map(critical_path).collect();
    let slip = compose(facts, &record, &shares);
    let broken = breaches(&slip);
    assert!(broken.is_empty(), "the slip breaks the laws:\n{}", broken.join("\n"));
    let files = sessions.iter().map(SessionState::files).collect();
    Ok(Outcome { slip, record, files })
}

/// Places each machine's model on it, where all machines are modelled ones.
///
/// # Errors
/// When one of them is not, or cannot be used.
pub(crate) fn deploy(
    bench: &Bench,
    machines: &[MachineChoice],
) -> Result<Vec<Deployment>, Failure> {
    let measured = machines.iter().find(|choice| {
        choice.machine == RECORDED || bench.endpoints.iter().any(|one| one.name == choice.machine)
    });
    if let Some(choice) = measured {
        return Err(Failure::usage(format!(
            "{}: `{}` takes the time that real servers take, which is another every time, and \
             this command compares modelled times\n  fix: record the bench by `timeslip record`, \
             and run the recording on a modelled machine by --on",
            choice.place, choice.machine
        )));
    }
    let placed = place(bench, machines, &mut None)?;
    let deployments = placed.into_iter().map(|machine| match machine {
        PlacedMachine::Modelled(deployment) => *deployment,
        _ => unreachable!("measured machines were refused"),
    });
    Ok(deployments.collect())
}

/// A machine that nobody has asked yet.
pub(crate) fn backend(
    bench: &Bench,
    machine: &PlacedMachine,
    live: Option<&LiveRun>,
    purse: Option<&Arc<Purse>>,
) -> Box<dyn Backend> {
    let price = bench.routing.tier_of(machine.name()).and_then(|tier| tier.price.as_ref());
    let backend: Box<dyn Backend> = match machine {
        PlacedMachine::Modelled(deployment) => return modelled(deployment, price),
        PlacedMachine::Recorded(_) => Box::new(Playback::default()),
        PlacedMachine::Live(machine) => {
            let live = live.expect("what waits for servers was started with the first of them");
            let options = machine.options(purse, &bench.tokenizer);
            Box::new(live.machine(machine.client.clone(), options))
        }
    };
    priced(backend, price)
}

/// An idle modelled machine; with a price, its chats cost what their tokens do.
pub(crate) fn modelled(deployment: &Deployment, price: Option<&TokenPrice>) -> Box<dyn Backend> {
    priced(Box::new(ModelledMachine::new(deployment.clone())), price)
}

fn priced(machine: Box<dyn Backend>, price: Option<&TokenPrice>) -> Box<dyn Backend> {
    match price {
        Some(price) => Box::new(Priced::new(machine, *price)),
        None => machine,
    }
}

/// The components of a bench, in the order of the slip.
pub(crate) fn components_of(bench: &Bench, servers: &[ServerTools]) -> Vec<Component> {
    let component = |role, mounted: &Mounted| Component {
        role,
        name: mounted.name.clone(),
        digest: component_digest(&mounted.bytes),
    };
    let tools = bench.tools.iter().map(|tool| component(ComponentRole::Tool, tool));
    let agents = bench.agents.iter().map(|agent| component(ComponentRole::Agent, &agent.component));
    let servers = servers.iter().map(|server| Component {
        role: ComponentRole::Tool,
        name: server.name.to_string(),
        digest: server.digest(),
    });
    let own = std::iter::once(component(ComponentRole::Agent, &bench.agent));
    own.chain(tools).chain(servers).chain(agents).collect()
}

/// What the slip of a bench says beside what happens.
pub(crate) fn facts(
    bench: &Bench,
    machines: &[PlacedMachine],
    servers: &[ServerTools],
) -> RunFacts {
    let is_live = |machine: &PlacedMachine| matches!(machine, PlacedMachine::Live(_));
    RunFacts {
        bench: slip::Bench { name: bench.name.clone(), digest: bench.digest.clone() },
        seed: bench.seed,
        machines: machines.iter().map(PlacedMachine::facts).collect(),
        components: components_of(bench, servers),
        words: match machines.iter().all(is_live) {
            true => WordsUsed { kind: WordsKind::Endpoint, digest: None },
            false => bench.words.used(),
        },
        target_tokens_per_second: bench.target_tokens_per_second,
    }
}
