//! Lays two slips over each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use timeslip_timeline::conversation::{self, PromptPart, Role};
use timeslip_timeline::time::{Instant, Span};

use super::align::{Moves, Row, align_parts, align_sessions, align_steps};
use super::journal::{ChatWork, Load, Moment, Recorded, Work};
use super::mixed::{Attributes, MixedPart, MixedRun, MixedSession, MixedStep, MixedWork, Pair};
use super::settle::Acts;
use super::waits::{delegated_steps, end_of, end_of_session, is_given_up};
use crate::slip::{PromptPartKind, Session, Slip};
use crate::step::{ChatStep, Step};

/// Two slips laid over each other.
pub(super) struct Laid<'a> {
    pub(super) slips: Pair<&'a Slip>,
    /// Which session of one is which of the other, with their steps; in the order of
    /// [`MixedRun::sessions`].
    pub(super) rows: Vec<SessionRows>,
    pub(super) run: MixedRun,
}

/// Which step of one session is which of the other.
#[derive(Clone, Debug)]
pub(super) struct SessionRows {
    pub(super) sessions: Row,
    pub(super) steps: Vec<Row>,
}

impl Laid<'_> {
    /// Whether a step stands in another place than before.
    pub(super) fn has_moved_steps(&self) -> bool {
        self.rows.iter().any(|rows| !rows.steps.iter().filter_map(|row| row.0).is_sorted())
    }

    /// The task of a session.
    pub(super) fn task(&self, place: usize) -> &str {
        let (before, now) = self.rows[place].sessions;
        let now = now.map(|session| &self.slips.now.sessions[session]);
        let session = now.or(before.map(|session| &self.slips.before.sessions[session]));
        session.map_or("", |session| &session.task)
    }
}

/// The kinds of a prompt's parts, in the order in which prompts have them.
pub(super) const PART_KINDS: [PromptPartKind; 5] = [
    PromptPartKind::Tools,
    PromptPartKind::System,
    PromptPartKind::User,
    PromptPartKind::Assistant,
    PromptPartKind::Tool,
];

/// Lays two slips over each other.
pub(super) fn lay<'a>(before: &'a Slip, now: &'a Slip, moves: Moves) -> Laid<'a> {
    let facts = Facts {
        machines: now.machines.iter().map(|machine| machine.name.as_str()).collect(),
        usual_rest: Pair {
            before: usual_rest(before).or(usual_rest(now)).unwrap_or(0),
            now: usual_rest(now).or(usual_rest(before)).unwrap_or(0),
        },
    };
    let pairs = align_sessions(&before.sessions, &now.sessions);
    let mut rows = Vec::with_capacity(pairs.len());
    let mut sessions = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let first = pair.0.map(|place| &before.sessions[place]);
        let second = pair.1.map(|place| &now.sessions[place]);
        let steps = match (first, second) {
            (Some(first), Some(second)) => align_steps(first, second, moves),
            (Some(first), None) => (0..first.steps.len()).map(|s| (Some(s), None)).collect(),
            (None, second) => {
                (0..second.map_or(0, |s| s.steps.len())).map(|s| (None, Some(s))).collect()
            }
        };
        let both = Pair { before: first, now: second };
        sessions.push(lay_session(both, &steps, &facts));
        rows.push(SessionRows { sessions: pair, steps });
    }
    let load = Pair { before: load_of(before), now: load_of(now) };
    let order =
        Pair { before: in_order_of(&rows, |row| row.sessions.0), now: (0..rows.len()).collect() };
    Laid { slips: Pair { before, now }, rows, run: MixedRun { sessions, load, order } }
}

/// The places of the rows in the order of one run; those it lacks are last.
fn in_order_of(rows: &[SessionRows], side: impl Fn(&SessionRows) -> Option<usize>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|place| side(&rows[*place]).unwrap_or(usize::MAX));
    order
}

/// When the sessions of a run started: with others' ends where each start after the first ones is
/// the next end of any session, and else each at an instant of its own.
fn load_of(slip: &Slip) -> Load {
    let starts: Vec<Instant> =
        slip.sessions.iter().map(|session| Instant::from_nanos(session.at_ns)).collect();
    let mut ends: Vec<Instant> = slip.sessions.iter().map(end_of_session).collect();
    ends.sort_unstable();
    let at_once = starts.iter().filter(|at| **at == Instant::ZERO).count();
    let follow = starts[at_once..].iter().zip(&ends).all(|(start, end)| start == end);
    match at_once > 0 && at_once < starts.len() && starts.is_sorted() && follow {
        true => Load::AtOnce(at_once),
        false => Load::Arrivals,
    }
}

