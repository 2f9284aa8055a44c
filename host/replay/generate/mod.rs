//! Loads that are made up from a few figures: sessions of drawn lengths, each from a stream of its
//! own, made when they start.

mod spec;
mod values;

use std::sync::Arc;

use timeslip_timeline::chance::Chance;
use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};
use timeslip_timeline::time::Span;

use crate::arrivals::Load;
use crate::error::LoadError;
use crate::trace::{Begins, TraceCall};

pub use values::Values;

/// Sessions that are made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Sessions.
    pub sessions: u64,
    /// Calls of a session.
    pub calls: Values,
    /// Tokens of a prompt; of a session's first one where later prompts go on from it.
    pub input: Values,
    /// Tokens of a reply.
    pub output: Values,
    /// From a call's end to the next call of its session, in nanoseconds.
    pub gap: Values,
    /// The part of each later prompt of a session that is the prompt before it: of at least 0 and at
    /// most 1. With 0 each prompt is drawn anew and has nothing in common with others; otherwise
    /// prompts grow, so that the one before is this part of each.
    pub shared: f64,
    /// The seed of all draws.
    pub seed: u64,
}

/// What a load's description says.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The sessions.
    pub generated: Generated,
    /// When they start, if the description says it.
    pub load: Option<Load>,
}

impl Workload {
    /// Reads a description: keys with values, with commas between them, in any order.
    ///
    /// `requests=20000` or `sessions=2000,calls=10,gap=800ms,shared=0.9`; `input=1024`,
    /// `output=200`; and one of `every=2ms`, `rate=500`, `rate=500,burst=0.5` and
    /// `at_once=64,think=500ms`. A value is a constant, a range `512..2048`, or a mean and a
    /// standard deviation `1024~256`; `rate`, `burst`, `shared`, `requests`, `sessions`, `every`,
    /// `at_once` and `think` take constants.
    ///
    /// # Errors
    /// Naming the key, what is wrong with it, and the fix.
    pub fn parse(text: &str, seed: u64) -> Result<Workload, LoadError> {
        spec::parse(text, seed)
    }
}

impl Generated {
    /// Makes a session; the same one each time, whatever was made before.
    pub(crate) fn session(&self, number: u64) -> GeneratedSession {
        let mut chance = Chance::new(self.seed, "replay.session", number);
        let calls_left = self.calls.draw(&mut chance).max(1);
        GeneratedSession { chance, calls_left, input_tokens: 0, parts: Vec::new(), made: 0 }
    }
}

/// A session that is being made up.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedSession {
    chance: Chance,
    calls_left: u64,
    input_tokens: u64,
    /// The prompt so far; empty where prompts have nothing in common.
    parts: Vec<PromptPart>,
    made: u64,
}

impl GeneratedSession {
    /// Its next call.
    pub(crate) fn next_call(&mut self, of: &Generated) -> Option<TraceCall> {
        self.calls_left = self.calls_left.checked_sub(1)?;
        let is_first = self.made == 0;
        self.made += 1;
        let gap = if is_first { 0 } else { of.gap.draw(&mut self.chance) };
        let goes_on = of.shared > 0.0;
        let added = match is_first || !goes_on {
            true => of.input.draw(&mut self.chance).max(1),
            // The prompt before is `shared` of the new one.
            false => (self.input_tokens as f64 * (1.0 - of.shared) / of.shared).round() as u64,
        };
        self.input_tokens = if goes_on { self.input_tokens.saturating_add(added) } else { added };
        // Without a later call nothing is found again.
        if goes_on && added > 0 && (self.calls_left > 0 || !is_first) {
            if is_first {
                self.parts.reserve(self.calls_left.min(63) as usize + 1);
            }
            let kind = PromptPartKind::Message(Role::User);
            self.parts.push(PromptPart { kind, tokens: added, digest: self.chance.next_u64() });
        }
        Some(TraceCall {
            begins: Begins::After(Span::from_nanos(gap)),
            input_tokens: self.input_tokens,
            output_tokens: of.output.draw(&mut self.chance).max(1),
            prompt: if self.parts.is_empty() { Arc::default() } else { self.parts[..].into() },
        })
    }
}

#[cfg(test)]
mod tests;
