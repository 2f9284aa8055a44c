//! Slips whose times are those of a machine, for any session that a test makes up.

use super::journal::{Journal, JournalSession, Moment, Work};
use super::journal_of;
use super::retime::{Became, NamedMachine, Retimed, retime};
use crate::slip::Slip;
use crate::step::{ChatStep, Step};
use crate::summary::{DOLLAR_STEPS, ErrorFactors, JOULE_STEPS, summarise, to_grid};

/// The slip with the times that it has on these machines: its steps wait for each other as they
/// did, and chats take what the machines say.
pub(super) fn recorded_on(slip: &Slip, mut machines: Vec<NamedMachine>) -> Slip {
    let journal = journal_of(slip);
    let times = retime(&journal, &mut machines);
    with_times(slip, &journal, &times)
}

fn with_times(slip: &Slip, journal: &Journal, times: &Retimed) -> Slip {
    let mut slip = slip.clone();
    let sessions = slip.sessions.iter_mut().zip(&times.sessions).zip(&journal.sessions);
    for ((session, times), journal) in sessions {
        // When each step begins follows from the others, as in the re-timing.
        let mut ends = Ends { journal, began: times.began_at.as_nanos(), known: Vec::new() };
        for ((step, became), work) in session.steps.iter_mut().zip(&times.steps).zip(&journal.steps)
        {
            let at = ends.instant(&work.begins);
            match step {
                Step::Chat(chat) => write_chat(chat, at, became),
                Step::Tool(tool) => tool.at_ns = at,
                Step::User(user) => user.at_ns = at,
                Step::Sleep(sleep) => sleep.at_ns = at,
            }
            ends.known.push(at + step.e2e_ns());
        }
        for (place, step) in session.steps.iter_mut().enumerate() {
            if let (Step::Tool(tool), Work::Delegated { until }) =
                (step, &journal.steps[place].work)
            {
                tool.e2e_ns = ends.instant(until) - tool.at_ns;
                tool.wait_ns = tool.e2e_ns - tool.compute_ns;
            }
        }
        session.at_ns = times.began_at.as_nanos();
        session.e2e_ns = times.ended_at.since(times.began_at).as_nanos();
    }
    slip.summary = summarise(&slip.sessions, 1, |_| ErrorFactors::default());
    slip
}

/// When the steps of a session end, as far as they are known.
struct Ends<'a> {
    journal: &'a JournalSession,
    began: u64,
    known: Vec<u64>,
}

impl Ends<'_> {
    fn instant(&self, moment: &Moment) -> u64 {
        let ends = moment.after.iter().map(|step| match &self.journal.steps[*step].work {
            // Its own steps stand above whatever waits for it.
            Work::Delegated { until } => self.instant(until),
            _ => self.known[*step],
        });
        ends.max().unwrap_or(self.began) + moment.gap.as_nanos()
    }
}

fn write_chat(chat: &mut ChatStep, at_ns: u64, became: &Became) {
    chat.at_ns = at_ns;
    let Became::Served(served) = became else {
        return;
    };
    chat.queue_ns = served.timing.queue.as_nanos();
    chat.prefill_ns = served.timing.prefill.as_nanos();
    chat.transfer_ns = served.timing.transfer.as_nanos();
    chat.decode_ns = served.timing.decode.as_nanos();
    chat.e2e_ns = served.timing.end_to_end().as_nanos();
    chat.ttft_ns = served.timing.time_to_first_token.as_nanos();
    chat.input_tokens = served.usage.input_tokens;
    chat.cached_input_tokens = served.usage.cached_input_tokens;
    chat.output_tokens = served.usage.output_tokens;
    chat.cost_usd = served.cost_usd.map(|usd| to_grid(usd, DOLLAR_STEPS));
    chat.energy_j = served.energy_j.map(|joules| to_grid(joules, JOULE_STEPS));
}
