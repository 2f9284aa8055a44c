//! The tools of a run: plugins and agents that are loaded, MCP servers that have said what they offer.

use std::sync::Arc;

use serde_json::json;
use timeslip_mcp::guest::ServerGuest;
use timeslip_runtime::agent::{AgentComponent, AgentTask, Setup};
use timeslip_runtime::engine::{Runtime, component_digest};
use timeslip_runtime::plugin::PluginComponent;
use timeslip_runtime::session::SessionState;
use timeslip_timeline::conversation::{ToolAnnotations, ToolDefinition};
use timeslip_timeline::drive::{
    DELEGATED_AT_ONCE_MAX, DelegatedTask, MakeDelegate, ToolAgent, ToolProvider, Tools,
};
use timeslip_timeline::guest::Guest;

use crate::bench::{Bench, Callable, MountedAgent};
use crate::cast::SharedSetup;
use crate::exit::Failure;

/// An MCP server, and what it offers.
#[derive(Clone, Debug)]
pub(crate) struct ServerTools {
    /// What the bench calls it.
    pub(crate) name: Arc<str>,
    /// Its tools.
    pub(crate) definitions: Arc<[ToolDefinition]>,
}

impl ServerTools {
    /// The digest of what it offers.
    pub(crate) fn digest(&self) -> String {
        let text = serde_json::to_vec(&*self.definitions);
        component_digest(&text.expect("definitions hold nothing that JSON lacks"))
    }
}

/// The loaded tools of a bench.
pub(crate) struct ToolCast {
    plugins: Vec<(PluginComponent, Arc<Setup>)>,
    servers: Vec<ServerTools>,
    delegates: Arc<[Delegate]>,
    /// What the bench's own agent may call.
    pub(crate) tools: Tools,
    /// The definitions of these.
    pub(crate) definitions: Vec<ToolDefinition>,
    /// The agents that are tools.
    pub(crate) agents: Vec<ToolAgent>,
}

/// An agent that is a tool of others.
struct Delegate {
    name: Arc<str>,
    component: AgentComponent,
    setup: Arc<Setup>,
}

impl ToolCast {
    /// Loads the tools of a bench.
    ///
    /// # Errors
    /// When one of them cannot be used, or two tools of an agent have one name.
    pub(crate) fn load(
        bench: &Bench,
        runtime: &Arc<Runtime>,
        shared: &SharedSetup<'_>,
        servers: &[ServerTools],
    ) -> Result<ToolCast, Failure> {
        let mut plugins = Vec::new();
        for tool in &bench.tools {
            let setup = Arc::new(shared.plugin(tool));
            let plugin = PluginComponent::load(runtime, &tool.file, &tool.bytes, &setup)
                .map_err(Failure::usage)?;
            plugins.push((plugin, setup));
        }
        let offered = |callable: &Callable| Offered::of(bench, &plugins, servers, callable);
        let of_agent = offered(&bench.tools_of_agent)?;
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
                component: AgentComponent::load(runtime, &component.file, &component.bytes)
                    .map_err(Failure::usage)?,
                setup: Arc::new(setup),
            });
        }
        Ok(ToolCast {
            plugins,
            servers: servers.to_vec(),
            delegates: delegates.into(),
            tools: of_agent.tools,
            definitions: of_agent.definitions,
            agents,
        })
    }

    /// The same tools in a run of another seed.
    pub(crate) fn seeded(&self, seed: u64) -> ToolCast {
        let seeded = |setup: &Arc<Setup>| Arc::new(Setup { seed, ..(**setup).clone() });
        let plugins = self.plugins.iter().map(|(plugin, setup)| (plugin.clone(), seeded(setup)));
        let delegates = self.delegates.iter().map(|delegate| Delegate {
            name: delegate.name.clone(),
            component: delegate.component.clone(),
            setup: seeded(&delegate.setup),
        });
        ToolCast {
            plugins: plugins.collect(),
            servers: self.servers.clone(),
            delegates: delegates.collect(),
            tools: self.tools.clone(),
            definitions: self.definitions.clone(),
            agents: self.agents.clone(),
        }
    }

    /// How many seats of plugins a session has: those of the plugins, then those of the servers.
    pub(crate) fn seats(&self) -> usize {
        self.plugins.len() + self.servers.len()
    }

    /// The names of the seats.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let plugins = self.plugins.iter().map(|(_, setup)| setup.name.clone());
        plugins.chain(self.servers.iter().map(|server| server.name.clone())).collect()
    }

    /// The guest of a seat.
    pub(crate) fn plugin(&self, seat: usize, session: &SessionState) -> Box<dyn Guest> {
        match self.plugins.get(seat) {
            Some((plugin, setup)) => plugin.guest(setup, session),
            None => {
                let server = &self.servers[seat - self.plugins.len()];
                Box::new(ServerGuest::new(server.name.clone(), server.definitions.clone()))
            }
        }
    }

    /// Makes the agents of delegated tasks.
    pub(crate) fn make_delegate(&self, session: &SessionState) -> MakeDelegate {
        let (delegates, session) = (self.delegates.clone(), session.clone());
        Box::new(move |task: DelegatedTask<'_>| {
            let Delegate { name, component, setup } = &delegates[task.agent];
            let task = AgentTask { name, input: task.input, number: task.number };
            component.guest(setup, &session, task)
        })
    }
}

