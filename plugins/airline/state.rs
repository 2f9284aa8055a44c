//! The data of one session: a copy of its own, so that no session sees another's changes.

use crate::flights::Flights;
use crate::table::{ReadFile, Table};

/// The three files of the data as the session's calls have left them.
pub(crate) struct State {
    /// The flights, which never change.
    pub(crate) flights: Flights,
    /// The reservations by their ids.
    pub(crate) reservations: Table,
    /// The users by their ids.
    pub(crate) users: Table,
}

impl State {
    /// The data as the files have it; each is read when a call first needs it.
    pub(crate) fn new(read_file: ReadFile) -> State {
        State {
            flights: Flights::new(read_file),
            reservations: Table::new("reservations.json", read_file),
            users: Table::new("users.json", read_file),
        }
    }
}
