//! What guests ask, and what becomes of it.

use std::sync::Arc;

use super::answers::AnswerToAgent;
use super::routes::Candidates;
use super::{ChatUnderWay, Drive, Due, ToolProvider, Tools};
use crate::backend::{
    CallId, ChatTiming, Reply, Said, SessionId, Submission, UserReply, WordsError,
};
use crate::conversation::{ChatRequest, PromptPart, ToolError, Usage, UserError, nearest};
use crate::cut::ReplyCut;
use crate::guest::{Answer, Ask, Delivery, Happening, StopCause};
use crate::observed::RecordedFailure;
use crate::record::{BurstCause, ChatEnd, ChatStep, SessionOutcome, StepKind, ToolStep, UserStep};
use crate::seat::{Asked, Role, ToolCallUnderWay};
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
        let Some(session) = self.running.get(&id).filter(|session| !session.seats[seat].closed)
        else {
            return;
        };
        let is_agent = session.seats[seat].role != Role::Plugin;
        match happening {
            Happening::Asked(ask, wanted) if is_agent => {
                self.counts.asked += 1;
                let asked = Asked { seat, ask };
                match wanted {
                    Ask::Chat { request, stream } => {
                        self.asked_chat(id, burst, asked, request, stream)
                    }
                    Ask::Tool { name, arguments } => {
                        self.asked_tool(id, burst, asked, name, arguments);
                    }
                    Ask::User { message } => self.asked_user(id, burst, asked, message),
                    Ask::Sleep(span) => self.asked_sleep(id, burst, asked, span),
                    Ask::Fetch(_) => unreachable!("the agent's world has no HTTP"),
                }
            }
            Happening::Asked(ask, Ask::Sleep(span)) => {
                let delivery = Delivery::Answer(ask, Answer::Slept);
                let due = Due::Deliver { session: id, seat, delivery, cause: BurstCause::Busy };
                self.schedule(self.now + span, due);
            }
            Happening::Asked(ask, Ask::Fetch(request)) => self.asked_fetch(id, seat, ask, request),
            Happening::Dropped(ask) if is_agent => self.dropped(id, Asked { seat, ask }),
            Happening::Dropped(ask) => self.dropped_by_plugin(id, seat, ask),
            // The tool world offers plugins nothing else to wait for.
            _ => {}
        }
    }

    fn begin_step(&mut self, id: SessionId, burst: usize, asked: Asked, kind: StepKind) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        session.begin_step(self.now, asked, burst, kind);
    }

    /// Answers an ask later; nothing else happens to it until then.
    pub(super) fn answer_after(
        &mut self,
        id: SessionId,
        asked: Asked,
        after: Span,
        answer: Answer,
    ) {
        let at = self.now + after;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        if let Some(pending) = session.pending.get_mut(&asked) {
            pending.is_due = at < Instant::END;
        }
        let answer = AnswerToAgent { asked, answer };
        self.schedule(at, Due::Answer { session: id, answer });
    }

    fn asked_chat(
        &mut self,
        id: SessionId,
        burst: usize,
        asked: Asked,
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
        self.begin_step(id, burst, asked, StepKind::Chat(Box::new(step)));
        let candidates = match candidates {
            Ok(candidates) => candidates,
            Err(error) => {
                return self.answer_after(id, asked, Span::ZERO, Answer::Chat(Err(error)));
            }
        };
        let session = &self.running[&id];
        match self.stage.words.answer(&session.words_of(asked.seat), &model, &request) {
            Ok(Said::Reply(reply)) => {
                let work = Submission::of_reply(id, model, request, &reply, stream);
                let prompt = reply.prompt.clone();
                self.submit(&candidates, asked, work, prompt, Some(*reply));
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
                self.submit(&candidates, asked, work, prompt.parts, None);
            }
            Ok(Said::Failed(failure)) => self.failed_as_recorded(id, asked, *failure),
            Err(error) => self.no_words(id, error),
        }
    }

    fn submit(
        &mut self,
        candidates: &Candidates,
        asked: Asked,
        work: Submission,
        prompt: Arc<[PromptPart]>,
        reply: Option<Reply>,
    ) {
        let (machine, route) = self.route(candidates, &work);
        let call = CallId(self.next_call);
        self.next_call += 1;
        let session = self.running.get_mut(&work.session).expect("checked by the caller");
        let pending = session.pending.get_mut(&asked).expect("its step has begun");
        pending.call = Some((machine, call));
        let step = pending.step;
        if let StepKind::Chat(chat) = &mut session.record.steps[step].kind {
            chat.prompt = prompt;
            chat.machine = self.stage.machines[machine].name.clone();
            chat.route = route;
        }
        let output_tokens = reply.as_ref().map_or(1, |reply| reply.output_tokens);
        let under_way = ChatUnderWay {
            session: work.session,
            asked,
            message: reply.map(|reply| (reply.message, reply.finish_reason)),
            cut: ReplyCut::of(output_tokens),
        };
        self.chats.insert(call, under_way);
        self.stage.machines[machine].backend.submit(self.now, call, work);
    }

    /// A failure that is played back: no machine is asked.
    fn failed_as_recorded(&mut self, id: SessionId, asked: Asked, failure: RecordedFailure) {
        let RecordedFailure { error, after, observed } = failure;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let step = session.pending[&asked].step;
        if let StepKind::Chat(chat) = &mut session.record.steps[step].kind {
            chat.observed = Some(observed);
        }
        self.answer_after(id, asked, after, Answer::Chat(Err(error)));
    }

    fn no_words(&mut self, id: SessionId, error: WordsError) {
        let cause = StopCause { kind: error.kind, message: error.message };
        self.end_session(id, SessionOutcome::Stopped(cause));
    }

    fn asked_tool(
        &mut self,
        id: SessionId,
        burst: usize,
        asked: Asked,
        name: Arc<str>,
        arguments: Arc<str>,
    ) {
        let step = ToolStep {
            tool: name.clone(),
            arguments: arguments.clone(),
            compute: Span::ZERO,
            delegation: None,
            fetches: Vec::new(),
            output: None,
        };
        self.begin_step(id, burst, asked, StepKind::Tool(Box::new(step)));
        let tools = self.tools_of(id, asked.seat);
        match tools.get(&name) {
            Some(ToolProvider::Plugin(plugin)) => {
                let plugin = *plugin;
                self.call_plugin(id, plugin, asked, name, arguments);
            }
            Some(ToolProvider::Agent(agent)) => {
                let agent = *agent;
                self.delegate(id, agent, asked, &arguments);
            }
            None => {
                let error = unknown_tool(&name, tools);
                self.answer_after(id, asked, Span::ZERO, Answer::Tool(Err(error)));
            }
        }
    }

    /// The tools that the agent in this seat may call.
    fn tools_of(&self, id: SessionId, seat: usize) -> &Tools {
        match self.running[&id].seats[seat].role {
            Role::Delegate(role) => &self.stage.agents[role.agent].tools,
            _ => &self.stage.tools,
        }
    }

    fn call_plugin(
        &mut self,
        id: SessionId,
        plugin: usize,
        asked: Asked,
        name: Arc<str>,
        arguments: Arc<str>,
    ) {
        let seat_index = plugin + 1;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let seat = &mut session.seats[seat_index];
        if let Some(cause) = &seat.ended {
            let error = ToolError::Crashed(format!(
                "the plugin was stopped earlier in this session: {}",
                cause.message
            ));
            return self.answer_after(id, asked, Span::ZERO, Answer::Tool(Err(error)));
        }
        let call = self.next_tool_call;
        self.next_tool_call += 1;
        seat.calls.insert(call, ToolCallUnderWay { asked, compute_before: None });
        let delivery = Delivery::ToolCall { call, name, arguments };
        self.deliver(id, seat_index, delivery, BurstCause::Start);
    }

    fn asked_user(&mut self, id: SessionId, burst: usize, asked: Asked, message: String) {
        let step = UserStep { message: message.clone(), answer: None };
        self.begin_step(id, burst, asked, StepKind::User(step));
        let session = self.running.get_mut(&id).expect("checked by the caller");
        match self.stage.words.user_answer(&session.words_of(asked.seat), &message) {
            Ok(UserReply::Answer { text, after }) => {
                self.answer_after(id, asked, after, Answer::User(Ok(text)));
            }
            Ok(UserReply::Nobody) => {
                let message = "these words have no user; give the bench a user's answers";
                let error = UserError::Nobody(message.to_owned());
                self.answer_after(id, asked, Span::ZERO, Answer::User(Err(error)));
            }
            Ok(UserReply::Gone) => {
                let error = UserError::Gone("the recorded user says no more".to_owned());
                self.answer_after(id, asked, Span::ZERO, Answer::User(Err(error)));
            }
            Err(error) => self.no_words(id, error),
        }
    }

    fn asked_sleep(&mut self, id: SessionId, burst: usize, asked: Asked, span: Span) {
        self.begin_step(id, burst, asked, StepKind::Sleep);
        self.answer_after(id, asked, span, Answer::Slept);
    }

    /// An agent no longer wants an answer. A machine, or another agent, stops working on it; a plugin
    /// does not.
    fn dropped(&mut self, id: SessionId, asked: Asked) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let given_up = session.give_up(self.now, asked);
        self.cancel(given_up);
    }
}

fn unknown_tool(name: &str, tools: &Tools) -> ToolError {
    let known = tools.keys().map(|name| &**name);
    ToolError::UnknownTool(match nearest(name, known) {
        Some(near) => format!("\"{name}\"; the nearest is \"{near}\""),
        None => format!("\"{name}\""),
    })
}
