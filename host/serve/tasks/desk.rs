//! Gives tasks to threads in the order in which they came, and ends them.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use timeslip_timeline::stop::Stop;

use super::agents::{ServedAgents, TaskEnd, TaskKind, TaskWatch};
use super::asked::TaskAsked;
use super::ledger::Ledger;
use super::log::TaskLog;
use super::moment::now;
use super::store::{Accepted, NewTask, Over, Status, Store, StoreError, TaskRow};
use crate::error::ApiError;

/// Between two tries to write a store that cannot be written.
const RETRY: Duration = Duration::from_secs(1);

/// Whole seconds after which another try is worth it, where nothing says more.
const RETRY_AFTER_SECONDS: u64 = 5;

/// What a server says that ends.
const STOPPING: &str = "the server is stopping, and takes no more tasks";

/// What is served, and what becomes of it.
pub(crate) struct Desk {
    pub(crate) agents: ServedAgents,
    pub(crate) store: Store,
    pub(super) bounds: Bounds,
    state: Mutex<State>,
    /// There is work, or no more is to be begun.
    work: Condvar,
    ledger: Mutex<Ledger>,
}

/// How many tasks there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// At once.
    pub(crate) sessions: usize,
    /// Waiting.
    pub(crate) queue: usize,
    /// Over.
    pub(crate) keep: usize,
}

#[derive(Default)]
pub(super) struct State {
    waiting: BTreeSet<i64>,
    /// Places of tasks that are on their way into the store.
    reserved: usize,
    pub(super) running: BTreeMap<i64, Running>,
    /// Of tasks that wait or run, where somebody watches them or they run.
    pub(super) logs: BTreeMap<i64, Arc<TaskLog>>,
    pub(super) is_stopping: bool,
    /// Why the store cannot be written, as long as it cannot.
    trouble: Option<String>,
}

pub(super) struct Running {
    pub(super) stop: Stop,
    is_cancelled: bool,
}

impl Desk {
    /// A desk with these tasks waiting.
    pub(crate) fn new(
        agents: ServedAgents,
        store: Store,
        bounds: Bounds,
        waiting: Vec<i64>,
    ) -> Arc<Desk> {
        let state = State { waiting: waiting.into_iter().collect(), ..State::default() };
        let (work, ledger) = (Condvar::new(), Mutex::default());
        Arc::new(Desk { agents, store, bounds, state: Mutex::new(state), work, ledger })
    }

    /// Takes a task that a client gives; whether it is new. It is on the disk then.
    pub(crate) fn accept(
        &self,
        asked: &TaskAsked,
        key: Option<&str>,
    ) -> Result<(TaskRow, bool), ApiError> {
        let order = asked.order(&self.agents)?;
        let name = match &order.kind {
            TaskKind::Named(name) => name,
            TaskKind::Input(_) => &self.agents.input_name,
        };
        let (identity, text) = (&self.agents.identity, asked.text());
        let task = NewTask { order: &order, name, identity, asked: &text, key };
        let has_room = self.reserve()?;
        let accepted = self.store.accept(&task, has_room);
        let mut state = self.lock();
        state.reserved -= usize::from(has_room);
        match accepted.map_err(|error| unwritable(&error))? {
            Accepted::New(row) => {
                state.waiting.insert(row.number);
                drop(state);
                self.work.notify_all();
                self.ledger().accepted += 1;
                Ok((row, true))
            }
            Accepted::Known(row) => Ok((row, false)),
            Accepted::OtherBody(row) => Err(other_body(&row)),
            Accepted::NoRoom => {
                drop(state);
                Err(self.no_room())
            }
        }
    }

    /// Sets a place aside for a task, if there is one.
    fn reserve(&self) -> Result<bool, ApiError> {
        let mut state = self.lock();
        if state.is_stopping {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(ApiError::overloaded(status, STOPPING.to_owned(), RETRY_AFTER_SECONDS));
        }
        let idle = self.bounds.sessions.saturating_sub(state.running.len());
        let has_room =
            state.waiting.len() + state.reserved < self.bounds.queue.saturating_add(idle);
        state.reserved += usize::from(has_room);
        Ok(has_room)
    }

    fn no_room(&self) -> ApiError {
        let mut ledger = self.ledger();
        ledger.refused += 1;
        let most = self.bounds.queue;
        let message =
            format!("{most} tasks wait, which is as many as may; give this one again later");
        let after = ledger.seconds_a_task().unwrap_or(RETRY_AFTER_SECONDS);
        ApiError::overloaded(StatusCode::TOO_MANY_REQUESTS, message, after)
    }

    /// Ends a task that is not over; the task afterwards, and whether that ended it.
    pub(crate) fn cancel(&self, number: i64) -> Result<(Option<TaskRow>, bool), StoreError> {
        let log = {
            let mut state = self.lock();
            let is_here = state.waiting.contains(&number) || state.running.contains_key(&number);
            if is_here { state.logs.entry(number).or_default().clone() } else { Arc::default() }
        };
        let cancelled = self.finish(number, &log, &Over::Cancelled)?;
        if cancelled {
            let mut state = self.lock();
            state.waiting.remove(&number);
            state.logs.remove(&number);
            let stop = state.running.get_mut(&number).map(|running| {
                running.is_cancelled = true;
                running.stop.clone()
            });
            drop(state);
            log.close();
            if let Some(stop) = stop {
                stop.set();
            }
        }
        Ok((self.store.task(number)?, cancelled))
    }

