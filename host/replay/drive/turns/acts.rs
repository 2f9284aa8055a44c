//! What the agent of a slip's session did, done again.

use std::sync::Arc;

use timeslip_gate::attribute::journal::{ChatWork, Work};

use super::{Driver, Due};
use crate::drive::journal::{Act, StepKind};
use crate::drive::sessions::SessionKey;
use crate::source::Plan;

impl Driver<'_> {
    pub(super) fn act(&mut self, key: SessionKey, act: Act) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Plan::Journal(run) = &mut session.plan else {
            return;
        };
        match act {
            Act::GiveUp(step) => {
                if let Some(call) = run.steps[step as usize].call.take() {
                    self.cancel(call);
                }
                self.over(key, step);
            }
            Act::Begin(step) => self.begin(key, step),
            Act::End => {
                let succeeds = run.template.succeeds;
                self.end_session(key, succeeds);
            }
        }
    }

    fn begin(&mut self, key: SessionKey, step: u32) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Plan::Journal(run) = &mut session.plan else {
            return;
        };
        let state = &mut run.steps[step as usize];
        state.began_at = Some(self.now);
        let given_up_before = state.ended_at.is_some();
        let template = Arc::clone(&run.template);
        if template.kinds[step as usize] == StepKind::Tool {
            self.figures.tool_called();
        }
        let chat = match &template.work[step as usize] {
            Work::Lasts(span) => {
                return self.due.schedule(self.now + *span, Due::Over(key, step));
            }
            Work::Chat(chat) => chat,
            Work::GivenUp { chat: Some(chat), .. } if !given_up_before => chat,
            Work::GivenUp { .. } | Work::Delegated { .. } => return,
        };
        let tokens = run.planned_tokens(chat);
        let machine = self.machine_for(chat);
        let call = self.submit(key, step, machine, tokens);
        if let Some(session) = self.sessions.get_mut(key)
            && let Plan::Journal(run) = &mut session.plan
        {
            run.steps[step as usize].call = Some(call);
        }
    }

    /// The machine that served the chat; where there is none of its name, one that serves its
    /// model, or else the first.
    fn machine_for(&self, chat: &ChatWork) -> usize {
        let named = self.machines.iter().position(|machine| machine.name == chat.machine);
        let serving = || self.machines.iter().position(|machine| machine.model == chat.model);
        named.or_else(serving).unwrap_or(0)
    }

    pub(super) fn over(&mut self, key: SessionKey, step: u32) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Plan::Journal(run) = &mut session.plan
            && run.over(step, self.now)
        {
            self.touched.push(key);
        }
    }
}
