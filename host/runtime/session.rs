//! What the components of one session share: its files, its budgets, its beginning.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use timeslip_timeline::backend::SessionId;
use timeslip_timeline::time::Instant;

use crate::files::{FileGrant, FileView, SessionFiles};
use crate::grants::Budgets;

/// What the components of one session share. Clones are the same session.
#[derive(Clone, Debug)]
pub struct SessionState {
    id: SessionId,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    files: Mutex<SessionFiles>,
    left: Mutex<Budgets>,
    began: OnceLock<Instant>,
}

impl SessionState {
    /// A session that has not begun.
    pub fn new(id: SessionId, budgets: Budgets) -> SessionState {
        let shared = Shared {
            files: Mutex::new(SessionFiles::default()),
            left: Mutex::new(budgets),
            began: OnceLock::new(),
        };
        SessionState { id, shared: Arc::new(shared) }
    }

    /// The session's files as they are now.
    pub fn files(&self) -> SessionFiles {
        self.lock_files().clone()
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// A component's way to its granted folder.
    pub(crate) fn view(&self, grant: &FileGrant, written_bytes_max: u64) -> Option<FileView> {
        self.lock_files().view(grant, written_bytes_max)
    }

    /// What is left of the budgets, which all agents of the session draw on.
    pub(crate) fn left(&self) -> MutexGuard<'_, Budgets> {
        self.shared.left.lock().expect("no guest panics while it holds the budgets")
    }

    /// When the session began: the first that asks says it.
    pub(crate) fn began(&self, now: Instant) -> Instant {
        *self.shared.began.get_or_init(|| now)
    }

    fn lock_files(&self) -> MutexGuard<'_, SessionFiles> {
        self.shared.files.lock().expect("no guest panics while it takes its view of the files")
    }
}
