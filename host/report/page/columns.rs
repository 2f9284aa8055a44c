//! A run's figures as columns: what all steps have of one kind stands in one list, so that a report
//! of 100,000 steps is some megabytes and is read in a moment.
//!
//! Times are nanoseconds. A step's `at` is counted from the step above it, the session's first one
//! from the session's start. The time of a chat is the sum of its stages, which is a law of slips.
//! Lists of pairs begin with a step's place among all steps, and hold only steps that have such a
//! thing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use timeslip_gate::attribute::critical_steps;
use timeslip_gate::slip::{
    ComponentUse, PromptPartKind, Session, SessionError, SessionStatus, Slip,
};
use timeslip_gate::step::{ChatFinish, ChatStep, Fetch, ObservedChat, Route, Step};
use timeslip_gate::summary::{DOLLAR_STEPS, JOULE_STEPS, Summary};

/// A run, as far as its sessions' steps are known.
#[derive(Debug)]
pub struct RunParts<'a> {
    /// What it is called among the runs of a report.
    pub name: String,
    /// The version of timeslip that ran it.
    pub timeslip: &'a str,
    /// `{name, digest}` of what was run.
    pub bench: Value,
    /// The seed.
    pub seed: u64,
    /// The machines, as a slip has them.
    pub machines: Value,
    /// The components, as a slip has them; `null` where nothing was run.
    pub components: Value,
    /// The words, as a slip has them; `null` where nothing was said.
    pub words: Value,
    /// What a person should know of it.
    pub notes: &'a [String],
    /// The figures of the whole run.
    pub summary: &'a Summary,
    /// Its sessions, or the first of them.
    pub sessions: &'a [Session],
    /// Whether these are all sessions, with all their steps.
    pub complete: bool,
    /// Whether the sessions' shares are those of their critical paths.
    pub has_path: bool,
}

/// A run as columns.
#[derive(Debug, Serialize)]
pub struct RunColumns<'a> {
    name: String,
    timeslip: &'a str,
    bench: Value,
    /// As text: the seed may be larger than what JavaScript keeps exactly.
    seed: String,
    machines: Value,
    components: Value,
    words: Value,
    notes: &'a [String],
    summary: &'a Summary,
    complete: bool,
    #[serde(rename = "hasPath")]
    has_path: bool,
    /// Every name of a task, tool, machine or model, once.
    names: Vec<&'a str>,
    sessions: SessionColumns<'a>,
    used: Vec<&'a [ComponentUse]>,
    steps: StepColumns<'a>,
    chats: ChatColumns<'a>,
    tools: ToolColumns<'a>,
}

#[derive(Debug, Default, Serialize)]
struct SessionColumns<'a> {
    task: Vec<usize>,
    at: Vec<u64>,
    e2e: Vec<u64>,
    /// How many steps it has.
    steps: Vec<usize>,
    /// The critical path; absent where nothing says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    shares: Option<SharesOf>,
    /// Those that failed.
    failed: Vec<usize>,
    errors: Vec<(usize, &'a SessionError)>,
    /// The parts of its prompts: of each its kind and its tokens, one after the other.
    parts: Vec<Vec<u64>>,
}

