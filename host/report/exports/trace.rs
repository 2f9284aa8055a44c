//! A slip in the Chrome trace event format, which Perfetto and `chrome://tracing` open.
//!
//! Sessions, machines and tools are processes. A session's steps are slices on its tracks, and a
//! chat's stages are slices inside it; machines have counters of what they read, write and hold.
//! Times are microseconds of the run's clock, exact to the nanosecond.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use timeslip_gate::slip::{Session, Slip};
use timeslip_gate::step::{ChatStep, Step};

use super::rows::{finish, outcome};
use super::tracks::Tracks;

const SESSIONS: u64 = 1;
const MACHINES: u64 = 2;
const TOOLS: u64 = 3;

/// The slip as the text of a JSON file.
pub fn chrome_trace(slip: &Slip) -> String {
    let mut trace = Trace::default();
    trace.process(SESSIONS, "sessions");
    trace.process(MACHINES, "machines");
    trace.process(TOOLS, "tools");
    for (number, session) in slip.sessions.iter().enumerate() {
        trace.session(number, session);
    }
    trace.shared(slip);
    trace.counters(slip);
    let about = json!({
        "bench": slip.bench.name,
        "timeslip": slip.timeslip,
        "seed": slip.seed.to_string(),
        "machines": slip.machines,
    });
    format!(
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[\n{}\n]}}\n",
        trace.events.join(",\n")
    )
}

#[derive(Default)]
struct Trace {
    events: Vec<String>,
    next_thread: u64,
}

/// A slice: what it is called, when, and its figures.
struct Slice<'a> {
    name: &'a str,
    category: &'a str,
    begin: u64,
    end: u64,
    figures: Map<String, Value>,
}

impl Trace {
    fn process(&mut self, process: u64, name: &str) {
        let about = json!({ "name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": { "name": name } });
        self.events.push(about.to_string());
    }

    /// A new track of a process, by its number.
    fn thread(&mut self, process: u64, name: &str) -> u64 {
        self.next_thread += 1;
        let thread = self.next_thread;
        let about = json!({ "name": "thread_name", "ph": "M", "pid": process, "tid": thread, "args": { "name": name } });
        self.events.push(about.to_string());
        thread
    }

    fn slice(&mut self, process: u64, thread: u64, slice: Slice<'_>) {
        let Slice { name, category, begin, end, figures } = slice;
        let (name, figures) = (json!(name), Value::Object(figures));
        self.events.push(format!(
            "{{\"name\":{name},\"cat\":\"{category}\",\"ph\":\"X\",\"pid\":{process},\
             \"tid\":{thread},\"ts\":{},\"dur\":{},\"args\":{figures}}}",
            micros(begin),
            micros(end.saturating_sub(begin))
        ));
    }

    fn session(&mut self, number: usize, session: &Session) {
        let name = format!("#{number} {}", session.task);
        let first = self.thread(SESSIONS, &name);
        let end = session.at_ns.saturating_add(session.e2e_ns);
        let mut figures = object(&session.time_share_ns);
        if let Some(error) = &session.error {
            figures.insert("error".to_owned(), json!(error));
        }
        let whole =
            Slice { name: &session.task, category: "session", begin: session.at_ns, end, figures };
        self.slice(SESSIONS, first, whole);
        let mut tracks = Tracks::default();
        tracks.place(session.at_ns, end);
        let mut threads = vec![first];
        for step in &session.steps {
            let end = step.at_ns().saturating_add(step.e2e_ns());
            let track = tracks.place(step.at_ns(), end);
            while threads.len() <= track {
                threads.push(self.thread(SESSIONS, &format!("{name}, beside")));
            }
            self.step(SESSIONS, threads[track], step, &name_of(step));
        }
    }

    fn step(&mut self, process: u64, thread: u64, step: &Step, name: &str) {
        let begin = step.at_ns();
        let end = begin.saturating_add(step.e2e_ns());
        let mut figures = object(step);
        figures.remove("prompt");
        figures.insert("outcome".to_owned(), json!(outcome(step)));
        let category = super::rows::kind(step);
        self.slice(process, thread, Slice { name, category, begin, end, figures });
        if let Step::Chat(chat) = step {
            for (stage, begin, end) in stages(chat) {
                let stage =
                    Slice { name: stage, category: "stage", begin, end, figures: Map::new() };
                self.slice(process, thread, stage);
            }
        }
    }

