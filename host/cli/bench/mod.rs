//! Benches: the TOML file that names agent, tools, words, tasks, load, machines and limits, and
//! everything it leads to, read and checked before anything runs.

mod arrivals;
mod bare_plugins;
mod budgets;
mod build_file;
mod builds;
mod components;
mod digest;
mod endpoint_file;
mod endpoints;
mod file;
mod files;
mod gate_file;
mod grants;
mod load;
mod mcp_file;
mod mounts;
mod notes;
mod price;
mod recording;
mod resolve;
mod routing;
mod servers;
mod starts;
mod tasks;
mod text;
mod words;

pub(crate) use components::PROJECT_STORE;

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_runtime::files::FileGrant;
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::http_grant::HttpGrant;
use timeslip_runtime::limits::Limits;
use timeslip_sim::catalogue::Catalogue;
use timeslip_timeline::drive::Load;
use timeslip_timeline::time::Span;
use timeslip_words::tokenizer::Tokenizer;

use crate::live::EndpointPlan;

pub(crate) use bare_plugins::{BareGrants, BarePlugin};
pub(crate) use budgets::GateRules;
pub(crate) use build_file::{BuildTable, ComponentKind, Engine, Language};
pub(crate) use builds::Builds;
pub(crate) use files::{BenchFolder, absolute, path_from, tidy};
pub(crate) use grants::GrantedFolder;
pub(crate) use load::{DEFAULT_MACHINE, Overrides, bench_file, bench_of_here};
pub(crate) use mounts::{Callable, MountedAgent};
pub(crate) use notes::{Noted, Notes};
pub(crate) use recording::{RECORDING_FILE, RecordedSession, RecordingFile};
pub(crate) use routing::BenchRouting;
pub(crate) use servers::MountedServer;
pub(crate) use starts::at_random;
pub(crate) use tasks::COMMAND_LINE_TASK;
pub(crate) use words::{LoadedWords, RecordedWords};

/// A bench with everything it leads to.
pub(crate) struct Bench {
    /// The name in the slip.
    pub(crate) name: String,
    /// SHA-256 over all that it says and the contents of what it leads to, in the form of the slip.
    /// Machines and seed have places of their own in the slip.
    pub(crate) digest: String,
    /// What the digest is of.
    said: serde_json::Value,
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// The tokens a second that one user should see.
    pub(crate) target_tokens_per_second: u32,
    /// The machines, the first of which serves requests that name no model.
    pub(crate) machines: Vec<MachineChoice>,
    /// The real servers that machines may name.
    pub(crate) endpoints: Vec<EndpointPlan>,
    /// Where machines, chips and models are looked up.
    pub(crate) catalogue: Catalogue,
    /// The agent.
    pub(crate) agent: Mounted,
    /// The models it may ask.
    pub(crate) models: ModelGrant,
    /// The tool plugins.
    pub(crate) tools: Vec<Mounted>,
    /// The agents that are tools of others.
    pub(crate) agents: Vec<MountedAgent>,
    /// The MCP servers whose tools are used.
    pub(crate) servers: Vec<MountedServer>,
    /// What the agent may call.
    pub(crate) tools_of_agent: Callable,
    /// Where replies come from.
    pub(crate) words: LoadedWords,
    /// What counts tokens.
    pub(crate) tokenizer: Arc<Tokenizer>,
    /// The tasks.
    pub(crate) tasks: Vec<Task>,
    /// How many sessions; they take the tasks in turn.
    pub(crate) sessions: usize,
    /// When they start.
    pub(crate) load: Load,
    /// What each component instance may use.
    pub(crate) limits: Limits,
    /// What each session may use.
    pub(crate) budgets: Budgets,
    /// The longest a session may take.
    pub(crate) deadline: Option<Span>,
    /// The dollars that the replies of a session may cost.
    pub(crate) budget_usd: Option<f64>,
    /// The dollars that all chats with real servers may cost together.
    pub(crate) run_budget_usd: Option<f64>,
    /// Which of several machines a chat goes to.
    pub(crate) routing: BenchRouting,
    /// What the gate runs it on and lets pass.
    pub(crate) gate: GateRules,
    /// Whether it is a recording of another bench.
    pub(crate) is_recording: bool,
    /// The folders that it grants.
    pub(crate) granted: Vec<GrantedFolder>,
    /// Where its paths lead.
    pub(crate) folder: BenchFolder,
}

/// A machine, and the model it is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MachineChoice {
    /// The machine's name.
    pub(crate) machine: String,
    /// The model's; the machine's own default if absent.
    pub(crate) model: Option<String>,
    /// Where it was named, for messages.
    pub(crate) place: String,
}

/// A component and what it is given.
pub(crate) struct Mounted {
    /// The name in the slip.
    pub(crate) name: String,
    /// The file, for messages.
    pub(crate) file: String,
    /// The component.
    pub(crate) bytes: Vec<u8>,
    /// What `session.config` gives it.
    pub(crate) config: BTreeMap<String, String>,
    /// The files it may read, and perhaps write.
    pub(crate) files: FileGrant,
    /// The addresses it may fetch from.
    pub(crate) http: Arc<HttpGrant>,
}

/// A task.
#[derive(Clone)]
pub(crate) struct Task {
    /// The name in the slip.
    pub(crate) name: Arc<str>,
    /// The task itself.
    pub(crate) input: Arc<str>,
    /// The tier of its chats, unless they name one.
    pub(crate) tier: Option<Arc<str>>,
    /// Values for the agent in this task, before its own.
    pub(crate) config: BTreeMap<String, String>,
}

impl MachineChoice {
    /// Reads `MACHINE` or `MACHINE:MODEL`.
    pub(crate) fn parse(text: &str, place: String) -> MachineChoice {
        let (machine, model) = match text.split_once(':') {
            Some((machine, model)) => (machine, Some(model.to_owned())),
            None => (text, None),
        };
        MachineChoice { machine: machine.to_owned(), model, place }
    }
}
