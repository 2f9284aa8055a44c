//! What guests ask, and what becomes of it.

use std::sync::Arc;

use super::answers::AnswerToAgent;
use super::routes::Candidates;
use super::{ChatUnderWay, Drive, Due};
use crate::backend::{
    CallId, ChatTiming, PlannedTokens, Reply, ReplyLength, ReplyPart, Said, SessionId, Submission,
    UserReply, WordsError,
};
use crate::conversation::{ChatRequest, PromptPart, ToolError, Usage, UserError, nearest};
use crate::guest::{Answer, Ask, AskId, Delivery, Happening, StopCause};
use crate::observed::RecordedFailure;
use crate::record::{BurstCause, ChatEnd, ChatStep, SessionOutcome, StepKind, ToolStep, UserStep};
use crate::session::{AGENT, Pending, ToolCallUnderWay};
use crate::time::{Instant, Span};

impl Drive<'_> {
    /// Performs what a guest did, at the instant at which it did it.
    pub(super) fn happened(
        &mut self,
        id: SessionId,
        seat: usize,
        burst: usize,
        happening: Happening,
    ) {
        if !self.running.contains_key(&id) {
            return;
        }
        match happening {
            Happening::Asked(ask, wanted) if seat == AGENT => {
                self.counts.asked += 1;
                match wanted {
                    Ask::Chat { request, stream } => {
                        self.asked_chat(id, burst, ask, request, stream)
                    }
                    Ask::Tool { name, arguments } => {
                        self.asked_tool(id, burst, ask, name, arguments);
                    }
                    Ask::User { message } => self.asked_user(id, burst, ask, message),
                    Ask::Sleep(span) => self.asked_sleep(id, burst, ask, span),
                    Ask::Fetch(_) => unreachable!("the agent's world has no HTTP"),
                }
            }
            Happening::Asked(ask, Ask::Sleep(span)) => {
                let delivery = Delivery::Answer(ask, Answer::Slept);
                let due = Due::Deliver { session: id, seat, delivery, cause: BurstCause::Busy };
                self.schedule(self.now + span, due);
            }
            Happening::Asked(ask, Ask::Fetch(request)) => self.asked_fetch(id, seat, ask, request),
            Happening::Dropped(ask) if seat == AGENT => self.dropped(id, ask),
            Happening::Dropped(ask) => self.dropped_by_plugin(id, seat, ask),
            // The tool world offers plugins nothing else to wait for.
            _ => {}
        }
    }

    fn begin_step(&mut self, id: SessionId, burst: usize, ask: AskId, kind: StepKind) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let step = session.begin_step(self.now, burst, kind);
        let before = session.pending.insert(ask, Pending { step, call: None, is_due: false });
        assert!(before.is_none(), "a guest uses the number of an ask once");
    }

    /// Answers an ask later; nothing else happens to it until then.
    pub(super) fn answer_after(&mut self, id: SessionId, ask: AskId, after: Span, answer: Answer) {
        let at = self.now + after;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        if let Some(pending) = session.pending.get_mut(&ask) {
            pending.is_due = at < Instant::END;
        }
        let answer = AnswerToAgent { ask, answer };
        self.schedule(at, Due::Answer { session: id, answer });
    }

    fn asked_chat(
        &mut self,
        id: SessionId,
        burst: usize,
        ask: AskId,
        request: Arc<ChatRequest>,
        stream: bool,
    ) {
        let candidates = self.candidates(id, request.model.as_deref());
        let model = match &candidates {
            Ok(candidates) => candidates.model.clone(),
            Err(_) => Arc::from(request.model.as_deref().unwrap_or_default()),
        };
        let only = candidates.as_ref().ok().and_then(Candidates::only);
        let step = ChatStep {
            request: request.clone(),
            model: model.clone(),
            machine: only.map_or(Arc::from(""), |index| self.stage.machines[index].name.clone()),
            route: None,
            prompt: Arc::default(),
            end: ChatEnd::Cancelled,
            usage: Usage::default(),
            timing: ChatTiming::default(),
            energy_j: None,
            cost_usd: None,
            reply: None,
            observed: None,
        };
        self.begin_step(id, burst, ask, StepKind::Chat(Box::new(step)));
        let candidates = match candidates {
            Ok(candidates) => candidates,
            Err(error) => {
                return self.answer_after(id, ask, Span::ZERO, Answer::Chat(Err(error)));
            }
        };
        let session = &self.running[&id];
        match self.stage.words.answer(&session.words, &model, &request) {
            Ok(Said::Reply(reply)) => {
                let work = modelled(id, model, request, &reply, stream);
                let prompt = reply.prompt.clone();
                self.submit(&candidates, ask, work, prompt, Some(*reply));
            }
            Ok(Said::LeftToMachine(prompt)) => {
                let counted_input_tokens = prompt.tokens;
                let work = Submission {
                    session: id,
                    model,
                    request,
                    tokens: None,
                    counted_input_tokens,
                    recorded: None,
                    stream,
                };
                self.submit(&candidates, ask, work, prompt.parts, None);
            }
            Ok(Said::Failed(failure)) => self.failed_as_recorded(id, ask, *failure),
            Err(error) => self.no_words(id, error),
        }
    }

    fn submit(
        &mut self,
        candidates: &Candidates,
        ask: AskId,
        work: Submission,
        prompt: Arc<[PromptPart]>,
        reply: Option<Reply>,
    ) {
        let (machine, route) = self.route(candidates, &work);
        let call = CallId(self.next_call);
        self.next_call += 1;
        let session = self.running.get_mut(&work.session).expect("checked by the caller");
        let pending = session.pending.get_mut(&ask).expect("its step has begun");
        pending.call = Some((machine, call));
        let step = pending.step;
        if let StepKind::Chat(chat) = &mut session.record.steps[step].kind {
            chat.prompt = prompt;
            chat.machine = self.stage.machines[machine].name.clone();
            chat.route = route;
        }
        let output_tokens = reply.as_ref().map_or(1, |reply| reply.output_tokens.max(1));
        let under_way = ChatUnderWay {
            session: work.session,
            ask,
            message: reply.map(|reply| (reply.message, reply.finish_reason)),
            output_tokens,
            sent_bytes: 0,
        };
        self.chats.insert(call, under_way);
        self.stage.machines[machine].backend.submit(self.now, call, work);
    }

    /// A failure that is played back: no machine is asked.
    fn failed_as_recorded(&mut self, id: SessionId, ask: AskId, failure: RecordedFailure) {
        let RecordedFailure { error, after, observed } = failure;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let step = session.pending[&ask].step;
        if let StepKind::Chat(chat) = &mut session.record.steps[step].kind {
            chat.observed = Some(observed);
        }
        self.answer_after(id, ask, after, Answer::Chat(Err(error)));
    }

    fn no_words(&mut self, id: SessionId, error: WordsError) {
        let cause = StopCause { kind: error.kind, message: error.message };
        self.end_session(id, SessionOutcome::Stopped(cause));
    }

    fn asked_tool(
        &mut self,
        id: SessionId,
        burst: usize,
        ask: AskId,
        name: Arc<str>,
        arguments: Arc<str>,
    ) {
        let step = ToolStep {
            tool: name.clone(),
            arguments: arguments.clone(),
            compute: Span::ZERO,
            fetches: Vec::new(),
            output: None,
        };
        self.begin_step(id, burst, ask, StepKind::Tool(Box::new(step)));
        let Some(&plugin) = self.stage.tools.get(&name) else {
            let known = self.stage.tools.keys().map(|name| &**name);
            let message = match nearest(&name, known) {
                Some(near) => format!("\"{name}\"; the nearest is \"{near}\""),
                None => format!("\"{name}\""),
            };
            let error = ToolError::UnknownTool(message);
            return self.answer_after(id, ask, Span::ZERO, Answer::Tool(Err(error)));
        };
        let seat_index = plugin + 1;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let seat = &mut session.seats[seat_index];
        if let Some(cause) = &seat.ended {
            let error = ToolError::Crashed(format!(
                "the plugin was stopped earlier in this session: {}",
                cause.message
            ));
            return self.answer_after(id, ask, Span::ZERO, Answer::Tool(Err(error)));
        }
        let call = self.next_tool_call;
        self.next_tool_call += 1;
        seat.calls.insert(call, ToolCallUnderWay { ask, compute_before: None });
        let delivery = Delivery::ToolCall { call, name, arguments };
        self.deliver(id, seat_index, delivery, BurstCause::Start);
    }

    fn asked_user(&mut self, id: SessionId, burst: usize, ask: AskId, message: String) {
        let step = UserStep { message: message.clone(), answer: None };
        self.begin_step(id, burst, ask, StepKind::User(step));
        let session = self.running.get_mut(&id).expect("checked by the caller");
        match self.stage.words.user_answer(&session.words, &message) {
            Ok(UserReply::Answer { text, after }) => {
                self.answer_after(id, ask, after, Answer::User(Ok(text)));
            }
            Ok(UserReply::Nobody) => {
                let message = "these words have no user; give the bench a user's answers";
                let error = UserError::Nobody(message.to_owned());
                self.answer_after(id, ask, Span::ZERO, Answer::User(Err(error)));
            }
            Ok(UserReply::Gone) => {
                let error = UserError::Gone("the recorded user says no more".to_owned());
                self.answer_after(id, ask, Span::ZERO, Answer::User(Err(error)));
            }
            Err(error) => self.no_words(id, error),
        }
    }

    fn asked_sleep(&mut self, id: SessionId, burst: usize, ask: AskId, span: Span) {
        self.begin_step(id, burst, ask, StepKind::Sleep);
        self.answer_after(id, ask, span, Answer::Slept);
    }

    /// The agent no longer wants an answer. A machine stops working on it; a plugin does not.
    fn dropped(&mut self, id: SessionId, ask: AskId) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let Some(pending) = session.pending.remove(&ask) else {
            return;
        };
        session.cancel_step(pending.step, self.now);
        self.counts.cancelled += 1;
        if let Some((machine, call)) = pending.call {
            self.chats.remove(&call);
            self.stage.machines[machine].backend.cancel(self.now, call);
        }
    }
}

/// The chat whose reply is planned.
fn modelled(
    session: SessionId,
    model: Arc<str>,
    request: Arc<ChatRequest>,
    reply: &Reply,
    stream: bool,
) -> Submission {
    let length = ReplyLength::of(reply.output_tokens);
    let tokens = PlannedTokens {
        input_tokens: reply.input_tokens,
        prompt: reply.prompt.clone(),
        reply_part: reply.reply_part.map(|part| ReplyPart::of(part, length)),
        max_output_tokens: request.options.max_output_tokens.map(u64::from),
        reply: length,
    };
    let recorded = reply.recorded.clone();
    Submission { recorded, stream, ..Submission::planned(session, model, request, tokens) }
}
