//! What stands in a bench file, as it is written; `resolve` gives it meaning.

use std::collections::BTreeMap;

use serde::Deserialize;
use timeslip_words::synthetic::SyntheticSpec;

use super::build_file::{BuildTable, one_or_several};
use super::endpoint_file::EndpointTable;
use super::gate_file::{BudgetTable, CheckTable};
use super::mcp_file::McpTable;

/// A bench file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BenchFile {
    /// The bench's name in the slip.
    pub(crate) name: String,
    /// What it is for; for people.
    #[serde(default)]
    #[expect(dead_code, reason = "a reader of the file wants it, the run does not")]
    pub(crate) about: Option<String>,
    /// `MACHINE` or `MACHINE:MODEL`; what `--on` replaces.
    #[serde(default)]
    pub(crate) machines: Vec<String>,
    /// A folder of profiles that adds to those built in.
    #[serde(default)]
    pub(crate) profiles: Option<String>,
    /// The seed of all randomness; what `--seed` replaces.
    #[serde(default)]
    pub(crate) seed: u64,
    /// The tokens a second that one user should see.
    #[serde(default)]
    pub(crate) target_tokens_per_second: Option<u32>,
    /// Real servers that `machines` may name.
    #[serde(default)]
    pub(crate) endpoint: Vec<EndpointTable>,
    /// The agent.
    pub(crate) agent: AgentTable,
    /// The tool plugins.
    #[serde(default)]
    pub(crate) tool: Vec<ToolTable>,
    /// Where replies come from.
    pub(crate) words: WordsTable,
    /// What counts tokens: a built-in tokenizer, or the path of a model's `tokenizer.json`.
    #[serde(default)]
    pub(crate) tokenizer: Option<String>,
    /// The tasks, in the order in which sessions take them.
    #[serde(default)]
    pub(crate) task: Vec<TaskTable>,
    /// Tasks that stand in files of their own; they follow those of `[[task]]`.
    #[serde(default)]
    pub(crate) tasks: Option<TasksTable>,
    /// How many sessions, and when they start.
    #[serde(default)]
    pub(crate) load: LoadTable,
    /// Which of several machines a chat goes to.
    #[serde(default)]
    pub(crate) routing: RoutingTable,
    /// What a session and its components may use.
    #[serde(default)]
    pub(crate) limits: LimitsTable,
    /// What `timeslip check` runs it on and lets pass.
    #[serde(default)]
    pub(crate) check: CheckTable,
    /// What its figures may be.
    #[serde(default)]
    pub(crate) budget: Vec<BudgetTable>,
    /// How `timeslip build` makes its components.
    #[serde(default, deserialize_with = "one_or_several")]
    pub(crate) build: Vec<BuildTable>,
}

/// `[agent]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentTable {
    /// The component: a file, or a registry's reference such as `namespace:name@1.0.0`.
    pub(crate) component: String,
    /// The digest that the component must have: `sha256:` and 64 hexadecimal digits.
    #[serde(default)]
    pub(crate) digest: Option<String>,
    /// The models it may ask; `"*"` for every one that the run's machines serve.
    #[serde(default)]
    pub(crate) models: Vec<String>,
    /// The `[[tool]]` tables whose tools it may call, by their names; all of them if absent.
    #[serde(default)]
    pub(crate) tools: Option<Vec<String>>,
    /// A folder that it may read, through WASI's file system.
    #[serde(default)]
    pub(crate) files: Option<String>,
    /// Whether it may also write there; what it writes stays in the session.
    #[serde(default)]
    pub(crate) write: bool,
    /// What `session.config` gives it.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, ConfigValue>,
}

