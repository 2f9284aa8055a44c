//! A run in figures: counts, sums and distributions, all taken from the sessions of the slip, so
//! that a reader can take them again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::slip::{Session, SessionStatus, TimeShareNs};
use crate::step::{ChatStep, Step};

/// The tokens a second that one user should see, unless the bench says otherwise.
pub const TARGET_TOKENS_PER_SECOND: u32 = 1500;

/// A run in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Sessions.
    pub sessions: u64,
    /// Sessions with an answer.
    pub succeeded: u64,
    /// Sessions without.
    pub failed: u64,
    /// Chats, those without a reply included.
    pub model_calls: u64,
    /// Tool calls, those without an output included.
    pub tool_calls: u64,
    /// Tokens of all prompts.
    pub input_tokens: u64,
    /// Of those, served by a cache.
    pub cached_input_tokens: u64,
    /// Tokens of all replies.
    pub output_tokens: u64,
    /// From the first session's start to the last one's end.
    pub makespan_ns: u64,
    /// End-to-end time over the sessions.
    pub session_e2e_ns: Option<Distribution<u64>>,
    /// Time to first token over the chats with a reply.
    pub time_to_first_token_ns: Option<Distribution<u64>>,
    /// Inter-token latency over the chats whose reply has a second token.
    pub inter_token_latency_ns: Option<Distribution<u64>>,
    /// One over the inter-token latency, in tokens a second, over the same chats.
    pub output_token_throughput_per_user: Option<Distribution<f64>>,
    /// The tokens a second that one user should see.
    pub target_tokens_per_second: u32,
    /// The chats that reach it; `null` when no reply has a second token.
    pub model_calls_at_target: Option<u64>,
    /// The sum of the sessions' critical paths.
    pub time_share_ns: TimeShareNs,
    /// Joules of all chats; `null` as soon as those of one reply are unknown. A chat without a
    /// reply adds what its machine reported for it, if anything.
    pub energy_j: Option<f64>,
    /// Where the true figure lies, by the error of the machines' profiles.
    pub energy_j_band: Option<Band>,
    /// Dollars of all chats, as for `energy_j`.
    pub cost_usd: Option<f64>,
    /// Where the true figure lies, by the error of the machines' profiles.
    pub cost_usd_band: Option<Band>,
}

/// How values spread. Percentiles are by nearest rank, so each is a value that occurred.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution<T> {
    /// The smallest.
    pub min: T,
    /// Half of the values are at most this.
    pub p50: T,
    /// 90 of 100.
    pub p90: T,
    /// 95 of 100.
    pub p95: T,
    /// 99 of 100.
    pub p99: T,
    /// The largest.
    pub max: T,
    /// The arithmetic mean.
    pub mean: T,
}

/// A range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How far off a machine's figures may be: what to multiply a result with to get the ends of its
/// band. `None` where the profile does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorFactors {
    /// Of joules.
    pub energy: Option<Band>,
    /// Of dollars.
    pub cost: Option<Band>,
}

