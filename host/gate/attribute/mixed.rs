//! Two runs laid over each other: for each step, and each of its attributes, either run may say
//! what holds. All of `now` is the run as it is; with every difference undone it is `before`.

use std::sync::Arc;

use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::Instant;

use super::journal::{
    ChatWork, Journal, JournalSession, JournalStep, Load, Moment, Recorded, Work, find_reply_parts,
};

/// What each of the two runs says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pair<T> {
    pub(super) before: T,
    pub(super) now: T,
}

impl<T> Pair<T> {
    pub(super) fn as_ref(&self) -> Pair<&T> {
        Pair { before: &self.before, now: &self.now }
    }

    pub(super) fn map<U>(self, mut to: impl FnMut(T) -> U) -> Pair<U> {
        Pair { before: to(self.before), now: to(self.now) }
    }
}

impl<T> Pair<Option<T>> {
    /// What the run says that `undone` asks for, or the only one that says anything.
    fn side(&self, undone: bool) -> Option<&T> {
        let (first, second) = match undone {
            true => (&self.before, &self.now),
            false => (&self.now, &self.before),
        };
        first.as_ref().or(second.as_ref())
    }

    /// What both say, when both say something.
    pub(super) fn both(&self) -> Option<(&T, &T)> {
        self.before.as_ref().zip(self.now.as_ref())
    }
}

/// Attributes of a step that are as they were before, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes(u16);

impl Attributes {
    pub(super) const NONE: Attributes = Attributes(0);
    /// Whether it is there, for a step or a session that only one run has.
    pub(super) const PRESENCE: Attributes = Attributes(1);
    /// What it waits for.
    pub(super) const AFTER: Attributes = Attributes(1 << 1);
    /// How long the agent computes before it, and when it gives it up.
    pub(super) const GAP: Attributes = Attributes(1 << 2);
    /// What it is: answered, failed or given up.
    pub(super) const WORK: Attributes = Attributes(1 << 3);
    /// How long it takes, where no machine says it.
    pub(super) const LENGTH: Attributes = Attributes(1 << 4);
    /// The tokens of the reply.
    pub(super) const REPLY: Attributes = Attributes(1 << 5);
    /// The machine.
    pub(super) const SERVER: Attributes = Attributes(1 << 6);
    /// The tokens of the prompt that are in no part.
    pub(super) const REST_OF_PROMPT: Attributes = Attributes(1 << 7);

    /// The parts of the prompt of a kind, by its place in [`PART_KINDS`].
    pub(super) fn parts(kind: usize) -> Attributes {
        Attributes(1 << (8 + kind))
    }

    pub(super) fn and(self, other: Attributes) -> Attributes {
        Attributes(self.0 | other.0)
    }

    fn has(self, other: Attributes) -> bool {
        self.0 & other.0 != 0
    }
}

/// Something to be taken from the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undoing {
    /// The session's place among the mixed ones.
    pub(super) session: usize,
    /// The step's place; `None` for the session itself, whose end has attributes like a step.
    pub(super) step: Option<usize>,
    pub(super) attributes: Attributes,
}

/// Two runs.
#[derive(Clone, Debug)]
pub(super) struct MixedRun {
    pub(super) sessions: Vec<MixedSession>,
    pub(super) load: Pair<Load>,
    /// The places of the sessions in the order in which they start; those that a run lacks are last
    /// or beside their neighbours.
    pub(super) order: Pair<Vec<usize>>,
}

impl MixedRun {
    /// Whether the sessions of both start in another order, at other instants or for another cause.
    pub(super) fn load_differs(&self) -> bool {
        let both = |place: &&usize| self.sessions[**place].arrives_at.both().is_some();
        let instants = |session: &MixedSession| {
            session.arrives_at.both().is_some_and(|(before, now)| before != now)
        };
        self.load.before != self.load.now
            || !self.order.before.iter().filter(both).eq(self.order.now.iter().filter(both))
            || (self.load.now == Load::Arrivals && self.sessions.iter().any(instants))
    }
}

/// Two sessions, or the one that only one run has.
#[derive(Clone, Debug)]
pub(super) struct MixedSession {
    pub(super) arrives_at: Pair<Option<Instant>>,
    pub(super) steps: Vec<MixedStep>,
    pub(super) ends: Pair<Option<Moment>>,
}

/// Two steps, or the one that only one run has. Moments name the places of mixed steps.
#[derive(Clone, Debug)]
pub(super) struct MixedStep {
    pub(super) begins: Pair<Option<Moment>>,
    pub(super) work: Pair<Option<MixedWork>>,
    pub(super) recorded: Pair<Recorded>,
    /// The parts of both prompts laid over each other; none when the prompts are the same.
    pub(super) parts: Vec<MixedPart>,
}

/// What a step of one run is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MixedWork {
    pub(super) work: Work,
    /// Tokens of the prompt beyond those of its parts.
    pub(super) rest_of_prompt: i64,
}

