//! What budgets can limit: every figure of a slip, with the names that other tools give it.

use timeslip_timeline::conversation::nearest;

use crate::slip::{ComponentRole, Session, SessionStatus, Slip};
use crate::step::{ChatStep, Step};
use crate::verdict::Unit;

/// A figure of a run.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Other names for it: those of NVIDIA AIPerf, of vLLM's benchmark, and short ones.
    pub aliases: &'static [&'static str],
    /// What its values count.
    pub unit: Unit,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// What it is, in a few words.
    pub about: &'static str,
    values: Values,
}

impl PartialEq for Metric {
    fn eq(&self, other: &Metric) -> bool {
        self.name == other.name
    }
}

/// How a metric's values are taken.
#[derive(Clone, Copy, Debug)]
enum Values {
    /// One for each session.
    Sessions(fn(&Session) -> f64),
    /// One for each session, and the sum of them where no statistic is asked for.
    Sums(fn(&Slip, &Session) -> Option<f64>),
    /// One for each chat, where it has one.
    Chats(fn(&ChatStep) -> Option<f64>),
    /// One for all of the sessions.
    Whole(fn(&Slip, &[&Session]) -> Option<f64>),
}

/// A statistic of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stat {
    /// The smallest.
    Min,
    /// The value that so many of 100 are at most, by nearest rank.
    Percentile(u8),
    /// The largest.
    Max,
    /// The arithmetic mean.
    Mean,
}

impl Stat {
    /// The words for statistics.
    pub const WORDS: [&'static str; 7] = ["min", "p50", "p90", "p95", "p99", "max", "mean"];

    /// Reads the word for a statistic.
    pub fn parse(word: &str) -> Option<Stat> {
        match word {
            "min" => Some(Stat::Min),
            "max" => Some(Stat::Max),
            "mean" | "avg" => Some(Stat::Mean),
            "median" => Some(Stat::Percentile(50)),
            _ => {
                let percent: u8 = word.strip_prefix('p')?.parse().ok()?;
                (1..=99).contains(&percent).then_some(Stat::Percentile(percent))
            }
        }
    }

    /// The word for it.
    pub fn word(self) -> String {
        match self {
            Stat::Min => "min".to_owned(),
            Stat::Percentile(percent) => format!("p{percent}"),
            Stat::Max => "max".to_owned(),
            Stat::Mean => "mean".to_owned(),
        }
    }

    /// The statistic of some values; `None` of none.
    pub fn of(self, values: &mut [f64]) -> Option<f64> {
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len();
        Some(match self {
            Stat::Min => values[0],
            Stat::Percentile(percent) => {
                values[(usize::from(percent) * count).div_ceil(100).max(1) - 1]
            }
            Stat::Max => values[count - 1],
            Stat::Mean => values.iter().sum::<f64>() / count as f64,
        })
    }
}

impl Metric {
    /// A metric by one of its names.
    ///
    /// # Errors
    /// The nearest name, or all of them.
    pub fn named(name: &str) -> Result<&'static Metric, String> {
        let wanted = name.to_ascii_lowercase().replace('-', "_");
        let wanted = wanted.strip_suffix("_ns").or(wanted.strip_suffix("_ms")).unwrap_or(&wanted);
        let is = |metric: &&Metric| metric.name == wanted || metric.aliases.contains(&wanted);
        if let Some(metric) = METRICS.iter().find(is) {
            return Ok(metric);
        }
        let names = METRICS
            .iter()
            .flat_map(|metric| std::iter::once(metric.name).chain(metric.aliases.iter().copied()));
        let hint = match nearest(wanted, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
                format!("known are {}", names.join(", "))
            }
        };
        Err(format!("unknown metric `{name}`; {hint}"))
    }

    /// Whether a budget on it must say which statistic.
    pub fn wants_stat(&self) -> bool {
        matches!(self.values, Values::Sessions(_) | Values::Chats(_))
    }

    /// Whether a budget on it may say which statistic.
    pub fn takes_stat(&self) -> bool {
        !matches!(self.values, Values::Whole(_))
    }

    /// Its value over some sessions of a slip; `None` when it is unknown.
    pub fn value(&self, slip: &Slip, sessions: &[&Session], stat: Option<Stat>) -> Option<f64> {
        match self.values {
            Values::Sessions(of) => {
                let mut values: Vec<f64> = sessions.iter().map(|session| of(session)).collect();
                stat?.of(&mut values)
            }
            Values::Chats(of) => {
                let chats = sessions.iter().flat_map(|session| chats(session));
                stat?.of(&mut chats.filter_map(of).collect::<Vec<f64>>())
            }
            Values::Sums(of) => {
                let values: Option<Vec<f64>> =
                    sessions.iter().map(|session| of(slip, session)).collect();
                let mut values = values?;
                match stat {
                    Some(stat) => stat.of(&mut values),
                    None => Some(values.iter().sum()),
                }
            }
            Values::Whole(of) => of(slip, sessions),
        }
    }
}

