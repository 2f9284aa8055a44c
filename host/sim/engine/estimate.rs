//! What a modelled machine expects of a chat that it has not been given.
//!
//! It rests on the costs of steps and on the queue as it stands: tokens still to be read before the
//! chat's own, and replies under way, which share its steps. What comes later, a cached beginning
//! of the prompt and the lengths of the replies under way are not known to it.

use timeslip_timeline::backend::{Estimate, Submission};
use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use super::call::{Call, Place};
use super::group::{Duty, Group};
use crate::cost::Work;

/// Time and dollars.
#[derive(Clone, Copy, Debug, Default)]
struct Expense {
    seconds: f64,
    dollars: f64,
}

/// A prompt, or what is left of it after `past` tokens.
#[derive(Clone, Copy, Debug)]
struct Unread {
    past: u64,
    tokens: u64,
}

impl ModelledMachine {
    /// What a chat that came at `at` would take; `None` for one that would be refused.
    pub(super) fn expected(&self, at: Instant, work: &Submission) -> Option<Estimate> {
        let tokens = work.tokens.as_ref()?;
        if self.refusal(work).is_some() {
            return None;
        }
        let input_tokens = tokens.input_tokens.max(1);
        let output_tokens = tokens.max_output_tokens.unwrap_or(1).max(1);
        let reader = self.least_outstanding(self.groups[0].duty)?;
        let first = &self.groups[reader];
        let read = self.reading(at, reader, input_tokens);
        let (between, moving) = match first.duty {
            Duty::Both => (self.writing(at, first, input_tokens, output_tokens), 0.0),
            Duty::Read | Duty::Write => {
                let decode = &self.groups[self.least_outstanding(Duty::Write)?];
                let between = self.writing(at, decode, input_tokens, output_tokens);
                (between, self.moving_seconds(at, input_tokens) + between.seconds)
            }
        };
        let front_end = self.front_end(at, input_tokens);
        let priced = self.deployment.pools.iter().all(|pool| pool.usd_per_hour.is_some());
        let written = match first.duty {
            // The step that reads the prompt's last tokens writes the reply's first.
            Duty::Both => output_tokens - 1,
            Duty::Read | Duty::Write => output_tokens,
        };
        let steps_per_token = 1.0 / self.deployment.mean_tokens_per_step();
        let dollars = read.dollars + between.dollars * steps_per_token * written as f64;
        Some(Estimate {
            time_to_first_token: front_end + Span::from_seconds_f64(read.seconds + moving),
            inter_token: Span::from_seconds_f64(between.seconds * steps_per_token),
            cost_usd: priced.then_some(dollars),
        })
    }

    /// Reading the prompts ahead and then this one, in steps beside the replies under way; a chat
    /// whose prompt is read goes on to write where the group does both.
    fn reading(&self, at: Instant, reader: usize, input_tokens: u64) -> Expense {
        let group = &self.groups[reader];
        let mut expense = Expense::default();
        let mut writing = self.contexts(at, group);
        let mut ahead = self.unread_prompts(reader);
        ahead.push(Unread { past: 0, tokens: input_tokens });
        let (mut next, last) = (0, ahead.len() - 1);
        while next <= last {
            let mut work = self.work_beside(&writing);
            let mut left = self.deployment.tokens_per_step.max(1);
            let mut own = false;
            while left > 0 && next <= last {
                let Unread { past, tokens } = &mut ahead[next];
                let chunk = left.min(*tokens);
                work.add_prefill(*past, chunk, chunk == *tokens);
                (*past, *tokens, left) = (*past + chunk, *tokens - chunk, left - chunk);
                own = next == last;
                if *tokens == 0 {
                    writing.extend((group.duty == Duty::Both).then_some(*past));
                    next += 1;
                }
            }
            let seconds = group.pool.cost.seconds(&work);
            expense.seconds += seconds;
            if own {
                expense.dollars += self.share_of(group, &work, seconds);
            }
        }
        expense
    }

    /// One step of the reply, half of which is written, beside the replies under way.
    fn writing(
        &self,
        at: Instant,
        group: &Group,
        input_tokens: u64,
        output_tokens: u64,
    ) -> Expense {
        let mut contexts = self.contexts(at, group);
        contexts.push(input_tokens.saturating_add(output_tokens / 2));
        let work = self.work_beside(&contexts);
        let seconds = group.pool.cost.seconds(&work);
        Expense { seconds, dollars: self.share_of(group, &work, seconds) }
    }

    /// A step of replies that look back at so many tokens.
    fn work_beside(&self, contexts: &[u64]) -> Work {
        let mut work = self.deployment.no_work();
        let mut room = self.deployment.draft_room();
        for context in contexts {
            work.add_drafted(*context, self.deployment.proposed(*context, &mut room));
        }
        work
    }

    /// One chat's share of the dollars of a step.
    fn share_of(&self, group: &Group, work: &Work, seconds: f64) -> f64 {
        group.dollars_per_second * seconds / work.calls as f64
    }

    /// What the chats that write in a group look back at, the steps counted that are over by now.
    fn contexts(&self, at: Instant, group: &Group) -> Vec<u64> {
        let meanwhile = group.series.steps_over(at);
        let calls = group.running.iter().map(|slot| &self.calls[*slot]);
        let writing = calls.filter(|call| call.unread == 0);
        writing.map(|call| call.tokens() + meanwhile).collect()
    }

