//! The components of a run, loaded, and what each of them is given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use timeslip_runtime::agent::{AgentComponent, AgentTask, PicosecondsPerFuel, Setup};
use timeslip_runtime::engine::{Runtime, RuntimeOptions};
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::room::Room;
use timeslip_runtime::session::SessionState;
use timeslip_timeline::conversation::ToolDefinition;
use timeslip_timeline::drive::{SessionGuests, SessionPlan};

use crate::bench::{Bench, Mounted, Task};
use crate::exit::Failure;
use crate::machines::{PlacedMachine, ns_per_fuel};
use crate::stage::Extent;
use crate::tool_cast::{ServerTools, ToolCast, room_of_tools};

/// The loaded components, and what each of them is given.
pub(crate) struct Cast {
    agent: AgentComponent,
    /// That of a task that configures nothing.
    agent_setup: Setup,
    /// One for each task: a task may configure the agent.
    agent_setups: Vec<Arc<Setup>>,
    /// What the agent may call.
    pub(crate) tools: ToolCast,
}

impl Cast {
    /// Loads the components of a bench, beside the servers whose tools it uses.
    ///
    /// # Errors
    /// When one of them cannot be used, or two tools of an agent have one name.
    pub(crate) fn load(
        bench: &Bench,
        machines: &[PlacedMachine],
        extent: &Extent,
        servers: &[ServerTools],
    ) -> Result<Cast, Failure> {
        let at_once = extent.at_once();
        let agent = std::iter::once((&*bench.agent.bytes, at_once));
        let runtime = runtime(bench, agent.chain(room_of_tools(bench, at_once)))?;
        let shared = SharedSetup::of(bench, machines)?;
        let tools = ToolCast::load(bench, &runtime, &shared, servers)?;
        let agent = AgentComponent::load(&runtime, &bench.agent.file, &bench.agent.bytes)
            .map_err(Failure::usage)?;
        let definitions = tools.definitions.clone();
        let agent_setup = shared.agent(&bench.agent, "[agent]", bench.models.clone(), definitions);
        let setup_of = |task: &Task| Arc::new(configured(agent_setup.clone(), &task.config));
        let agent_setups = bench.tasks.iter().map(setup_of).collect();
        Ok(Cast { agent, agent_setup, agent_setups, tools })
    }

    /// The same components for one task, which configures the agent so, and whose run has this seed.
    pub(crate) fn for_one(&self, config: &BTreeMap<String, String>, seed: u64) -> Cast {
        let agent_setup = Setup { seed, ..self.agent_setup.clone() };
        Cast {
            agent: self.agent.clone(),
            agent_setups: vec![Arc::new(configured(agent_setup.clone(), config))],
            agent_setup,
            tools: self.tools.seeded(seed),
        }
    }

    /// The guests of a session.
    pub(crate) fn guests(&self, session: &SessionState, plan: &SessionPlan) -> SessionGuests {
        let setup = &self.agent_setups[plan.task_index];
        let task = AgentTask { name: &plan.task, input: &plan.input, number: 0 };
        SessionGuests {
            agent: self.agent.guest(setup, session, task),
            plugins: (0..self.tools.seats()).map(|seat| self.tools.plugin(seat, session)).collect(),
            make_delegate: self.tools.make_delegate(session),
        }
    }
}

/// A setup with a task's configuration before its own.
fn configured(setup: Setup, config: &BTreeMap<String, String>) -> Setup {
    let mut setup = setup;
    setup.config.extend(config.clone());
    setup
}

/// A runtime with room for these components, each with how many of its instances live at once.
///
/// # Errors
/// When the system has no such room.
pub(crate) fn runtime<'a>(
    bench: &Bench,
    components: impl Iterator<Item = (&'a [u8], usize)>,
) -> Result<Arc<Runtime>, Failure> {
    let options = RuntimeOptions {
        room: Room::of(components),
        memory_bytes: bench.limits.memory_bytes,
        table_elements: bench.limits.table_elements,
        cache_folder: cache_folder(),
    };
    Ok(Arc::new(Runtime::new(&options).map_err(Failure::run)?))
}

/// What all components of a run have in common.
pub(crate) struct SharedSetup<'a> {
    bench: &'a Bench,
    default_model: Arc<str>,
    ns_per_fuel: f64,
}

impl<'a> SharedSetup<'a> {
    /// That of a bench on machines, of which there is at least one.
    ///
    /// # Errors
    /// When no machine says how fast its host computes.
    pub(crate) fn of(
        bench: &'a Bench,
        machines: &[PlacedMachine],
    ) -> Result<SharedSetup<'a>, Failure> {
        Ok(SharedSetup {
            bench,
            default_model: machines[0].model().into(),
            ns_per_fuel: ns_per_fuel(bench, machines)?,
        })
    }

    /// What a tool plugin is given.
    pub(crate) fn plugin(&self, component: &Mounted) -> Setup {
        let bench = self.bench;
        Setup {
            name: component.name.as_str().into(),
            seed: bench.seed,
            pace: PicosecondsPerFuel::from_nanoseconds(self.ns_per_fuel),
            limits: bench.limits,
            config: component.config.clone(),
            deadline: bench.deadline,
            models: ModelGrant::Nothing,
            table: format!("the [[tool]] `{}`", component.name).into(),
            default_model: self.default_model.clone(),
            budgets: Budgets::default(),
            tools: Vec::new(),
            files: component.files.clone(),
            http: component.http.clone(),
        }
    }

    /// What an agent is given; `table` is what grants it models.
    pub(crate) fn agent(
        &self,
        component: &Mounted,
        table: &str,
        models: ModelGrant,
        tools: Vec<ToolDefinition>,
    ) -> Setup {
        let budgets = self.bench.budgets;
        Setup { models, budgets, tools, table: table.into(), ..self.plugin(component) }
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
