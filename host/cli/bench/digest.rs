//! The digest of a bench: all that it says and the contents of what it leads to, but no places, so
//! that the same bench has the same digest in any folder.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use timeslip_runtime::engine::component_digest;
use timeslip_runtime::grants::ModelGrant;

use super::file::LoadTable;
use super::{Bench, Mounted};

/// The digest in the form of the slip.
pub(super) fn bench_digest(bench: &Bench, load: &LoadTable) -> String {
    let models = match &bench.models {
        ModelGrant::Nothing => json!([]),
        ModelGrant::Every => json!("*"),
        ModelGrant::Named(names) => json!(names),
    };
    let tasks: Vec<Value> = bench
        .tasks
        .iter()
        .map(|task| json!({ "name": *task.name, "input": *task.input, "config": task.config }))
        .collect();
    let limits = &bench.limits;
    let said = json!({
        "name": bench.name,
        "target_tokens_per_second": bench.target_tokens_per_second,
        "agent": mounted(&bench.agent),
        "models": models,
        "tools": bench.tools.iter().map(mounted).collect::<Vec<Value>>(),
        "words": bench.words.used().digest,
        "tasks": tasks,
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
    component_digest(said.to_string().as_bytes())
}

fn mounted(component: &Mounted) -> Value {
    let files = component.files.files.iter().map(|(path, bytes)| {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        json!([path, digest])
    });
    json!({
        "name": component.name,
        "digest": component_digest(&component.bytes),
        "config": component.config,
        "files": files.collect::<Vec<Value>>(),
    })
}
