//! A session of a slip while it is replayed: what it waits for, and what became of its steps.

use std::sync::Arc;

use timeslip_gate::attribute::journal::{ChatWork, JournalSession, Moment, Work};
use timeslip_gate::step::Step;
use timeslip_timeline::backend::{CallId, ChatTiming, PlannedTokens, ReplyPart};
use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};
use timeslip_timeline::time::Instant;

/// An act of the agent, in the order in which one turn performs them: what it gives up frees a
/// machine before the machine is asked for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    GiveUp(u32),
    Begin(u32),
    End,
}

/// What a step's time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    Chat,
    Tool,
    User,
    Sleep,
}

/// A session of a slip, as all its replays share it.
#[derive(Debug)]
pub(crate) struct Template {
    pub(super) kinds: Vec<StepKind>,
    pub(super) work: Vec<Work>,
    pub(super) begins: Vec<Moment>,
    pub(super) ends: Moment,
    /// In the order in which one turn performs them.
    pub(super) acts: Vec<(Act, Moment)>,
    /// For each step, the acts that wait for it.
    waiting: Vec<Vec<u32>>,
    pub(super) by_deadline: bool,
    pub(super) succeeds: bool,
}

impl Template {
    pub(crate) fn new(
        steps: &[Step],
        journal: &JournalSession,
        by_deadline: bool,
        succeeds: bool,
    ) -> Template {
        let kind = |step: &Step| match step {
            Step::Chat(_) => StepKind::Chat,
            Step::Tool(_) => StepKind::Tool,
            Step::User(_) => StepKind::User,
            Step::Sleep(_) => StepKind::Sleep,
        };
        let mut acts = Vec::with_capacity(journal.steps.len() + 1);
        for (place, step) in (0u32..).zip(&journal.steps) {
            if let Some(until) = step.work.ended_by_an_agent() {
                acts.push((Act::GiveUp(place), until.clone()));
            }
            acts.push((Act::Begin(place), step.begins.clone()));
        }
        acts.push((Act::End, journal.ends.clone()));
        acts.sort_by_key(|(act, _)| *act);
        let mut waiting = vec![Vec::new(); journal.steps.len()];
        for (index, (_, moment)) in (0u32..).zip(&acts) {
            moment.after.iter().for_each(|step| waiting[*step].push(index));
        }
        Template {
            kinds: steps.iter().map(kind).collect(),
            work: journal.steps.iter().map(|step| step.work.clone()).collect(),
            begins: journal.steps.iter().map(|step| step.begins.clone()).collect(),
            ends: journal.ends.clone(),
            acts,
            waiting,
            by_deadline,
            succeeds,
        }
    }
}

/// A step under way or over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepRun {
    pub(super) began_at: Option<Instant>,
    pub(super) ended_at: Option<Instant>,
    pub(super) call: Option<CallId>,
    pub(super) timing: ChatTiming,
}

/// A session under way.
#[derive(Debug)]
pub(crate) struct JournalRun {
    pub(super) template: Arc<Template>,
    /// How often the slip's sessions were replayed before.
    round: u64,
    /// For each act, how many of the steps it waits for are not over.
    missing: Vec<u32>,
    /// Acts that wait for nothing more and are not scheduled yet.
    ready: Vec<u32>,
    pub(super) steps: Vec<StepRun>,
    /// The chat whose failure ends the session.
    pub(super) failed_step: Option<u32>,
}

impl JournalRun {
    pub(crate) fn new(template: Arc<Template>, round: u64) -> JournalRun {
        let missing: Vec<u32> =
            template.acts.iter().map(|(_, moment)| moment.after.len() as u32).collect();
        let ready = (0u32..).zip(&missing).filter(|(_, missing)| **missing == 0);
        JournalRun {
            ready: ready.map(|(act, _)| act).collect(),
            missing,
            steps: vec![StepRun::default(); template.work.len()],
            template,
            round,
            failed_step: None,
        }
    }

    /// The acts that wait for nothing more, in the order of a turn.
    pub(super) fn take_ready(&mut self) -> Vec<u32> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable();
        ready
    }

    /// A step is over: what waited for it alone is ready. Says whether it was not over before.
    pub(super) fn over(&mut self, step: u32, now: Instant) -> bool {
        let run = &mut self.steps[step as usize];
        if run.ended_at.is_some() {
            return false;
        }
        run.ended_at = Some(now);
        for act in &self.template.waiting[step as usize] {
            let missing = &mut self.missing[*act as usize];
            *missing -= 1;
            if *missing == 0 {
                self.ready.push(*act);
            }
        }
        true
    }

    /// The tokens of a chat: as recorded in the first round, and with words of its own in others.
    pub(super) fn planned_tokens(&self, chat: &ChatWork) -> PlannedTokens {
        let mut tokens = chat.planned_tokens();
        if self.round > 0 {
            tokens.prompt = chat.prompt.iter().map(|part| self.own_part(*part)).collect();
            let reply = chat.reply_part.map(|part| self.own_part(part));
            tokens.reply_part = reply.map(|part| ReplyPart::of(part, tokens.reply));
        }
        tokens
    }

    /// What every session sends is the same; what users, models and tools say is not.
    fn own_part(&self, part: PromptPart) -> PromptPart {
        match part.kind {
            PromptPartKind::Tools | PromptPartKind::Message(Role::System) => part,
            PromptPartKind::Message(_) => {
                let salt = self.round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                PromptPart { digest: (part.digest ^ salt).rotate_left(23), ..part }
            }
        }
    }
}