/// What two runs say of all their sessions.
struct Facts<'a> {
    /// The names of the machines of now.
    machines: BTreeSet<&'a str>,
    usual_rest: Pair<i64>,
}

fn lay_session(sessions: Pair<Option<&Session>>, rows: &[Row], facts: &Facts<'_>) -> MixedSession {
    let acts = Acts::of(&sessions, rows);
    let parts = sessions.as_ref().map(|session| session.map(parts_of).unwrap_or_default());
    let delegated =
        sessions.as_ref().map(|session| session.map(delegated_steps).unwrap_or_default());
    let steps = rows.iter().enumerate().map(|(place, row)| {
        let step = Pair {
            before: row.0.and_then(|step| sessions.before?.steps.get(step)),
            now: row.1.and_then(|step| sessions.now?.steps.get(step)),
        };
        let rest = &facts.usual_rest;
        let mut work = Pair {
            before: step.before.map(|step| work_of(step, &parts.before, rest.before)),
            now: step.now.map(|step| work_of(step, &parts.now, rest.now)),
        };
        put_delegated(&mut work.before, step.before, row.0, &delegated.before);
        put_delegated(&mut work.now, step.now, row.1, &delegated.now);
        acts.put_gives_up(place, &mut work);
        keep_known_machines(&mut work, &facts.machines);
        MixedStep {
            begins: acts.begins(place),
            parts: lay_parts(&work),
            recorded: step.map(|step| step.map(recorded).unwrap_or_default()),
            work,
        }
    });
    let steps = steps.collect();
    let arrives_at = sessions.as_ref().map(|session| session.map(|s| Instant::from_nanos(s.at_ns)));
    MixedSession { arrives_at, steps, ends: acts.ends() }
}

/// A machine that is no more cannot serve: a chat goes where its like goes now.
fn keep_known_machines(work: &mut Pair<Option<MixedWork>>, machines: &BTreeSet<&str>) {
    let now = work.now.as_ref().and_then(|work| chat_of(&work.work)).cloned();
    let before = work.before.as_mut().and_then(|work| match &mut work.work {
        Work::Chat(chat) | Work::GivenUp { chat: Some(chat), .. } => Some(chat),
        _ => None,
    });
    if let (Some(before), Some(now)) = (before, now)
        && !machines.contains(&*before.machine)
    {
        before.machine = now.machine;
        before.model = now.model;
    }
}

/// What a step asks of a machine.
pub(super) fn chat_of(work: &Work) -> Option<&ChatWork> {
    match work {
        Work::Chat(chat) | Work::GivenUp { chat: Some(chat), .. } => Some(chat),
        _ => None,
    }
}

fn lay_parts(work: &Pair<Option<MixedWork>>) -> Vec<MixedPart> {
    let chats = work.as_ref().map(|work| work.as_ref().and_then(|work| chat_of(&work.work)));
    let Some((before, now)) = chats.both() else {
        return Vec::new();
    };
    if before.prompt == now.prompt {
        return Vec::new();
    }
    let rows = align_parts(&before.prompt, &now.prompt).into_iter();
    let part = |row: Row| {
        let part =
            Pair { before: row.0.map(|p| before.prompt[p]), now: row.1.map(|p| now.prompt[p]) };
        let kind = part.before.or(part.now).map_or(0, |part| place_of(part.kind));
        MixedPart { attribute: Attributes::parts(kind), part }
    };
    rows.map(part).collect()
}

/// A kind's place in [`PART_KINDS`].
pub(super) fn place_of(kind: conversation::PromptPartKind) -> usize {
    use conversation::PromptPartKind as Kind;
    match kind {
        Kind::Tools => 0,
        Kind::Message(Role::System) => 1,
        Kind::Message(Role::User) => 2,
        Kind::Message(Role::Assistant) => 3,
        Kind::Message(Role::Tool) => 4,
    }
}

/// The parts of a session's prompts as machines take them.
fn parts_of(session: &Session) -> Vec<PromptPart> {
    use conversation::PromptPartKind as Kind;
    let kind = |kind| match kind {
        PromptPartKind::Tools => Kind::Tools,
        PromptPartKind::System => Kind::Message(Role::System),
        PromptPartKind::User => Kind::Message(Role::User),
        PromptPartKind::Assistant => Kind::Message(Role::Assistant),
        PromptPartKind::Tool => Kind::Message(Role::Tool),
    };
    let part = |part: &crate::slip::PromptPart| PromptPart {
        kind: kind(part.kind),
        tokens: part.tokens,
        digest: digest(&part.digest),
    };
    session.prompt_parts.iter().map(part).collect()
}

