//! Puts equal differences together, and the small ones of a kind, so that a person can read them.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, Subject};
use super::mixed::Undoing;
use super::outcome::ANSWERED;
use crate::verdict::ChangeKind;

/// The most changes that are told apart; the kinds that have more than their part of it are told
/// by their largest.
const CHANGES_MAX: usize = 20;

/// Equal differences.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) kind: ChangeKind,
    pub(super) subject: Subject,
    pub(super) undoings: Vec<Undoing>,
    /// The places of the sessions that have it.
    pub(super) sessions: BTreeSet<usize>,
    pub(super) occurrences: u64,
    /// The sum of what is larger now.
    pub(super) amount: i128,
    /// The sum of what it was before.
    pub(super) before: u128,
    /// Where it is, and how often there.
    pub(super) places: BTreeMap<String, u64>,
    /// The subjects that were put together, where there are several.
    pub(super) merged: Vec<Group>,
    /// The sum of the sizes of what is larger or smaller now.
    size: u128,
}

/// The order in which kinds are undone. What is undone first bears what it causes with others.
const ORDER: [ChangeKind; 13] = [
    ChangeKind::StepAdded,
    ChangeKind::StepRemoved,
    ChangeKind::Order,
    ChangeKind::Prompt,
    ChangeKind::PromptCache,
    ChangeKind::Reply,
    ChangeKind::Tool,
    ChangeKind::Waiting,
    ChangeKind::Computing,
    ChangeKind::Outcome,
    ChangeKind::Session,
    ChangeKind::Machine,
    ChangeKind::Conditions,
];

/// Groups differences, in the order in which they are to be undone. Tools whose calls take so little
/// more or less time that it is `negligible_ns` in all are told together.
pub(super) fn group(found: Vec<Found>, negligible_ns: u128) -> Vec<Group> {
    let rank = |kind: ChangeKind| ORDER.iter().position(|other| *other == kind);
    let mut groups: BTreeMap<(Option<usize>, Subject), Group> = BTreeMap::new();
    for one in found {
        let key = (rank(one.kind), one.subject.clone());
        match groups.get_mut(&key) {
            Some(group) => group.add(Group::of(one)),
            None => _ = groups.insert(key, Group::of(one)),
        }
    }
    merge_small(merge_negligible_tools(groups.into_values().collect(), negligible_ns))
}

/// Puts the tools of which nobody would notice another time into one group, where they are several.
fn merge_negligible_tools(groups: Vec<Group>, negligible_ns: u128) -> Vec<Group> {
    let is_negligible =
        |group: &Group| group.kind == ChangeKind::Tool && group.size <= negligible_ns;
    if groups.iter().filter(|group| is_negligible(group)).count() < 2 {
        return groups;
    }
    let mut merged = Vec::new();
    let mut others: Option<Group> = None;
    for group in groups {
        // The tools stand together, and what is merged stays among them.
        if group.kind > ChangeKind::Tool {
            merged.extend(others.take());
        }
        match is_negligible(&group) {
            true => others.get_or_insert_with(|| Group::none(group.kind)).take(group),
            false => merged.push(group),
        }
    }
    merged.extend(others);
    merged
}

/// Leaves each kind its largest groups, and puts the others of the kind into one.
fn merge_small(groups: Vec<Group>) -> Vec<Group> {
    if groups.len() <= CHANGES_MAX {
        return groups;
    }
    let mut by_kind: Vec<Vec<Group>> = Vec::new();
    for group in groups {
        match by_kind.last_mut() {
            Some(kind) if kind[0].kind == group.kind => kind.push(group),
            _ => by_kind.push(vec![group]),
        }
    }
    let each = (CHANGES_MAX / by_kind.len()).max(2);
    by_kind.into_iter().flat_map(|kind| merge_kind(kind, each)).collect()
}

fn merge_kind(groups: Vec<Group>, at_most: usize) -> Vec<Group> {
    if groups.len() <= at_most {
        return groups;
    }
    let mut sizes: Vec<(u128, u64)> = groups.iter().map(Group::rank).collect();
    sizes.sort_unstable();
    let least = sizes[groups.len() + 1 - at_most];
    let mut kept = Vec::new();
    let mut others: Option<Group> = None;
    for group in groups {
        if kept.len() + 1 < at_most && group.rank() >= least {
            kept.push(group);
            continue;
        }
        others.get_or_insert_with(|| Group::none(group.kind)).take(group);
    }
    kept.extend(others);
    kept
}

impl Group {
    fn of(found: Found) -> Group {
        Group {
            kind: found.kind,
            subject: found.subject,
            undoings: vec![found.undoing],
            sessions: BTreeSet::from([found.undoing.session]),
            occurrences: 1,
            amount: i128::from(found.amount),
            before: u128::from(found.before),
            places: found.place.into_iter().map(|place| (place, 1)).collect(),
            merged: Vec::new(),
            size: u128::from(found.amount.unsigned_abs()),
        }
    }

    /// A group that others are put into.
    fn none(kind: ChangeKind) -> Group {
        Group {
            undoings: Vec::new(),
            sessions: BTreeSet::new(),
            occurrences: 0,
            amount: 0,
            before: 0,
            places: BTreeMap::new(),
            merged: Vec::new(),
            size: 0,
            kind,
            subject: Subject::Others,
        }
    }

    /// Puts a group into this one, and with a group of several each of them.
    fn take(&mut self, group: Group) {
        self.add(group.clone());
        match group.merged.is_empty() {
            true => self.merged.push(group),
            false => self.merged.extend(group.merged),
        }
    }

    /// Whether something in it succeeded before and fails now.
    pub(super) fn became_failure(&self) -> bool {
        let own = match &self.subject {
            Subject::Outcome(_, before, now) => before == ANSWERED && now != ANSWERED,
            _ => false,
        };
        own || self.merged.iter().any(Group::became_failure)
    }

    fn rank(&self) -> (u128, u64) {
        (self.size, self.occurrences)
    }

    fn add(&mut self, other: Group) {
        self.undoings.extend(other.undoings);
        self.sessions.extend(other.sessions);
        self.occurrences += other.occurrences;
        self.amount += other.amount;
        self.before += other.before;
        self.size += other.size;
        for (place, count) in other.places {
            *self.places.entry(place).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::mixed::Attributes;

    fn reply(session: usize, amount: i64) -> Found {
        let undoing = Undoing { session, step: Some(0), attributes: Attributes::REPLY };
        let subject = Subject::Reply(amount);
        Found { amount, before: 10, ..Found::new(ChangeKind::Reply, subject, undoing) }
    }

    #[test]
    fn equal_differences_are_one_with_its_counts() {
        let groups = group(vec![reply(0, 5), reply(3, 5), reply(3, 5), reply(4, -2)], 0);
        let counts = |group: &Group| (group.sessions.len(), group.occurrences, group.amount);
        assert_eq!(groups.iter().map(counts).collect::<Vec<_>>(), [(1, 1, -2), (2, 3, 15)]);
    }

    #[test]
    fn of_hundreds_the_largest_stay_apart_and_none_is_lost() {
        let found: Vec<Found> = (0..300).map(|place| reply(place, 1 + place as i64)).collect();
        let groups = group(found, 0);
        assert_eq!(groups.len(), CHANGES_MAX);
        assert_eq!(groups.iter().map(|group| group.undoings.len()).sum::<usize>(), 300);
        let kept: Vec<i128> = groups.iter().map(|group| group.amount).collect();
        assert_eq!(kept[..19], (282..=300).collect::<Vec<i128>>());
        assert_eq!(groups[19].merged.len(), 281);
    }
}
