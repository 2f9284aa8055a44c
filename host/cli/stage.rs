//! From a bench to a run: machines deployed, components loaded, the loop driven, the slip composed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use timeslip_gate::compose::{MachineFacts, RunFacts, compose};
use timeslip_gate::laws::breaches;
use timeslip_gate::slip::{self, Component, ComponentRole, Slip};
use timeslip_gate::summary::ErrorFactors;
use timeslip_runtime::agent::{AgentComponent, PicosecondsPerFuel, Setup};
use timeslip_runtime::engine::{Runtime, RuntimeOptions, component_digest};
use timeslip_runtime::grants::{Budgets, FileGrant, ModelGrant};
use timeslip_runtime::plugin::PluginComponent;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::account::critical_path;
use timeslip_timeline::backend::{Backend, SessionId};
use timeslip_timeline::drive::{self, Load, Machine, SessionGuests, SessionPlan, Stage};
use timeslip_timeline::price::{Priced, TokenPrice};
use timeslip_timeline::record::RunRecord;
use timeslip_timeline::time::Instant;

use crate::bands::machine_bands;
use crate::bench::{Bench, MachineChoice, Mounted};
use crate::exit::Failure;

/// The most instances of one component that a run keeps room for when sessions arrive at random.
const ARRIVING_SESSIONS_AT_ONCE: usize = 10_000;

/// What a run leaves: its slip, and what a slip does not hold.
pub(crate) struct Outcome {
    /// The slip.
    pub(crate) slip: Slip,
    /// Everything that happened.
    pub(crate) record: RunRecord,
}

/// How many sessions of a bench run, and when they start.
pub(crate) struct Extent {
    /// How many; they take the tasks in turn.
    pub(crate) sessions: usize,
    /// When they start.
    pub(crate) load: Load,
}

/// Runs a bench to its end.
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
    let extent = Extent { sessions: bench.sessions, load: bench.load.clone() };
    run_deployed(bench, &deployments, &extent, threads, on_session_end)
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
    deployments: &[Deployment],
    extent: &Extent,
    threads: usize,
    on_session_end: &mut dyn FnMut(usize, Instant),
) -> Result<Outcome, Failure> {
    let cast = Cast::load(bench, deployments, extent)?;
    let plans: Vec<SessionPlan> = (0..extent.sessions)
        .map(|session| {
            let task_index = session % bench.tasks.len();
            let task = &bench.tasks[task_index];
            let (name, input, tier) = (task.name.clone(), task.input.clone(), task.tier.clone());
            SessionPlan { task_index, task: name, input, tier }
        })
        .collect();
    let machines = deployments.iter().map(|deployment| {
        let tier = bench.routing.tier_of(&deployment.machine);
        Machine {
            name: deployment.machine.as_str().into(),
            model: deployment.model.name.as_str().into(),
            tier: tier.map(|tier| tier.name.as_str().into()),
            backend: modelled(deployment, tier.and_then(|tier| tier.price.as_ref())),
        }
    });
    let record = drive::run(Stage {
        sessions: plans,
        load: extent.load.clone(),
        deadline: bench.deadline,
        budget_usd: bench.budget_usd,
        routing: bench.routing.rules.clone(),
        agent: bench.agent.name.as_str().into(),
        plugins: bench.tools.iter().map(|tool| tool.name.as_str().into()).collect(),
        tools: cast.tools.clone(),
        machines: machines.collect(),
        words: bench.words.begin().as_mut(),
        make_guests: &mut |session, plan| cast.guests(session, plan),
        on_session_end,
        threads,
    })
    .map_err(Failure::usage)?;
    let shares: Vec<_> = record.sessions.iter().map(critical_path).collect();
    let slip = compose(facts(bench, deployments), &record, &shares);
    let broken = breaches(&slip);
    assert!(broken.is_empty(), "the slip breaks the laws:\n{}", broken.join("\n"));
    Ok(Outcome { slip, record })
}

