//! A replay as a report to be looked at.

use serde_json::{Value, json};
use timeslip_gate::slip::{self, Session, SessionError, SessionStatus, TimeShareNs};
use timeslip_gate::step::{ChatFinish, ChatStep, Step};
use timeslip_replay::figures::{CallEnd, CallRow, ReplayOutcome};
use timeslip_report::page::{Page, RunColumns, RunParts};
use timeslip_sim::deployment::Deployment;

use super::workload::Replayed;
use crate::bands::machine_bands;

/// Requests of a replay that a report holds; of more, the first.
const REQUESTS_DRAWN: usize = 100_000;

/// The text of a report.
pub(crate) fn replay_report(
    replayed: &Replayed,
    outcome: &ReplayOutcome,
    deployments: &[Deployment],
) -> String {
    let rows = &outcome.rows[..outcome.rows.len().min(REQUESTS_DRAWN)];
    let complete = rows.len() == outcome.rows.len();
    let mut notes = outcome.notes.clone();
    if !complete {
        notes.push(format!(
            "the first {REQUESTS_DRAWN} of {} requests are drawn; the figures are those of all",
            outcome.rows.len()
        ));
    }
    let sessions = sessions(rows, deployments);
    let names: Vec<&str> = deployments.iter().map(|one| one.machine.as_str()).collect();
    let run = RunColumns::of(RunParts {
        name: names.join("+"),
        timeslip: env!("CARGO_PKG_VERSION"),
        bench: json!({ "name": replayed.name, "digest": replayed.digest }),
        seed: replayed.seed,
        machines: deployments.iter().map(machine).collect(),
        components: Value::Null,
        words: Value::Null,
        notes: &notes,
        summary: &outcome.summary,
        sessions: &sessions,
        complete,
        has_path: false,
    });
    Page {
        title: replayed.name.clone(),
        subtitle: format!("replayed on {}", names.join(" and ")),
        runs: vec![run],
        ..Page::default()
    }
    .html()
}

fn machine(deployment: &Deployment) -> Value {
    json!(slip::Machine {
        name: deployment.machine.clone(),
        digest: Some(deployment.digest.clone()),
        model: deployment.model.name.clone(),
        estimated: deployment.estimated(),
        bands: Some(machine_bands(deployment)),
        endpoint: None,
    })
}

/// The requests by their sessions, in the order in which these start. What a session does between
/// two requests a trace does not say, so it has no critical path.
fn sessions(rows: &[CallRow], deployments: &[Deployment]) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for row in rows {
        let place = row.session as usize;
        while sessions.len() <= place {
            sessions.push(empty(row.at.as_nanos()));
        }
        let session = &mut sessions[place];
        if session.steps.is_empty() {
            session.at_ns = row.at.as_nanos();
        }
        let deployment = &deployments[row.machine as usize];
        let chat = chat(row, deployment);
        let end = (chat.at_ns + chat.e2e_ns).saturating_sub(session.at_ns);
        session.e2e_ns = session.e2e_ns.max(end);
        if row.end != CallEnd::Completed && session.error.is_none() {
            session.status = SessionStatus::Failed;
            let message = "a request brought no reply".to_owned();
            session.error = Some(SessionError { kind: row.end.word().to_owned(), message });
        }
        session.steps.push(Step::Chat(chat));
    }
    for session in &mut sessions {
        session.steps.sort_by_key(Step::at_ns);
    }
    sessions
}

/// A session without requests so far.
fn empty(at_ns: u64) -> Session {
    Session {
        task: "session".to_owned(),
        status: SessionStatus::Ok,
        error: None,
        at_ns,
        e2e_ns: 0,
        time_share_ns: TimeShareNs::default(),
        used: Vec::new(),
        prompt_parts: Vec::new(),
        steps: Vec::new(),
    }
}

fn chat(row: &CallRow, deployment: &Deployment) -> ChatStep {
    let timing = &row.timing;
    let is_answered = row.end == CallEnd::Completed;
    ChatStep {
        at_ns: row.at.as_nanos(),
        within: None,
        machine: deployment.machine.clone(),
        model: deployment.model.name.clone(),
        route: None,
        input_tokens: row.input_tokens,
        cached_input_tokens: row.cached_input_tokens,
        output_tokens: row.output_tokens,
        prompt: Default::default(),
        queue_ns: timing.queue.as_nanos(),
        prefill_ns: timing.prefill.as_nanos(),
        transfer_ns: timing.transfer.as_nanos(),
        decode_ns: timing.decode.as_nanos(),
        ttft_ns: timing.time_to_first_token.as_nanos(),
        e2e_ns: timing.end_to_end().as_nanos(),
        finish_reason: if is_answered { ChatFinish::Stop } else { ChatFinish::Error },
        error: (!is_answered).then(|| row.end.word().to_owned()),
        energy_j: row.energy_j,
        cost_usd: row.cost_usd,
        observed: None,
    }
}
