//! Threads that resume guests which are ready at one instant.
//!
//! The result does not depend on the number of threads: guests of different sessions share nothing,
//! those of one session run one after the other, in the order of their seats, and bursts come back
//! in the order in which the guests were handed over.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::backend::SessionId;
use crate::guest::{Burst, Delivery, Guest, GuestState, GuestUse, StopCause};
use crate::time::{Instant, Span};

/// A guest with what it is resumed with.
pub(crate) struct Job {
    pub(crate) session: SessionId,
    pub(crate) guest: Box<dyn Guest>,
    pub(crate) deliveries: Vec<Delivery>,
}

/// A guest that has run.
pub(crate) struct Done {
    pub(crate) guest: Box<dyn Guest>,
    pub(crate) burst: Burst,
}

/// The threads' common table.
#[derive(Default)]
pub(crate) struct Crew {
    table: Mutex<Table>,
    work_or_closing: Condvar,
    finished: Condvar,
}

#[derive(Default)]
struct Table {
    now: Instant,
    /// With their places. Those of one session stand together.
    jobs: VecDeque<(usize, Job)>,
    done: Vec<(usize, Done)>,
    closing: bool,
}

impl Crew {
    /// Runs `body` with `threads` threads in all, the caller's included.
    pub(crate) fn with<R>(threads: usize, body: impl FnOnce(&Crew) -> R) -> R {
        let crew = Crew::default();
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| crew.work_until_closing());
            }
            // Also when `body` panics: the scope waits for its threads.
            let _closing = CloseOnDrop(&crew);
            body(&crew)
        })
    }

    /// Resumes all guests at `now` and returns them in the same order. Jobs of one session stand
    /// together.
    pub(crate) fn resume_all(&self, now: Instant, mut jobs: Vec<Job>) -> Vec<Done> {
        if let [_] = jobs.as_slice() {
            return jobs.drain(..).map(|job| run(job, now)).collect();
        }
        let count = jobs.len();
        {
            let mut table = self.lock();
            table.now = now;
            table.jobs.extend(jobs.into_iter().enumerate());
        }
        self.work_or_closing.notify_all();
        while self.work_once() {}
        let mut table = self.lock();
        while table.done.len() < count {
            table = self.finished.wait(table).expect("no thread panics with the table");
        }
        let mut done = std::mem::take(&mut table.done);
        drop(table);
        done.sort_unstable_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, done)| done).collect()
    }

    fn work_until_closing(&self) {
        loop {
            while self.work_once() {}
            let table = self.lock();
            let table = self
                .work_or_closing
                .wait_while(table, |table| table.jobs.is_empty() && !table.closing)
                .expect("no thread panics with the table");
            if table.closing {
                return;
            }
        }
    }

    fn work_once(&self) -> bool {
        let mut table = self.lock();
        let now = table.now;
        let Some((index, first)) = table.jobs.pop_front() else {
            return false;
        };
        // Guests of one session may share files, so whoever takes the first of them takes all.
        let session = first.session;
        let mut rest = VecDeque::new();
        while table.jobs.front().is_some_and(|(_, job)| job.session == session) {
            rest.extend(table.jobs.pop_front());
        }
        drop(table);
        let mut next = Some((index, first));
        while let Some((index, job)) = next {
            let done = run(job, now);
            self.lock().done.push((index, done));
            next = rest.pop_front();
        }
        self.finished.notify_one();
        true
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("no thread panics with the table")
    }
}

struct CloseOnDrop<'a>(&'a Crew);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.lock().closing = true;
        self.0.work_or_closing.notify_all();
    }
}

fn run(job: Job, now: Instant) -> Done {
    let Job { mut guest, deliveries, .. } = job;
    let burst = catch_unwind(AssertUnwindSafe(|| guest.resume(now, deliveries)))
        .unwrap_or_else(|panic| stopped_by_defect(&panic_text(panic.as_ref())));
    Done { guest, burst }
}

/// A panic in the host's own code ends the session it happened in, and says whose fault it is.
fn stopped_by_defect(panic: &str) -> Burst {
    Burst {
        happenings: Vec::new(),
        compute: Span::ZERO,
        state: GuestState::Stopped(StopCause {
            kind: "host_defect",
            message: format!("timeslip itself failed here, not the component: {panic}"),
        }),
        used: GuestUse::default(),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Waits for a word from another guest or gives one, and computes as long as its number says.
    struct Relay {
        number: u64,
        hears: Option<Receiver<()>>,
        tells: Option<Sender<()>>,
    }

    impl Guest for Relay {
        fn resume(&mut self, _: Instant, _: Vec<Delivery>) -> Burst {
            if let Some(hears) = &self.hears {
                hears.recv().expect("the other guest runs on another thread");
            }
            if let Some(tells) = &self.tells {
                tells.send(()).expect("the other guest listens");
            }
            let compute = Span::from_nanos(self.number);
            let used = GuestUse::default();
            Burst { happenings: Vec::new(), compute, state: GuestState::Waiting, used }
        }
    }

    #[test]
    fn guests_come_back_in_their_order_even_when_the_first_is_done_last() {
        let (tells, hears) = channel();
        // The thread that resumes the last has put down the one between before.
        let relays = [(0, Some(hears), None), (1, None, None), (2, None, Some(tells))];
        let jobs = relays.map(|(number, hears, tells)| Job {
            session: SessionId(number as u32),
            guest: Box::new(Relay { number, hears, tells }),
            deliveries: Vec::new(),
        });
        let done = Crew::with(2, |crew| crew.resume_all(Instant::ZERO, jobs.into_iter().collect()));
        let order: Vec<u64> = done.iter().map(|done| done.burst.compute.as_nanos()).collect();
        assert_eq!(order, [0, 1, 2]);
    }
    /// Adds its number to what the guests of its session share.
    struct Writer {
        number: u32,
        shared: Arc<Mutex<Vec<u32>>>,
    }

    impl Guest for Writer {
        fn resume(&mut self, _: Instant, _: Vec<Delivery>) -> Burst {
            let before = self.shared.lock().unwrap().clone();
            // Long enough for another thread to come between, if one may.
            std::thread::yield_now();
            *self.shared.lock().unwrap() = [before, vec![self.number]].concat();
            let used = GuestUse::default();
            let state = GuestState::Waiting;
            Burst { happenings: Vec::new(), compute: Span::ZERO, state, used }
        }
    }

    #[test]
    fn guests_of_one_session_run_one_after_the_other() {
        let sessions: Vec<Arc<Mutex<Vec<u32>>>> = (0..200).map(|_| Arc::default()).collect();
        let jobs = sessions.iter().zip(0..).flat_map(|(shared, session)| {
            (0..5).map(move |number| Job {
                session: SessionId(session),
                guest: Box::new(Writer { number, shared: shared.clone() }),
                deliveries: Vec::new(),
            })
        });
        let jobs = jobs.collect();
        let done = Crew::with(4, |crew| crew.resume_all(Instant::ZERO, jobs));
        assert_eq!(done.len(), 1000);
        for shared in sessions {
            assert_eq!(*shared.lock().unwrap(), [0, 1, 2, 3, 4]);
        }
    }
}
