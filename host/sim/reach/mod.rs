//! What it takes to reach a speed for each user: of every machine and model, the largest batch with
//! which all users get it, or what keeps even a user who is alone from it.
//!
//! Every speed is that of a decode step as [`crate::explain`] explains it. What is left out: queues,
//! and prompts that are read while others write.

mod evidence;
mod page;
mod screen;

use serde::Serialize;

use crate::catalogue::{Catalogue, ProfileKind};
use crate::cost::{Binds, Part};
use crate::deployment::Deployment;
use crate::error::MachineError;
use crate::explain::WritingStep;
use crate::placement::Placement;
use crate::profile::{MachineProfile, Status};
use crate::text::bytes;
pub use evidence::Evidence;

/// Tokens that each reply looks back at, from a short chat to the work of an agent.
pub const CONTEXTS: [u64; 4] = [1_000, 8_000, 32_000, 128_000];

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// Tokens per second that every user is to get.
    pub target_tokens_per_second: f64,
    /// One machine; all if left out.
    pub machine: Option<String>,
    /// One model; all if left out.
    pub model: Option<String>,
}

/// The answer for every machine and model that it serves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// What was asked.
    pub question: Question,
    /// Machines with models, by the names of both.
    pub pairs: Vec<Pair>,
    /// Machines that were cancelled, on which nothing is timed.
    pub cancelled: Vec<String>,
}

/// A machine with a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The machine.
    pub machine: String,
    /// The model.
    pub model: String,
    /// Whether the machine's file names the model, rather than formats for any other.
    pub named: bool,
    /// What the machine's times rest on.
    pub evidence: Evidence,
    /// Groups that write, each with batches of its own; 0 where the machine does not serve the model.
    pub groups: u64,
    /// Why the machine cannot serve it, in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// By the context, in the order of [`CONTEXTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<AtContext>,
}

/// The answer for one context.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtContext {
    /// Tokens that each reply looks back at.
    pub context_tokens: u64,
    /// Whether users get the target.
    #[serde(flatten)]
    pub answer: Answer,
}

/// Whether users of one context get the target.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The model takes no context of this length.
    BeyondModel,
    /// The memory of one group holds no chat of this length.
    BeyondMemory,
    /// With this batch and all smaller ones.
    Reached(Reached),
    /// Not even a user who is alone gets it.
    NotReached(Slower),
}

/// The largest batch with which every user gets the target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    /// Replies of one step of a group.
    pub batch: u64,
    /// Of the slowest user.
    pub tokens_per_second: f64,
    /// What keeps a larger batch from it.
    pub limit: Limit,
    /// The part of that step which takes most of its time.
    pub longest: LongestTerm,
}

/// What keeps a batch from being larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// A step with one more reply takes too long.
    Time,
    /// A group's memory holds the KV of no more chats.
    Memory,
    /// A step has no more chats, by the machine's scheduler.
    CallsPerStep,
}

/// The step of a user who is alone and yet does not get the target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slower {
    /// What the user gets.
    pub tokens_per_second: f64,
    /// Of the target.
    pub part_of_target: f64,
    /// The part of the step which takes most of its time.
    pub longest: LongestTerm,
}

/// The part of a step that takes most of its time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LongestTerm {
    /// Which part.
    pub part: Part,
    /// Its time.
    pub seconds: f64,
    /// Of the step's.
    pub share: f64,
    /// What binds it.
    pub binds: Binds,
    /// What its time follows from.
    pub basis: String,
    /// What the slowest user would get if it took no time; `None` where the step is nothing else.
    pub tokens_per_second_without: Option<f64>,
    /// Whether that would reach the target.
    pub reaches_without: bool,
}

/// Answers for all machines of the catalogue and the models that each serves.
///
/// # Errors
/// When a name does not exist, a profile is wrong, or the one machine does not say that it serves the
/// one model.
pub fn reach(catalogue: &Catalogue, question: &Question) -> Result<Reach, MachineError> {
    let machines = names(catalogue, ProfileKind::Machine, question.machine.as_deref());
    let models = names(catalogue, ProfileKind::Model, question.model.as_deref());
    // A name that does not exist is a mistake even where no machine is asked for it.
    models.iter().try_for_each(|model| catalogue.model(model).map(drop))?;
    let mut reach = Reach { question: question.clone(), pairs: Vec::new(), cancelled: Vec::new() };
    for name in machines {
        let machine = catalogue.machine(&name)?;
        if catalogue.status(&machine)? == Some(Status::Cancelled) {
            reach.cancelled.push(name);
            continue;
        }
        let evidence = evidence::of(catalogue, &machine)?;
        let is_asked_for = question.machine.is_some() && question.model.is_some();
        for model in &models {
            if machine.serving(model).is_some() || is_asked_for {
                let target = question.target_tokens_per_second;
                reach.pairs.push(pair(catalogue, &machine, model, evidence, target)?);
            }
        }
    }
    Ok(reach)
}

