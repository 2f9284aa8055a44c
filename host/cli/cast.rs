//! The components of a run, loaded, and what each of them is given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;
use timeslip_runtime::agent::{AgentComponent, AgentTask, PicosecondsPerFuel, Setup};
use timeslip_runtime::engine::{Runtime, RuntimeOptions};
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::plugin::PluginComponent;
use timeslip_runtime::room::Room;
use timeslip_runtime::session::SessionState;
use timeslip_timeline::conversation::{ToolAnnotations, ToolDefinition};
use timeslip_timeline::drive::{
    DELEGATED_AT_ONCE_MAX, DelegatedTask, Load, SessionGuests, SessionPlan, ToolAgent,
    ToolProvider, Tools,
};

use crate::bench::{Bench, Callable, Mounted, MountedAgent};
use crate::exit::Failure;
use crate::machines::{PlacedMachine, ns_per_fuel};
use crate::stage::Extent;

/// The most instances of one component that a run keeps room for when sessions arrive at random.
const ARRIVING_SESSIONS_AT_ONCE: usize = 10_000;

/// The loaded components, and what each of them is given.
pub(crate) struct Cast {
    agent: AgentComponent,
    /// One for each task: a task may configure the agent.
    agent_setups: Vec<Arc<Setup>>,
    plugins: Vec<(PluginComponent, Arc<Setup>)>,
    delegates: Rc<[Delegate]>,
    /// What the agent may call.
    pub(crate) tools: Tools,
    /// The agents that are tools.
    pub(crate) agents: Vec<ToolAgent>,
}

/// An agent that is a tool of others.
struct Delegate {
    name: Arc<str>,
    component: AgentComponent,
    setup: Arc<Setup>,
}

impl Cast {
    /// Loads the components of a bench.
    ///
    /// # Errors
    /// When one of them cannot be used, or two tools of an agent have one name.
    pub(crate) fn load(
        bench: &Bench,
        machines: &[PlacedMachine],
        extent: &Extent,
    ) -> Result<Cast, Failure> {
        let runtime = Arc::new(Runtime::new(&options(bench, extent)).map_err(Failure::run)?);
        let shared = SharedSetup {
            bench,
            default_model: machines[0].model().into(),
            ns_per_fuel: ns_per_fuel(bench, machines)?,
        };
        let mut plugins = Vec::new();
        for tool in &bench.tools {
            let setup = Arc::new(shared.plugin(tool));
            let plugin = PluginComponent::load(&runtime, &tool.file, &tool.bytes, &setup)
                .map_err(Failure::usage)?;
            plugins.push((plugin, setup));
        }
        let offered = |callable: &Callable| Offered::of(bench, &plugins, callable);
        let of_agent = offered(&bench.tools_of_agent)?;
        let agent = AgentComponent::load(&runtime, &bench.agent.file, &bench.agent.bytes)
            .map_err(Failure::usage)?;
        let agent_setup =
            shared.agent(&bench.agent, "[agent]", bench.models.clone(), of_agent.definitions);
        let setup_of = |config: &BTreeMap<String, String>| {
            let mut setup = agent_setup.clone();
            setup.config.extend(config.clone());
            Arc::new(setup)
        };
        let mut delegates = Vec::new();
        let mut agents = Vec::new();
        for mounted in &bench.agents {
            let component = &mounted.component;
            let Offered { definitions, tools } = offered(&mounted.tools)?;
            let table = format!("the [[tool]] `{}`", component.name);
            let setup = shared.agent(component, &table, mounted.models.clone(), definitions);
            let name: Arc<str> = component.name.as_str().into();
            agents.push(ToolAgent { name: name.clone(), tools });
            delegates.push(Delegate {
                name,
                component: AgentComponent::load(&runtime, &component.file, &component.bytes)
                    .map_err(Failure::usage)?,
                setup: Arc::new(setup),
            });
        }
        Ok(Cast {
            agent,
            agent_setups: bench.tasks.iter().map(|task| setup_of(&task.config)).collect(),
            plugins,
            delegates: delegates.into(),
            tools: of_agent.tools,
            agents,
        })
    }