/// Takes the figures of a run.
///
/// `factors` gives the error of a machine, by its name in the chat steps.
pub fn summarise(
    sessions: &[Session],
    target_tokens_per_second: u32,
    factors: impl Fn(&str) -> ErrorFactors,
) -> Summary {
    let succeeded = sessions.iter().filter(|s| s.status == SessionStatus::Ok).count() as u64;
    let chats: Vec<&ChatStep> = chats(sessions).collect();
    let rates: Vec<f64> = chats.iter().filter_map(|c| c.output_tokens_per_second()).collect();
    let at_target = rates.iter().filter(|rate| **rate >= f64::from(target_tokens_per_second));
    let energy = total(&chats, |chat| (chat.energy_j, factors(&chat.machine).energy));
    let cost = total(&chats, |chat| (chat.cost_usd, factors(&chat.machine).cost));
    Summary {
        sessions: sessions.len() as u64,
        succeeded,
        failed: sessions.len() as u64 - succeeded,
        model_calls: chats.len() as u64,
        tool_calls: tool_calls(sessions),
        input_tokens: sum(chats.iter().map(|chat| chat.input_tokens)),
        cached_input_tokens: sum(chats.iter().map(|chat| chat.cached_input_tokens)),
        output_tokens: sum(chats.iter().map(|chat| chat.output_tokens)),
        makespan_ns: makespan_ns(sessions),
        session_e2e_ns: Distribution::of(sessions.iter().map(|session| session.e2e_ns).collect()),
        time_to_first_token_ns: Distribution::of(
            chats.iter().filter(|chat| chat.is_answered()).map(|chat| chat.ttft_ns).collect(),
        ),
        inter_token_latency_ns: Distribution::of(
            chats.iter().filter_map(|chat| chat.inter_token_latency_ns()).collect(),
        ),
        model_calls_at_target: (!rates.is_empty()).then(|| at_target.count() as u64),
        output_token_throughput_per_user: Distribution::of_rates(rates),
        target_tokens_per_second,
        time_share_ns: sum_of_shares(sessions),
        energy_j: energy.map(|total| to_grid(total.value, JOULE_STEPS)),
        energy_j_band: energy.and_then(|total| total.band_on_grid(JOULE_STEPS)),
        cost_usd: cost.map(|total| to_grid(total.value, DOLLAR_STEPS)),
        cost_usd_band: cost.and_then(|total| total.band_on_grid(DOLLAR_STEPS)),
    }
}

/// Steps in a joule: slips write microjoules.
pub const JOULE_STEPS: f64 = 1e6;

/// Steps in a dollar: slips write billionths, since a token may cost a ten-millionth.
pub const DOLLAR_STEPS: f64 = 1e9;

/// Steps in a token a second.
const RATE_STEPS: f64 = 1e3;

