//! One group of chips that holds a whole copy of the model, its queue and its batch.

use std::sync::Arc;

use timeslip_timeline::time::{Instant, Span};

use super::calls::CallSlot;
use super::memory::Memory;
use super::series::Series;
use super::used::Used;
use super::waiting::Waiting;
use crate::cost::{PowerDraw, StepTime, Work, WritingSteps, step_span};
use crate::deployment::{DeployedPool, Deployment};
use crate::profile::{Policy, Role};

/// What a group does for chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Reads prompts, whose KV goes to another group.
    Read,
    /// Writes replies to prompts that another group has read.
    Write,
    /// Both, in the same steps.
    Both,
}

/// One group of chips.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) duty: Duty,
    pub(crate) pool: Arc<DeployedPool>,
    /// Of the group that works for this one alone, where there is one.
    pub(crate) helper: Option<Arc<DeployedPool>>,
    /// Chips of the helping group that stand for this one: a part of them where it helps several.
    helper_chips: f64,
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
    pub(crate) dollars_per_second: f64,
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
    /// Writes one token that looks back at this many, and of those proposed as many as are accepted.
    Write { context: u64, proposed: u64 },
}

impl Group {
    pub(crate) fn new(deployment: &Deployment, pool: &Arc<DeployedPool>) -> Group {
        let duty = match pool.role {
            Role::Prefill => Duty::Read,
            _ if deployment.link.is_some() => Duty::Write,
            _ => Duty::Both,
        };
        let policy = match duty {
            // The KV of a prompt crosses to a decode group in the order in which prompts were read.
            Duty::Write => Policy::Fcfs,
            Duty::Read | Duty::Both => deployment.policy,
        };
        let helper = deployment.helper().filter(|_| duty != Duty::Read).cloned();
        let helper_chips = helper.as_deref().map_or(0.0, |helper| {
            (helper.placement.chips * helper.replicas) as f64 / pool.replicas as f64
        });
        let dollars = |pool: &DeployedPool, chips| Some(pool.usd_per_hour? * chips / 3600.0);
        Group {
            duty,
            outages: 0,
            memory: Memory::new(Arc::clone(pool)),
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
            dollars_per_second: dollars(pool, pool.placement.chips as f64).unwrap_or(0.0)
                + helper.as_deref().and_then(|pool| dollars(pool, helper_chips)).unwrap_or(0.0),
            helper_chips,
            helper,
            work: deployment.no_work(),
            writing: WritingSteps::default(),
            spare_shares: Vec::new(),
            pool: Arc::clone(pool),
        }
    }

    /// Watts of its chips, and of those that help it, doing nothing.
    pub(crate) fn idle_watts(&self) -> Option<f64> {
        let watts = |pool: &DeployedPool, chips: f64| Some(pool.draw?.idle_watts() * chips);
        let own = watts(&self.pool, self.pool.placement.chips as f64)?;
        match &self.helper {
            Some(helper) => Some(own + watts(helper, self.helper_chips)?),
            None => Some(own),
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

    /// How often a chat can write before it looks back at as many tokens as a reach has
    /// at most, for the first time.
    pub(crate) fn steps_until_a_limit(&self, context: u64) -> u64 {
        self.work.steps_until_a_limit(context)
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

    /// Begins up to `steps` steps that do nothing but write a token for each of these chats, and says
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
            let time = self.writing.time(&self.pool.cost, &self.work);
            let (span, step, each) = self.account(time, shares.len());
            ends_at = ends_at + span;
            used += step;
            used_by_each += each;
            self.series.push(ends_at, used, used_by_each);
            self.work.advance();
            // Of steps that end at one instant, only the last would be told from the others.
            if ends_at == Instant::END {
                break;
            }
        }
        if self.series.len() == 1 {
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
                Share::Write { context, proposed } => self.work.add_drafted(context, proposed),
            }
        }
    }

    /// A step's time on the clock, and what it uses: the group, and each of its chats.
    fn account(&self, time: StepTime, calls: usize) -> (Span, Used, Used) {
        let span = step_span(time.seconds);
        let seconds = span.as_seconds_f64();
        let of = |pool: &DeployedPool, chips: f64, compute: f64, memory: f64| {
            let watts = |draw: PowerDraw| draw.watts(compute / seconds, memory / seconds);
            pool.draw.map_or(0.0, |draw| chips * watts(draw))
        };
        let chips = self.pool.placement.chips as f64;
        let mut watts = of(&self.pool, chips, time.compute_seconds, time.memory_seconds);
        if let Some(helper) = &self.helper {
            let (compute, memory) = (time.helper_compute_seconds, time.helper_memory_seconds);
            watts += of(helper, self.helper_chips, compute, memory);
        }
        let (joules, dollars) = (watts * seconds, self.dollars_per_second * seconds);
        let calls = calls as f64;
        (span, Used::new(joules, dollars), Used::new(joules / calls, dollars / calls))
    }
}
