//! From the record of a run to its slip.

use std::collections::HashMap;

use timeslip_timeline::account::TimeShares;
use timeslip_timeline::conversation;
use timeslip_timeline::http;
use timeslip_timeline::observed::{self, Observed};
use timeslip_timeline::record::{
    self, Asker, ChatEnd, RunRecord, SessionOutcome, SessionRecord, StepKind,
};
use timeslip_timeline::route;

use crate::part_ranges::PartRanges;
use crate::slip::{
    Bench, Component, ComponentUse, Machine, PromptPart, PromptPartKind, SCHEMA, Session,
    SessionError, SessionStatus, Slip, WordsUsed,
};
use crate::step::{
    ChatAttempt, ChatFinish, ChatStep, Considered, CountedBy, Fetch, ObservedChat, ObservedIn,
    Route, RouteReason, SleepStep, Step, ToolStep, UserStep,
};
use crate::summary::{DOLLAR_STEPS, ErrorFactors, JOULE_STEPS, summarise, to_grid};

/// What a slip says of a run beside what happened in it.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// What was run.
    pub bench: Bench,
    /// The seed of the run's randomness.
    pub seed: u64,
    /// The machines, in the order of the bench.
    pub machines: Vec<MachineFacts>,
    /// The agent and the tool plugins, in the order of the bench.
    pub components: Vec<Component>,
    /// Where the models' replies came from.
    pub words: WordsUsed,
    /// The tokens a second that one user should see.
    pub target_tokens_per_second: u32,
}

/// What a slip says of a machine.
#[derive(Clone, Debug)]
pub struct MachineFacts {
    /// What stands in the slip.
    pub machine: Machine,
    /// How far off its joules and dollars may be.
    pub error: ErrorFactors,
}

/// Makes the slip of a run.
///
/// `shares` are the sessions' critical paths, in the order of the sessions.
///
/// # Panics
/// When there are not as many shares as sessions, which is a defect of the caller.
pub fn compose(facts: RunFacts, run: &RunRecord, shares: &[TimeShares]) -> Slip {
    assert_eq!(run.sessions.len(), shares.len(), "one critical path for each session");
    let sessions: Vec<Session> =
        run.sessions.iter().zip(shares).map(|(record, shares)| session(record, *shares)).collect();
    let error_of = |name: &str| {
        let named = facts.machines.iter().find(|facts| facts.machine.name == name);
        named.map(|facts| facts.error).unwrap_or_default()
    };
    let summary = summarise(&sessions, facts.target_tokens_per_second, error_of);
    Slip {
        schema: SCHEMA.to_owned(),
        timeslip: env!("CARGO_PKG_VERSION").to_owned(),
        bench: facts.bench,
        seed: facts.seed,
        machines: facts.machines.into_iter().map(|facts| facts.machine).collect(),
        components: facts.components,
        words: facts.words,
        summary,
        sessions,
    }
}

fn session(record: &SessionRecord, shares: TimeShares) -> Session {
    let error = match &record.outcome {
        SessionOutcome::Answered(_) => None,
        SessionOutcome::GaveUp(message) => {
            Some(SessionError { kind: "gave_up".to_owned(), message: message.clone() })
        }
        SessionOutcome::Stopped(cause) => {
            Some(SessionError { kind: cause.kind.to_owned(), message: cause.message.clone() })
        }
    };
    let mut parts = Parts::default();
    let steps = record
        .steps
        .iter()
        .map(|step| self::step(step, within(record, step), &mut parts))
        .collect();
    let used = record.used.iter().map(|(name, used)| ComponentUse {
        name: name.to_string(),
        fuel: used.fuel,
        memory_bytes: used.memory_bytes,
    });
    Session {
        task: record.task.to_string(),
        status: if error.is_none() { SessionStatus::Ok } else { SessionStatus::Failed },
        error,
        at_ns: record.started_at.as_nanos(),
        e2e_ns: record.ended_at.since(record.started_at).as_nanos(),
        time_share_ns: shares.into(),
        used: used.collect(),
        prompt_parts: parts.list,
        steps,
    }
}