    /// The guests of a session.
    pub(crate) fn guests(&self, session: &SessionState, plan: &SessionPlan) -> SessionGuests {
        let setup = &self.agent_setups[plan.task_index];
        let task = AgentTask { name: &plan.task, input: &plan.input, number: 0 };
        let agent = self.agent.guest(setup, session, task);
        let plugins = self.plugins.iter().map(|(plugin, setup)| plugin.guest(setup, session));
        let plugins = plugins.collect();
        let (delegates, session) = (self.delegates.clone(), session.clone());
        let make_delegate = Box::new(move |task: DelegatedTask<'_>| {
            let Delegate { name, component, setup } = &delegates[task.agent];
            let task = AgentTask { name, input: task.input, number: task.number };
            component.guest(setup, &session, task)
        });
        SessionGuests { agent, plugins, make_delegate }
    }
}

fn options(bench: &Bench, extent: &Extent) -> RuntimeOptions {
    let at_once = match extent.load {
        Load::AtOnce { count, .. } => count.min(extent.sessions),
        Load::Arrivals(_) => extent.sessions.min(ARRIVING_SESSIONS_AT_ONCE),
    };
    // A tool plugin has one instance more, which is asked for its definitions.
    let plugins = bench.tools.iter().map(|tool| (&*tool.bytes, at_once + 1));
    let delegated = at_once.saturating_mul(DELEGATED_AT_ONCE_MAX);
    let delegates = bench.agents.iter().map(|agent| (&*agent.component.bytes, delegated));
    let agent = std::iter::once((&*bench.agent.bytes, at_once));
    RuntimeOptions {
        room: Room::of(agent.chain(plugins).chain(delegates)),
        memory_bytes: bench.limits.memory_bytes,
        table_elements: bench.limits.table_elements,
        cache_folder: cache_folder(),
    }
}

/// The tools that an agent may call.
struct Offered {
    definitions: Vec<ToolDefinition>,
    tools: Tools,
}

impl Offered {
    fn of(
        bench: &Bench,
        plugins: &[(PluginComponent, Arc<Setup>)],
        callable: &Callable,
    ) -> Result<Offered, Failure> {
        let of_plugins = callable.plugins.iter().flat_map(|plugin| {
            let definitions = plugins[*plugin].0.definitions().iter().cloned();
            definitions.map(|definition| (definition, ToolProvider::Plugin(*plugin)))
        });
        let of_agents = callable
            .agents
            .iter()
            .map(|agent| (agent_definition(&bench.agents[*agent]), ToolProvider::Agent(*agent)));
        let mut offered = Offered { definitions: Vec::new(), tools: Tools::new() };
        for (definition, provider) in of_plugins.chain(of_agents) {
            let name = Arc::from(definition.name.as_str());
            if let Some(other) = offered.tools.insert(name, provider) {
                return Err(two_tools_of_one_name(bench, &definition.name, other, provider));
            }
            offered.definitions.push(definition);
        }
        Ok(offered)
    }
}

/// The tool that an agent is.
fn agent_definition(agent: &MountedAgent) -> ToolDefinition {
    let input_schema = json!({
        "type": "object",
        "properties": { "task": { "type": "string", "description": "what to do" } },
        "required": ["task"],
        "additionalProperties": false,
    });
    ToolDefinition {
        name: agent.component.name.clone(),
        description: agent.description.clone(),
        input_schema: input_schema.to_string(),
        output_schema: None,
        annotations: ToolAnnotations {
            read_only: false,
            destructive: false,
            idempotent: false,
            open_world: false,
        },
    }
}

fn two_tools_of_one_name(
    bench: &Bench,
    tool: &str,
    first: ToolProvider,
    second: ToolProvider,
) -> Failure {
    let file = |provider| match provider {
        ToolProvider::Plugin(plugin) => &bench.tools[plugin].file,
        ToolProvider::Agent(agent) => &bench.agents[agent].component.file,
    };
    let (who, fix) = match (first, second) {
        (ToolProvider::Plugin(_), ToolProvider::Plugin(_)) => ("the plugins ", ""),
        _ => ("", ", or give the agent another `name`"),
    };
    Failure::usage(format!(
        "{who}{} and {} both offer a tool `{tool}`, and a session calls tools by name\n  \
         fix: mount one of them only{fix}",
        file(first),
        file(second)
    ))
}

/// What all components of a run have in common.
struct SharedSetup<'a> {
    bench: &'a Bench,
    default_model: Arc<str>,
    ns_per_fuel: f64,
}

impl SharedSetup<'_> {
    fn plugin(&self, component: &Mounted) -> Setup {
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

    /// `table` is what grants it models.
    fn agent(
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
