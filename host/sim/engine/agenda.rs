//! What will happen, in one total order: instant, rank, sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use timeslip_timeline::backend::CallId;
use timeslip_timeline::time::Instant;

/// Something that happens at an instant. The order of the variants is the rank at one instant:
/// what frees or fills memory comes before the forming of batches that use it, so that everything
/// of an instant joins the batch formed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A call was given up.
    Cancel(CallId),
    /// A call that can never be served is answered.
    Refuse(CallId),
    /// A call reaches the scheduler.
    Arrive(CallId),
    /// A prompt's KV has reached the decode pool.
    Deliver { call: CallId, transfer: u64 },
    /// The step of a group is over.
    EndStep { group: usize },
    /// A group that does nothing forms its next batch.
    FormStep { group: usize },
}

impl Event {
    fn rank(self) -> u8 {
        match self {
            Event::Cancel(_) => 0,
            Event::Refuse(_) => 1,
            Event::Arrive(_) => 2,
            Event::Deliver { .. } => 3,
            Event::EndStep { .. } => 4,
            Event::FormStep { .. } => 5,
        }
    }
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BinaryHeap<Reverse<(Instant, u8, u64, Event)>>,
    sequence: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Instant, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, event.rank(), self.sequence, event)));
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
        agenda.add(at, Event::Arrive(CallId(2)));
        agenda.add(at, Event::Arrive(CallId(1)));
        agenda.add(Instant::from_nanos(4), Event::EndStep { group: 0 });
        let order: Vec<Event> =
            std::iter::from_fn(|| agenda.take(None).map(|(_, event)| event)).collect();
        let expected = [
            Event::EndStep { group: 0 },
            Event::Arrive(CallId(2)),
            Event::Arrive(CallId(1)),
            Event::FormStep { group: 0 },
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn nothing_beyond_the_deadline_is_seen() {
        let mut agenda = Agenda::default();
        agenda.add(Instant::from_nanos(5), Event::Arrive(CallId(1)));
        assert_eq!(agenda.take(Some(Instant::from_nanos(4))), None);
        assert!(agenda.take(Some(Instant::from_nanos(5))).is_some());
    }
}