    /// Does one task after the other, until no more are to be begun.
    pub(super) fn work(&self) {
        while let Some((number, stop, log)) = self.next() {
            self.perform(number, &stop, &log);
            let mut state = self.lock();
            state.running.remove(&number);
            if state.logs.get(&number).is_some_and(|one| Arc::ptr_eq(one, &log)) {
                state.logs.remove(&number);
            }
            drop(state);
            log.close();
            // Who stops the server waits for this.
            self.work.notify_all();
        }
    }

    fn next(&self) -> Option<(i64, Stop, Arc<TaskLog>)> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(number) = state.waiting.pop_first() {
                let stop = Stop::default();
                state.running.insert(number, Running { stop: stop.clone(), is_cancelled: false });
                let log = state.logs.entry(number).or_default().clone();
                return Some((number, stop, log));
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn perform(&self, number: i64, stop: &Stop, log: &Arc<TaskLog>) {
        let Some(Some(row)) = self.patiently(|| self.store.begin(number)) else {
            return;
        };
        log.begin(self.attempt_of(&row));
        self.ledger().begun(now() - row.created_at);
        let began = Instant::now();
        let steps = log.clone();
        let on_step = Box::new(move |step| steps.push(step));
        let watch = TaskWatch { stop: stop.clone(), on_step };
        let order = row.order();
        // What a panic may leave half-made is of this task alone, and nobody looks at it again.
        let done = catch_unwind(AssertUnwindSafe(|| (self.agents.doing)(&order, watch)));
        let end = match done {
            Ok(Some(end)) => end,
            Ok(None) => return,
            Err(panic) => TaskEnd::of_host("host_failed", told_by(&*panic)),
        };
        self.ledger().done(began.elapsed().as_secs_f64(), end.figures.e2e_ns);
        self.patiently(|| self.finish(number, log, &Over::Done(&end)));
    }

    fn finish(&self, number: i64, log: &TaskLog, over: &Over<'_>) -> Result<bool, StoreError> {
        let ended = log.end(|steps| self.store.end(number, over, steps, self.bounds.keep))?;
        if ended {
            self.ledger().ended(match over {
                Over::Cancelled => Status::Cancelled,
                Over::Done(end) if end.outcome.is_ok() => Status::Succeeded,
                Over::Done(_) => Status::Failed,
            });
        }
        Ok(ended)
    }

    /// Tries until it succeeds, since a task whose end cannot be written is not over; gives up when the
    /// server stops, and then the task is done again after the next start.
    fn patiently<T>(&self, attempt: impl Fn() -> Result<T, StoreError>) -> Option<T> {
        loop {
            match attempt() {
                Ok(done) => {
                    self.lock().trouble = None;
                    return Some(done);
                }
                Err(error) => {
                    let mut state = self.lock();
                    state.trouble = Some(error.to_string());
                    if state.is_stopping {
                        return None;
                    }
                    // Woken by whoever stops the server, among others.
                    let waited = self.work.wait_timeout(state, RETRY);
                    drop(waited.unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    /// Which attempt the steps of a task are of: always the same one where every attempt goes alike.
    pub(crate) fn attempt_of(&self, row: &TaskRow) -> u32 {
        if self.agents.is_repeatable { 0 } else { row.attempts }
    }

    /// The steps of a task that is not over, as they come; nothing where it is over or unknown.
    pub(crate) fn log_of(&self, number: i64) -> Option<Arc<TaskLog>> {
        let mut state = self.lock();
        let runs = state.running.get(&number).is_some_and(|running| !running.is_cancelled);
        let waits = state.waiting.contains(&number) && !state.is_stopping;
        (runs || waits).then(|| state.logs.entry(number).or_default().clone())
    }

    /// Why no task can be taken or ended, if none can.
    pub(crate) fn trouble(&self) -> Option<String> {
        let state = self.lock();
        state.trouble.clone().or_else(|| state.is_stopping.then(|| STOPPING.to_owned()))
    }

    /// The page of `/metrics`.
    pub(crate) fn metrics(&self) -> String {
        let (queued, running) = {
            let state = self.lock();
            (state.waiting.len(), state.running.len())
        };
        self.ledger().page(&self.agents.bench, queued, running)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait_for_change<'s>(
        &self,
        state: MutexGuard<'s, State>,
        most: Duration,
    ) -> MutexGuard<'s, State> {
        self.work.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn wake_all(&self) {
        self.work.notify_all();
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The logs of tasks that wait.
    pub(super) fn logs_of_waiting(&mut self) -> Vec<Arc<TaskLog>> {
        let running = &self.running;
        self.logs
            .extract_if(.., |number, _| !running.contains_key(number))
            .map(|one| one.1)
            .collect()
    }
}

/// What a store that cannot be used answers.
pub(crate) fn unwritable(error: &StoreError) -> ApiError {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    ApiError::overloaded(status, error.to_string(), RETRY_AFTER_SECONDS)
}

fn other_body(row: &TaskRow) -> ApiError {
    let message = format!(
        "Idempotency-Key: `task-{}` was given under this key, and with another body; use a key for one \
         task alone",
        row.number
    );
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    ApiError::refused(status, "idempotency_key_reused", message)
}

/// What a panic says.
fn told_by(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
    format!("the host failed, which is a defect of timeslip, and ended this task alone: {text}")
}
