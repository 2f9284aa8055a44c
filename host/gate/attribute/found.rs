//! Finds what differs between two slips laid over each other, each difference by itself.

use std::collections::BTreeSet;

use timeslip_timeline::time::Instant;

use super::journal::{Moment, Work};
use super::lay::{Laid, SessionRows};
use super::mixed::{Attributes, MixedSession, Pair, Undoing};
use super::outcome::{outcome, outcome_of};
use super::prompts;
use super::waits::{end_of, end_of_session};
use crate::slip::Session;
use crate::step::Step;
use crate::verdict::ChangeKind;

/// A step as a person names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Chat,
    Tool(String),
    User,
    Sleep,
    End,
}

/// What a difference is about. Differences with one kind and one subject are one change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A step that is new or gone, or that takes another time.
    Step(Label),
    /// A step that waits for other steps than before.
    Waits(Label, Vec<Waited>),
    /// Parts of a prompt of this kind, by its place, that together have so many tokens more. The
    /// tokens are 0 for kinds of which each prompt has its own.
    Parts(usize, i64),
    /// Tokens of a prompt whose parts are not known.
    Prompt,
    /// What is said in prompts, with the same length. It is told only where it costs something:
    /// every conversation has words of its own.
    Words,
    /// A reply with so many tokens more.
    Reply(i64),
    /// The agent.
    Agent,
    /// How a step or a session ended: before, and now.
    Outcome(Label, String, String),
    /// The machine of a chat: before, and now.
    Server(String, String),
    /// Sessions: whether they are new.
    Sessions(bool),
    /// What nobody needs to be told, but what the run before needs to be whole.
    Quiet,
    /// Several subjects that are small beside the others of their kind.
    Others,
}

/// A step that another waits for: whether it does so now, and did not before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waited {
    pub(super) now: bool,
    pub(super) step: Label,
}

/// A difference.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) kind: ChangeKind,
    pub(super) subject: Subject,
    pub(super) undoing: Undoing,
    /// By how much a number is larger now: tokens, or nanoseconds.
    pub(super) amount: i64,
    /// What it was before.
    pub(super) before: u64,
    /// Where it is, for a person: "after the tool get_user".
    pub(super) place: Option<String>,
    /// Whether it is a prompt that is nearly as long as before.
    pub(super) is_nearly_equal: bool,
}

/// All differences, in the order of the sessions and their steps.
pub(super) fn find(laid: &Laid<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let kept: BTreeSet<&str> = laid.slips.now.machines.iter().map(|m| m.name.as_str()).collect();
    for (place, rows) in laid.rows.iter().enumerate() {
        let sessions = Pair {
            before: rows.sessions.0.map(|session| &laid.slips.before.sessions[session]),
            now: rows.sessions.1.map(|session| &laid.slips.now.sessions[session]),
        };
        let Some((before, now)) = sessions.both() else {
            let undoing = Undoing { session: place, step: None, attributes: Attributes::PRESENCE };
            let subject = Subject::Sessions(sessions.now.is_some());
            found.push(Found::new(ChangeKind::Session, subject, undoing));
            continue;
        };
        let mixed = &laid.run.sessions[place];
        let finder = Finder { place, rows, before, now, mixed, kept: &kept };
        (0..rows.steps.len()).for_each(|step| finder.step(step, &mut found));
        finder.end(&mut found);
    }
    prompts::put_with_lost_caches(&mut found);
    found
}

impl Found {
    pub(super) fn new(kind: ChangeKind, subject: Subject, undoing: Undoing) -> Found {
        Found { kind, subject, undoing, amount: 0, before: 0, place: None, is_nearly_equal: false }
    }

    pub(super) fn by(self, before: u64, now: u64) -> Found {
        // Both are far below 2^63 in any slip that a run can leave.
        Found { before, amount: now.wrapping_sub(before) as i64, ..self }
    }
}