/// `[[tool]]`: a tool plugin, an agent that is a tool of others, or an MCP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolTable {
    /// Its name in the slip, and of an agent the tool's; the file's stem if absent.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// A tool plugin's component: a file, or a registry's reference such as `namespace:name@1.0.0`.
    #[serde(default)]
    pub(crate) component: Option<String>,
    /// An agent's component, in place of a plugin's: each call is a task for a new instance of it.
    #[serde(default)]
    pub(crate) agent: Option<String>,
    /// An MCP server, in place of a component.
    #[serde(default)]
    pub(crate) mcp: Option<McpTable>,
    /// What the agent does, for the models that may call it.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The models that the agent may ask.
    #[serde(default)]
    pub(crate) models: Vec<String>,
    /// The `[[tool]]` tables whose tools the agent may call, by their names; those of all plugins if
    /// absent.
    #[serde(default)]
    pub(crate) tools: Option<Vec<String>>,
    /// The digest that the component must have: `sha256:` and 64 hexadecimal digits.
    #[serde(default)]
    pub(crate) digest: Option<String>,
    /// A folder that it may read.
    #[serde(default)]
    pub(crate) files: Option<String>,
    /// Addresses that it may fetch from: `https://example.org/docs/*`, or a whole server without a
    /// path.
    #[serde(default)]
    pub(crate) http: Vec<String>,
    /// The methods that it may use there beside `GET` and `HEAD`.
    #[serde(default)]
    pub(crate) http_methods: Vec<String>,
    /// Whether it may also write there; what it writes stays in the session.
    #[serde(default)]
    pub(crate) write: bool,
    /// What `session.config` gives it.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, ConfigValue>,
}

/// A configured value: the text itself, or the file that holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a text, or { file = \"PATH\" }")]
pub(crate) enum ConfigValue {
    /// The text.
    Text(String),
    /// The file.
    File(ConfigFile),
}

/// `{ file = "PATH" }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// The path.
    pub(crate) file: String,
}

/// `[words]`. Which keys it may have depends on its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum WordsTable {
    /// Rules written by hand.
    Script(ScriptTable),
    /// Recordings, one named by each task.
    Cassette(CassetteTable),
    /// Filler of drawn lengths.
    Synthetic(SyntheticSpec),
    /// None of the bench's own: real servers have theirs, and no user is there.
    Endpoint,
}

/// `[words]` of kind `script`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptTable {
    /// The rules.
    pub(crate) file: String,
}

/// `[words]` of kind `cassette`: each task names its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CassetteTable {
    /// When a recorded reply answers a request.
    #[serde(default)]
    pub(crate) matching: MatchingKey,
}

/// `matching` of `[words]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MatchingKey {
    /// When the request is the recorded one.
    #[default]
    Exact,
    /// When user, model and tools have said what was recorded, under whatever instructions.
    Turns,
}

/// `[[task]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskTable {
    /// The name in the slip.
    pub(crate) name: String,
    /// The task itself.
    pub(crate) input: String,
    /// Its recording, for words of kind `cassette`.
    #[serde(default)]
    pub(crate) cassette: Option<String>,
    /// The tier of its chats, unless they name one.
    #[serde(default)]
    pub(crate) tier: Option<String>,
    /// Values for the agent in this task, before those under `[agent.config]`.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, ConfigValue>,
}

/// `[tasks]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksTable {
    /// A folder whose `.txt` and `.md` files are a task each, named by the file.
    #[serde(default)]
    pub(crate) folder: Option<String>,
    /// A file with a task on each line, as a JSON object with the keys of `[[task]]`.
    #[serde(default)]
    pub(crate) jsonl: Option<String>,
}

/// `[load]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadTable {
    /// How many; one for each task if absent. More begin again with the first task.
    #[serde(default)]
    pub(crate) sessions: Option<usize>,
    /// The most at once.
    #[serde(default)]
    pub(crate) at_once: Option<usize>,
    /// Sessions that start per second on average, at random instants (a Poisson process).
    #[serde(default)]
    pub(crate) rate_per_second: Option<f64>,
    /// The shape of the gamma distribution of the gaps between them: 1, a Poisson process, if
    /// absent; below 1, bursts.
    #[serde(default)]
    pub(crate) burstiness: Option<f64>,
    /// From the end of a session to the start of the next in its place, with `at_once`.
    #[serde(default)]
    pub(crate) think_seconds: Option<f64>,
    /// A trace by whose instants sessions start.
    #[serde(default)]
    pub(crate) arrivals: Option<String>,
}