/// The parts of a session's prompts, each once.
#[derive(Default)]
struct Parts {
    list: Vec<PromptPart>,
    places: HashMap<conversation::PromptPart, usize>,
}

impl Parts {
    /// The places of these parts; those that are new are added.
    fn places(&mut self, prompt: &[conversation::PromptPart]) -> PartRanges {
        let place = |part: &conversation::PromptPart| {
            *self.places.entry(*part).or_insert_with(|| {
                self.list.push(PromptPart {
                    kind: part_kind(part.kind),
                    tokens: part.tokens,
                    digest: format!("{:016x}", part.digest),
                });
                self.list.len() - 1
            })
        };
        prompt.iter().map(place).collect()
    }
}

fn part_kind(kind: conversation::PromptPartKind) -> PromptPartKind {
    use conversation::{PromptPartKind as Kind, Role};
    match kind {
        Kind::Tools => PromptPartKind::Tools,
        Kind::Message(Role::System) => PromptPartKind::System,
        Kind::Message(Role::User) => PromptPartKind::User,
        Kind::Message(Role::Assistant) => PromptPartKind::Assistant,
        Kind::Message(Role::Tool) => PromptPartKind::Tool,
    }
}

/// The tool step whose agent asked for a step.
fn within(session: &SessionRecord, step: &record::Step) -> Option<usize> {
    match step.asked_by {
        Asker::Agent => None,
        Asker::Delegate(delegation) => Some(session.delegations[delegation].step),
    }
}

/// A step as it is over, in the form of the slip, without what leads to other parts of a slip: the parts
/// of its prompt, and the step whose agent asked for it.
pub fn ended_step(ended: &record::Step) -> Step {
    match step(ended, None, &mut Parts::default()) {
        Step::Chat(chat) => Step::Chat(ChatStep { prompt: PartRanges::default(), ..chat }),
        other => other,
    }
}

fn step(step: &record::Step, within: Option<usize>, parts: &mut Parts) -> Step {
    let at_ns = step.asked_at.as_nanos();
    let e2e_ns = step.end_to_end().as_nanos();
    match &step.kind {
        StepKind::Chat(chat) => {
            Step::Chat(ChatStep { within, ..chat_step(at_ns, e2e_ns, chat, parts) })
        }
        StepKind::Tool(tool) => Step::Tool(ToolStep { within, ..tool_step(at_ns, e2e_ns, tool) }),
        StepKind::User(user) => {
            let error = error_of(user.answer.as_ref());
            Step::User(UserStep { at_ns, within, e2e_ns, ok: error.is_none(), error })
        }
        StepKind::Sleep => Step::Sleep(SleepStep { at_ns, within, e2e_ns }),
    }
}

fn chat_step(at_ns: u64, e2e_ns: u64, chat: &record::ChatStep, parts: &mut Parts) -> ChatStep {
    let (finish_reason, error) = chat_finish(&chat.end);
    let timing = &chat.timing;
    let answered = error.is_none();
    let part = |span: timeslip_timeline::time::Span| if answered { span.as_nanos() } else { 0 };
    ChatStep {
        at_ns,
        within: None,
        machine: chat.machine.to_string(),
        model: chat.model.to_string(),
        route: chat.route.as_ref().map(chat_route),
        input_tokens: chat.usage.input_tokens,
        cached_input_tokens: chat.usage.cached_input_tokens,
        output_tokens: chat.usage.output_tokens,
        prompt: parts.places(&chat.prompt),
        queue_ns: if answered { timing.queue.as_nanos() } else { e2e_ns },
        prefill_ns: part(timing.prefill),
        transfer_ns: part(timing.transfer),
        decode_ns: part(timing.decode),
        ttft_ns: if answered { timing.time_to_first_token.as_nanos() } else { e2e_ns },
        e2e_ns,
        finish_reason,
        error,
        energy_j: chat.energy_j.map(|joules| to_grid(joules, JOULE_STEPS)),
        cost_usd: chat.cost_usd.map(|dollars| to_grid(dollars, DOLLAR_STEPS)),
        observed: chat.observed.as_deref().map(|observed| Box::new(observed_chat(observed))),
    }
}