/// A part of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MixedPart {
    /// The kind's bit.
    pub(super) attribute: Attributes,
    pub(super) part: Pair<Option<PromptPart>>,
}

/// A mixture of two runs, and the journal that it makes.
pub(super) struct Mixture {
    run: MixedRun,
    /// For each session, its own attributes that are undone, then those of its steps.
    undone: Vec<(Attributes, Vec<Attributes>)>,
    load_undone: bool,
    made: Vec<Option<Arc<JournalSession>>>,
}

impl Mixture {
    /// The run as it is now.
    pub(super) fn of(run: MixedRun) -> Mixture {
        let undone: Vec<_> = run
            .sessions
            .iter()
            .map(|session| (Attributes::NONE, vec![Attributes::NONE; session.steps.len()]))
            .collect();
        let made = run
            .sessions
            .iter()
            .zip(&undone)
            .map(|(session, (own, steps))| session.journal(*own, steps, false))
            .collect();
        Mixture { run, undone, load_undone: false, made }
    }

    /// Takes these from the run before.
    pub(super) fn undo(&mut self, undoings: &[Undoing]) {
        let mut changed = Vec::new();
        for undoing in undoings {
            let (own, steps) = &mut self.undone[undoing.session];
            let attributes = match undoing.step {
                Some(step) => &mut steps[step],
                None => own,
            };
            *attributes = attributes.and(undoing.attributes);
            changed.push(undoing.session);
        }
        changed.dedup();
        changed.into_iter().for_each(|session| self.make(session));
    }

    /// Starts the sessions as before.
    pub(super) fn undo_load(&mut self) {
        self.load_undone = true;
        (0..self.made.len()).for_each(|session| self.make(session));
    }

    fn make(&mut self, session: usize) {
        let (own, steps) = &self.undone[session];
        self.made[session] = self.run.sessions[session].journal(*own, steps, self.load_undone);
    }

    pub(super) fn journal(&self) -> Journal {
        let (load, order) = match self.load_undone {
            true => (self.run.load.before, &self.run.order.before),
            false => (self.run.load.now, &self.run.order.now),
        };
        let mut sessions: Vec<Arc<JournalSession>> =
            order.iter().filter_map(|place| self.made[*place].clone()).collect();
        if load == Load::Arrivals {
            sessions.sort_by_key(|session| session.arrives_at);
        }
        Journal { load, sessions }
    }
}

/// Whether something is there that only some runs have.
fn is_present<T>(pair: &Pair<Option<T>>, undone: Attributes) -> bool {
    match (&pair.before, &pair.now) {
        (Some(_), Some(_)) => true,
        (Some(_), None) => undone.has(Attributes::PRESENCE),
        (None, Some(_)) => !undone.has(Attributes::PRESENCE),
        (None, None) => false,
    }
}

impl MixedSession {
    fn journal(
        &self,
        own: Attributes,
        undone: &[Attributes],
        load_undone: bool,
    ) -> Option<Arc<JournalSession>> {
        if !is_present(&self.arrives_at, own) {
            return None;
        }
        let paired = self.arrives_at.both().is_some();
        // The steps of a session that only one run has are there when it is.
        let present =
            |place: usize| !paired || is_present(&self.steps[place].begins, undone[place]);
        let mut places = vec![None; self.steps.len()];
        let mut count = 0;
        for (place, new) in places.iter_mut().enumerate() {
            if present(place) {
                *new = Some(count);
                count += 1;
            }
        }
        let placed = Placed { session: self, places: &places };
        let step = |place: usize| self.steps[place].journal(undone[place], &placed);
        let mut steps: Vec<JournalStep> =
            (0..self.steps.len()).filter(|place| present(*place)).map(step).collect();
        find_reply_parts(&mut steps);
        Some(Arc::new(JournalSession {
            arrives_at: self.arrives_at.side(load_undone).copied().unwrap_or_default(),
            steps,
            ends: placed.moment(&self.ends, own),
        }))
    }
}

/// The places of a session's steps among those that are there.
struct Placed<'a> {
    session: &'a MixedSession,
    places: &'a [Option<usize>],
}

impl Placed<'_> {
    /// The moment that a mixture makes: it waits for what its own run says, and beside that for
    /// what only the other run has, where that is there.
    fn moment(&self, moment: &Pair<Option<Moment>>, undone: Attributes) -> Moment {
        let side = moment.side(undone.has(Attributes::AFTER));
        let gap = moment.side(undone.has(Attributes::GAP)).map(|moment| moment.gap);
        let mut after = side.map(|side| side.after.clone()).unwrap_or_default();
        if let Some((before, now)) = moment.both() {
            let only_one_has = |step: &usize| self.session.steps[*step].begins.both().is_none();
            after.extend(before.after.iter().chain(&now.after).copied().filter(only_one_has));
        }
        Moment { after: self.present(after), gap: gap.unwrap_or_default() }
    }

    fn present(&self, after: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut after: Vec<usize> =
            after.into_iter().filter_map(|step| self.places[step]).collect();
        after.sort_unstable();
        after.dedup();
        after
    }
}

