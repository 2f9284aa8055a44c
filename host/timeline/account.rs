//! The law of accounting: every nanosecond of a session has a name.
//!
//! Steps overlap, so their times do not sum to the session's. What does sum is the critical path:
//! walk back from the session's end, from each burst of the agent to the step that woke it, from
//! that step to the burst that asked for it, and so on to the start. Each nanosecond on the way
//! belongs to the agent or to a stage of one step.

use crate::record::{BurstCause, BurstRecord, SessionRecord, Step, StepKind};
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
    let mut until = session.ended_at;
    let mut burst_index = session.bursts.len();
    while burst_index > 0 {
        burst_index -= 1;
        let burst = session.bursts[burst_index];
        until = attribute_wait_after_last_burst(&mut shares, session, burst, until);
        shares.agent += until.since(burst.began_at);
        until = burst.began_at;
        match burst.cause {
            BurstCause::Start => break,
            BurstCause::Busy => {}
            BurstCause::Step(index) => {
                let step = &session.steps[index];
                attribute_step(&mut shares, step, until);
                until = step.asked_at;
                burst_index = step.asked_in + 1;
            }
        }
    }
    let end_to_end = session.ended_at.since(session.started_at);
    assert_eq!(shares.total(), end_to_end, "the shares of session {:?} do not sum", session.id);
    shares
}

/// A session that was stopped while its agent waited spent its last stretch on the step it waited
/// for; the earliest asked of them names it. Returns the end of the burst's own time.
fn attribute_wait_after_last_burst(
    shares: &mut TimeShares,
    session: &SessionRecord,
    burst: BurstRecord,
    until: Instant,
) -> Instant {
    let burst_end = burst.began_at + burst.compute;
    if burst_end >= until {
        return until;
    }
    let waited_for =
        session.steps.iter().find(|step| step.asked_at <= burst_end && step.ended_at >= until);
    let Some(waited_for) = waited_for else {
        // It waited for nothing at all, which is the agent's own doing.
        shares.agent += until.since(burst_end);
        return burst_end;
    };
    let mut whole = TimeShares::default();
    attribute_step(&mut whole, waited_for, until);
    let mut before = TimeShares::default();
    attribute_step(&mut before, waited_for, burst_end);
    add_difference(shares, &whole, &before);
    burst_end
}

fn add_difference(shares: &mut TimeShares, whole: &TimeShares, before: &TimeShares) {
    shares.queue += whole.queue - before.queue;
    shares.prefill += whole.prefill - before.prefill;
    shares.transfer += whole.transfer - before.transfer;
    shares.decode += whole.decode - before.decode;
    shares.tool += whole.tool - before.tool;
    shares.user += whole.user - before.user;
    shares.sleep += whole.sleep - before.sleep;
}

/// Attributes a step's time from its asking until `until`, at most its end.
fn attribute_step(shares: &mut TimeShares, step: &Step, until: Instant) {
    let mut left = until.since(step.asked_at);
    let whole = match &step.kind {
        StepKind::Chat(chat) => {
            let timing = &chat.timing;
            let stages = [
                (&mut shares.queue, timing.queue),
                (&mut shares.prefill, timing.prefill),
                (&mut shares.transfer, timing.transfer),
            ];
            for (share, stage) in stages {
                let part = stage.min(left);
                *share += part;
                left = left - part;
            }
            &mut shares.decode
        }
        StepKind::Tool(_) => &mut shares.tool,
        StepKind::User(_) => &mut shares.user,
        StepKind::Sleep => &mut shares.sleep,
    };
    *whole += left;
}
