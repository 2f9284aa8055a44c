//! The laws of a slip, for any slip: one just made, or one read from a file.

use serde_json::Value;

use crate::slip::{SCHEMA, Session, SessionStatus, Slip};
use crate::step::{ChatStep, Step};
use crate::summary::{Summary, summarise};

/// The laws that a slip breaks, one line each; empty when it holds them all.
///
/// The bands are checked for their place only: the error of a machine does not stand in the slip.
pub fn breaches(slip: &Slip) -> Vec<String> {
    let mut breaches = Vec::new();
    if slip.schema != SCHEMA {
        breaches.push(format!("the schema is {:?} and not {SCHEMA:?}", slip.schema));
    }
    check_summary(slip, &mut breaches);
    for (index, session) in slip.sessions.iter().enumerate() {
        let mut broken = Vec::new();
        check_session(session, &mut broken);
        let name = |breach| format!("session {index} ({}): {breach}", session.task);
        breaches.extend(broken.into_iter().map(name));
    }
    breaches
}

fn check_summary(slip: &Slip, breaches: &mut Vec<String>) {
    let target = slip.summary.target_tokens_per_second;
    let own = &slip.summary;
    // Bands rest on the machines' errors, which the slip does not hold.
    let taken_again = Summary {
        energy_j_band: own.energy_j_band,
        cost_usd_band: own.cost_usd_band,
        ..summarise(&slip.sessions, target, |_| Default::default())
    };
    check_keys(own, &taken_again, breaches);
    let bands = [
        ("energy_j", own.energy_j, own.energy_j_band),
        ("cost_usd", own.cost_usd, own.cost_usd_band),
    ];
    for (name, value, band) in bands {
        let holds = match (value, band) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(value), Some(band)) => band.low <= value && value <= band.high,
        };
        if !holds {
            breaches.push(format!("summary.{name} is {value:?}, outside its band {band:?}"));
        }
    }
}

/// Names each key of the summary that the sessions do not bear out.
fn check_keys(own: &Summary, taken_again: &Summary, breaches: &mut Vec<String>) {
    let keys = |summary: &Summary| match serde_json::to_value(summary) {
        Ok(Value::Object(keys)) => keys,
        _ => unreachable!("a summary is an object and holds nothing that JSON cannot"),
    };
    let taken_again = keys(taken_again);
    for (key, says) in keys(own) {
        let sessions_say = &taken_again[&key];
        if says != *sessions_say {
            breaches.push(format!("summary.{key} is {says}, the sessions say {sessions_say}"));
        }
    }
}

fn check_session(session: &Session, breaches: &mut Vec<String>) {
    let shares = session.time_share_ns.total();
    if shares != session.e2e_ns {
        breaches.push(format!("the shares sum to {shares} and e2e_ns is {}", session.e2e_ns));
    }
    if (session.status == SessionStatus::Failed) != session.error.is_some() {
        breaches.push("a session has an error exactly when it failed".to_owned());
    }
    let mut not_before = session.at_ns;
    let end = session.at_ns.saturating_add(session.e2e_ns);
    for (index, step) in session.steps.iter().enumerate() {
        let mut broken = Vec::new();
        if step.at_ns() < not_before {
            broken.push("begins before its session or before the step above it".to_owned());
        }
        if step.at_ns().saturating_add(step.e2e_ns()) > end {
            broken.push("ends after its session".to_owned());
        }
        not_before = step.at_ns();
        check_within(session, index, &mut broken);
        check_step(step, &mut broken);
        if let Step::Chat(chat) = step {
            check_prompt(session, chat, &mut broken);
        }
        breaches.extend(broken.into_iter().map(|breach| format!("step {index} {breach}")));
    }
}

/// What an agent does as a tool lies within the tool step, which stands above it.
fn check_within(session: &Session, index: usize, breaches: &mut Vec<String>) {
    let step = &session.steps[index];
    let Some(within) = step.within() else {
        return;
    };
    match session.steps[..index].get(within) {
        Some(outer @ Step::Tool(_)) => {
            let end = |step: &Step| step.at_ns().saturating_add(step.e2e_ns());
            if end(step) > end(outer) {
                breaches.push(format!("ends after step {within}, within which it was asked"));
            }
        }
        _ => breaches.push(format!("names step {within}, which is no tool step above it")),
    }
}

/// A prompt is made of parts that its session has.
fn check_prompt(session: &Session, chat: &ChatStep, breaches: &mut Vec<String>) {
    if chat.prompt.end() > session.prompt_parts.len() {
        breaches.push("has a prompt with a part that its session lacks".to_owned());
    }
}

fn check_step(step: &Step, breaches: &mut Vec<String>) {
    let ok = match step {
        Step::Chat(chat) => {
            check_chat(chat, breaches);
            chat.is_answered()
        }
        Step::Tool(tool) => {
            if u128::from(tool.compute_ns) + u128::from(tool.wait_ns) != u128::from(tool.e2e_ns) {
                breaches.push("compute_ns and wait_ns do not sum to e2e_ns".to_owned());
            }
            tool.ok
        }
        Step::User(user) => user.ok,
        Step::Sleep(_) => true,
    };
    if ok == step.error().is_some() {
        breaches.push("has an error exactly when it brought nothing".to_owned());
    }
}

fn check_chat(chat: &ChatStep, breaches: &mut Vec<String>) {
    let parts = [chat.queue_ns, chat.prefill_ns, chat.transfer_ns, chat.decode_ns];
    let sum: u128 = parts.into_iter().map(u128::from).sum();
    if sum != u128::from(chat.e2e_ns) {
        breaches.push(format!("has parts that sum to {sum} and e2e_ns {}", chat.e2e_ns));
    }
    if !chat.is_answered() && (chat.queue_ns, chat.ttft_ns) != (chat.e2e_ns, chat.e2e_ns) {
        breaches.push("has no reply, and yet time or a first token that is not waiting".to_owned());
    }
    if chat.ttft_ns > chat.e2e_ns {
        breaches.push(format!("has ttft_ns {} above e2e_ns {}", chat.ttft_ns, chat.e2e_ns));
    }
    if let Some(route) = &chat.route
        && !route.considered.is_empty()
        && !route.considered.iter().any(|one| one.machine == chat.machine)
    {
        breaches.push(format!("went to {:?}, which was not considered", chat.machine));
    }
    if chat.cached_input_tokens > chat.input_tokens {
        breaches.push("has more cached input tokens than input tokens".to_owned());
    }
}