    /// What a group reads before the prompt of a new chat: prompts of its own chats, and its part of
    /// those that no group has yet.
    fn unread_prompts(&self, reader: usize) -> Vec<Unread> {
        let running = self.groups[reader].running.iter().map(|slot| &self.calls[*slot]);
        let waits = |call: &&Call| call.place == Place::Waiting && call.first_group == reader;
        let own = running.chain(self.calls.values().filter(waits));
        let duty = self.groups[reader].duty;
        let readers = self.groups.iter().filter(|group| group.duty == duty).count();
        let arriving = self.calls.values().filter(|call| call.place == Place::FrontEnd);
        let ahead = own.chain(arriving.step_by(readers.max(1)));
        let unread =
            |call: &Call| Unread { past: call.tokens() - call.unread, tokens: call.unread };
        ahead.filter(|call| call.unread > 0).map(unread).collect()
    }

    /// From the read prompt until its KV has arrived, behind the transfers under way.
    fn moving_seconds(&self, at: Instant, input_tokens: u64) -> f64 {
        let Some(link) = self.deployment.link else {
            return 0.0;
        };
        let busy = self.paths.free_at().max(at).since(at).as_seconds_f64();
        let (_, arriving) = link.transfer_seconds(self.deployment.transfer_bytes(input_tokens));
        busy + arriving
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use timeslip_timeline::backend::{
        Backend, CallId, CompletionEvent, PlannedTokens, ReplyLength, Served, SessionId,
    };
    use timeslip_timeline::conversation::{ChatOptions, ChatRequest};

    use super::*;
    use crate::catalogue::Catalogue;

    fn machine(name: &str) -> ModelledMachine {
        let catalogue = Catalogue::built_in();
        ModelledMachine::new(catalogue.deploy(name, Some("llama-3.3-70b")).expect("it is built in"))
    }

    fn chat(input_tokens: u64, output_tokens: u64) -> Submission {
        let request = ChatRequest {
            model: None,
            messages: Vec::new(),
            tools: Vec::new(),
            options: ChatOptions::default(),
        };
        let tokens = PlannedTokens {
            input_tokens,
            prompt: Arc::default(),
            reply_part: None,
            max_output_tokens: Some(output_tokens),
            reply: ReplyLength::of(output_tokens),
        };
        Submission::planned(SessionId(0), "llama-3.3-70b".into(), Arc::new(request), tokens)
    }

    fn served(mut machine: ModelledMachine, work: Submission) -> Served {
        machine.submit(Instant::ZERO, CallId(99), work);
        loop {
            let completion = machine.next(None).expect("it answers");
            if let (CallId(99), CompletionEvent::Served(served)) =
                (completion.call, completion.event)
            {
                return served;
            }
        }
    }

    fn assert_near(expected: f64, came: f64, within: f64, what: &str) {
        assert!((expected / came - 1.0).abs() < within, "{what}: expected {expected}, came {came}");
    }

    #[test]
    fn an_idle_machine_expects_what_comes() {
        for name in [
            "rubin-groq3",
            "rubin-groq3-afd",
            "groqrack-9",
            "cerebras-cs3-4",
            "h200-8",
            "dgx-spark",
        ] {
            let estimate =
                machine(name).estimate(Instant::ZERO, &chat(20_000, 300)).expect("it can say");
            let served = served(machine(name), chat(20_000, 300));
            let (expected, came) = (estimate.end_to_end(300), served.timing.end_to_end());
            assert_near(expected.as_seconds_f64(), came.as_seconds_f64(), 0.01, name);
            let first = estimate.time_to_first_token.as_seconds_f64();
            let came = served.timing.time_to_first_token.as_seconds_f64();
            assert_near(first, came, 0.01, name);
            match (estimate.cost_usd, served.cost_usd) {
                (Some(expected), Some(came)) => assert_near(expected, came, 0.01, name),
                (expected, came) => assert_eq!(expected, came, "{name}"),
            }
        }
    }

    /// How many proposed tokens are accepted differs from chat to chat.
    #[test]
    fn a_machine_that_drafts_expects_what_comes_on_average() {
        let name = "rubin-groq3-draft";
        let estimate = machine(name).estimate(Instant::ZERO, &chat(2_000, 3_000));
        let estimate = estimate.expect("it can say").end_to_end(3_000).as_seconds_f64();
        let served = served(machine(name), chat(2_000, 3_000));
        assert_near(estimate, served.timing.end_to_end().as_seconds_f64(), 0.04, name);
    }

    #[test]
    fn prompts_ahead_are_waited_for() {
        let mut busy = machine("dgx-spark");
        for call in 0..4 {
            busy.submit(Instant::ZERO, CallId(call), chat(20_000, 300));
        }
        let estimate = busy.estimate(Instant::ZERO, &chat(1_000, 10)).expect("it can say");
        let came = served(busy, chat(1_000, 10)).timing.time_to_first_token;
        assert_near(
            estimate.time_to_first_token.as_seconds_f64(),
            came.as_seconds_f64(),
            0.2,
            "time to first token",
        );
    }

    #[test]
    fn a_chat_that_would_be_refused_is_not_expected_to_take_any_time() {
        assert_eq!(machine("h200-8").estimate(Instant::ZERO, &chat(10_000_000, 1)), None);
    }
}