fn names(catalogue: &Catalogue, kind: ProfileKind, only: Option<&str>) -> Vec<String> {
    match only {
        Some(name) => vec![name.to_owned()],
        None => catalogue.names(kind).map(str::to_owned).collect(),
    }
}

fn pair(
    catalogue: &Catalogue,
    machine: &MachineProfile,
    model: &str,
    evidence: Evidence,
    target: f64,
) -> Result<Pair, MachineError> {
    let mut pair = Pair {
        machine: machine.name.clone(),
        model: model.to_owned(),
        named: machine.serves.iter().any(|serving| serving.model == model),
        evidence,
        groups: 0,
        refused: None,
        contexts: Vec::new(),
    };
    let deployment = match catalogue.deploy(&machine.name, Some(model)) {
        Ok(deployment) => deployment,
        Err(error) => {
            pair.refused = Some(refusal(error)?);
            return Ok(pair);
        }
    };
    let at = |context_tokens| AtContext {
        context_tokens,
        answer: answer(&deployment, context_tokens, target),
    };
    let contexts: Vec<AtContext> = CONTEXTS.into_iter().map(at).collect();
    match deployment.failure() {
        Some(failure) => pair.refused = Some(failure.message),
        None => {
            pair.groups = deployment.writer().replicas;
            pair.contexts = contexts;
        }
    }
    Ok(pair)
}

/// Why a machine cannot serve a model, in short.
///
/// # Errors
/// What is a mistake, rather than a model that is too large for the machine or not known well enough.
fn refusal(error: MachineError) -> Result<String, MachineError> {
    match error {
        MachineError::Profile(_) | MachineError::NotServed { .. } => Err(error),
        MachineError::DoesNotFit(too_large) => {
            let chips = too_large.parallel.chips();
            let usable = too_large.capacity_bytes - too_large.reserved_bytes;
            Ok(format!(
                "weights of {}, and {chips} × {} hold {}",
                bytes(too_large.weights_bytes),
                too_large.chip,
                bytes(chips as f64 * usable),
            ))
        }
        other => {
            let message = other.to_string();
            Ok(message.split("; ").next().unwrap_or_default().to_owned())
        }
    }
}

fn answer(deployment: &Deployment, context: u64, target: f64) -> Answer {
    if context > deployment.model.context_tokens {
        return Answer::BeyondModel;
    }
    let in_memory = chats(&deployment.writer().placement, context);
    if in_memory == 0 || chats(&deployment.reader().placement, context) == 0 {
        return Answer::BeyondMemory;
    }
    let most = in_memory.min(deployment.calls_per_step);
    let speed = |batch| {
        let step = WritingStep::of(deployment, context, batch);
        step.slowest_tokens_per_second(step.seconds())
    };
    let batch = largest_batch(most, |batch| speed(batch) >= target);
    let step = WritingStep::of(deployment, context, batch.max(1));
    let tokens_per_second = step.slowest_tokens_per_second(step.seconds());
    let longest = longest_term(&step, target);
    if batch == 0 {
        let part_of_target = tokens_per_second / target;
        return Answer::NotReached(Slower { tokens_per_second, part_of_target, longest });
    }
    let limit = match (batch < most, in_memory <= deployment.calls_per_step) {
        (true, _) => Limit::Time,
        (false, true) => Limit::Memory,
        (false, false) => Limit::CallsPerStep,
    };
    Answer::Reached(Reached { batch, tokens_per_second, limit, longest })
}

fn chats(placement: &Placement, context: u64) -> u64 {
    placement.blocks / placement.blocks_for(context)
}

/// The largest of 1 to `most` that meets something, where none that is larger than one that fails
/// does: steps with more chats are never shorter. 0 where none does.
fn largest_batch(most: u64, meets: impl Fn(u64) -> bool) -> u64 {
    let (mut meeting, mut failing) = (0, most + 1);
    let mut next = 1;
    while next < failing {
        match meets(next) {
            true => (meeting, next) = (next, next * 2),
            false => failing = next,
        }
    }
    while failing - meeting > 1 {
        let middle = meeting + (failing - meeting) / 2;
        match meets(middle) {
            true => meeting = middle,
            false => failing = middle,
        }
    }
    meeting
}

fn longest_term(step: &WritingStep<'_>, target: f64) -> LongestTerm {
    let whole = step.seconds();
    let terms = step.lines().into_iter();
    let longest = terms.max_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let longest = longest.expect("a step has a part");
    let rest = whole - longest.seconds;
    let without = (rest > 0.0).then(|| step.slowest_tokens_per_second(rest));
    LongestTerm {
        part: longest.part,
        seconds: longest.seconds,
        share: longest.share,
        binds: longest.binds,
        basis: longest.basis,
        tokens_per_second_without: without,
        reaches_without: without.is_some_and(|speed| speed >= target),
    }
}

#[cfg(test)]
mod tests;
