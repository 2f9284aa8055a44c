//! What ends with a request: its place among those in flight, and its call, if nobody waits for it.

use std::sync::Arc;

use timeslip_timeline::backend::CallId;
use tokio::sync::OwnedSemaphorePermit;

use crate::keeper::{Command, KeeperHandle};

/// Gives a call up when it is dropped before the call is done.
pub(crate) struct CallGuard {
    keeper: KeeperHandle,
    call: CallId,
    waits: bool,
    _in_flight: Arc<InFlight>,
}

/// A request's place among those in flight, and in the memory for bodies.
pub(crate) struct InFlight {
    pub(crate) _place: OwnedSemaphorePermit,
    pub(crate) _bytes: Option<OwnedSemaphorePermit>,
}

impl CallGuard {
    /// A guard of a call that is on its way to its machine.
    pub(crate) fn new(keeper: KeeperHandle, call: CallId, in_flight: Arc<InFlight>) -> CallGuard {
        CallGuard { keeper, call, waits: true, _in_flight: in_flight }
    }

    /// The call is over.
    pub(crate) fn is_done(&mut self) {
        self.waits = false;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.waits {
            self.keeper.tell(Command::Cancel(self.call));
        }
    }
}
