//! Agents that are tools of other agents: a call is a task, which an agent of its own does.

use std::sync::Arc;

use serde_json::Value;

use super::Drive;
use super::answers::AnswerToAgent;
use crate::backend::SessionId;
use crate::conversation::ToolError;
use crate::guest::{Answer, Delivery, GuestState};
use crate::record::BurstCause;
use crate::seat::{Asked, DelegateRole};
use crate::time::Span;

/// Agents that delegate to each other stop here, rather than when the memory is full.
const DEPTH_MAX: usize = 8;

/// The most delegated tasks of a session that are under way at once.
pub const DELEGATED_AT_ONCE_MAX: usize = 16;

impl Drive<'_> {
    /// Begins a delegated task.
    pub(super) fn delegate(
        &mut self,
        id: SessionId,
        agent: usize,
        caller: Asked,
        arguments: &Arc<str>,
    ) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let name = self.stage.agents[agent].name.clone();
        let task = match (session.depth(caller.seat), session.delegates_at_work()) {
            (DEPTH_MAX.., _) => Err(ToolError::Refused(format!(
                "agents delegate tasks at most {DEPTH_MAX} deep, and this one stands there; see \
                 `tools` of the agents in the bench"
            ))),
            (_, DELEGATED_AT_ONCE_MAX..) => Err(ToolError::Refused(format!(
                "a session has at most {DELEGATED_AT_ONCE_MAX} delegated tasks under way at once"
            ))),
            _ => task_of(arguments),
        };
        match task {
            Ok(input) => {
                let seat = session.seat_delegate(name, agent, caller, &input);
                self.deliver(id, seat, Delivery::Start, BurstCause::Start);
            }
            Err(error) => self.answer_after(id, caller, Span::ZERO, Answer::Tool(Err(error))),
        }
    }

    /// An agent is done with a delegated task, or was stopped: that is the output of its tool.
    pub(super) fn delegate_ended(
        &mut self,
        id: SessionId,
        seat: usize,
        role: DelegateRole,
        state: GuestState,
    ) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let compute = session.seats[seat].compute;
        if let Some(step) = session.pending.get(&role.caller).map(|pending| pending.step) {
            session.tool_step(step).compute = compute;
        }
        let given_up = session.close(self.now, seat);
        self.cancel(given_up);
        let output = match state {
            GuestState::Waiting => return,
            GuestState::Finished(Ok(answer)) => Ok(answer.into()),
            GuestState::Finished(Err(message)) => Err(ToolError::Failed(message)),
            GuestState::Stopped(cause) => Err(ToolError::Crashed(cause.message)),
        };
        let answer = AnswerToAgent { asked: role.caller, answer: Answer::Tool(output) };
        self.answer_agent(id, answer);
    }
}

/// The task in the arguments of a call: `{"task": "…"}`.
fn task_of(arguments: &str) -> Result<String, ToolError> {
    let wrong = |problem: &str| {
        let problem = format!("{problem}; give {{\"task\": \"what to do\"}}");
        ToolError::InvalidArguments(problem)
    };
    let arguments = match serde_json::from_str(arguments) {
        Ok(Value::Object(arguments)) => arguments,
        Ok(_) => return Err(wrong("the arguments are no JSON object")),
        Err(error) => return Err(wrong(&format!("the arguments are no JSON: {error}"))),
    };
    if let Some(unknown) = arguments.keys().find(|key| *key != "task") {
        return Err(wrong(&format!("there is no argument `{unknown}`")));
    }
    match arguments.get("task") {
        Some(Value::String(task)) => Ok(task.clone()),
        Some(_) => Err(wrong("`task` is no text")),
        None => Err(wrong("`task` is missing")),
    }
}