impl MixedStep {
    fn journal(&self, undone: Attributes, placed: &Placed<'_>) -> JournalStep {
        let is_before = match (&self.work.before, &self.work.now) {
            (Some(_), Some(_)) => undone.has(Attributes::WORK),
            (before, _) => before.is_some(),
        };
        let recorded = if is_before { self.recorded.before } else { self.recorded.now };
        let begins = placed.moment(&self.begins, undone);
        JournalStep { begins, work: self.work(undone, placed), recorded }
    }

    fn work(&self, undone: Attributes, placed: &Placed<'_>) -> Work {
        let alike = self
            .work
            .both()
            .filter(|(before, now)| before.work.is_like(&now.work))
            .map(|(before, now)| (&before.work, &now.work));
        let mut work = match alike {
            Some((Work::Lasts(before), Work::Lasts(now))) => {
                Work::Lasts(if undone.has(Attributes::LENGTH) { *before } else { *now })
            }
            Some((
                Work::GivenUp { chat: chat_before, until: until_before },
                Work::GivenUp { chat: chat_now, until: until_now },
            )) => {
                let (first, second) = (chat_before.as_ref(), chat_now.as_ref());
                let chat =
                    first.zip(second).map(|(first, second)| self.chat(first, second, undone));
                let until = if undone.has(Attributes::GAP) { until_before } else { until_now };
                Work::GivenUp { chat, until: until.clone() }
            }
            Some((Work::Delegated { until: before }, Work::Delegated { until: now })) => {
                let until = Pair { before: Some(before.clone()), now: Some(now.clone()) };
                return Work::Delegated { until: placed.moment(&until, undone) };
            }
            Some((Work::Chat(before), Work::Chat(now))) => {
                Work::Chat(self.chat(before, now, undone))
            }
            _ => self.work.side(undone.has(Attributes::WORK)).expect("a run has it").work.clone(),
        };
        if let Work::GivenUp { until: Some(until), .. } | Work::Delegated { until } = &mut work {
            until.after = placed.present(until.after.iter().copied());
        }
        work
    }

    fn chat(&self, before: &ChatWork, now: &ChatWork, undone: Attributes) -> ChatWork {
        let (prompt, input_tokens) = self.prompt(before, now, undone);
        let server = if undone.has(Attributes::SERVER) { before } else { now };
        let reply = if undone.has(Attributes::REPLY) { before } else { now };
        ChatWork {
            machine: server.machine.clone(),
            model: server.model.clone(),
            input_tokens,
            prompt,
            reply_part: None,
            output_tokens: reply.output_tokens,
        }
    }

    fn prompt(
        &self,
        before: &ChatWork,
        now: &ChatWork,
        undone: Attributes,
    ) -> (Arc<[PromptPart]>, u64) {
        let differing = self.parts.iter().filter(|part| part.part.before != part.part.now);
        let rests = self.work.as_ref().map(|work| work.as_ref().map_or(0, |w| w.rest_of_prompt));
        let rest_undone = undone.has(Attributes::REST_OF_PROMPT);
        if self.parts.is_empty() {
            // The prompts are the same, or nothing is known of their parts.
            let chat = if rest_undone { before } else { now };
            return (now.prompt.clone(), chat.input_tokens);
        }
        let mut undone_parts = differing.map(|part| undone.has(part.attribute));
        let any_undone = undone_parts.any(|undone| undone) || rest_undone;
        if !any_undone {
            return (now.prompt.clone(), now.input_tokens);
        }
        let parts = self.parts.iter().filter_map(|part| match undone.has(part.attribute) {
            true => part.part.before,
            false => part.part.now,
        });
        let prompt: Arc<[PromptPart]> = parts.collect();
        let of_parts = prompt.iter().fold(0, |sum: u64, part| sum.saturating_add(part.tokens));
        let rest = if rest_undone { rests.before } else { rests.now };
        let input_tokens = of_parts.saturating_add_signed(rest);
        match prompt == before.prompt {
            // One copy of what is sent again and again.
            true => (before.prompt.clone(), input_tokens),
            false => (prompt, input_tokens),
        }
    }
}

impl Work {
    /// Whether both are of one kind, so that their attributes can be mixed.
    pub(super) fn is_like(&self, other: &Work) -> bool {
        match (self, other) {
            (Work::Chat(_), Work::Chat(_))
            | (Work::Lasts(_), Work::Lasts(_))
            | (Work::Delegated { .. }, Work::Delegated { .. }) => true,
            (Work::GivenUp { chat: first, .. }, Work::GivenUp { chat: second, .. }) => {
                first.is_some() == second.is_some()
            }
            _ => false,
        }
    }
}
