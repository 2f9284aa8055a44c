//! A guest's place in a session: what it is there, what it is to be told, and how it stands with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::guest::{AskId, Delivery, Guest, GuestUse, StopCause};
use crate::record::{Asker, BurstCause};
use crate::time::{Instant, Span};

/// The place of the agent among a session's guests; tool plugins follow, then the agents that do
/// delegated tasks, each as it is asked.
pub(crate) const AGENT: usize = 0;

/// Which ask of which guest, by its seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) seat: usize,
    pub(crate) ask: AskId,
}

/// What a guest is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It does the session's task.
    Agent,
    /// It offers tools.
    Plugin,
    /// It does a task that another agent delegated.
    Delegate(DelegateRole),
}

/// An agent that does a delegated task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DelegateRole {
    /// Which of the run's agents that are tools.
    pub(crate) agent: usize,
    /// Its place among the session's delegations.
    pub(crate) delegation: usize,
    /// Who waits for it.
    pub(crate) caller: Asked,
    /// How many agents stand above it.
    pub(crate) depth: usize,
}

/// A guest's place in a session.
pub(crate) struct Seat {
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    /// Absent while the guest runs, and after it has ended.
    pub(crate) guest: Option<Box<dyn Guest>>,
    pub(crate) busy_until: Instant,
    inbox: Vec<(Delivery, BurstCause)>,
    woken: bool,
    woken_by_itself: bool,
    pub(crate) ended: Option<StopCause>,
    /// Whether what it did and does no longer counts.
    pub(crate) closed: bool,
    /// Computing time of all bursts so far.
    pub(crate) compute: Span,
    pub(crate) used: GuestUse,
    /// A plugin's calls under way, with the seat's computing time when each began.
    pub(crate) calls: BTreeMap<u64, ToolCallUnderWay>,
}

/// A tool call under way inside a plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolCallUnderWay {
    pub(crate) asked: Asked,
    pub(crate) compute_before: Option<Span>,
}

/// What a seat must do about a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Run at once.
    Now,
    /// Run when the guest has finished computing.
    At(Instant),
    /// Nothing: it is woken already, or has ended.
    No,
}

impl Seat {
    pub(crate) fn new(name: Arc<str>, role: Role, guest: Box<dyn Guest>) -> Seat {
        Seat {
            name,
            role,
            guest: Some(guest),
            busy_until: Instant::ZERO,
            inbox: Vec::new(),
            woken: false,
            woken_by_itself: false,
            ended: None,
            closed: false,
            compute: Span::ZERO,
            used: GuestUse::default(),
            calls: BTreeMap::new(),
        }
    }

    /// Which agent it is, if it is one.
    pub(crate) fn asker(&self) -> Option<Asker> {
        match self.role {
            Role::Agent => Some(Asker::Agent),
            Role::Plugin => None,
            Role::Delegate(role) => Some(Asker::Delegate(role.delegation)),
        }
    }

    /// Puts a delivery into the inbox.
    pub(crate) fn deliver(&mut self, now: Instant, delivery: Delivery, cause: BurstCause) -> Wake {
        if self.guest.is_none() {
            return Wake::No;
        }
        self.inbox.push((delivery, cause));
        if std::mem::replace(&mut self.woken, true) {
            Wake::No
        } else if self.busy_until > now {
            self.woken_by_itself = true;
            Wake::At(self.busy_until)
        } else {
            Wake::Now
        }
    }

    /// Takes the inbox, and what woke the guest: of several causes the earliest asked. A guest that
    /// was busy when the first delivery came is woken by its own last burst.
    pub(crate) fn take_inbox(&mut self) -> (Vec<Delivery>, BurstCause) {
        self.woken = false;
        let was_busy = std::mem::take(&mut self.woken_by_itself);
        let mut cause = None;
        let mut deliveries = Vec::with_capacity(self.inbox.len());
        for (delivery, because) in self.inbox.drain(..) {
            if let Delivery::ToolCall { call, .. } = &delivery
                && let Some(under_way) = self.calls.get_mut(call)
            {
                under_way.compute_before = Some(self.compute);
            }
            cause = match (cause, because) {
                (Some(BurstCause::Step(first)), BurstCause::Step(second)) => {
                    Some(BurstCause::Step(first.min(second)))
                }
                (Some(cause), _) => Some(cause),
                (None, because) => Some(because),
            };
            deliveries.push(delivery);
        }
        let cause = if was_busy { BurstCause::Busy } else { cause.unwrap_or(BurstCause::Start) };
        (deliveries, cause)
    }
}
