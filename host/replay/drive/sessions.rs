//! Sessions under way.

use timeslip_timeline::time::Instant;

use crate::source::Plan;
use crate::trace::TraceCall;

/// A session under way: its number, which orders sessions, and where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey {
    pub(crate) number: u32,
    slot: u32,
}

/// A session under way.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) began_at: Instant,
    pub(super) plan: Plan,
    /// The call that waits for its instant.
    pub(super) pending: Option<TraceCall>,
    /// Calls made, where they follow each other.
    pub(super) made: u32,
    /// Whether a call failed, so that it ends now.
    pub(super) has_failed: bool,
}

/// The sessions under way. A place is used again once its session has ended.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    slots: Vec<Option<(u32, Session)>>,
    free: Vec<u32>,
}

impl Sessions {
    pub(super) fn add(&mut self, number: u32, session: Session) -> SessionKey {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // There are no more sessions than 32 bits number.
            (self.slots.len() - 1) as u32
        });
        self.slots[slot as usize] = Some((number, session));
        SessionKey { number, slot }
    }

    /// The session, unless it has ended.
    pub(super) fn get_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        match &mut self.slots[key.slot as usize] {
            Some((number, session)) if *number == key.number => Some(session),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, key: SessionKey) -> Option<Session> {
        self.get_mut(key)?;
        self.free.push(key.slot);
        self.slots[key.slot as usize].take().map(|(_, session)| session)
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