/// The number that a digest writes. One that another program wrote in another way gets a number of
/// its own, by FNV-1a, since all that matters is which digests are equal.
fn digest(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_else(|_| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    })
}

fn prompt_of(chat: &ChatStep, parts: &[PromptPart]) -> Arc<[PromptPart]> {
    chat.prompt.places().filter_map(|place| parts.get(place).copied()).collect()
}

fn tokens_of(prompt: &[PromptPart]) -> u64 {
    prompt.iter().fold(0, |sum: u64, part| sum.saturating_add(part.tokens))
}

/// Tokens of a run's prompts beyond those of their parts, by its first chat that says it.
fn usual_rest(slip: &Slip) -> Option<i64> {
    let rest = |session: &Session| {
        let parts = &session.prompt_parts;
        session.steps.iter().find_map(|step| match step {
            Step::Chat(chat) if chat.is_answered() && !chat.prompt.is_empty() => {
                let tokens = |place: usize| parts.get(place).map(|part| part.tokens);
                let of_parts: u64 = chat.prompt.places().filter_map(tokens).sum();
                Some(chat.input_tokens.saturating_sub(of_parts))
            }
            _ => None,
        })
    };
    let rest = slip.sessions.iter().find_map(rest)?;
    Some(i64::try_from(rest).unwrap_or(i64::MAX))
}

/// Says of a step that an agent did, and that was not given up. When the agent is done is put in
/// later.
fn put_delegated(
    work: &mut Option<MixedWork>,
    step: Option<&Step>,
    place: Option<usize>,
    delegated: &BTreeSet<usize>,
) {
    if let (Some(work), Some(step)) = (work, step)
        && place.is_some_and(|place| delegated.contains(&place))
        && !is_given_up(step)
    {
        work.work = Work::Delegated { until: Moment::default() };
    }
}

/// What a step is. When an agent ends it is put in later.
fn work_of(step: &Step, parts: &[PromptPart], usual_rest: i64) -> MixedWork {
    let lasts = Work::Lasts(Span::from_nanos(step.e2e_ns()));
    let Step::Chat(chat) = step else {
        let given_up = Work::GivenUp { chat: None, until: None };
        let work = if is_given_up(step) { given_up } else { lasts };
        return MixedWork { work, rest_of_prompt: 0 };
    };
    let prompt = prompt_of(chat, parts);
    let of_parts = tokens_of(&prompt);
    let answered = chat.is_answered();
    // What a chat that was given up would have read is not recorded, but for its parts.
    let input_tokens = match answered {
        true => chat.input_tokens,
        false => of_parts.saturating_add_signed(usual_rest),
    };
    let rest = i128::from(input_tokens) - i128::from(of_parts);
    let work = ChatWork {
        machine: chat.machine.as_str().into(),
        model: chat.model.as_str().into(),
        input_tokens,
        prompt,
        reply_part: None,
        output_tokens: answered.then_some(chat.output_tokens),
    };
    let work = match () {
        () if answered => Work::Chat(work),
        () if is_given_up(step) => {
            // Without a prompt there were no words for it, and it reached no machine.
            let chat = (!work.prompt.is_empty()).then_some(work);
            Work::GivenUp { chat, until: None }
        }
        () => lasts,
    };
    MixedWork { work, rest_of_prompt: i64::try_from(rest).unwrap_or(0) }
}

fn recorded(step: &Step) -> Recorded {
    match step {
        Step::Chat(chat) => Recorded {
            model_calls: 1,
            tool_calls: 0,
            input_tokens: chat.input_tokens,
            cached_input_tokens: chat.cached_input_tokens,
            output_tokens: chat.output_tokens,
            usd: chat.cost_usd,
            joules: chat.energy_j,
        },
        Step::Tool(_) => Recorded { tool_calls: 1, ..Recorded::default() },
        Step::User(_) | Step::Sleep(_) => Recorded::default(),
    }
}

/// When a step ended, unless the agent ended it.
pub(super) fn natural_end(step: &Step) -> Option<Instant> {
    (!is_given_up(step)).then(|| end_of(step))
}
