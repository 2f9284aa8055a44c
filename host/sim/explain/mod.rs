//! How each figure of a step arises, for a person to follow and to doubt.
//!
//! Everything here is computed by the code that the engine runs: the terms of [`StepModel`] and the
//! blocks of the placement. What is left out: queues, chats that share a step with a prompt, and
//! prompts whose beginning is cached.

mod lines;
mod screen;
mod serving;
mod writing;

use serde::Serialize;
use timeslip_timeline::time::Span;

use crate::bands::PredictionBands;
use crate::cost::{Binds, ComponentDescription, Part, StepModel, Term, Work, step_span};
use crate::deployment::{DeployedPool, Deployment};
use crate::placement::Placement;
use crate::profile::{PlatformPart, Role, Sending};
use crate::text::count;
use lines::basis;
pub use serving::{LinkExplanation, ServingExplanation, TierExplanation};
pub(crate) use writing::WritingStep;
use writing::WritingWork;

/// Tokens per second for one user that the fastest machines are asked for. Reported against, never
/// assumed.
pub const TARGET_TOKENS_PER_SECOND: f64 = 1500.0;

/// The work that is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OperatingPoint {
    /// Tokens of a prompt that is read, by a chat that is alone.
    pub input_tokens: u64,
    /// Tokens that each reply of a decode step looks back at, itself included.
    pub context_tokens: u64,
    /// Replies that one decode step writes a token of.
    pub batch: u64,
}

/// How a machine's figures arise at one point. [`std::fmt::Display`] lays it out in at most 100
/// columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The machine.
    pub machine: String,
    /// The digest of all profiles it rests on.
    pub digest: String,
    /// The model.
    pub model: String,
    /// The work.
    pub point: OperatingPoint,
    /// The model in the memory of one group of each pool.
    pub memory: Vec<PoolMemory>,
    /// Whether the beginnings of prompts are kept in memory; the prompt that is explained finds
    /// nothing there.
    pub prefix_cache: bool,
    /// How the machine's serving software behaves.
    pub serving: ServingExplanation,
    /// Reading the prompt.
    pub prefill: StepExplanation,
    /// Writing one token of each reply.
    pub decode: StepExplanation,
    /// The time to the first token of a chat that is alone, in its parts.
    pub first_token: FirstToken,
    /// Tokens that the decode step writes of each reply, on average: more than one where tokens are
    /// proposed.
    pub tokens_per_reply: f64,
    /// Those over the time of the decode step.
    pub tokens_per_second_per_user: f64,
    /// That times the replies of the step.
    pub tokens_per_second_per_group: f64,
    /// The target for one user.
    pub target_tokens_per_second: f64,
    /// Whether it is met at this point.
    pub target_met: bool,
    /// Where nine of ten measurements of these times would be.
    pub bands: PredictionBands,
    /// The chips of the platform, and the figures that each stands behind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PlatformPart>,
    /// What the point asks for that the machine would not do.
    pub warnings: Vec<String>,
    /// The full names of the estimates that all this rests on.
    pub estimates: Vec<String>,
}

/// The model in the memory of one group of chips.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolMemory {
    /// The pool's role.
    pub role: Role,
    /// Its chip.
    pub chip: String,
    /// Groups of the pool.
    pub groups: u64,
    /// Sizes and formats.
    #[serde(flatten)]
    pub placement: Placement,
    /// Tokens of one block.
    pub block_tokens: u64,
    /// Chats of the point's context that fit at once.
    pub chats_at_context: u64,
}

/// One or more steps of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepExplanation {
    /// The pool's role.
    pub role: Role,
    /// Its chip.
    pub chip: String,
    /// Chips of one group.
    pub chips: u64,
    /// The group that helps it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helper: Option<HelperChips>,
    /// How many steps there are: a long prompt is read in several.
    pub steps: u64,
    /// Tokens that pass the layers.
    pub tokens: u64,
    /// The whole time.
    pub seconds: f64,
    /// What it is made of.
    pub terms: Vec<TermLine>,
    /// The component that states the time, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentDescription>,
}

/// The chips of a group that works for another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HelperChips {
    /// The pool's role.
    pub role: Role,
    /// Its chip.
    pub chip: String,
    /// Chips of one group.
    pub chips: u64,
}