fn chats(session: &Session) -> impl Iterator<Item = &ChatStep> {
    session.steps.iter().filter_map(|step| match step {
        Step::Chat(chat) => Some(chat),
        _ => None,
    })
}

fn sum_of_chats(session: &Session, of: fn(&ChatStep) -> f64) -> f64 {
    chats(session).map(of).sum()
}

/// A sum that is unknown as soon as one reply's part is.
fn known_sum(session: &Session, of: fn(&ChatStep) -> Option<f64>) -> Option<f64> {
    let answered = chats(session).filter(|chat| chat.is_answered() || of(chat).is_some());
    answered.map(of).sum()
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn cached_share(_: &Slip, sessions: &[&Session]) -> Option<f64> {
    let sum = |of: fn(&ChatStep) -> f64| -> f64 {
        sessions.iter().map(|session| sum_of_chats(session, of)).sum()
    };
    share(sum(|chat| chat.cached_input_tokens as f64), sum(|chat| chat.input_tokens as f64))
}

fn target_share(slip: &Slip, sessions: &[&Session]) -> Option<f64> {
    let target = f64::from(slip.summary.target_tokens_per_second);
    let chats = sessions.iter().flat_map(|session| chats(session));
    let rates: Vec<f64> = chats.filter_map(ChatStep::output_tokens_per_second).collect();
    let reached = rates.iter().filter(|rate| **rate >= target).count();
    share(reached as f64, rates.len() as f64)
}

fn makespan(_: &Slip, sessions: &[&Session]) -> Option<f64> {
    let first = sessions.iter().map(|session| session.at_ns).min()?;
    let last = sessions.iter().map(|session| session.at_ns.saturating_add(session.e2e_ns)).max()?;
    Some((last - first) as f64)
}

/// What the components of a role used in a session; unknown in a slip that does not say.
fn used(slip: &Slip, session: &Session, role: ComponentRole, of: Of) -> Option<f64> {
    if session.used.is_empty() {
        return None;
    }
    let of_role = |name: &str| {
        slip.components.iter().any(|component| component.name == name && component.role == role)
    };
    let used = session.used.iter().filter(|used| of_role(&used.name));
    Some(match of {
        Of::Fuel => used.map(|used| used.fuel as f64).sum(),
        Of::Memory => used.map(|used| used.memory_bytes as f64).fold(0.0, f64::max),
    })
}

enum Of {
    Fuel,
    Memory,
}

fn largest_memory(slip: &Slip, sessions: &[&Session], role: ComponentRole) -> Option<f64> {
    let each: Option<Vec<f64>> =
        sessions.iter().map(|session| used(slip, session, role, Of::Memory)).collect();
    each?.into_iter().reduce(f64::max)
}

/// A metric of which less is better.
const fn metric(
    name: &'static str,
    aliases: &'static [&'static str],
    unit: Unit,
    about: &'static str,
    values: Values,
) -> Metric {
    Metric { name, aliases, unit, less_is_better: true, about, values }
}

/// A metric of which more is better.
const fn more(metric: Metric) -> Metric {
    Metric { less_is_better: false, ..metric }
}

