//! One group of chips that holds a whole copy of the model, its queue and its batch.

use std::sync::Arc;

use timeslip_timeline::time::{Instant, Span};

use super::calls::CallSlot;
use super::memory::Memory;
use super::series::Series;
use super::used::Used;
use super::waiting::Waiting;
use crate::cost::{StepTime, Work, WritingSteps, step_span};
use crate::deployment::DeployedPool;
use crate::profile::{Model, Policy, Role};

/// One group of chips.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) role: Role,
    pub(crate) pool: Arc<DeployedPool>,
    /// Outages under way, in which the group is lost, with all that was in it.
    pub(crate) outages: u64,
    pub(crate) memory: Memory,
    pub(crate) waiting: Waiting,
    /// In order of admission, so that the newest is the last.
    pub(crate) running: Vec<CallSlot>,
    /// Chats that hold blocks here but are in no batch: parked after reading, or on the way.
    pub(crate) holding: u64,
    /// Of those, the chats whose KV comes from a tier, so that they will be in the batch.
    pub(crate) loading: u64,
    /// Tokens of the prompts of all chats that wait for or use this group.
    pub(crate) prompt_tokens: u64,
    pub(crate) step: Option<Step>,
    /// When the last step that is over began and ended.
    pub(crate) last_step: Option<(Instant, Instant)>,
    /// The steps that the one under way stands for, where they are summed.
    pub(crate) series: Series,
    /// Numbers the ends of steps, since one that was cut short counts for nothing.
    pub(crate) ticket: u64,
    pub(crate) forming: bool,
    pub(crate) busy: Span,
    pub(crate) used: Used,
    /// Of all its chips.
    dollars_per_second: f64,
    work: Work,
    writing: WritingSteps,
    spare_shares: Vec<(CallSlot, Share)>,
}

/// A step under way, or the first of a series.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) began_at: Instant,
    pub(crate) ends_at: Instant,
    pub(crate) shares: Vec<(CallSlot, Share)>,
    /// By the whole group.
    pub(crate) used: Used,
    /// By each chat in it.
    pub(crate) used_by_each: Used,
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
    pub(crate) fn new(pool: Arc<DeployedPool>, model: &Model, policy: Policy) -> Group {
        // The KV of a prompt crosses to a decode group in the order in which prompts were read.
        let policy = if pool.role == Role::Decode { Policy::Fcfs } else { policy };
        Group {
            role: pool.role,
            outages: 0,
            memory: Memory::new(Arc::clone(&pool)),
            waiting: Waiting::new(policy),
            running: Vec::new(),
            holding: 0,
            loading: 0,
            prompt_tokens: 0,
            step: None,
            last_step: None,
            series: Series::default(),
            ticket: 0,
            forming: false,
            busy: Span::ZERO,
            used: Used::default(),
            dollars_per_second: pool
                .usd_per_hour
                .map_or(0.0, |price| price * pool.placement.chips as f64 / 3600.0),
            work: Work::new(model),
            writing: WritingSteps::default(),
            spare_shares: Vec::new(),
            pool,
        }
    }

    /// Chats that wait for or use this group.
    pub(crate) fn outstanding(&self) -> u64 {
        self.waiting.len() + self.running.len() as u64 + self.holding
    }

    /// Chats in the batch, or about to be when their KV has come from a tier.
    pub(crate) fn batched(&self) -> u64 {
        self.running.len() as u64 + self.loading
    }

    pub(crate) fn is_down(&self) -> bool {
        self.outages > 0
    }

    /// The time in which a prompt would be read at once, by itself.
    pub(crate) fn reading_span(&mut self, tokens: u64) -> Span {
        self.work.clear();
        self.work.add_prefill(0, tokens, true);
        step_span(self.pool.cost.seconds(&self.work))
    }

    /// How often a chat can write before it looks back at a whole window for the first time.
    pub(crate) fn steps_until_a_window(&self, context: u64) -> u64 {
        self.work.steps_until_a_window(context)
    }

    /// An empty list of shares that keeps its memory from step to step.
    pub(crate) fn take_shares(&mut self) -> Vec<(CallSlot, Share)> {
        let mut shares = std::mem::take(&mut self.spare_shares);
        shares.clear();
        shares
    }

    pub(crate) fn keep_shares(&mut self, shares: Vec<(CallSlot, Share)>) {
        self.spare_shares = shares;
    }

    /// Begins a step with these shares and says when it ends.
    pub(crate) fn begin(&mut self, now: Instant, shares: Vec<(CallSlot, Share)>) -> Instant {
        self.add_work(&shares);
        let time = self.pool.cost.time(&self.work);
        let (span, used, used_by_each) = self.account(time, shares.len());
        let ends_at = now + span;
        self.step = Some(Step { began_at: now, ends_at, shares, used, used_by_each });
        ends_at
    }

    /// Begins `steps` steps that do nothing but write a token for each of these chats, and says
    /// when the last of them ends.
    pub(crate) fn begin_series(
        &mut self,
        now: Instant,
        shares: Vec<(CallSlot, Share)>,
        steps: u64,
    ) -> Instant {
        self.add_work(&shares);
        self.pool.cost.begin_writing(&self.work, &mut self.writing);
        self.series.clear();
        let (mut ends_at, mut used, mut used_by_each) = (now, Used::default(), Used::default());
        for _ in 0..steps {
            let time = self.writing.time(&self.work);
            let (span, step, each) = self.account(time, shares.len());
            ends_at = ends_at + span;
            used += step;
            used_by_each += each;
            self.series.push(ends_at, used, used_by_each);
            self.work.advance();
        }
        if steps == 1 {
            self.series.clear();
        }
        self.step = Some(Step { began_at: now, ends_at, shares, used, used_by_each });
        ends_at
    }

    fn add_work(&mut self, shares: &[(CallSlot, Share)]) {
        self.work.clear();
        for (_, share) in shares {
            match *share {
                Share::Read { past, tokens, last } => self.work.add_prefill(past, tokens, last),
                Share::Write { context } => self.work.add_decode(context),
            }
        }
    }

    /// A step's time on the clock, and what it uses: the group, and each of its chats.
    fn account(&self, time: StepTime, calls: usize) -> (Span, Used, Used) {
        let span = step_span(time.seconds);
        let seconds = span.as_seconds_f64();
        let chips = self.pool.placement.chips as f64;
        let (compute, memory) = (time.compute_seconds / seconds, time.memory_seconds / seconds);
        let watts = self.pool.draw.map_or(0.0, |draw| chips * draw.watts(compute, memory));
        let (joules, dollars) = (watts * seconds, self.dollars_per_second * seconds);
        let calls = calls as f64;
        (span, Used::new(joules, dollars), Used::new(joules / calls, dollars / calls))
    }
}
