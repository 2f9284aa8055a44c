//! What the time of a replayed session was spent on: its critical path, as the loop that runs
//! agents accounts for it.

use timeslip_gate::slip::TimeShareNs;
use timeslip_timeline::time::{Instant, Span};

use super::journal::{JournalRun, StepKind};

/// Attributes a session's time, walking back from its end. The shares sum to its end-to-end time.
pub(super) fn critical_path(run: &JournalRun, began_at: Instant, ended_at: Instant) -> TimeShareNs {
    let mut shares = TimeShareNs::default();
    let mut until = ended_at;
    let mut moment = &run.template.ends;
    if let Some(step) = run.failed_step.or_else(|| waited_for(run)) {
        let at = run.steps[step as usize].began_at.unwrap_or(until);
        attribute(&mut shares, run, step as usize, until.since(at));
        until = at;
        moment = &run.template.begins[step as usize];
    }
    loop {
        let ended = |step: &usize| Some((run.steps[*step].ended_at?, *step));
        let last = moment.after.iter().filter_map(ended).max();
        let woken_at = last.map_or(began_at, |(at, _)| at);
        shares.agent += until.since(woken_at).as_nanos();
        let Some((_, step)) = last else {
            return shares;
        };
        let at = run.steps[step].began_at.unwrap_or(woken_at);
        attribute(&mut shares, run, step, woken_at.since(at));
        until = at;
        moment = &run.template.begins[step];
    }
}

/// What a session waited for when its deadline ended it: the earliest step that was under way.
fn waited_for(run: &JournalRun) -> Option<u32> {
    let under_way = |(place, step): (u32, &super::journal::StepRun)| {
        Some((step.began_at.filter(|_| step.ended_at.is_none())?, place))
    };
    let first = (0u32..).zip(&run.steps).filter_map(under_way).min();
    first.filter(|_| run.template.by_deadline).map(|(_, place)| place)
}

fn attribute(shares: &mut TimeShareNs, run: &JournalRun, step: usize, whole: Span) {
    let mut left = whole.as_nanos();
    match run.template.kinds[step] {
        StepKind::Tool => shares.tool += left,
        StepKind::User => shares.user += left,
        StepKind::Sleep => shares.sleep += left,
        StepKind::Chat => {
            let timing = &run.steps[step].timing;
            let is_served = timing.end_to_end() > Span::ZERO;
            let stages = [
                (&mut shares.queue, timing.queue),
                (&mut shares.prefill, timing.prefill),
                (&mut shares.transfer, timing.transfer),
            ];
            for (share, stage) in stages {
                let part = stage.as_nanos().min(left);
                *share += part;
                left -= part;
            }
            // Of a chat without a reply all time is spent waiting.
            *(if is_served { &mut shares.decode } else { &mut shares.queue }) += left;
        }
    }
}