/// Places each machine's model on it.
pub(crate) fn deploy(
    bench: &Bench,
    machines: &[MachineChoice],
) -> Result<Vec<Deployment>, Failure> {
    let mut deployments: Vec<Deployment> = Vec::new();
    for choice in machines {
        let deployment = bench
            .catalogue
            .deploy(&choice.machine, choice.model.as_deref())
            .map_err(|error| Failure::usage(format!("{}: {error}", choice.place)))?;
        check_choice(bench, choice, &deployment, &deployments)?;
        deployments.push(deployment);
    }
    Ok(deployments)
}

/// An idle machine; with a price, its chats cost what their tokens do.
pub(crate) fn modelled(deployment: &Deployment, price: Option<&TokenPrice>) -> Box<dyn Backend> {
    let machine = Box::new(ModelledMachine::new(deployment.clone()));
    match price {
        Some(price) => Box::new(Priced::new(machine, *price)),
        None => machine,
    }
}

/// Whether a machine can stand beside those before it, and hold the sessions' budget.
fn check_choice(
    bench: &Bench,
    choice: &MachineChoice,
    deployment: &Deployment,
    before: &[Deployment],
) -> Result<(), Failure> {
    let (place, machine, model) = (&choice.place, &deployment.machine, &deployment.model.name);
    let same_model = before.iter().find(|other| other.model.name == *model);
    if let Some(other) = same_model.filter(|_| !bench.routing.chooses()) {
        return Err(Failure::usage(format!(
            "{place}: `{}` and `{machine}` both serve `{model}`, and a request goes to the machine \
             that serves its model\n  fix: give one another model, as MACHINE:MODEL, or say which \
             of them serves by `policy` under [routing]",
            other.machine
        )));
    }
    if before.iter().any(|other| other.model.name == *model && other.machine == *machine) {
        return Err(Failure::usage(format!(
            "{place}: `{machine}` serves `{model}` twice, and a slip could not tell which\n  fix: \
             name it once"
        )));
    }
    let priced = deployment.pools.iter().all(|pool| pool.usd_per_hour.is_some())
        || bench.routing.tier_of(machine).is_some_and(|tier| tier.price.is_some());
    if bench.budget_usd.is_some() && !priced {
        return Err(Failure::usage(format!(
            "{place}: what a chat costs on `{machine}` is unknown, so `cost_usd` under [limits] \
             cannot be held\n  fix: give its chips a price, or put it in a [[routing.tier]] that \
             has one"
        )));
    }
    Ok(())
}

/// The loaded components, and what each of them is given.
struct Cast {
    agent: AgentComponent,
    /// One for each task: a task may configure the agent.
    agent_setups: Vec<Arc<Setup>>,
    plugins: Vec<(PluginComponent, Arc<Setup>)>,
    tools: BTreeMap<Arc<str>, usize>,
}

impl Cast {
    fn load(bench: &Bench, deployments: &[Deployment], extent: &Extent) -> Result<Cast, Failure> {
        let at_once = match extent.load {
            Load::AtOnce { count, .. } => count.min(extent.sessions),
            Load::Arrivals(_) => extent.sessions.min(ARRIVING_SESSIONS_AT_ONCE),
        };
        let options = RuntimeOptions {
            instances: at_once.saturating_mul(1 + bench.tools.len()) + 1,
            memory_bytes: bench.limits.memory_bytes,
            table_elements: bench.limits.table_elements,
            cache_folder: cache_folder(),
        };
        let runtime = Arc::new(Runtime::new(&options).map_err(Failure::run)?);
        let shared = SharedSetup { bench, deployments };
        let mut plugins = Vec::new();
        let mut tools = BTreeMap::new();
        let mut definitions = Vec::new();
        for (index, tool) in bench.tools.iter().enumerate() {
            let setup = Arc::new(shared.setup(tool, Vec::new(), &BTreeMap::new()));
            let plugin = PluginComponent::load(&runtime, &tool.file, &tool.bytes, &setup)
                .map_err(Failure::usage)?;
            for definition in plugin.definitions() {
                let before = tools.insert(Arc::from(definition.name.as_str()), index);
                if let Some(other) = before {
                    return Err(two_tools_of_one_name(bench, &definition.name, other, index));
                }
            }
            definitions.extend_from_slice(plugin.definitions());
            plugins.push((plugin, setup));
        }
        let agent = AgentComponent::load(&runtime, &bench.agent.file, &bench.agent.bytes)
            .map_err(Failure::usage)?;
        let agent_setups = bench
            .tasks
            .iter()
            .map(|task| Arc::new(shared.setup(&bench.agent, definitions.clone(), &task.config)))
            .collect();
        Ok(Cast { agent, agent_setups, plugins, tools })
    }

