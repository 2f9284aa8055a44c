//! The digest of a bench: all that it says and the contents of what it leads to, but no places, so
//! that the same bench has the same digest in any folder.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use timeslip_runtime::engine::component_digest;
use timeslip_runtime::grants::ModelGrant;
use timeslip_runtime::limits::Limits;

use super::file::LoadTable;
use super::routing::Tier;
use super::{Bench, Callable, LoadedWords, Mounted, MountedAgent, MountedServer, Task};

impl Bench {
    /// The digest of the same bench with this task alone, and these words.
    pub(crate) fn digest_of_one(&self, task: &Task, words: &LoadedWords) -> String {
        let mut said = self.said.clone();
        said["tasks"] = tasks(std::slice::from_ref(task));
        said["words"] = json!(words.used().digest);
        if self.routing.chooses() {
            said["routing"]["of_tasks"] = tiers_of(std::slice::from_ref(task));
        }
        digest_of(&said)
    }
}

/// The digest of what a bench says, in the form of the slip.
pub(super) fn digest_of(said: &Value) -> String {
    component_digest(said.to_string().as_bytes())
}

fn tasks(tasks: &[Task]) -> Value {
    let task =
        |task: &Task| json!({ "name": *task.name, "input": *task.input, "config": task.config });
    tasks.iter().map(task).collect()
}

fn tiers_of(tasks: &[Task]) -> Value {
    let tiers: Vec<Option<&str>> = tasks.iter().map(|task| task.tier.as_deref()).collect();
    json!(tiers)
}

/// All that a bench says, and the contents of what it leads to.
pub(super) fn said_by(bench: &Bench, load: &LoadTable, trace: Option<&str>) -> Value {
    let limits = &bench.limits;
    let mut said = json!({
        "name": bench.name,
        "target_tokens_per_second": bench.target_tokens_per_second,
        "agent": mounted(&bench.agent),
        "models": models(&bench.models),
        "tools": bench.tools.iter().map(mounted).collect::<Vec<Value>>(),
        "words": bench.words.used().digest,
        "tasks": tasks(&bench.tasks),
        "load": {
            "sessions": bench.sessions,
            "at_once": load.at_once,
            "rate_per_second": load.rate_per_second,
        },
        "limits": {
            "deadline_ns": bench.deadline.map(|deadline| deadline.as_nanos()),
            "model_calls": bench.budgets.model_calls,
            "tool_calls": bench.budgets.tool_calls,
            "output_tokens": bench.budgets.output_tokens,
            "memory_bytes": limits.memory_bytes,
            "table_elements": limits.table_elements,
            "fuel": limits.fuel,
            "burst_wall_ns": limits.burst_wall_time.as_nanos() as u64,
            "host_calls": limits.host_calls,
            "boundary_bytes": limits.boundary_bytes,
            "journal_lines": limits.journal_lines,
            "journal_bytes": limits.journal_bytes,
        },
    });
    for (part, key, value) in absent_from_older_benches(bench, load, trace) {
        said[part][key] = value;
    }
    said
}

/// What a bench may leave unsaid, and then it has the digest that it had before there were words
/// for it.
fn absent_from_older_benches(
    bench: &Bench,
    load: &LoadTable,
    trace: Option<&str>,
) -> Vec<(&'static str, &'static str, Value)> {
    let written_bytes = bench.limits.written_bytes;
    let written_bytes =
        (written_bytes != Limits::standard().written_bytes).then_some(written_bytes);
    let mut said = vec![
        ("load", "think_seconds", json!(load.think_seconds)),
        ("load", "burstiness", json!(load.burstiness)),
        ("load", "arrivals", json!(trace)),
        ("limits", "cost_usd", json!(bench.budget_usd)),
        ("limits", "written_bytes", json!(written_bytes)),
    ];
    if !bench.agents.is_empty() {
        said.push((
            "delegates",
            "agents",
            bench.agents.iter().map(|one| agent(bench, one)).collect(),
        ));
    }
    if !bench.servers.is_empty() {
        let servers = bench.servers.iter().map(MountedServer::said);
        said.push(("servers", "mcp", servers.collect()));
    }
    if !bench.tools_of_agent.is_everything(bench) {
        said.push(("delegates", "tools_of_agent", names_of(bench, &bench.tools_of_agent)));
    }
    let routing = &bench.routing;
    if routing.chooses() {
        let rules = &routing.rules;
        said.push(("routing", "policy", json!(format!("{:?}", rules.policy))));
        said.push(("routing", "default_tier", json!(rules.default_tier.as_deref())));
        said.push(("routing", "expected_output_tokens", json!(rules.expected_output_tokens)));
        said.push(("routing", "tiers", routing.tiers.iter().map(tier).collect()));
        said.push(("routing", "of_tasks", tiers_of(&bench.tasks)));
    }
    said.retain(|(_, _, value)| !value.is_null());
    said
}

fn agent(bench: &Bench, agent: &MountedAgent) -> Value {
    json!({
        "component": mounted(&agent.component),
        "description": agent.description,
        "models": models(&agent.models),
        "tools": names_of(bench, &agent.tools),
    })
}

fn names_of(bench: &Bench, callable: &Callable) -> Value {
    let plugins = callable.plugins.iter().map(|plugin| &bench.tools[*plugin].name);
    let agents = callable.agents.iter().map(|agent| &bench.agents[*agent].component.name);
    let servers = callable.servers.iter().map(|server| &*bench.servers[*server].plan.name);
    let names = plugins.chain(agents).map(String::as_str).chain(servers);
    json!(names.collect::<Vec<_>>())
}

fn models(grant: &ModelGrant) -> Value {
    match grant {
        ModelGrant::Nothing => json!([]),
        ModelGrant::Every => json!("*"),
        ModelGrant::Named(names) => json!(names),
    }
}

fn tier(tier: &Tier) -> Value {
    let price = tier.price.map(|price| {
        [
            price.usd_per_million_input_tokens,
            price.usd_per_million_cached_input_tokens,
            price.usd_per_million_output_tokens,
        ]
    });
    json!({ "name": tier.name, "machines": tier.machines, "price": price })
}

fn mounted(component: &Mounted) -> Value {
    let folder = component.files.folder();
    let files = folder.iter().flat_map(|folder| folder.files()).map(|(path, bytes)| {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        json!([path, digest])
    });
    let mut said = json!({
        "name": component.name,
        "digest": component_digest(&component.bytes),
        "config": component.config,
        "files": files.collect::<Vec<Value>>(),
    });
    // A bench without it has the digest that it had before there were words for it.
    if !component.http.is_empty() {
        let addresses: Vec<&str> = component.http.addresses().collect();
        said["http"] = json!({ "addresses": addresses, "methods": component.http.methods() });
    }
    // A grant that is for reading alone has the digest that it had before there was another.
    if component.files.may_write() {
        said["write"] = json!(true);
    }
    said
}
