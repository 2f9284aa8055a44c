//! The server of tasks: its start and its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::agents::ServedAgents;
use super::desk::{Bounds, Desk};
use super::routes::{TaskApp, router};
use super::store::{Store, StoreError, TakenUp};
use crate::listener::{Bound, Listening, ServeError};
use crate::settings::Limits;

/// How long answers may take to leave, once no task runs any more.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How a server of tasks is to behave.
#[derive(Clone, Debug)]
pub struct TaskSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Keys, one of which a request must have; none for an open server.
    pub keys: Vec<String>,
    /// Threads for connections.
    pub threads: usize,
    /// What one client may take.
    pub limits: Limits,
    /// The file that tasks are kept in.
    pub store: PathBuf,
    /// Tasks that are done at once, at least 1.
    pub sessions: usize,
    /// Tasks that may wait.
    pub queue: usize,
    /// Tasks that are over and kept.
    pub keep: usize,
}

/// A server of tasks that is running.
pub struct TaskServer {
    listening: Listening,
    desk: Arc<Desk>,
    taken_up: TakenUp,
    threads: Vec<JoinHandle<()>>,
}

/// Why a server of tasks cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TaskServeError {
    /// Its store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl TaskServer {
    /// Starts a server, and takes up what its store has.
    ///
    /// # Errors
    /// When the store cannot be used, the address cannot be listened on, or threads cannot be started.
    pub fn start(
        agents: ServedAgents,
        settings: TaskSettings,
    ) -> Result<TaskServer, TaskServeError> {
        let store = Store::open(&settings.store)?;
        let bound = Bound::new(settings.listen, settings.threads)?;
        let taken_up = store.take_up(&agents.identity)?;
        store.forget(settings.keep)?;
        let bounds = Bounds {
            sessions: settings.sessions.max(1),
            queue: settings.queue,
            keep: settings.keep,
        };
        let desk = Desk::new(agents, store, bounds, taken_up.waiting.clone());
        let mut threads = Vec::new();
        for _ in 0..bounds.sessions {
            let works = desk.clone();
            let thread = std::thread::Builder::new().name("timeslip-task".to_owned());
            threads.push(thread.spawn(move || works.work()).map_err(ServeError::Threads)?);
        }
        let limits = settings.limits;
        let app = Arc::new(TaskApp {
            desk: desk.clone(),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            bodies: Arc::new(Semaphore::new(limits.bodies_bytes)),
            settings,
        });
        let listening = bound.answer(router(app), limits);
        Ok(TaskServer { listening, desk, taken_up, threads })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// How many tasks of the store were taken up, and how many were accepted for something else and
    /// have failed.
    pub fn taken_up(&self) -> (usize, usize) {
        (self.taken_up.waiting.len(), self.taken_up.of_others)
    }

    /// Takes no more tasks, lets those that run go on for so long, and ends. How many are left in the
    /// store for the next start.
    pub fn stop(self, grace: Duration) -> usize {
        let TaskServer { listening, desk, threads, .. } = self;
        desk.stop(grace);
        listening.stop(LAST_ANSWERS);
        for thread in threads {
            // One that still computes is left behind; its task is in the store.
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
        // Who cannot read the store is told so at the next start.
        desk.store.unfinished().unwrap_or(0)
    }
}
