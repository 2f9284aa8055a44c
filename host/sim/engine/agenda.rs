//! What will happen, in one total order: instant, rank, group or call, sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use timeslip_timeline::time::Instant;

use super::calls::CallSlot;

/// Something that happens at an instant. The order of the variants is the rank at one instant:
/// what frees or fills memory comes before the forming of batches that use it, so that everything
/// of an instant joins the batch formed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A call was given up.
    Cancel(CallSlot),
    /// A group of chips is lost, with all that is in it.
    GoDown { group: usize },
    /// A group of chips is back.
    ComeUp { group: usize },
    /// A call that can never be served is answered.
    Refuse(CallSlot),
    /// A call reaches the scheduler.
    Arrive(CallSlot),
    /// A prompt's KV has reached the decode pool, or come back from a tier.
    Deliver { call: CallSlot, transfer: u64 },
    /// The step of a group is over, unless it was cut to an earlier end.
    EndStep { group: usize, ticket: u64 },
    /// A call has waited as long as it may.
    Expire(CallSlot),
    /// A group that does nothing forms its next batch.
    FormStep { group: usize },
}

impl Event {
    /// The rank, and what decides among events of one rank: groups in their order, whenever their
    /// steps began, so that steps that are summed end in the same order as steps that are walked.
    fn place(self) -> (u8, usize) {
        match self {
            Event::Cancel(_) => (0, 0),
            Event::GoDown { group } => (1, group),
            Event::ComeUp { group } => (2, group),
            Event::Refuse(_) => (3, 0),
            Event::Arrive(_) => (4, 0),
            Event::Deliver { .. } => (5, 0),
            Event::EndStep { group, .. } => (6, group),
            Event::Expire(_) => (7, 0),
            Event::FormStep { group } => (8, group),
        }
    }
}

/// An event with its instant, its place at that instant and its sequence.
type Due = (Instant, (u8, usize), u64, Event);

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BinaryHeap<Reverse<Due>>,
    sequence: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Instant, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, event.place(), self.sequence, event)));
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.events.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next event at or before `deadline`.
    pub(crate) fn take(&mut self, deadline: Option<Instant>) -> Option<(Instant, Event)> {
        let at = self.next_at()?;
        if deadline.is_some_and(|deadline| at > deadline) {
            return None;
        }
        self.events.pop().map(|Reverse((at, _, _, event))| (at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_frees_then_fills_then_forms() {
        let mut agenda = Agenda::default();
        let at = Instant::from_nanos(5);
        agenda.add(at, Event::FormStep { group: 0 });
        agenda.add(at, Event::EndStep { group: 1, ticket: 0 });
        agenda.add(at, Event::EndStep { group: 0, ticket: 7 });
        agenda.add(at, Event::GoDown { group: 0 });
        agenda.add(Instant::from_nanos(4), Event::EndStep { group: 2, ticket: 0 });
        let order: Vec<Event> =
            std::iter::from_fn(|| agenda.take(None).map(|(_, event)| event)).collect();
        let expected = [
            Event::EndStep { group: 2, ticket: 0 },
            Event::GoDown { group: 0 },
            Event::EndStep { group: 0, ticket: 7 },
            Event::EndStep { group: 1, ticket: 0 },
            Event::FormStep { group: 0 },
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn nothing_beyond_the_deadline_is_seen() {
        let mut agenda = Agenda::default();
        agenda.add(Instant::from_nanos(5), Event::ComeUp { group: 1 });
        assert_eq!(agenda.take(Some(Instant::from_nanos(4))), None);
        assert!(agenda.take(Some(Instant::from_nanos(5))).is_some());
    }
}