    fn guests(&self, session: SessionId, plan: &SessionPlan) -> SessionGuests {
        let setup = &self.agent_setups[plan.task_index];
        SessionGuests {
            agent: self.agent.guest(setup, session, &plan.task, &plan.input),
            plugins: self
                .plugins
                .iter()
                .map(|(plugin, setup)| plugin.guest(setup, session))
                .collect(),
        }
    }
}

fn two_tools_of_one_name(bench: &Bench, tool: &str, first: usize, second: usize) -> Failure {
    Failure::usage(format!(
        "the plugins {} and {} both offer a tool `{tool}`, and a session calls tools by name\n  \
         fix: mount one of them only",
        bench.tools[first].file, bench.tools[second].file
    ))
}

/// What all components of a run have in common.
struct SharedSetup<'a> {
    bench: &'a Bench,
    deployments: &'a [Deployment],
}

impl SharedSetup<'_> {
    fn setup(
        &self,
        component: &Mounted,
        tools: Vec<timeslip_timeline::conversation::ToolDefinition>,
        task_config: &BTreeMap<String, String>,
    ) -> Setup {
        let bench = self.bench;
        let first = &self.deployments[0];
        let mut config = component.config.clone();
        config.extend(task_config.clone());
        let is_agent = std::ptr::eq(component, &bench.agent);
        Setup {
            name: component.name.as_str().into(),
            seed: bench.seed,
            pace: PicosecondsPerFuel::from_nanoseconds(first.ns_per_fuel),
            limits: bench.limits,
            config,
            deadline: bench.deadline,
            models: if is_agent { bench.models.clone() } else { ModelGrant::Nothing },
            default_model: first.model.name.as_str().into(),
            budgets: if is_agent { bench.budgets } else { Budgets::default() },
            tools,
            files: if is_agent { Arc::<FileGrant>::default() } else { component.files.clone() },
        }
    }
}

/// Where compiled components are kept: the user's cache folder, if there is one.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let named = |variable: &str| {
        std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    let folder = named("TIMESLIP_CACHE_DIR")
        .or_else(|| named("XDG_CACHE_HOME").map(|cache| cache.join("timeslip")))
        .or_else(|| named("HOME").map(|home| home.join(".cache/timeslip")))
        .or_else(|| named("LOCALAPPDATA").map(|data| data.join("timeslip")))?;
    Some(folder.join("components"))
}

fn facts(bench: &Bench, deployments: &[Deployment]) -> RunFacts {
    let component = |role, mounted: &Mounted| Component {
        role,
        name: mounted.name.clone(),
        digest: component_digest(&mounted.bytes),
    };
    let tools = bench.tools.iter().map(|tool| component(ComponentRole::Tool, tool));
    RunFacts {
        bench: slip::Bench { name: bench.name.clone(), digest: bench.digest.clone() },
        seed: bench.seed,
        machines: deployments.iter().map(machine_facts).collect(),
        components: std::iter::once(component(ComponentRole::Agent, &bench.agent))
            .chain(tools)
            .collect(),
        words: bench.words.used(),
        target_tokens_per_second: bench.target_tokens_per_second,
    }
}

fn machine_facts(deployment: &Deployment) -> MachineFacts {
    MachineFacts {
        machine: slip::Machine {
            name: deployment.machine.clone(),
            digest: Some(deployment.digest.clone()),
            model: deployment.model.name.clone(),
            estimated: deployment.estimated(),
            bands: Some(machine_bands(deployment)),
        },
        // No profile states an error of its joules and dollars yet, so no band is claimed.
        error: ErrorFactors::default(),
    }
}
