//! How answers reach the agent: each ends a step, then is delivered.

use std::sync::Arc;

use super::{ChatUnderWay, Drive};
use crate::backend::{ChatTiming, Completion, CompletionEvent, FailedChat, Served, SessionId};
use crate::conversation::{ModelError, ToolError};
use crate::guest::{Answer, ChatAnswer, Delivery, Happening, StopCause};
use crate::observed::Observed;
use crate::record::{BurstCause, ChatEnd, ChatStep, StepKind};
use crate::seat::Asked;
use crate::time::Span;

/// An answer that ends a step of an agent.
pub(super) struct AnswerToAgent {
    pub(super) asked: Asked,
    pub(super) answer: Answer,
}

impl Drive<'_> {
    /// Ends the step that the answer belongs to, and delivers it.
    pub(super) fn answer_agent(&mut self, id: SessionId, answer: AnswerToAgent) {
        let AnswerToAgent { asked, answer } = answer;
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let Some(pending) = session.pending.remove(&asked) else {
            return;
        };
        let step = &mut session.record.steps[pending.step];
        step.ended_at = self.now;
        let failed = match (&mut step.kind, &answer) {
            (StepKind::Tool(tool), Answer::Tool(output)) => {
                tool.output = Some(output.clone());
                output.is_err()
            }
            (StepKind::User(user), Answer::User(reply)) => {
                user.answer = Some(reply.clone());
                reply.is_err()
            }
            (StepKind::Chat(chat), Answer::Chat(Err(error))) => {
                chat.end = ChatEnd::Failed(error.clone());
                chat.timing = ChatTiming {
                    queue: step.ended_at.since(step.asked_at),
                    ..ChatTiming::default()
                };
                true
            }
            _ => false,
        };
        *(if failed { &mut self.counts.failed } else { &mut self.counts.answered }) += 1;
        (self.stage.on_step_end)(id, step);
        let cause = BurstCause::Step(pending.step);
        self.deliver(id, asked.seat, Delivery::Answer(asked.ask, answer), cause);
    }

    /// Takes what came out of a machine.
    pub(super) fn completed(&mut self, machine: usize, completion: Completion) {
        let call = completion.call;
        match completion.event {
            CompletionEvent::Progress { output_tokens, timing, text } => {
                if let Some(chat) = self.chats.get_mut(&call) {
                    let (id, asked) = (chat.session, chat.asked);
                    let content = text.unwrap_or_else(|| chat.text_up_to(output_tokens));
                    self.deliver_chunk(id, asked, content, output_tokens, timing);
                }
            }
            CompletionEvent::Served(served) => {
                if let Some(chat) = self.chats.remove(&call) {
                    self.served(machine, chat, served);
                }
            }
            CompletionEvent::Failed(FailedChat { error, observed }) => {
                if let Some(chat) = self.chats.remove(&call) {
                    self.note_observed(&chat, observed);
                    let answer =
                        AnswerToAgent { asked: chat.asked, answer: Answer::Chat(Err(error)) };
                    self.answer_agent(chat.session, answer);
                }
            }
        }
    }

    fn note_observed(&mut self, chat: &ChatUnderWay, observed: Option<Arc<Observed>>) {
        let Some(session) = self.running.get_mut(&chat.session) else {
            return;
        };
        let Some(pending) = session.pending.get(&chat.asked) else {
            return;
        };
        if let StepKind::Chat(step) = &mut session.record.steps[pending.step].kind {
            step.observed = observed;
        }
    }

    fn deliver_chunk(
        &mut self,
        id: SessionId,
        asked: Asked,
        content: String,
        output_tokens: u64,
        timing: ChatTiming,
    ) {
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let Some(pending) = session.pending.get(&asked) else {
            return;
        };
        let cause = BurstCause::Step(pending.step);
        if let StepKind::Chat(chat) = &mut session.record.steps[pending.step].kind {
            chat.timing = timing;
            chat.usage.output_tokens = output_tokens;
        }
        let answer = Answer::Chunk { content, output_tokens };
        self.deliver(id, asked.seat, Delivery::Answer(asked.ask, answer), cause);
    }

    fn served(&mut self, machine: usize, chat: ChatUnderWay, served: Served) {
        let ChatUnderWay { session: id, asked, message, .. } = chat;
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let Some(pending) = session.pending.get(&asked) else {
            return;
        };
        let Some((message, finish_reason)) = served.words.or(message) else {
            let error = ModelError::Unavailable("the machine gave no words".to_owned());
            let answer = AnswerToAgent { asked, answer: Answer::Chat(Err(error)) };
            return self.answer_agent(id, answer);
        };
        session.spent_usd += served.cost_usd.unwrap_or(0.0);
        let step = &mut session.record.steps[pending.step];
        let asked_at = step.asked_at;
        let took = self.now.since(asked_at);
        assert_eq!(served.timing.end_to_end(), took, "the parts of a chat sum to its time");
        if let StepKind::Chat(chat) = &mut step.kind {
            **chat = ChatStep {
                end: ChatEnd::Replied(finish_reason),
                usage: served.usage,
                timing: served.timing,
                energy_j: served.energy_j,
                cost_usd: served.cost_usd,
                reply: Some(message.clone()),
                observed: served.observed,
                ..(**chat).clone()
            };
        }
        let machine = &self.stage.machines[machine];
        let answer = ChatAnswer {
            message,
            finish_reason,
            usage: served.usage,
            timing: served.timing,
            model: machine.model.clone(),
            machine: machine.name.clone(),
        };
        self.answer_agent(id, AnswerToAgent { asked, answer: Answer::Chat(Ok(answer)) });
    }

    /// A plugin finished a call.
    pub(super) fn tool_answered(
        &mut self,
        id: SessionId,
        seat: usize,
        call: u64,
        compute: Span,
        happening: Happening,
    ) {
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let Some(under_way) = session.seats[seat].calls.remove(&call) else {
            return;
        };
        let Happening::ToolAnswer { output, .. } = happening else {
            return;
        };
        if let Some(pending) = session.pending.get(&under_way.asked) {
            let step = pending.step;
            session.tool_step(step).compute = compute;
        }
        let answer = AnswerToAgent { asked: under_way.asked, answer: Answer::Tool(output) };
        self.answer_agent(id, answer);
    }

    /// A plugin was stopped: its calls fail, and so will later ones. The session goes on, since the
    /// agent may know what to do without the tool.
    pub(super) fn plugin_stopped(&mut self, id: SessionId, seat: usize, cause: StopCause) {
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let compute = session.seats[seat].compute;
        let calls = std::mem::take(&mut session.seats[seat].calls);
        session.seats[seat].ended = Some(cause.clone());
        for under_way in calls.into_values() {
            let session = self.running.get_mut(&id).expect("looked up above");
            if let Some(pending) = session.pending.get(&under_way.asked) {
                let step = pending.step;
                let before = under_way.compute_before.unwrap_or(compute);
                session.tool_step(step).compute = compute.saturating_sub(before);
            }
            let error = ToolError::Crashed(cause.message.clone());
            self.answer_after(id, under_way.asked, Span::ZERO, Answer::Tool(Err(error)));
        }
    }
}

impl ChatUnderWay {
    /// The text between what was sent and this many tokens.
    fn text_up_to(&mut self, output_tokens: u64) -> String {
        match &self.message {
            Some((message, _)) => self.cut.up_to(&message.content, output_tokens).to_owned(),
            None => String::new(),
        }
    }
}
