//! Runs and slips for the tests of this crate.

use std::sync::Arc;

use timeslip_timeline::account::TimeShares;
use timeslip_timeline::backend::{ChatTiming, SessionId};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, ModelError, PromptPart, PromptPartKind, Role,
    ToolError, Usage,
};
use timeslip_timeline::guest::{GuestUse, StopCause};
use timeslip_timeline::record::{
    Asker, CallCounts, ChatEnd, ChatStep, RunRecord, SessionOutcome, SessionRecord, Step, StepKind,
    ToolStep, UserStep,
};
use timeslip_timeline::time::{Instant, Span};

use crate::compose::{MachineFacts, RunFacts, compose};
use crate::slip::{
    Bench, Component, ComponentRole, Machine, MachineBands, Slip, TimeBand, WordsKind, WordsUsed,
};
use crate::summary::{Band, ErrorFactors, TARGET_TOKENS_PER_SECOND};

/// A session that succeeds with overlapping steps, and one that fails.
pub(crate) fn two_sessions() -> Slip {
    let run = run(vec![booking(), lost()]);
    let micros = Span::from_micros;
    let shares = [
        TimeShares {
            queue: micros(100),
            prefill: micros(300),
            transfer: micros(50),
            decode: micros(550),
            tool: micros(700),
            agent: micros(300),
            ..TimeShares::default()
        },
        TimeShares { user: micros(500), sleep: micros(1500), ..TimeShares::default() },
    ];
    compose(facts(), &run, &shares)
}

/// A run without sessions.
pub(crate) fn nothing() -> Slip {
    compose(facts(), &run(Vec::new()), &[])
}

pub(crate) fn facts() -> RunFacts {
    let band = |low, rows| TimeBand { low, high: 1.5, rows, class: "h200, apart".to_owned() };
    let bands = || MachineBands { first_token: band(0.75, 603), output_token: band(0.5, 0) };
    let machine = |name: &str, estimated: bool, error| MachineFacts {
        machine: Machine {
            name: name.to_owned(),
            digest: Some("sha256:c0ffee".to_owned()),
            model: "small".to_owned(),
            estimated,
            // The times of an endpoint have none.
            bands: estimated.then(bands),
            endpoint: None,
        },
        error,
    };
    let factors = Some(Band { low: 0.75, high: 1.5 });
    let component = |role, name: &str| Component {
        role,
        name: name.to_owned(),
        digest: format!("sha256:{name}"),
    };
    RunFacts {
        bench: Bench { name: "booking".to_owned(), digest: "sha256:be4c".to_owned() },
        seed: 7,
        machines: vec![
            machine("rack", true, ErrorFactors { energy: factors, cost: factors }),
            machine("other", false, ErrorFactors::default()),
        ],
        components: vec![
            component(ComponentRole::Agent, "planner"),
            component(ComponentRole::Tool, "flights"),
        ],
        words: WordsUsed { kind: WordsKind::Script, digest: Some("sha256:5c21b7".to_owned()) },
        target_tokens_per_second: TARGET_TOKENS_PER_SECOND,
    }
}

pub(crate) fn run(sessions: Vec<SessionRecord>) -> RunRecord {
    let ended_at = sessions.iter().map(|session| session.ended_at).max().unwrap_or_default();
    RunRecord { sessions, machines: Vec::new(), ended_at, calls: CallCounts::default() }
}

pub(crate) fn session(id: u32, start_us: u64, end_us: u64, steps: Vec<Step>) -> SessionRecord {
    SessionRecord {
        delegations: Vec::new(),
        id: SessionId(id),
        task_index: id as usize,
        task: Arc::from(format!("task-{id}")),
        started_at: at_us(start_us),
        ended_at: at_us(end_us),
        outcome: SessionOutcome::Answered("done".to_owned()),
        steps,
        bursts: Vec::new(),
        journal: Vec::new(),
        agent_compute: Span::ZERO,
        used: vec![
            (Arc::from("planner"), GuestUse { fuel: 1_200_000, memory_bytes: 1_114_112 }),
            (Arc::from("flights"), GuestUse { fuel: 30_000, memory_bytes: 1_048_576 }),
        ],
    }
}

pub(crate) fn step(start_us: u64, end_us: u64, kind: StepKind) -> Step {
    Step {
        asked_at: at_us(start_us),
        asked_by: Asker::Agent,
        asked_in: 0,
        ended_at: at_us(end_us),
        kind,
    }
}

pub(crate) fn chat(timing: ChatTiming, usage: Usage, end: ChatEnd) -> ChatStep {
    let request = ChatRequest {
        model: None,
        messages: Vec::new(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    };
    ChatStep {
        request: Arc::new(request),
        model: Arc::from("small"),
        machine: Arc::from("rack"),
        route: None,
        prompt: prompt(),
        end,
        usage,
        timing,
        energy_j: Some(0.25),
        cost_usd: Some(0.003_1),
        reply: None,
        observed: None,
    }
}

fn prompt() -> Arc<[PromptPart]> {
    let part = |kind, tokens, digest| PromptPart { kind, tokens, digest };
    Arc::new([
        part(PromptPartKind::Tools, 700, 0x70),
        part(PromptPartKind::Message(Role::System), 400, 0x5),
        part(PromptPartKind::Message(Role::User), 97, 0xab),
    ])
}

pub(crate) fn timing(parts_us: [u64; 4], first_token_us: u64) -> ChatTiming {
    let [queue, prefill, transfer, decode] = parts_us.map(Span::from_micros);
    let time_to_first_token = Span::from_micros(first_token_us);
    ChatTiming { queue, prefill, transfer, decode, time_to_first_token }
}

fn booking() -> SessionRecord {
    let usage = Usage { input_tokens: 1200, cached_input_tokens: 1024, output_tokens: 2 };
    let end = ChatEnd::Replied(FinishReason::ToolCalls);
    let asked = chat(timing([100, 300, 50, 550], 500), usage, end);
    let tool = |name: &str, compute, output| {
        StepKind::Tool(Box::new(ToolStep {
            delegation: None,
            tool: Arc::from(name),
            arguments: Arc::from("{}"),
            compute: Span::from_micros(compute),
            fetches: Vec::new(),
            output: Some(output),
        }))
    };
    let no_seat = Err(ToolError::Failed("no seat".to_owned()));
    let steps = vec![
        step(100, 1100, StepKind::Chat(Box::new(asked))),
        step(1200, 1900, tool("search", 200, Ok(Arc::from("[]")))),
        step(1200, 1500, tool("reserve", 300, no_seat)),
    ];
    session(0, 0, 2000, steps)
}

fn lost() -> SessionRecord {
    let refused = ModelError::Unavailable("the machine is full".to_owned());
    let failed = chat(timing([400, 0, 0, 0], 0), Usage::default(), ChatEnd::Failed(refused));
    let failed = ChatStep { energy_j: None, cost_usd: None, ..failed };
    let user = UserStep { message: "Still there?".to_owned(), answer: Some(Ok("yes".to_owned())) };
    let steps = vec![
        step(1000, 1500, StepKind::User(user)),
        step(1500, 2900, StepKind::Sleep),
        step(2000, 2400, StepKind::Chat(Box::new(failed))),
    ];
    let message = "the session took longer than its deadline of 2.00 ms".to_owned();
    SessionRecord {
        outcome: SessionOutcome::Stopped(StopCause { kind: "deadline", message }),
        ..session(1, 1000, 3000, steps)
    }
}

fn at_us(micros: u64) -> Instant {
    Instant::ZERO + Span::from_micros(micros)
}