/// The nearest of the numbers that a slip can write, so that files hold no digits without meaning.
pub fn to_grid(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

fn chats(sessions: &[Session]) -> impl Iterator<Item = &ChatStep> {
    sessions.iter().flat_map(|session| &session.steps).filter_map(|step| match step {
        Step::Chat(chat) => Some(chat),
        _ => None,
    })
}

fn tool_calls(sessions: &[Session]) -> u64 {
    let steps = sessions.iter().flat_map(|session| &session.steps);
    steps.filter(|step| matches!(step, Step::Tool(_))).count() as u64
}

fn makespan_ns(sessions: &[Session]) -> u64 {
    let first = sessions.iter().map(|session| session.at_ns).min().unwrap_or(0);
    let end = |session: &Session| session.at_ns.saturating_add(session.e2e_ns);
    let last = sessions.iter().map(end).max().unwrap_or(0);
    last - first
}

fn sum_of_shares(sessions: &[Session]) -> TimeShareNs {
    let of = |share: fn(&TimeShareNs) -> u64| {
        sum(sessions.iter().map(|session| share(&session.time_share_ns)))
    };
    TimeShareNs {
        queue: of(|s| s.queue),
        prefill: of(|s| s.prefill),
        transfer: of(|s| s.transfer),
        decode: of(|s| s.decode),
        tool: of(|s| s.tool),
        agent: of(|s| s.agent),
        user: of(|s| s.user),
        sleep: of(|s| s.sleep),
    }
}

/// A sum that stops at the largest number: 584 years, or as many tokens as nobody will see.
fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

/// A sum over chats, and its ends when every machine's error is known.
#[derive(Clone, Copy, Debug)]
struct Total {
    value: f64,
    band: Option<Band>,
}

impl Total {
    fn band_on_grid(&self, steps: f64) -> Option<Band> {
        let Band { low, high } = self.band?;
        Some(Band { low: to_grid(low, steps), high: to_grid(high, steps) })
    }
}

/// Sums a figure that each chat may have, with the error factors of its machine. `None` when a
/// reply lacks the figure.
fn total(
    chats: &[&ChatStep],
    figure: impl Fn(&ChatStep) -> (Option<f64>, Option<Band>),
) -> Option<Total> {
    let mut value = 0.0;
    let mut band = Some(Band { low: 0.0, high: 0.0 });
    for chat in chats {
        let (part, factors) = figure(chat);
        let Some(part) = part else {
            if chat.is_answered() {
                return None;
            }
            continue;
        };
        value += part;
        band = band.zip(factors).map(|(so_far, factors)| Band {
            low: so_far.low + part * factors.low,
            high: so_far.high + part * factors.high,
        });
    }
    Some(Total { value, band })
}

impl Distribution<u64> {
    /// How whole numbers spread, their mean rounded to the nearest one; `None` when there are none.
    pub fn of(mut values: Vec<u64>) -> Option<Distribution<u64>> {
        values.sort_unstable();
        let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
        let count = values.len() as u128;
        let mean = (sum + count / 2).checked_div(count)?;
        // A mean is at most the largest value, which is a u64.
        Some(distribution(&values, mean as u64))
    }
}

impl Distribution<f64> {
    /// How rates spread, in tokens a second to three decimals; `None` when there are none.
    pub fn of_rates(mut values: Vec<f64>) -> Option<Distribution<f64>> {
        values.sort_unstable_by(f64::total_cmp);
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let exact = distribution(&values, mean);
        let round = |value| to_grid(value, RATE_STEPS);
        Some(Distribution {
            min: round(exact.min),
            p50: round(exact.p50),
            p90: round(exact.p90),
            p95: round(exact.p95),
            p99: round(exact.p99),
            max: round(exact.max),
            mean: round(exact.mean),
        })
    }
}

/// `sorted` ascends and has at least one value.
fn distribution<T: Copy>(sorted: &[T], mean: T) -> Distribution<T> {
    let rank = |percent: usize| sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1];
    Distribution {
        min: sorted[0],
        p50: rank(50),
        p90: rank(90),
        p95: rank(95),
        p99: rank(99),
        max: sorted[sorted.len() - 1],
        mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let of = |n: u64| Distribution::of((1..=n).collect()).unwrap();
        let hundred = of(100);
        assert_eq!((hundred.p50, hundred.p95, hundred.p99, hundred.max), (50, 95, 99, 100));
        let three = of(3);
        assert_eq!((three.min, three.p50, three.p90, three.mean), (1, 2, 3, 2));
        let one = of(1);
        assert_eq!((one.min, one.p50, one.p99, one.max, one.mean), (1, 1, 1, 1, 1));
    }

    #[test]
    fn a_distribution_over_nothing_is_unknown() {
        assert!(Distribution::of(Vec::new()).is_none());
        assert!(Distribution::of_rates(Vec::new()).is_none());
    }

    #[test]
    fn means_round_to_the_nearest_and_do_not_overflow() {
        assert_eq!(Distribution::of(vec![1, 2]).unwrap().mean, 2);
        assert_eq!(Distribution::of(vec![u64::MAX, u64::MAX]).unwrap().mean, u64::MAX);
    }

    #[test]
    fn a_number_on_the_grid_stays_where_it_is() {
        assert_eq!(to_grid(0.003_112_345_499, DOLLAR_STEPS), 0.003_112_345);
        assert_eq!(to_grid(to_grid(1.0 / 3.0, JOULE_STEPS), JOULE_STEPS), 0.333_333);
    }

    #[test]
    fn a_run_without_sessions_has_sums_but_no_distributions() {
        let summary = summarise(&[], 1500, |_| ErrorFactors::default());
        assert_eq!((summary.sessions, summary.makespan_ns), (0, 0));
        assert_eq!(summary.session_e2e_ns, None);
        assert_eq!(summary.model_calls_at_target, None);
        assert_eq!(summary.energy_j, Some(0.0));
    }
}
