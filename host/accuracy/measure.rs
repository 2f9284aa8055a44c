//! Serves a load the way it was measured, in virtual time.

use std::sync::Arc;

use timeslip_sim::cost::Work;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, PlannedTokens, ReplyLength, Served, SessionId,
    Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, ModelError};
use timeslip_timeline::time::Instant;

use crate::row::{Metric, Phase, StatedStep};
use crate::scenario::Load;

/// Prompts for each chat at once, as InferenceX asks them.
pub(crate) const WAVES: u64 = 10;

/// As many prompts as are served even where there are more for each chat at once: the means of so
/// many do not move any more.
const CALLS_ENOUGH: u64 = 2_000;

/// Prompts for each chat at once that are always served: the first, those in full swing, and those
/// after which none comes.
const WAVES_LEAST: u64 = 3;

/// How many prompts are served for a load: so many for each chat at once, or fewer once there are
/// [`CALLS_ENOUGH`].
fn calls(concurrency: u64, waves: u64) -> u64 {
    let waves = (CALLS_ENOUGH / concurrency).clamp(WAVES_LEAST, waves);
    waves * concurrency
}

/// Serves a load as InferenceX measures it (its `benchmark_serving`, `--random-range-ratio 0.8`, ten
/// prompts for each chat at once, no wait between them): prompts and replies are of four fifths to all
/// of the stated length, so that chats do not march in step, and a new one comes when one is done.
/// Gives the mean milliseconds to the first token, and per token after it where replies have more
/// than one.
///
/// With fewer `waves`, and of a load with many chats at once, fewer prompts are served. The first and
/// the last ones, which meet other conditions than those between, then count as much as they would
/// among all ten.
///
/// # Errors
/// Why a chat could not be served.
pub fn serve(
    deployment: Deployment,
    load: &Load,
    waves: u64,
) -> Result<Vec<(Metric, f64)>, String> {
    let model: Arc<str> = deployment.model.name.as_str().into();
    let mut machine = ModelledMachine::new(deployment);
    let request = Arc::new(ChatRequest {
        model: None,
        messages: Vec::new(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    });
    let total = calls(load.concurrency, waves);
    let lengths: Vec<(u64, u64)> = Lengths(1).of(load).take(total as usize).collect();
    let submit = |machine: &mut ModelledMachine, at: Instant, call: u64| {
        let (input_tokens, output_tokens) = lengths[call as usize];
        let tokens = PlannedTokens {
            input_tokens,
            prompt: Arc::default(),
            reply_part: None,
            max_output_tokens: None,
            reply: ReplyLength::of(output_tokens),
        };
        let (model, request) = (Arc::clone(&model), Arc::clone(&request));
        let work = Submission::planned(SessionId(0), model, request, tokens);
        machine.submit(at, CallId(call), work);
    };
    let mut asked = load.concurrency;
    for call in 0..asked {
        submit(&mut machine, Instant::ZERO, call);
    }
    let mut means = Means::new(load.concurrency, total);
    while let Some(Completion { at, call, event }) = machine.next(None) {
        let served = match event {
            CompletionEvent::Served(served) => served,
            CompletionEvent::Failed(failed) => {
                return Err(match failed.error {
                    ModelError::ContextTooLong(_) => {
                        let (input, output) = (load.input_tokens, load.output_tokens);
                        format!("`{model}` there holds no chat of {input} + {output} tokens")
                    }
                    error => error.to_string(),
                });
            }
            CompletionEvent::Progress { .. } => continue,
        };
        if asked < total {
            submit(&mut machine, at, asked);
            asked += 1;
        }
        means.add(call.0, &served);
    }
    Ok(means.into_metrics())
}

/// Sums over chats, in which those of the first and the last wave count as a tenth each of all.
struct Means {
    concurrency: u64,
    total: u64,
    first: f64,
    first_weight: f64,
    after: f64,
    after_weight: f64,
}

impl Means {
    fn new(concurrency: u64, total: u64) -> Means {
        Means { concurrency, total, first: 0.0, first_weight: 0.0, after: 0.0, after_weight: 0.0 }
    }

    /// How much a chat counts: 1 in the first and the last wave, and in those between as much as
    /// makes eight waves of them.
    fn weight(&self, call: u64) -> f64 {
        let ends = 2 * self.concurrency;
        match call < self.concurrency || call + self.concurrency >= self.total {
            true => 1.0,
            false => {
                let between = (WAVES * self.concurrency - ends) as f64;
                between / (self.total - ends) as f64
            }
        }
    }

    fn add(&mut self, call: u64, served: &Served) {
        let weight = self.weight(call);
        let to_first = served.timing.time_to_first_token;
        self.first += weight * to_first.as_seconds_f64() * 1e3;
        self.first_weight += weight;
        if served.usage.output_tokens > 1 {
            let after = (served.timing.end_to_end() - to_first).as_seconds_f64() * 1e3;
            self.after += weight * after / (served.usage.output_tokens - 1) as f64;
            self.after_weight += weight;
        }
    }

    fn into_metrics(self) -> Vec<(Metric, f64)> {
        let mut metrics = vec![(Metric::Ttft, self.first / self.first_weight)];
        if self.after_weight > 0.0 {
            metrics.push((Metric::Tpot, self.after / self.after_weight));
        }
        metrics
    }
}

/// Numbers that look random and are always the same (Steele and others, SplitMix64).
struct Lengths(u64);

impl Lengths {
    fn of(mut self, load: &Load) -> impl Iterator<Item = (u64, u64)> {
        let (input, output) = (load.input_tokens, load.output_tokens);
        std::iter::from_fn(move || Some((self.near(input), self.near(output))))
    }

    /// From four fifths of `most` to `most`.
    fn near(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let least = (most * 4 / 5).max(1);
        least + (z ^ (z >> 31)) % (most - least + 1)
    }
}

/// Times one step. Gives its milliseconds.
pub fn step(deployment: &Deployment, step: &StatedStep) -> Vec<(Metric, f64)> {
    let mut work = Work::new(&deployment.model);
    for _ in 0..step.batch {
        match step.phase {
            Phase::Prefill => work.add_prefill(step.past_tokens, step.new_tokens, true),
            Phase::Decode => work.add_decode(step.past_tokens + step.new_tokens),
        }
    }
    vec![(Metric::Step, deployment.writer().cost.seconds(&work) * 1e3)]
}
