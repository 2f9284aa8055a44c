//! What a run did, as far as its times rest on it: who waits for whom, and what each step is.
//!
//! A journal is what a re-timing takes, and a replay without agents: it holds no instant but those
//! at which sessions arrive, since all others follow.

use std::sync::Arc;

use timeslip_timeline::backend::{PlannedTokens, ReplyLength, ReplyPart};
use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::{Instant, Span};

/// A run without its times.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// When its sessions start.
    pub load: Load,
    /// In the order in which they start.
    pub sessions: Vec<Arc<JournalSession>>,
}

/// When sessions start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// At most this many at once; the next starts when one ends.
    AtOnce(usize),
    /// Each when it arrives.
    Arrivals,
}

/// A session without its times.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalSession {
    /// Ignored where sessions start when others end.
    pub arrives_at: Instant,
    /// In the order of their asking.
    pub steps: Vec<JournalStep>,
    /// When it ends.
    pub ends: Moment,
}

/// A step without its times.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalStep {
    /// When it begins.
    pub begins: Moment,
    /// What gives it its end.
    pub work: Work,
    pub(crate) recorded: Recorded,
}

/// An instant that follows from others: when the last of the steps has ended, or the session has
/// begun, and the agent has then computed for `gap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Steps of the session, in order; none for the session's beginning.
    pub after: Vec<usize>,
    /// The agent's computing from then on.
    pub gap: Span,
}

/// What gives a step its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The machine.
    Chat(ChatWork),
    /// The record: it takes so long.
    Lasts(Span),
    /// The agent that is the tool, with the last of its own steps behind it.
    Delegated {
        /// When it is done.
        until: Moment,
    },
    /// The agent, which no longer waits for it.
    GivenUp {
        /// What a machine works on until then.
        chat: Option<ChatWork>,
        /// When it is given up; `None` when the end of the session does it.
        until: Option<Moment>,
    },
}

/// What a machine is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatWork {
    /// The machine, by its name.
    pub machine: Arc<str>,
    /// The model.
    pub model: Arc<str>,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// The prompt's parts.
    pub prompt: Arc<[PromptPart]>,
    /// The reply as it stands in a later prompt, where one holds it.
    pub reply_part: Option<PromptPart>,
    /// `None` for a reply that is given up before its end: how long it would have been is unknown,
    /// and nothing rests on it.
    pub output_tokens: Option<u64>,
}

impl ChatWork {
    /// The tokens that a machine is handed.
    pub fn planned_tokens(&self) -> PlannedTokens {
        let reply = ReplyLength::of(self.output_tokens.unwrap_or(u64::MAX));
        PlannedTokens {
            input_tokens: self.input_tokens,
            prompt: self.prompt.clone(),
            reply_part: self.reply_part.map(|part| ReplyPart::of(part, reply)),
            max_output_tokens: None,
            reply,
        }
    }
}

/// What a step adds to the sums of a run where no machine says it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) model_calls: i64,
    pub(crate) tool_calls: i64,
    pub(crate) input_tokens: u64,
    pub(crate) cached_input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) usd: Option<f64>,
    pub(crate) joules: Option<f64>,
}

/// Gives each chat its reply as a later prompt of the session holds it: the assistant's message
/// that follows there on all that this chat has read.
pub(crate) fn find_reply_parts(steps: &mut [JournalStep]) {
    let prompts: Vec<(usize, Arc<[PromptPart]>)> = steps
        .iter()
        .enumerate()
        .filter_map(|(place, step)| Some((place, step.work.chat()?.prompt.clone())))
        .collect();
    for (index, (place, prompt)) in prompts.iter().enumerate() {
        let reply = prompts[index + 1..].iter().find_map(|(_, later)| reply_after(prompt, later));
        if let Some(chat) = steps[*place].work.chat_mut() {
            chat.reply_part = reply;
        }
    }
}

fn reply_after(prompt: &[PromptPart], later: &[PromptPart]) -> Option<PromptPart> {
    use timeslip_timeline::conversation::{PromptPartKind, Role};
    let reply = later.get(prompt.len())?;
    // The last part differs in most prompts that do not go on, so it is looked at first.
    let goes_on = prompt.last()? == &later[prompt.len() - 1] && later.starts_with(prompt);
    (goes_on && reply.kind == PromptPartKind::Message(Role::Assistant)).then_some(*reply)
}

impl Work {
    /// When an agent ends it, where one does.
    pub fn ended_by_an_agent(&self) -> Option<&Moment> {
        match self {
            Work::Delegated { until } => Some(until),
            Work::GivenUp { until, .. } => until.as_ref(),
            Work::Chat(_) | Work::Lasts(_) => None,
        }
    }

    fn chat(&self) -> Option<&ChatWork> {
        match self {
            Work::Chat(chat) | Work::GivenUp { chat: Some(chat), .. } => Some(chat),
            _ => None,
        }
    }

    fn chat_mut(&mut self) -> Option<&mut ChatWork> {
        match self {
            Work::Chat(chat) | Work::GivenUp { chat: Some(chat), .. } => Some(chat),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{PromptPartKind, Role};

    use super::*;

    fn chat(digests: &[u64]) -> JournalStep {
        let roles = [Role::User, Role::Assistant];
        let part = |(place, digest): (usize, &u64)| PromptPart {
            kind: PromptPartKind::Message(roles[place % 2]),
            tokens: 1,
            digest: *digest,
        };
        let work = ChatWork {
            machine: "m".into(),
            model: "m".into(),
            input_tokens: 1,
            prompt: digests.iter().enumerate().map(part).collect(),
            reply_part: None,
            output_tokens: Some(1),
        };
        JournalStep {
            begins: Moment::default(),
            work: Work::Chat(work),
            recorded: Recorded::default(),
        }
    }

    #[test]
    fn a_reply_is_what_the_assistant_says_after_the_same_beginning() {
        let mut steps = [chat(&[1]), chat(&[9, 8, 7]), chat(&[1, 2, 3]), chat(&[1, 2, 3, 4, 5])];
        find_reply_parts(&mut steps);
        let replies: Vec<Option<u64>> = steps
            .iter()
            .map(|step| step.work.chat().unwrap().reply_part.map(|part| part.digest))
            .collect();
        assert_eq!(replies, [Some(2), None, Some(4), None]);
    }
}