/// The components of a bench's tools, each with how many of its instances live at once where so many
/// sessions do.
pub(crate) fn room_of_tools(bench: &Bench, at_once: usize) -> impl Iterator<Item = (&[u8], usize)> {
    // A tool plugin has one instance more, which is asked for its definitions.
    let plugins = bench.tools.iter().map(move |tool| (&*tool.bytes, at_once + 1));
    let delegated = at_once.saturating_mul(DELEGATED_AT_ONCE_MAX);
    plugins.chain(bench.agents.iter().map(move |agent| (&*agent.component.bytes, delegated)))
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
        servers: &[ServerTools],
        callable: &Callable,
    ) -> Result<Offered, Failure> {
        let of_plugins = callable.plugins.iter().flat_map(|plugin| {
            let definitions = plugins[*plugin].0.definitions().iter().cloned();
            definitions.map(|definition| (definition, ToolProvider::Plugin(*plugin)))
        });
        let of_servers = callable.servers.iter().flat_map(|server| {
            let provider = ToolProvider::Plugin(plugins.len() + server);
            let definitions = servers[*server].definitions.iter().cloned();
            definitions.map(move |definition| (definition, provider))
        });
        let of_agents = callable
            .agents
            .iter()
            .map(|agent| (agent_definition(&bench.agents[*agent]), ToolProvider::Agent(*agent)));
        let mut offered = Offered { definitions: Vec::new(), tools: Tools::new() };
        for (definition, provider) in of_plugins.chain(of_servers).chain(of_agents) {
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
        ToolProvider::Plugin(plugin) => match bench.tools.get(plugin) {
            Some(plugin) => &*plugin.file,
            None => &*bench.servers[plugin - bench.tools.len()].plan.name,
        },
        ToolProvider::Agent(agent) => &*bench.agents[agent].component.file,
    };
    let is_plugin =
        |provider| matches!(provider, ToolProvider::Plugin(at) if at < bench.tools.len());
    let is_agent = |provider| matches!(provider, ToolProvider::Agent(_));
    let (who, fix) = match (is_plugin(first) && is_plugin(second), is_agent(second)) {
        (true, _) => ("the plugins ", ""),
        (false, true) => ("", ", or give the agent another `name`"),
        (false, false) => ("", ", or leave the tool out by `only` of the MCP server"),
    };
    Failure::usage(format!(
        "{who}{} and {} both offer a tool `{tool}`, and a session calls tools by name\n  \
         fix: mount one of them only{fix}",
        file(first),
        file(second)
    ))
}