impl Label {
    pub(super) fn of(step: &Step) -> Label {
        match step {
            Step::Chat(_) => Label::Chat,
            Step::Tool(tool) => Label::Tool(tool.tool.clone()),
            Step::User(_) => Label::User,
            Step::Sleep(_) => Label::Sleep,
        }
    }
}

/// Finds the differences of one session.
struct Finder<'a> {
    place: usize,
    rows: &'a SessionRows,
    before: &'a Session,
    now: &'a Session,
    mixed: &'a MixedSession,
    kept: &'a BTreeSet<&'a str>,
}

impl Finder<'_> {
    fn undoing(&self, step: usize, attributes: Attributes) -> Undoing {
        Undoing { session: self.place, step: Some(step), attributes }
    }

    fn step(&self, place: usize, found: &mut Vec<Found>) {
        let (before, now) = match self.rows.steps[place] {
            (Some(before), Some(now)) => (&self.before.steps[before], &self.now.steps[now]),
            (None, Some(now)) => return found.push(self.only_now(place, &self.now.steps[now])),
            (Some(before), None) => {
                return found.push(self.only_before(place, &self.before.steps[before]));
            }
            (None, None) => return,
        };
        let mixed = &self.mixed.steps[place];
        self.moment(place, Label::of(now), &mixed.begins, found);
        let Some((was, is)) = mixed.work.both() else {
            return;
        };
        if !was.work.is_like(&is.work) {
            let subject = Subject::Outcome(Label::of(now), outcome(before), outcome(now));
            let undoing = self.undoing(place, Attributes::WORK);
            return found.push(Found::new(ChangeKind::Outcome, subject, undoing));
        }
        match (&was.work, &is.work) {
            (Work::Chat(_), Work::Chat(_)) => self.chat(place, before, now, found),
            (Work::Lasts(_), Work::Lasts(_)) => self.length(place, before, now, found),
            (Work::Delegated { until: was }, Work::Delegated { until: is }) => {
                self.delegated(place, Pair { before, now }, (was, is), found);
            }
            (Work::GivenUp { until: was, .. }, Work::GivenUp { until: is, .. }) => {
                if self.waits_otherwise(was.as_ref(), is.as_ref()) {
                    let undoing = self.undoing(place, Attributes::GAP);
                    found.push(Found::new(ChangeKind::Computing, Subject::Agent, undoing));
                }
                prompts::find(self.prompt(place, before, now), found);
            }
            _ => {}
        }
        if mixed.recorded.before != mixed.recorded.now && !matches!(was.work, Work::Chat(_)) {
            let undoing = self.undoing(place, Attributes::WORK);
            found.push(Found::new(ChangeKind::Conditions, Subject::Quiet, undoing));
        }
    }

    fn prompt<'b>(&'b self, place: usize, before: &'b Step, now: &'b Step) -> prompts::Chats<'b> {
        let cached = |step: &Step| match step {
            Step::Chat(chat) => chat.cached_input_tokens,
            _ => 0,
        };
        prompts::Chats {
            step: &self.mixed.steps[place],
            cached: Pair { before: cached(before), now: cached(now) },
            undoing: self.undoing(place, Attributes::NONE),
        }
    }

    fn only_now(&self, place: usize, step: &Step) -> Found {
        let undoing = self.undoing(place, Attributes::PRESENCE);
        let subject = Subject::Step(Label::of(step));
        let side = |row: usize| self.rows.steps[row].1.map(|step| &self.now.steps[step]);
        let begins = self.mixed.steps[place].begins.now.as_ref();
        let place = Some(where_it_is(begins, side));
        Found { place, ..Found::new(ChangeKind::StepAdded, subject, undoing) }
    }

    fn only_before(&self, place: usize, step: &Step) -> Found {
        let undoing = self.undoing(place, Attributes::PRESENCE);
        let subject = Subject::Step(Label::of(step));
        let side = |row: usize| self.rows.steps[row].0.map(|step| &self.before.steps[step]);
        let begins = self.mixed.steps[place].begins.before.as_ref();
        let place = Some(where_it_is(begins, side));
        Found { place, ..Found::new(ChangeKind::StepRemoved, subject, undoing) }
    }

    /// When a step began, or the session ended, on both sides.
    fn instants(&self, step: Option<usize>) -> Pair<Instant> {
        let at = |session: &Session, row: Option<usize>| match row {
            Some(step) => Instant::from_nanos(session.steps[step].at_ns()),
            None => end_of_session(session),
        };
        let row = step.map_or((None, None), |step| self.rows.steps[step]);
        Pair { before: at(self.before, row.0), now: at(self.now, row.1) }
    }

    /// What both runs have of what an act waits for.
    fn shared(&self, moment: &Moment) -> Vec<usize> {
        let both = |place: &usize| self.mixed.steps[*place].begins.both().is_some();
        moment.after.iter().copied().filter(both).collect()
    }

    fn waits_otherwise(&self, before: Option<&Moment>, now: Option<&Moment>) -> bool {
        match (before, now) {
            (Some(before), Some(now)) => {
                before.gap != now.gap || self.shared(before) != self.shared(now)
            }
            (before, now) => before.is_some() != now.is_some(),
        }
    }

    fn moment(
        &self,
        place: usize,
        label: Label,
        moments: &Pair<Option<Moment>>,
        found: &mut Vec<Found>,
    ) {
        let Some((before, now)) = moments.both() else {
            return;
        };
        let is_end = label == Label::End;
        let step = (!is_end).then_some(place);
        let undoing = |attributes: Attributes| Undoing { session: self.place, step, attributes };
        let (was, is) = (self.shared(before), self.shared(now));
        if was != is {
            let act = Pair { before, now };
            let subject = Subject::Waits(label, self.waited(act, self.instants(step)));
            // What an agent computes before an act is told from what the act waits for.
            let undoing = undoing(Attributes::AFTER.and(Attributes::GAP));
            found.push(Found::new(ChangeKind::Order, subject, undoing));
        } else if before.gap != now.gap {
            let place = match (is_end, self.rows.steps.get(place)) {
                (false, Some((_, Some(step)))) => Some(before_a(&self.now.steps[*step])),
                _ => Some("before the end".to_owned()),
            };
            let one = Found::new(ChangeKind::Computing, Subject::Agent, undoing(Attributes::GAP));
            let one = one.by(before.gap.as_nanos(), now.gap.as_nanos());
            found.push(Found { place, ..one });
        }
    }

    /// What an act waits for on one side alone: of each side the step that ended last. Where one of
    /// them ran beside it on the other side, that is the whole difference.
    fn waited(&self, act: Pair<&Moment>, at: Pair<Instant>) -> Vec<Waited> {
        let (was, is) = (self.shared(act.before), self.shared(act.now));
        let last = |places: &[usize], others: &[usize]| {
            places.iter().copied().rfind(|place| !others.contains(place))
        };
        let label =
            |place: usize| self.rows.steps[place].1.map(|step| Label::of(&self.now.steps[step]));
        let waited = |now: bool, place: usize| Some(Waited { now, step: label(place)? });
        let overlaps = |steps: &[Step], step: Option<usize>, at: Instant| {
            step.is_some_and(|step| end_of(&steps[step]) > at)
        };
        let (now, before) = (last(&is, &was), last(&was, &is));
        let beside_before =
            now.filter(|place| overlaps(&self.before.steps, self.rows.steps[*place].0, at.before));
        let beside_now =
            before.filter(|place| overlaps(&self.now.steps, self.rows.steps[*place].1, at.now));
        let told = match (beside_before, beside_now) {
            (Some(place), None) => vec![waited(true, place)],
            (None, Some(place)) => vec![waited(false, place)],
            _ => {
                let now = now.and_then(|place| waited(true, place));
                vec![now, before.and_then(|place| waited(false, place))]
            }
        };
        told.into_iter().flatten().collect()
    }

    fn chat(&self, place: usize, before: &Step, now: &Step, found: &mut Vec<Found>) {
        let (Step::Chat(was), Step::Chat(is)) = (before, now) else {
            return;
        };
        let kept = self.kept.contains(was.machine.as_str());
        if kept && was.machine != is.machine {
            let subject = Subject::Server(was.machine.clone(), is.machine.clone());
            let undoing = self.undoing(place, Attributes::SERVER);
            found.push(Found::new(ChangeKind::Machine, subject, undoing));
        }
        prompts::find(self.prompt(place, before, now), found);
        if was.output_tokens != is.output_tokens {
            let undoing = self.undoing(place, Attributes::REPLY);
            let one = Found::new(ChangeKind::Reply, Subject::Reply(0), undoing);
            let one = one.by(was.output_tokens, is.output_tokens);
            found.push(Found { subject: Subject::Reply(one.amount), ..one });
        }
    }

    /// A step that an agent did, whose own steps are compared like all others.
    fn delegated(
        &self,
        place: usize,
        steps: Pair<&Step>,
        (was, is): (&Moment, &Moment),
        found: &mut Vec<Found>,
    ) {
        let undoing = self.undoing(place, Attributes::AFTER.and(Attributes::GAP));
        let outcomes = steps.as_ref().map(|step| outcome(step));
        if outcomes.before != outcomes.now {
            let label = Label::of(steps.now);
            let subject = Subject::Outcome(label, outcomes.before, outcomes.now);
            found.push(Found::new(ChangeKind::Outcome, subject, undoing));
        } else if self.waits_otherwise(Some(was), Some(is)) {
            let one = Found::new(ChangeKind::Computing, Subject::Agent, undoing);
            let end = format!("before the end of {}", Label::of(steps.now).with_article());
            let one = one.by(was.gap.as_nanos(), is.gap.as_nanos());
            found.push(Found { place: Some(end), ..one });
        }
    }

    /// A step whose length the record gives.
    fn length(&self, place: usize, before: &Step, now: &Step, found: &mut Vec<Found>) {
        let undoing = self.undoing(place, Attributes::LENGTH);
        let label = Label::of(now);
        let (was, is) = (outcome(before), outcome(now));
        let kind = match now {
            _ if was != is => ChangeKind::Outcome,
            _ if before.e2e_ns() == now.e2e_ns() => return,
            Step::Tool(_) => ChangeKind::Tool,
            _ => ChangeKind::Waiting,
        };
        let subject = match kind {
            ChangeKind::Outcome => Subject::Outcome(label, was, is),
            _ => Subject::Step(label),
        };
        found.push(Found::new(kind, subject, undoing).by(before.e2e_ns(), now.e2e_ns()));
    }

    fn end(&self, found: &mut Vec<Found>) {
        let (was, is) = (outcome_of(self.before), outcome_of(self.now));
        let attributes = Attributes::AFTER.and(Attributes::GAP);
        let undoing = Undoing { session: self.place, step: None, attributes };
        if was != is {
            let subject = Subject::Outcome(Label::End, was, is);
            found.push(Found::new(ChangeKind::Outcome, subject, undoing));
        } else if is == "deadline" {
            // Another deadline is the bench's doing and not the agent's.
            if self.mixed.ends.before != self.mixed.ends.now {
                found.push(Found::new(ChangeKind::Conditions, Subject::Quiet, undoing));
            }
        } else {
            self.moment(0, Label::End, &self.mixed.ends, found);
        }
    }
}

fn before_a(step: &Step) -> String {
    format!("before {}", Label::of(step).with_article())
}

/// Where a step is: after the one that it follows.
fn where_it_is<'a>(begins: Option<&Moment>, side: impl Fn(usize) -> Option<&'a Step>) -> String {
    let steps = begins.into_iter().flat_map(|moment| &moment.after);
    let followed = steps.filter_map(|place| side(*place)).max_by_key(|step| {
        let end: Instant = end_of(step);
        (end, step.at_ns())
    });
    match followed {
        Some(step) => format!("after {}", Label::of(step).with_article()),
        None => "at the start".to_owned(),
    }
}
