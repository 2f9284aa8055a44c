//! The law of accounting: every nanosecond of a session has a name.
//!
//! Steps overlap, so their times do not sum to the session's. What does sum is the critical path:
//! walk back from the session's end, from each burst of the agent to the step that woke it, from
//! that step to the burst that asked for it, and so on to the start. Each nanosecond on the way
//! belongs to the agent or to a stage of one step. A tool that is an agent itself is walked in the
//! same way, so that its chats are counted as chats.

use crate::record::{Asker, BurstCause, BurstRecord, SessionRecord, Step, StepKind};
use crate::time::{Instant, Span};

/// A session's end-to-end time by what it was spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeShares {
    /// Chats waiting for a machine.
    pub queue: Span,
    /// Machines reading prompts.
    pub prefill: Span,
    /// Prompt state moving between pools.
    pub transfer: Span,
    /// Machines writing replies.
    pub decode: Span,
    /// Tool calls, their computing and waiting.
    pub tool: Span,
    /// The agent's own computing.
    pub agent: Span,
    /// The user's thinking.
    pub user: Span,
    /// Sleep.
    pub sleep: Span,
}

impl TimeShares {
    /// All of it: a session's end-to-end time.
    pub fn total(&self) -> Span {
        self.queue
            + self.prefill
            + self.transfer
            + self.decode
            + self.tool
            + self.agent
            + self.user
            + self.sleep
    }
}

/// Attributes a session's time along its critical path.
///
/// # Panics
/// When the shares do not sum to the session's end-to-end time, which is a defect of this program.
pub fn critical_path(session: &SessionRecord) -> TimeShares {
    let mut shares = TimeShares::default();
    let whole = Stretch { from: session.started_at, until: session.ended_at };
    attribute_agent(&mut shares, session, Asker::Agent, whole);
    let end_to_end = session.ended_at.since(session.started_at);
    assert_eq!(shares.total(), end_to_end, "the shares of session {:?} do not sum", session.id);
    shares
}

/// A part of a session's time.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Instant,
    until: Instant,
}

impl Stretch {
    /// Its part from this instant on.
    fn after(self, at: Instant) -> Stretch {
        Stretch { from: self.from.max(at.min(self.until)), until: self.until }
    }

    /// Its part before this instant.
    fn before(self, at: Instant) -> Stretch {
        Stretch { from: self.from, until: self.until.min(at.max(self.from)) }
    }

    fn length(self) -> Span {
        self.until.since(self.from)
    }
}

/// Attributes a stretch of an agent's life, which reaches back to the agent's first burst or begins
/// later.
fn attribute_agent(
    shares: &mut TimeShares,
    session: &SessionRecord,
    asker: Asker,
    mut left: Stretch,
) {
    let bursts = session.bursts_of(asker);
    let mut burst_index = bursts.partition_point(|burst| burst.began_at <= left.until);
    while burst_index > 0 {
        burst_index -= 1;
        let burst = bursts[burst_index];
        left = attribute_wait_after_burst(shares, session, asker, burst, left);
        shares.agent += left.after(burst.began_at).length();
        left = left.before(burst.began_at);
        match burst.cause {
            BurstCause::Start => break,
            BurstCause::Busy => {}
            BurstCause::Step(index) => {
                let step = &session.steps[index];
                attribute_step(shares, session, step, left.after(step.asked_at));
                left = left.before(step.asked_at);
                burst_index = step.asked_in + 1;
            }
        }
    }
}

/// An agent that was stopped while it waited spent its last stretch on the step it waited for; the
/// earliest asked of them names it. Returns what is left, up to the end of the burst's own time.
fn attribute_wait_after_burst(
    shares: &mut TimeShares,
    session: &SessionRecord,
    asker: Asker,
    burst: BurstRecord,
    left: Stretch,
) -> Stretch {
    let burst_end = burst.began_at + burst.compute;
    if burst_end >= left.until {
        return left;
    }
    let waited_for = session.steps.iter().find(|step| {
        step.asked_by == asker && step.asked_at <= burst_end && step.ended_at >= left.until
    });
    let waited = left.after(burst_end);
    match waited_for {
        Some(step) => attribute_step(shares, session, step, waited),
        // It waited for nothing at all, which is the agent's own doing.
        None => shares.agent += waited.length(),
    }
    left.before(burst_end)
}

/// Attributes a stretch of a step, which begins at its asking or later and ends at its end or
/// earlier.
fn attribute_step(shares: &mut TimeShares, session: &SessionRecord, step: &Step, stretch: Stretch) {
    let mut left = stretch;
    let rest = match &step.kind {
        StepKind::Chat(chat) => {
            let timing = &chat.timing;
            let stages = [
                (&mut shares.queue, timing.queue),
                (&mut shares.prefill, timing.prefill),
                (&mut shares.transfer, timing.transfer),
            ];
            let mut stage_end = step.asked_at;
            for (share, stage) in stages {
                stage_end = stage_end + stage;
                *share += left.before(stage_end).length();
                left = left.after(stage_end);
            }
            &mut shares.decode
        }
        StepKind::Tool(tool) => match tool.delegation {
            Some(delegation) => {
                return attribute_agent(shares, session, Asker::Delegate(delegation), stretch);
            }
            None => &mut shares.tool,
        },
        StepKind::User(_) => &mut shares.user,
        StepKind::Sleep => &mut shares.sleep,
    };
    *rest += left.length();
}