    /// The chats of each machine and the calls of each tool, on tracks of their own.
    fn shared(&mut self, slip: &Slip) {
        let mut of: BTreeMap<(u64, &str), Vec<(&Step, String)>> = BTreeMap::new();
        for (number, session) in slip.sessions.iter().enumerate() {
            for step in &session.steps {
                let place = match step {
                    Step::Chat(chat) if !chat.machine.is_empty() => (MACHINES, &*chat.machine),
                    Step::Tool(tool) => (TOOLS, &*tool.tool),
                    _ => continue,
                };
                of.entry(place).or_default().push((step, format!("#{number} {}", session.task)));
            }
        }
        for ((process, name), mut steps) in of {
            steps.sort_by_key(|(step, _)| (step.at_ns(), std::cmp::Reverse(step.e2e_ns())));
            let (mut tracks, mut threads) = (Tracks::default(), Vec::new());
            for (step, session) in steps {
                let end = step.at_ns().saturating_add(step.e2e_ns());
                let track = tracks.place(step.at_ns(), end);
                while threads.len() <= track {
                    threads.push(self.thread(process, &format!("{name} {}", threads.len() + 1)));
                }
                self.step(process, threads[track], step, &session);
            }
        }
    }

    /// How many chats each machine reads and writes, and the tokens that they hold.
    fn counters(&mut self, slip: &Slip) {
        let mut changes: BTreeMap<(&str, u64), [i64; 3]> = BTreeMap::new();
        let steps = slip.sessions.iter().flat_map(|session| &session.steps);
        for step in steps {
            let Step::Chat(chat) = step else { continue };
            if !chat.is_answered() {
                continue;
            }
            let read = chat.at_ns + chat.queue_ns;
            let write = read + chat.prefill_ns + chat.transfer_ns;
            let end = write + chat.decode_ns;
            let signed = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
            let (input, output) = (signed(chat.input_tokens), signed(chat.output_tokens));
            let all = [
                (read, [1, 0, input]),
                (read + chat.prefill_ns, [-1, 0, 0]),
                (write, [0, 1, output]),
                (end, [0, -1, -(input + output)]),
            ];
            for (at, by) in all {
                let sums = changes.entry((&chat.machine, at)).or_default();
                sums.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
            }
        }
        let mut now: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
        for ((machine, at), by) in changes {
            let values = now.entry(machine).or_default();
            values.iter_mut().zip(by).for_each(|(value, by)| *value += by);
            let [reading, writing, tokens] = *values;
            self.counter(machine, "batch", at, &json!({ "reading": reading, "writing": writing }));
            self.counter(machine, "KV tokens", at, &json!({ "tokens": tokens }));
        }
    }

    fn counter(&mut self, machine: &str, what: &str, at: u64, values: &Value) {
        let name = json!(format!("{machine} {what}"));
        self.events.push(format!(
            "{{\"name\":{name},\"ph\":\"C\",\"pid\":{MACHINES},\"tid\":0,\"ts\":{},\
             \"args\":{values}}}",
            micros(at)
        ));
    }
}

fn name_of(step: &Step) -> String {
    match step {
        Step::Chat(chat) => format!("chat {} ({})", chat.model, finish(chat.finish_reason)),
        Step::Tool(tool) => format!("tool {}", tool.tool),
        Step::User(_) => "user".to_owned(),
        Step::Sleep(_) => "sleep".to_owned(),
    }
}

/// The stages of a chat that took time, with their beginnings and ends.
fn stages(chat: &ChatStep) -> Vec<(&'static str, u64, u64)> {
    let mut begin = chat.at_ns;
    let lengths = [
        ("queue", chat.queue_ns),
        ("prefill", chat.prefill_ns),
        ("transfer", chat.transfer_ns),
        ("decode", chat.decode_ns),
    ];
    let stages = lengths.map(|(name, length)| {
        let stage = (name, begin, begin + length);
        begin += length;
        stage
    });
    stages.into_iter().filter(|(_, begin, end)| end > begin).collect()
}

fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Nanoseconds as microseconds, without loss.
fn micros(nanos: u64) -> String {
    let mut text = (nanos / 1000).to_string();
    if !nanos.is_multiple_of(1000) {
        write!(text, ".{:03}", nanos % 1000).expect("a string takes it");
    }
    text
}