/// Every metric.
pub static METRICS: [Metric; 19] = [
    metric(
        "session_e2e",
        &["e2e", "session_latency", "task_latency", "session_duration"],
        Unit::Nanoseconds,
        "a session's end-to-end time",
        Values::Sessions(|session| session.e2e_ns as f64),
    ),
    metric(
        "request_latency",
        &["e2el", "chat_e2e", "e2e_latency"],
        Unit::Nanoseconds,
        "a chat's end-to-end time",
        Values::Chats(|chat| chat.is_answered().then_some(chat.e2e_ns as f64)),
    ),
    metric(
        "time_to_first_token",
        &["ttft"],
        Unit::Nanoseconds,
        "from a request to its first token",
        Values::Chats(|chat| chat.is_answered().then_some(chat.ttft_ns as f64)),
    ),
    metric(
        "inter_token_latency",
        &["itl", "tpot", "time_per_output_token"],
        Unit::Nanoseconds,
        "between two tokens of a reply, the first left out",
        Values::Chats(|chat| chat.inter_token_latency_ns().map(|nanos| nanos as f64)),
    ),
    more(metric(
        "output_token_throughput_per_user",
        &["tokens_per_second_per_user", "tokens_per_second", "tps_per_user"],
        Unit::TokensPerSecond,
        "what one user sees: one over the inter-token latency",
        Values::Chats(ChatStep::output_tokens_per_second),
    )),
    more(metric(
        "target_share",
        &["model_calls_at_target", "goodput_share"],
        Unit::Share,
        "chats that reach the target of tokens/s/user",
        Values::Whole(target_share),
    )),
    metric(
        "model_calls",
        &["chats", "request_count"],
        Unit::Count,
        "chats",
        Values::Sums(|_, session| Some(chats(session).count() as f64)),
    ),
    metric(
        "tool_calls",
        &["tools"],
        Unit::Count,
        "tool calls",
        Values::Sums(|_, session| {
            let tools = session.steps.iter().filter(|step| matches!(step, Step::Tool(_)));
            Some(tools.count() as f64)
        }),
    ),
    metric(
        "input_tokens",
        &["input_sequence_length", "total_input_tokens", "isl"],
        Unit::Tokens,
        "tokens of prompts",
        Values::Sums(|_, session| Some(sum_of_chats(session, |chat| chat.input_tokens as f64))),
    ),
    more(metric(
        "cached_share",
        &["prefix_cache_hit_rate", "cache_hit_rate"],
        Unit::Share,
        "tokens of prompts that a cache served",
        Values::Whole(cached_share),
    )),
    metric(
        "output_tokens",
        &["output_sequence_length", "total_output_tokens", "osl"],
        Unit::Tokens,
        "tokens of replies",
        Values::Sums(|_, session| Some(sum_of_chats(session, |chat| chat.output_tokens as f64))),
    ),
    metric(
        "cost",
        &["cost_usd", "usd"],
        Unit::Dollars,
        "dollars of the machines",
        Values::Sums(|_, session| known_sum(session, |chat| chat.cost_usd)),
    ),
    metric(
        "energy",
        &["energy_j", "joules"],
        Unit::Joules,
        "joules of the machines",
        Values::Sums(|_, session| known_sum(session, |chat| chat.energy_j)),
    ),
    more(metric(
        "success_rate",
        &["succeeded", "success"],
        Unit::Share,
        "sessions with an answer",
        Values::Whole(|_, sessions| {
            let ok = sessions.iter().filter(|session| session.status == SessionStatus::Ok);
            share(ok.count() as f64, sessions.len() as f64)
        }),
    )),
    metric(
        "makespan",
        &["duration", "benchmark_duration"],
        Unit::Nanoseconds,
        "from the first session's start to the last one's end",
        Values::Whole(makespan),
    ),
    metric(
        "agent_fuel",
        &["fuel"],
        Unit::Fuel,
        "the agent's computing",
        Values::Sums(|slip, session| used(slip, session, ComponentRole::Agent, Of::Fuel)),
    ),
    metric(
        "tool_fuel",
        &["plugin_fuel"],
        Unit::Fuel,
        "the tool plugins' computing",
        Values::Sums(|slip, session| used(slip, session, ComponentRole::Tool, Of::Fuel)),
    ),
    metric(
        "agent_memory",
        &["memory", "agent_memory_bytes"],
        Unit::Bytes,
        "the most memory the agent held",
        Values::Whole(|slip, sessions| largest_memory(slip, sessions, ComponentRole::Agent)),
    ),
    metric(
        "tool_memory",
        &["plugin_memory", "tool_memory_bytes"],
        Unit::Bytes,
        "the most memory a tool plugin held",
        Values::Whole(|slip, sessions| largest_memory(slip, sessions, ComponentRole::Tool)),
    ),
];
