//! One group of chips that holds a whole copy of the model, its queue and its batch.

use std::collections::VecDeque;
use std::sync::Arc;

use timeslip_timeline::backend::CallId;
use timeslip_timeline::time::{Instant, Span};

use super::memory::Memory;
use crate::cost::{Work, step_span};
use crate::deployment::DeployedPool;
use crate::profile::{Model, Role};

/// One group of chips.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) role: Role,
    pub(crate) pool: Arc<DeployedPool>,
    pub(crate) memory: Memory,
    /// First come, first served; the preempted at the front.
    pub(crate) queue: VecDeque<CallId>,
    /// In order of admission, so that the newest is the last.
    pub(crate) running: Vec<CallId>,
    /// Chats that hold blocks here but are in no batch: parked after reading, or on the link.
    pub(crate) holding: u64,
    pub(crate) step: Option<Step>,
    pub(crate) forming: bool,
    pub(crate) busy: Span,
    pub(crate) energy_j: f64,
    work: Work,
    spare_shares: Vec<(CallId, Share)>,
}

/// A step under way.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) began_at: Instant,
    pub(crate) span: Span,
    pub(crate) shares: Vec<(CallId, Share)>,
    /// The group's draw, if known.
    pub(crate) watts: Option<f64>,
}

/// What a step does for one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Reads this many tokens of its prompt, after those cached.
    Read { past: u64, tokens: u64, last: bool },
    /// Writes one token that looks back at this many.
    Write { context: u64 },
}

impl Group {
    pub(crate) fn new(role: Role, pool: Arc<DeployedPool>, model: &Model) -> Group {
        Group {
            role,
            memory: Memory::new(Arc::clone(&pool)),
            queue: VecDeque::new(),
            running: Vec::new(),
            holding: 0,
            step: None,
            forming: false,
            busy: Span::ZERO,
            energy_j: 0.0,
            work: Work::new(model),
            spare_shares: Vec::new(),
            pool,
        }
    }

    /// Chats that wait for or use this group.
    pub(crate) fn outstanding(&self) -> u64 {
        (self.queue.len() + self.running.len()) as u64 + self.holding
    }

    /// An empty list of shares that keeps its memory from step to step.
    pub(crate) fn take_shares(&mut self) -> Vec<(CallId, Share)> {
        let mut shares = std::mem::take(&mut self.spare_shares);
        shares.clear();
        shares
    }

    pub(crate) fn keep_shares(&mut self, shares: Vec<(CallId, Share)>) {
        self.spare_shares = shares;
    }

    /// Begins a step with these shares and says when it ends.
    pub(crate) fn begin(&mut self, now: Instant, shares: Vec<(CallId, Share)>) -> Instant {
        self.work.clear();
        for (_, share) in &shares {
            match *share {
                Share::Read { past, tokens, last } => self.work.add_prefill(past, tokens, last),
                Share::Write { context } => self.work.add_decode(context),
            }
        }
        let (mut seconds, mut compute, mut memory) = (0.0, 0.0, 0.0);
        self.pool.cost.terms(&self.work, &mut |term| {
            seconds += term.seconds;
            compute += term.peak_compute_seconds;
            memory += term.peak_memory_seconds;
        });
        let span = step_span(seconds);
        let seconds = span.as_seconds_f64();
        let chips = self.pool.placement.chips as f64;
        let watts =
            self.pool.draw.map(|draw| chips * draw.watts(compute / seconds, memory / seconds));
        self.step = Some(Step { began_at: now, span, shares, watts });
        now + span
    }
}