/// `[routing]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingTable {
    /// What decides among machines that serve the same model.
    #[serde(default)]
    pub(crate) policy: PolicyKey,
    /// The tier of chats whose request and task name none.
    #[serde(default)]
    pub(crate) default_tier: Option<String>,
    /// Tokens that a reply is expected to have where the request sets no limit.
    #[serde(default)]
    pub(crate) expected_output_tokens: Option<u64>,
    /// The tiers.
    #[serde(default)]
    pub(crate) tier: Vec<TierTable>,
}

/// `policy` of `[routing]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum PolicyKey {
    /// Each model has one machine.
    #[default]
    #[serde(rename = "by_model")]
    Model,
    /// The request's tier, the task's or the default one.
    #[serde(rename = "by_tier")]
    Tier,
    /// What the session's deadline and budget leave.
    #[serde(rename = "by_deadline_and_budget")]
    DeadlineAndBudget,
}

/// `[[routing.tier]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TierTable {
    /// What a request asks for as `MODEL:NAME`.
    pub(crate) name: String,
    /// Its machines, out of the bench's `machines`.
    pub(crate) machines: Vec<String>,
    /// Dollars per million tokens of prompts that no cache holds.
    #[serde(default)]
    pub(crate) usd_per_million_input_tokens: Option<f64>,
    /// Dollars per million tokens of prompts that a cache holds.
    #[serde(default)]
    pub(crate) usd_per_million_cached_input_tokens: Option<f64>,
    /// Dollars per million tokens of replies.
    #[serde(default)]
    pub(crate) usd_per_million_output_tokens: Option<f64>,
}

/// `[limits]`: of a session, and of each of its components.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    /// The longest a session may take, in virtual seconds.
    #[serde(default)]
    pub(crate) deadline_seconds: Option<f64>,
    /// Dollars that the replies of a session may cost: once they have, it gets no more.
    #[serde(default)]
    pub(crate) cost_usd: Option<f64>,
    /// Dollars that all chats with real servers may cost together: one that might cost more than is
    /// left is not asked.
    #[serde(default)]
    pub(crate) run_cost_usd: Option<f64>,
    /// Calls of models, per session.
    #[serde(default)]
    pub(crate) model_calls: Option<u64>,
    /// Calls of tools, per session.
    #[serde(default)]
    pub(crate) tool_calls: Option<u64>,
    /// Output tokens of all chats, per session.
    #[serde(default)]
    pub(crate) output_tokens: Option<u64>,
    /// Memory of a component instance.
    #[serde(default)]
    pub(crate) memory_mib: Option<usize>,
    /// Fuel of a component instance.
    #[serde(default)]
    pub(crate) fuel: Option<u64>,
    /// Elements of a table of a component instance.
    #[serde(default)]
    pub(crate) table_elements: Option<usize>,
    /// Calls of host functions.
    #[serde(default)]
    pub(crate) host_calls: Option<u64>,
    /// What one call may carry to the host.
    #[serde(default)]
    pub(crate) boundary_mib: Option<usize>,
    /// Lines of the journal.
    #[serde(default)]
    pub(crate) journal_lines: Option<u64>,
    /// Size of the journal.
    #[serde(default)]
    pub(crate) journal_mib: Option<u64>,
    /// What a session may write over a granted folder.
    #[serde(default)]
    pub(crate) written_mib: Option<u64>,
    /// Wall-clock time of one stretch of computing; a backstop behind fuel.
    #[serde(default)]
    pub(crate) burst_wall_seconds: Option<f64>,
}
