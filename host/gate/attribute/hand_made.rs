//! Slips made by hand, on a machine that anybody can calculate.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use timeslip_timeline::backend::{
    Backend, CallId, ChatTiming, Completion, CompletionEvent, MachineTotals, Served, Submission,
};
use timeslip_timeline::conversation::Usage;
use timeslip_timeline::time::{Instant, Span};

use super::NamedMachine;
use crate::examples;
use crate::slip::{PromptPart, PromptPartKind, Session, SessionStatus, Slip, TimeShareNs};
use crate::step::{ChatFinish, ChatStep, SleepStep, Step, ToolStep, UserStep};
use crate::summary::summarise;

/// A machine that works on any number of chats at once, reads a token in 10 ns and writes one in
/// 100 ns. Parts that stand at the beginning of an earlier prompt of any session are read at once.
#[derive(Default)]
pub(super) struct Calculable {
    keeps_prompts: bool,
    /// Whether it works on one chat at a time, in the order in which they come.
    in_turn: bool,
    free_at: Instant,
    seen: Vec<Arc<[timeslip_timeline::conversation::PromptPart]>>,
    due: BTreeMap<(Instant, CallId), Served>,
    ready: VecDeque<Completion>,
}

impl Calculable {
    pub(super) fn with_a_cache() -> Calculable {
        Calculable { keeps_prompts: true, ..Calculable::default() }
    }

    pub(super) fn one_at_a_time() -> Calculable {
        Calculable { in_turn: true, ..Calculable::default() }
    }

    fn cached(&self, prompt: &[timeslip_timeline::conversation::PromptPart]) -> u64 {
        let common = |seen: &[_]| {
            let same = seen.iter().zip(prompt).take_while(|(first, second)| first == second);
            same.map(|(_, part)| part.tokens).sum()
        };
        self.seen.iter().map(|seen| common(seen)).max().unwrap_or(0)
    }
}

impl Backend for Calculable {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        let tokens = work.tokens.expect("tests plan their tokens");
        let cached = if self.keeps_prompts { self.cached(&tokens.prompt) } else { 0 };
        self.seen.push(tokens.prompt.clone());
        let mut written = 1;
        while !tokens.reply.is_reached_by(written) && written < 1_000_000 {
            written += 1;
        }
        let begins = if self.in_turn { at.max(self.free_at) } else { at };
        let timing = ChatTiming {
            queue: begins.since(at),
            prefill: Span::from_nanos(10 * (tokens.input_tokens - cached)),
            decode: Span::from_nanos(100 * written),
            ..ChatTiming::default()
        };
        let usage = Usage {
            input_tokens: tokens.input_tokens,
            cached_input_tokens: cached,
            output_tokens: written,
        };
        let served = Served {
            usage,
            timing,
            energy_j: None,
            cost_usd: Some(0.001),
            words: None,
            observed: None,
        };
        self.free_at = at + timing.end_to_end();
        self.due.insert((at + timing.end_to_end(), call), served);
    }

    fn cancel(&mut self, _: Instant, call: CallId) {
        self.due.retain(|(_, due), _| *due != call);
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let (at, call) = *self.due.keys().next()?;
        if deadline.is_some_and(|deadline| at > deadline) {
            return None;
        }
        let served = self.due.remove(&(at, call))?;
        self.ready.push_back(Completion { at, call, event: CompletionEvent::Served(served) });
        self.ready.pop_front()
    }

    fn totals(&self, _: Instant) -> MachineTotals {
        MachineTotals::default()
    }
}

/// The machine of hand-made slips.
pub(super) fn machines() -> Vec<NamedMachine> {
    vec![machine(Calculable::default())]
}

pub(super) fn machine(backend: Calculable) -> NamedMachine {
    NamedMachine { name: "rack".into(), model: "small".into(), backend: Box::new(backend) }
}