/// One part of a step's time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TermLine {
    /// Which part.
    pub part: Part,
    /// Its time.
    pub seconds: f64,
    /// Of the whole.
    pub share: f64,
    /// What binds it.
    pub binds: Binds,
    /// Operations on each chip that takes part.
    pub flops: f64,
    /// Bytes read on each such chip, or sent by it.
    pub bytes: f64,
    /// What the time follows from: the rate that was reached, or the fixed times.
    pub basis: String,
}

/// Where the time to the first token goes when the machine does nothing else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstToken {
    /// Parsing, tokenising, dispatch.
    pub front_end: Span,
    /// Reading the prompt. With one pool, its last step writes the first token.
    pub prefill: Span,
    /// Moving the KV to the decode pool, as far as that is not done while the prompt is read; nothing
    /// with one pool.
    pub transfer: Span,
    /// Bytes that are moved.
    pub transfer_bytes: f64,
    /// The first decode step, where pools are apart.
    pub decode: Span,
    /// All of it.
    pub total: Span,
}

/// Explains a deployment at one point.
///
/// Counts of 0 are taken as 1, since a step without work has no time.
pub fn explain(deployment: &Deployment, point: &OperatingPoint) -> Explanation {
    let point = OperatingPoint {
        input_tokens: point.input_tokens.max(1),
        context_tokens: point.context_tokens.max(1),
        batch: point.batch.max(1),
    };
    let reader = deployment.reader();
    let (prefill, prefill_span) = explain_prefill(deployment, reader, point.input_tokens);
    let step = WritingStep::of(deployment, point.context_tokens, point.batch);
    let (written, per_user) = (step.tokens_per_reply(), step.tokens_per_second_per_user());
    let decode = step.explain(deployment);
    Explanation {
        machine: deployment.machine.clone(),
        digest: deployment.digest.clone(),
        model: deployment.model.name.clone(),
        memory: deployment.pools.iter().map(|pool| memory(pool, &point)).collect(),
        prefix_cache: deployment.prefix_cache,
        serving: ServingExplanation::of(deployment),
        prefill,
        decode,
        first_token: first_token(deployment, prefill_span, point.input_tokens),
        tokens_per_reply: written,
        tokens_per_second_per_user: per_user,
        tokens_per_second_per_group: per_user * point.batch as f64,
        target_tokens_per_second: TARGET_TOKENS_PER_SECOND,
        target_met: per_user >= TARGET_TOKENS_PER_SECOND,
        bands: deployment.bands.clone(),
        parts: deployment.parts.clone(),
        warnings: warnings(deployment, &point),
        estimates: deployment.estimates.clone(),
        point,
    }
}

/// The chunks of a prompt, as the engine reads them for a chat that is alone.
fn explain_prefill(
    deployment: &Deployment,
    pool: &DeployedPool,
    input_tokens: u64,
) -> (StepExplanation, Span) {
    let mut works = Vec::new();
    let mut past = 0;
    while past < input_tokens {
        let new = (input_tokens - past).min(deployment.tokens_per_step);
        let mut work = Work::new(&deployment.model);
        work.add_prefill(past, new, past + new == input_tokens);
        works.push(work);
        past += new;
    }
    let span = works.iter().map(|work| step_span(pool.cost.seconds(work))).sum();
    let steps = works.len() as u64;
    let explained = Sum::of(&pool.cost, &works).explain(pool, steps, input_tokens);
    // A draft model has no part in reading a prompt.
    let helper = helper(deployment)
        .filter(|helper| helper.role == Role::Ffn && pool.role == Role::Attention);
    (StepExplanation { helper, ..explained }, span)
}

fn helper(deployment: &Deployment) -> Option<HelperChips> {
    deployment.helper().map(|pool| HelperChips {
        role: pool.role,
        chip: pool.chip.name.clone(),
        chips: pool.placement.chips,
    })
}