fn observed_chat(observed: &Observed) -> ObservedChat {
    let attempts = observed.attempts.iter().map(|attempt| ChatAttempt {
        at_ns: attempt.at.as_nanos(),
        lasted_ns: attempt.lasted.as_nanos(),
        error: attempt.error.clone(),
    });
    ObservedChat {
        origin: match observed.origin {
            observed::Origin::Server => ObservedIn::Server,
            observed::Origin::Recording => ObservedIn::Recording,
        },
        counted_by: match observed.counted_by {
            observed::CountedBy::Server => CountedBy::Server,
            observed::CountedBy::Tokenizer => CountedBy::Tokenizer,
        },
        reasoning_output_tokens: observed.reasoning_tokens,
        served_model: observed.served_model.clone(),
        attempts: attempts.collect(),
        chunks_ns: observed.chunks.iter().map(|at| at.as_nanos()).collect(),
    }
}

fn chat_route(route: &route::Route) -> Route {
    let considered = route.considered.iter().map(|one| Considered {
        machine: one.machine.to_string(),
        expected_ns: one.expected.map(|span| span.as_nanos()),
        expected_cost_usd: one.expected_cost_usd.map(|dollars| to_grid(dollars, DOLLAR_STEPS)),
    });
    Route {
        tier: route.tier.as_deref().map(str::to_owned),
        reason: match route.reason {
            route::RouteReason::ByModel => RouteReason::ByModel,
            route::RouteReason::ByTier => RouteReason::ByTier,
            route::RouteReason::CheapestInTime => RouteReason::CheapestInTime,
            route::RouteReason::FastestInBudget => RouteReason::FastestInBudget,
            route::RouteReason::Cheapest => RouteReason::Cheapest,
        },
        considered: considered.collect(),
    }
}

fn chat_finish(end: &ChatEnd) -> (ChatFinish, Option<String>) {
    use timeslip_timeline::conversation::FinishReason;
    match end {
        ChatEnd::Replied(FinishReason::Stop) => (ChatFinish::Stop, None),
        ChatEnd::Replied(FinishReason::Length) => (ChatFinish::Length, None),
        ChatEnd::Replied(FinishReason::ToolCalls) => (ChatFinish::ToolCalls, None),
        ChatEnd::Replied(FinishReason::ContentFilter) => (ChatFinish::ContentFilter, None),
        ChatEnd::Failed(error) => (ChatFinish::Error, Some(error.to_string())),
        ChatEnd::Cancelled => (ChatFinish::Cancelled, Some(GIVEN_UP.to_owned())),
    }
}

fn tool_step(at_ns: u64, e2e_ns: u64, tool: &record::ToolStep) -> ToolStep {
    let error = error_of(tool.output.as_ref());
    // A plugin may compute on after its caller gave up; the step has only its part of that.
    let compute_ns = tool.compute.as_nanos().min(e2e_ns);
    ToolStep {
        at_ns,
        within: None,
        tool: tool.tool.to_string(),
        compute_ns,
        wait_ns: e2e_ns - compute_ns,
        e2e_ns,
        ok: error.is_none(),
        error,
        fetches: tool.fetches.iter().map(fetch).collect(),
    }
}

fn fetch(fetch: &http::Fetch) -> Fetch {
    let answer = fetch.answer.as_ref();
    Fetch {
        at_ns: fetch.asked_at.as_nanos(),
        method: fetch.request.method.clone(),
        url: http::url_without_secrets(&fetch.request.url),
        status: answer.and_then(|answer| answer.as_ref().ok()).map(|response| response.status),
        error: error_of(answer),
        took_ns: fetch.took().as_nanos(),
    }
}

pub(crate) const GIVEN_UP: &str = "given up before it was over";

fn error_of<T, E: std::fmt::Display>(answer: Option<&Result<T, E>>) -> Option<String> {
    match answer {
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(error.to_string()),
        None => Some(GIVEN_UP.to_owned()),
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