/// What a session does, in turn.
#[derive(Clone, Debug)]
pub(super) enum Do {
    /// A chat whose prompt has these parts, and whose reply has so many tokens.
    Chat(Vec<PromptPart>, u64),
    /// A tool that computes for so long.
    Tool(&'static str, u64),
    User(u64),
    Sleep(u64),
    /// Computing before the next.
    Compute(u64),
    /// Steps that begin together; the next waits for all of them.
    Together(Vec<Do>),
}

/// A part with this text's length as its tokens times a hundred, and its text as its digest.
pub(super) fn part(kind: PromptPartKind, text: &str, tokens: u64) -> PromptPart {
    PromptPart { kind, tokens, digest: text.to_owned() }
}

/// A prompt of a system message of 100 tokens and a user's of 20.
pub(super) fn prompt() -> Vec<PromptPart> {
    vec![part(PromptPartKind::System, "be kind", 100), part(PromptPartKind::User, "hello", 20)]
}

/// A session that does these in turn, with the times of a [`Calculable`] machine without a cache.
pub(super) fn doing(task: &str, at: u64, deeds: &[Do]) -> Session {
    let mut session = session(task, at, 0, Vec::new());
    let mut now = at;
    for deed in deeds {
        now = perform(&mut session, now, deed);
    }
    session.e2e_ns = now - at;
    session
}

fn perform(session: &mut Session, now: u64, deed: &Do) -> u64 {
    let step = match deed {
        Do::Compute(nanos) => return now + nanos,
        Do::Together(deeds) => {
            let ends: Vec<u64> = deeds.iter().map(|deed| perform(session, now, deed)).collect();
            return ends.into_iter().max().unwrap_or(now);
        }
        Do::Tool(name, nanos) => tool(name, now, *nanos),
        Do::User(nanos) => {
            Step::User(UserStep { at_ns: now, within: None, e2e_ns: *nanos, ok: true, error: None })
        }
        Do::Sleep(nanos) => sleep(now, *nanos),
        Do::Chat(parts, output) => Step::Chat(chat(session, now, parts, *output)),
    };
    let end = now + step.e2e_ns();
    session.steps.push(step);
    end
}

fn chat(session: &mut Session, at_ns: u64, parts: &[PromptPart], output: u64) -> ChatStep {
    let places = parts.iter().map(|part| {
        let known = session.prompt_parts.iter().position(|other| other == part);
        known.unwrap_or_else(|| {
            session.prompt_parts.push(part.clone());
            session.prompt_parts.len() - 1
        })
    });
    let input_tokens = parts.iter().map(|part| part.tokens).sum();
    let (prefill_ns, decode_ns) = (10 * input_tokens, 100 * output);
    ChatStep {
        at_ns,
        within: None,
        machine: "rack".to_owned(),
        model: "small".to_owned(),
        route: None,
        input_tokens,
        cached_input_tokens: 0,
        output_tokens: output,
        prompt: places.collect(),
        queue_ns: 0,
        prefill_ns,
        transfer_ns: 0,
        decode_ns,
        ttft_ns: prefill_ns,
        e2e_ns: prefill_ns + decode_ns,
        finish_reason: ChatFinish::Stop,
        error: None,
        energy_j: None,
        cost_usd: Some(0.001),
        observed: None,
    }
}

pub(super) fn session(task: &str, at_ns: u64, e2e_ns: u64, steps: Vec<Step>) -> Session {
    Session {
        task: task.to_owned(),
        status: SessionStatus::Ok,
        error: None,
        at_ns,
        e2e_ns,
        time_share_ns: TimeShareNs::default(),
        used: Vec::new(),
        prompt_parts: Vec::new(),
        steps,
    }
}

pub(super) fn tool(name: &str, at_ns: u64, e2e_ns: u64) -> Step {
    Step::Tool(ToolStep {
        at_ns,
        within: None,
        tool: name.to_owned(),
        compute_ns: e2e_ns,
        wait_ns: 0,
        fetches: Vec::new(),
        e2e_ns,
        ok: true,
        error: None,
    })
}

pub(super) fn sleep(at_ns: u64, e2e_ns: u64) -> Step {
    Step::Sleep(SleepStep { at_ns, within: None, e2e_ns })
}

/// A slip of these sessions on the machine `rack`.
pub(super) fn slip(sessions: Vec<Session>) -> Slip {
    let mut slip = examples::nothing();
    slip.machines.truncate(1);
    slip.summary = summarise(&sessions, slip.summary.target_tokens_per_second, |_| {
        crate::summary::ErrorFactors::default()
    });
    slip.sessions = sessions;
    slip
}
