//! The steps of a task that is not over, between the thread that does it and those who watch.
//!
//! A watcher holds how many it has seen, never the steps, so one that reads slowly costs no memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The steps of a task that is not over.
#[derive(Debug)]
pub(crate) struct TaskLog {
    state: Mutex<LogState>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct LogState {
    attempt: u32,
    steps: Vec<Arc<str>>,
    is_closed: bool,
}

/// What a log has behind what was seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which attempt the steps are of.
    pub(crate) attempt: u32,
    /// The next steps.
    pub(crate) steps: Vec<Arc<str>>,
    /// Whether no more will come here.
    pub(crate) is_closed: bool,
}

impl Default for TaskLog {
    fn default() -> TaskLog {
        TaskLog { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl TaskLog {
    /// The task is begun, for so many times.
    pub(crate) fn begin(&self, attempt: u32) {
        self.lock().attempt = attempt;
    }

    /// A step is over. Nothing comes behind the end.
    pub(crate) fn push(&self, step: String) {
        let mut state = self.lock();
        if !state.is_closed {
            state.steps.push(step.into());
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The steps behind those that were seen in an attempt, some `bytes` of them and at least one.
    pub(crate) fn behind(&self, seen: impl FnOnce(u32) -> u64, bytes: usize) -> Seen {
        let state = self.lock();
        let seen = usize::try_from(seen(state.attempt)).unwrap_or(usize::MAX);
        let mut taken = 0;
        let steps = state.steps.iter().skip(seen).take_while(|step| {
            let has_room = taken < bytes;
            taken += step.len();
            has_room
        });
        let steps: Vec<Arc<str>> = steps.cloned().collect();
        Seen { attempt: state.attempt, steps, is_closed: state.is_closed }
    }

    /// Ends the task with the steps that there are: no step comes between, and none afterwards where
    /// it is ended.
    pub(crate) fn end<E>(
        &self,
        end: impl FnOnce(&[Arc<str>]) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut state = self.lock();
        let ended = end(&state.steps)?;
        state.is_closed |= ended;
        Ok(ended)
    }

    /// No more comes here, and who watches looks elsewhere.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.send_replace(());
    }

    /// Wakes when there is something new from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_gets_what_is_behind_what_it_saw_in_this_attempt() {
        let log = TaskLog::default();
        log.begin(2);
        for step in ["one", "two", "three"] {
            log.push(step.to_owned());
        }
        let texts = |seen: Seen| seen.steps.iter().map(|step| step.to_string()).collect::<Vec<_>>();
        assert_eq!(texts(log.behind(u64::from, 100)), ["three"]);
        assert_eq!(texts(log.behind(|_| 0, 1)), ["one"], "at least one");
        assert_eq!(texts(log.behind(|_| 0, 4)), ["one", "two"]);
        assert_eq!(texts(log.behind(|_| u64::MAX, 4)), [""; 0]);
    }

    #[test]
    fn no_step_comes_behind_the_end() {
        let log = TaskLog::default();
        log.push("one".to_owned());
        let changes = log.changes();
        assert_eq!(log.end(|_| Err("the disk is full")), Err("the disk is full"));
        log.push("two".to_owned());
        assert_eq!(log.end(|steps| Ok::<bool, ()>(steps.len() == 2)), Ok(true));
        log.push("three".to_owned());
        let seen = log.behind(|_| 0, 100);
        assert!(seen.is_closed && seen.steps.len() == 2, "{seen:?}");
        assert!(changes.has_changed().unwrap());
    }
}
