//! The calls under way of all real servers of a run, and what has come of them: chats, and what tools
//! fetch.
//!
//! Both take as long as they really took, counted from the instant of the run's clock at which they
//! were asked. So a chat that was asked at 3 s and has been under way for 2 s answers at 5 s or
//! later, however long the host has needed for other things meanwhile, and no time of the host's own
//! gets into what is measured.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant as WallInstant;

use timeslip_timeline::backend::{CallId, Completion};
use timeslip_timeline::playback::Agenda;
use timeslip_timeline::time::{Instant, Span};

use crate::exchange::span;
use crate::fetches::Fetches;

/// All calls of a run.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    table: Mutex<Table>,
    changed: Condvar,
}

/// Calls under way and what has come of them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// What is known to come out of each server's machine.
    agendas: Vec<Agenda>,
    under_way: BTreeMap<CallId, UnderWay>,
    /// What tools fetch.
    pub(crate) fetches: Fetches,
    /// Whether nobody waits for any of it any more.
    pub(crate) is_stopped: bool,
}

/// A chat that a server works on.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    machine: usize,
    clock: CallClock,
}

/// The clock of a call under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallClock {
    /// When it was asked, on the run's clock.
    pub(crate) asked_at: Instant,
    /// When the computer's clock began to run for it.
    pub(crate) began: Option<WallInstant>,
}

impl CallClock {
    /// Nothing more comes of it before this instant.
    fn not_before(&self, wall: WallInstant) -> Instant {
        match self.began {
            Some(began) => self.asked_at + span(wall.saturating_duration_since(began)),
            None => self.asked_at,
        }
    }
}

impl Table {
    /// The earliest thing that is known to come out of a machine.
    pub(crate) fn first_at(&self) -> Option<Instant> {
        self.agendas.iter().filter_map(Agenda::first_at).chain(self.fetches.first_at()).min()
    }

    /// How long until nothing earlier than `at` can come of any call; `None` where a call has not
    /// begun yet, so that nobody can say.
    pub(crate) fn settled_in(&self, at: Instant, wall: WallInstant) -> Option<Span> {
        let mut longest = Span::ZERO;
        let chats = self.under_way.values().map(|call| &call.clock);
        for call in chats.chain(self.fetches.clocks()) {
            let not_before = call.not_before(wall);
            if not_before < at {
                call.began?;
                longest = longest.max(at.since(not_before));
            }
        }
        Some(longest)
    }

    /// Whether any call is under way.
    pub(crate) fn is_working(&self) -> bool {
        !self.under_way.is_empty() || self.fetches.clocks().next().is_some()
    }

    /// What is known to come out of a machine.
    pub(crate) fn agenda(&mut self, machine: usize) -> &mut Agenda {
        &mut self.agendas[machine]
    }
}

impl Calls {
    /// A place for another machine.
    pub(crate) fn add_machine(&self) -> usize {
        let mut table = self.lock();
        table.agendas.push(Agenda::default());
        table.agendas.len() - 1
    }

    /// Notes a call that is to begin.
    pub(crate) fn asked(&self, machine: usize, call: CallId, asked_at: Instant) {
        let clock = CallClock { asked_at, began: None };
        self.lock().under_way.insert(call, UnderWay { machine, clock });
    }

    /// Notes that the computer's clock runs for a call.
    pub(crate) fn began(&self, call: CallId, began: WallInstant) {
        self.change(|table| {
            if let Some(call) = table.under_way.get_mut(&call) {
                call.clock.began = Some(began);
            }
        });
    }

    /// Notes what came of a call so long after its asking, unless it was given up; with `is_end`
    /// the last of it.
    pub(crate) fn came(
        &self,
        call: CallId,
        after: Span,
        is_end: bool,
        event: timeslip_timeline::backend::CompletionEvent,
    ) {
        let mut table = self.lock();
        let Some(UnderWay { machine, clock }) = table.under_way.get(&call).copied() else {
            return;
        };
        if is_end {
            table.under_way.remove(&call);
        }
        table.agenda(machine).plan(Completion { at: clock.asked_at + after, call, event });
        drop(table);
        self.changed.notify_all();
    }

    /// Forgets a call and what came of it.
    pub(crate) fn forget(&self, machine: usize, call: CallId) {
        self.change(|table| {
            table.under_way.remove(&call);
            table.agenda(machine).forget(call);
        });
    }

    /// Changes the table, and wakes whoever waits for that.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Table)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until something has changed, at most for `longest` where that is given.
    pub(crate) fn wait<'t>(
        &self,
        table: MutexGuard<'t, Table>,
        longest: Option<Span>,
    ) -> MutexGuard<'t, Table> {
        match longest {
            None => self.changed.wait(table).unwrap_or_else(PoisonError::into_inner),
            Some(longest) => {
                let longest = std::time::Duration::from_nanos(longest.as_nanos());
                let waited = self.changed.wait_timeout(table, longest);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// The table is whole after every statement, so a panic elsewhere spoils nothing.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