fn first_token(deployment: &Deployment, prefill: Span, input_tokens: u64) -> FirstToken {
    let front_end = deployment.front_end.span(input_tokens, Span::ZERO);
    let Some(link) = deployment.link else {
        let none = Span::ZERO;
        let total = front_end + prefill;
        return FirstToken {
            front_end,
            prefill,
            transfer: none,
            transfer_bytes: 0.0,
            decode: none,
            total,
        };
    };
    let transfer_bytes = deployment.transfer_bytes(input_tokens);
    let (moving, latency) = link.transfer_spans(transfer_bytes);
    let left = match link.sends {
        Sending::AtEnd => moving,
        Sending::PerLayer => {
            moving.saturating_sub(prefill).max(deployment.moving_of_a_layer(moving))
        }
    };
    let transfer = left + latency;
    let last = deployment.writer();
    let decode = step_span(last.cost.seconds(&WritingWork::of(deployment, input_tokens, 1).work));
    let total = front_end + prefill + transfer + decode;
    FirstToken { front_end, prefill, transfer, transfer_bytes, decode, total }
}

fn memory(pool: &DeployedPool, point: &OperatingPoint) -> PoolMemory {
    let placement = pool.placement.clone();
    PoolMemory {
        role: pool.role,
        chip: pool.chip.name.clone(),
        groups: pool.replicas,
        block_tokens: placement.block_tokens,
        chats_at_context: placement.blocks / placement.blocks_for(point.context_tokens),
        placement,
    }
}

fn warnings(deployment: &Deployment, point: &OperatingPoint) -> Vec<String> {
    let mut warnings = Vec::new();
    let limit = deployment.model.context_tokens;
    if point.input_tokens >= limit || point.context_tokens > limit {
        warnings.push(format!(
            "`{}` takes at most {} tokens of prompt and reply together",
            deployment.model.name,
            count(limit)
        ));
    }
    if point.batch > deployment.calls_per_step {
        warnings.push(format!("a step takes at most {} chats", count(deployment.calls_per_step)));
    }
    if let Some(draft) = deployment.helper().filter(|pool| pool.role == Role::Draft) {
        let fit = memory(draft, point).chats_at_context;
        if fit < point.batch {
            warnings.push(format!(
                "the KV of only {} chats of this context fits a draft group; the others write one \
                 token a step",
                count(fit)
            ));
        }
    }
    let last = deployment.writer();
    let fit = last.placement.blocks / last.placement.blocks_for(point.context_tokens);
    if fit < point.batch {
        warnings.push(format!("the KV of only {} chats of this context fits a group", count(fit)));
    }
    warnings
}

/// The terms of several steps, summed part by part.
struct Sum<'a> {
    cost: &'a StepModel,
    terms: Vec<Term>,
    calls: u64,
}

impl<'a> Sum<'a> {
    fn of<'w>(cost: &'a StepModel, works: impl IntoIterator<Item = &'w Work>) -> Sum<'a> {
        let mut sum = Sum { cost, terms: Vec::new(), calls: 1 };
        for work in works {
            sum.calls = work.calls;
            cost.terms(work, &mut |term| sum.add(term));
        }
        sum
    }

    fn add(&mut self, term: Term) {
        let Some(known) = self.terms.iter_mut().find(|known| known.part == term.part) else {
            return self.terms.push(term);
        };
        // Of several steps, the longest says what binds.
        if term.seconds > known.seconds {
            known.binds = term.binds;
        }
        known.seconds += term.seconds;
        known.flops += term.flops;
        known.bytes += term.bytes;
    }

    fn seconds(&self) -> f64 {
        self.terms.iter().map(|term| term.seconds).sum()
    }

    fn lines(&self, steps: u64) -> Vec<TermLine> {
        let seconds = self.seconds();
        let line = |term: &Term| TermLine {
            part: term.part,
            seconds: term.seconds,
            share: term.seconds / seconds,
            binds: term.binds,
            flops: term.flops,
            bytes: term.bytes,
            basis: basis(self.cost, term, steps, self.calls),
        };
        self.terms.iter().map(line).collect()
    }

    fn explain(&self, pool: &DeployedPool, steps: u64, tokens: u64) -> StepExplanation {
        StepExplanation {
            role: pool.role,
            chip: pool.chip.name.clone(),
            chips: pool.placement.chips,
            helper: None,
            steps,
            tokens,
            seconds: self.seconds(),
            terms: self.lines(steps),
            component: match self.cost.at_its_own_pace() {
                StepModel::Component(steps) => Some(steps.about().clone()),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod helping_tests;
#[cfg(test)]
mod tests;