/// The shares of all sessions, by what the time was spent on.
#[derive(Debug, Default, Serialize)]
struct SharesOf(BTreeMap<&'static str, Vec<u64>>);

#[derive(Debug, Default, Serialize)]
struct StepColumns<'a> {
    /// A letter for each step: c, t, u or s.
    kind: String,
    at: Vec<u64>,
    /// Of steps that are no chats.
    e2e: Vec<u64>,
    /// A digit for each step: 1 where it is on its session's critical path.
    path: String,
    within: Vec<(usize, usize)>,
    errors: Vec<(usize, &'a str)>,
    /// Those without a result.
    failed: Vec<usize>,
}

#[derive(Debug, Default, Serialize)]
struct ChatColumns<'a> {
    machine: Vec<usize>,
    model: Vec<usize>,
    input: Vec<u64>,
    cached: Vec<u64>,
    output: Vec<u64>,
    queue: Vec<u64>,
    prefill: Vec<u64>,
    transfer: Vec<u64>,
    decode: Vec<u64>,
    ttft: Vec<u64>,
    finish: Vec<u8>,
    prompt: Vec<String>,
    energy_j: Amounts,
    cost_usd: Amounts,
    route: Vec<(usize, &'a Route)>,
    observed: Vec<(usize, &'a ObservedChat)>,
}

#[derive(Debug, Default, Serialize)]
struct ToolColumns<'a> {
    tool: Vec<usize>,
    compute: Vec<u64>,
    wait: Vec<u64>,
    fetches: Vec<(usize, &'a [Fetch])>,
}

/// Amounts that may be unknown. Where each is a whole number of the smallest one that a slip writes,
/// they are written as such numbers, `steps` to a unit, which read back as the same values.
#[derive(Debug, Default, Serialize)]
struct Amounts {
    steps: f64,
    values: Vec<Value>,
}

impl Amounts {
    fn of(values: &[Option<f64>], steps: f64) -> Amounts {
        let whole = |value: &f64| {
            let units = (value * steps).round();
            (units.abs() < MOST_EXACT && units / steps == *value).then_some(units as i64)
        };
        let all_whole = values.iter().flatten().all(|value| whole(value).is_some());
        let written = |value: &Option<f64>| match value {
            Some(value) if all_whole => json!(whole(value)),
            value => json!(value),
        };
        let steps = if all_whole { steps } else { 1.0 };
        Amounts { steps, values: values.iter().map(written).collect() }
    }
}

/// Beyond it not every whole number is a number of JavaScript's.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// The names of a run, each once.
#[derive(Default)]
struct Names<'a> {
    all: Vec<&'a str>,
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn place(&mut self, name: &'a str) -> usize {
        *self.places.entry(name).or_insert_with(|| {
            self.all.push(name);
            self.all.len() - 1
        })
    }
}

impl<'a> RunColumns<'a> {
    /// The columns of a slip, which holds the laws.
    pub fn of_slip(name: String, slip: &'a Slip) -> RunColumns<'a> {
        RunColumns::of(RunParts {
            name,
            timeslip: &slip.timeslip,
            bench: json!(slip.bench),
            seed: slip.seed,
            machines: json!(slip.machines),
            components: json!(slip.components),
            words: json!(slip.words),
            notes: &[],
            summary: &slip.summary,
            sessions: &slip.sessions,
            complete: true,
            has_path: true,
        })
    }

    /// The columns of a run.
    pub fn of(run: RunParts<'a>) -> RunColumns<'a> {
        let mut filling = Filling::default();
        filling.sessions.shares = run.has_path.then(SharesOf::default);
        for session in run.sessions {
            filling.session(session, run.has_path);
        }
        let Filling { names, sessions, used, steps, mut chats, energy_j, cost_usd, tools, .. } =
            filling;
        chats.energy_j = Amounts::of(&energy_j, JOULE_STEPS);
        chats.cost_usd = Amounts::of(&cost_usd, DOLLAR_STEPS);
        RunColumns {
            name: run.name,
            timeslip: run.timeslip,
            bench: run.bench,
            seed: run.seed.to_string(),
            machines: run.machines,
            components: run.components,
            words: run.words,
            notes: run.notes,
            summary: run.summary,
            complete: run.complete,
            has_path: run.has_path,
            names: names.all,
            sessions,
            used,
            steps,
            chats,
            tools,
        }
    }
}

/// Columns that are being filled.
#[derive(Default)]
struct Filling<'a> {
    names: Names<'a>,
    sessions: SessionColumns<'a>,
    used: Vec<&'a [ComponentUse]>,
    steps: StepColumns<'a>,
    chats: ChatColumns<'a>,
    energy_j: Vec<Option<f64>>,
    cost_usd: Vec<Option<f64>>,
    tools: ToolColumns<'a>,
    /// Steps so far.
    place: usize,
}

impl<'a> Filling<'a> {
    fn session(&mut self, session: &'a Session, has_path: bool) {
        let columns = &mut self.sessions;
        let number = columns.task.len();
        columns.task.push(self.names.place(&session.task));
        columns.at.push(session.at_ns);
        columns.e2e.push(session.e2e_ns);
        columns.steps.push(session.steps.len());
        if session.status == SessionStatus::Failed {
            columns.failed.push(number);
        }
        columns.errors.extend(session.error.as_ref().map(|error| (number, error)));
        if let Some(shares) = &mut columns.shares {
            for (name, share) in session.time_share_ns.named() {
                shares.0.entry(name).or_default().push(share);
            }
        }
        let parts = session.prompt_parts.iter();
        columns.parts.push(parts.flat_map(|part| [code_of(part.kind), part.tokens]).collect());
        self.used.push(&session.used);
        let path = if has_path { critical_steps(session) } else { Vec::new() };
        let mut above = session.at_ns;
        for (index, step) in session.steps.iter().enumerate() {
            self.step(step, above, path.get(index).copied().unwrap_or(false));
            above = step.at_ns();
        }
    }

    fn step(&mut self, step: &'a Step, above: u64, is_on_path: bool) {
        let place = self.place;
        self.place += 1;
        let columns = &mut self.steps;
        columns.at.push(step.at_ns().saturating_sub(above));
        columns.path.push(if is_on_path { '1' } else { '0' });
        columns.within.extend(step.within().map(|outer| (place, outer)));
        columns.errors.extend(step.error().map(|error| (place, error)));
        let (letter, ok) = match step {
            Step::Chat(_) => ('c', true),
            Step::Tool(tool) => ('t', tool.ok),
            Step::User(user) => ('u', user.ok),
            Step::Sleep(_) => ('s', true),
        };
        columns.kind.push(letter);
        if !ok {
            columns.failed.push(place);
        }
        match step {
            Step::Chat(chat) => return self.chat(chat, place),
            Step::Tool(tool) => {
                self.tools.tool.push(self.names.place(&tool.tool));
                self.tools.compute.push(tool.compute_ns);
                self.tools.wait.push(tool.wait_ns);
                if !tool.fetches.is_empty() {
                    self.tools.fetches.push((place, &tool.fetches));
                }
            }
            Step::User(_) | Step::Sleep(_) => {}
        }
        self.steps.e2e.push(step.e2e_ns());
    }

    fn chat(&mut self, chat: &'a ChatStep, place: usize) {
        let columns = &mut self.chats;
        columns.machine.push(self.names.place(&chat.machine));
        columns.model.push(self.names.place(&chat.model));
        columns.input.push(chat.input_tokens);
        columns.cached.push(chat.cached_input_tokens);
        columns.output.push(chat.output_tokens);
        columns.queue.push(chat.queue_ns);
        columns.prefill.push(chat.prefill_ns);
        columns.transfer.push(chat.transfer_ns);
        columns.decode.push(chat.decode_ns);
        columns.ttft.push(chat.ttft_ns);
        columns.finish.push(finish_code(chat.finish_reason));
        columns.prompt.push(chat.prompt.to_string());
        columns.route.extend(chat.route.as_ref().map(|route| (place, route)));
        columns.observed.extend(chat.observed.as_deref().map(|observed| (place, observed)));
        self.energy_j.push(chat.energy_j);
        self.cost_usd.push(chat.cost_usd);
    }
}

/// The place of a kind in `PART_KINDS` of the script.
fn code_of(kind: PromptPartKind) -> u64 {
    match kind {
        PromptPartKind::Tools => 0,
        PromptPartKind::System => 1,
        PromptPartKind::User => 2,
        PromptPartKind::Assistant => 3,
        PromptPartKind::Tool => 4,
    }
}

/// The place of a reason in `FINISHES` of the script.
fn finish_code(reason: ChatFinish) -> u8 {
    match reason {
        ChatFinish::Stop => 0,
        ChatFinish::Length => 1,
        ChatFinish::ToolCalls => 2,
        ChatFinish::ContentFilter => 3,
        ChatFinish::Error => 4,
        ChatFinish::Cancelled => 5,
    }
}
