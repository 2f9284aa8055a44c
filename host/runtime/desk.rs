//! What lies between a guest's store and the loop: what the guest asked, and the answers.
//!
//! A guest's future owns its store, so the loop cannot look into it; both sides reach this desk
//! instead. Time inside a burst is fuel: the desk turns fuel spent since the burst began into a
//! span. Fuel that a guest spends after its last host call of a burst is charged to its next one,
//! because only host calls can read the counter.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use futures_channel::oneshot;
use timeslip_timeline::guest::{Answer, Ask, AskId, Burst, GuestState, GuestUse, Happening};
use timeslip_timeline::time::{Instant, Span};

/// How fast the host computes: picoseconds for one unit of fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PicosecondsPerFuel(pub u64);

impl PicosecondsPerFuel {
    /// The nearest whole number of picoseconds.
    pub fn from_nanoseconds(nanoseconds: f64) -> PicosecondsPerFuel {
        PicosecondsPerFuel((nanoseconds * 1000.0).round() as u64)
    }

    /// The time that this much fuel takes.
    pub fn span(self, fuel: u64) -> Span {
        let picoseconds = u128::from(fuel) * u128::from(self.0);
        Span::from_nanos(u64::try_from(picoseconds / 1000).unwrap_or(u64::MAX))
    }
}

/// The desk of one guest.
pub(crate) struct Desk {
    inner: Mutex<Inner>,
}

struct Inner {
    pace: PicosecondsPerFuel,
    session_began: Instant,
    burst_began: Instant,
    fuel_at_start: u64,
    burst_fuel: u64,
    last_fuel: u64,
    memory_bytes: u64,
    happenings: Vec<(Span, Happening)>,
    waiting: BTreeMap<AskId, Waiting>,
    next_ask: u64,
    calls: VecDeque<IncomingCall>,
    calls_waker: Option<Waker>,
}

enum Waiting {
    Once(oneshot::Sender<Answer>),
    Pieces(Arc<Mutex<Pieces>>),
}

/// Pieces of a streamed reply that the guest has not taken yet.
#[derive(Default)]
pub(crate) struct Pieces {
    pub(crate) queue: VecDeque<Answer>,
    pub(crate) waker: Option<Waker>,
}

/// A call that a plugin is to answer.
pub(crate) struct IncomingCall {
    pub(crate) call: u64,
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Arc<str>,
}

impl Desk {
    pub(crate) fn new(pace: PicosecondsPerFuel, fuel: u64) -> Desk {
        Desk {
            inner: Mutex::new(Inner {
                pace,
                session_began: Instant::ZERO,
                burst_began: Instant::ZERO,
                fuel_at_start: fuel,
                burst_fuel: fuel,
                last_fuel: fuel,
                memory_bytes: 0,
                happenings: Vec::new(),
                waiting: BTreeMap::new(),
                next_ask: 0,
                calls: VecDeque::new(),
                calls_waker: None,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no guest panics while it holds its desk")
    }

    /// A session's clock starts at this instant.
    pub(crate) fn begin_session(&self, now: Instant) {
        self.lock().session_began = now;
    }

    /// When the session's clock started.
    pub(crate) fn session_began(&self) -> Instant {
        self.lock().session_began
    }

    pub(crate) fn begin_burst(&self, now: Instant) {
        let mut inner = self.lock();
        inner.burst_began = now;
        inner.burst_fuel = inner.last_fuel;
    }

    /// When the burst that runs now began.
    pub(crate) fn burst_began(&self) -> Instant {
        self.lock().burst_began
    }

    /// The burst: what happened in it, how long it took, and how it stands with the guest.
    pub(crate) fn end_burst(&self, state: GuestState) -> Burst {
        let mut inner = self.lock();
        let compute = inner.offset();
        let used = GuestUse {
            fuel: inner.fuel_at_start - inner.last_fuel,
            memory_bytes: inner.memory_bytes,
        };
        Burst { happenings: std::mem::take(&mut inner.happenings), compute, state, used }
    }

    /// Notes the most memory that the guest has held.
    pub(crate) fn note_memory(&self, bytes: u64) {
        self.lock().memory_bytes = bytes;
    }

    /// Notes how much fuel is left.
    pub(crate) fn note_fuel(&self, fuel: u64) {
        self.lock().last_fuel = fuel;
    }

    /// The session's clock, at this much fuel left.
    pub(crate) fn session_time(&self, fuel: u64) -> Span {
        let mut inner = self.lock();
        inner.last_fuel = fuel;
        (inner.burst_began + inner.offset()).since(inner.session_began)
    }

    /// Notes something that happened now.
    pub(crate) fn happened(&self, happening: Happening) {
        let mut inner = self.lock();
        let offset = inner.offset();
        inner.happenings.push((offset, happening));
    }

    /// Lays down an ask that has one answer.
    pub(crate) fn ask(&self, fuel: u64, ask: Ask) -> (AskId, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        (self.lay_down(fuel, ask, Waiting::Once(sender)), receiver)
    }

    /// Lays down an ask whose answer comes in pieces.
    pub(crate) fn ask_in_pieces(&self, fuel: u64, ask: Ask) -> (AskId, Arc<Mutex<Pieces>>) {
        let pieces = Arc::new(Mutex::new(Pieces::default()));
        (self.lay_down(fuel, ask, Waiting::Pieces(pieces.clone())), pieces)
    }

    fn lay_down(&self, fuel: u64, ask: Ask, waiting: Waiting) -> AskId {
        let mut inner = self.lock();
        inner.last_fuel = fuel;
        let id = AskId(inner.next_ask);
        inner.next_ask += 1;
        inner.waiting.insert(id, waiting);
        let offset = inner.offset();
        inner.happenings.push((offset, Happening::Asked(id, ask)));
        id
    }

    /// The guest no longer wants an answer. After the last answer this means nothing.
    pub(crate) fn drop_ask(&self, id: AskId) {
        let mut inner = self.lock();
        if inner.waiting.remove(&id).is_some() {
            let offset = inner.offset();
            inner.happenings.push((offset, Happening::Dropped(id)));
        }
    }

    /// Hands an answer to whoever waits for it.
    pub(crate) fn answer(&self, id: AskId, answer: Answer) {
        let mut inner = self.lock();
        let last = !matches!(answer, Answer::Chunk { .. });
        let waiting = if last { inner.waiting.remove(&id) } else { None };
        match waiting {
            // A receiver that is gone has been dropped by the guest at this very moment.
            Some(Waiting::Once(sender)) => drop(sender.send(answer)),
            Some(Waiting::Pieces(pieces)) => push_piece(&pieces, answer),
            None => {
                if let Some(Waiting::Pieces(pieces)) = inner.waiting.get(&id) {
                    push_piece(pieces, answer);
                }
            }
        }
    }

    /// Gives a plugin a call.
    pub(crate) fn push_call(&self, call: IncomingCall) {
        let mut inner = self.lock();
        inner.calls.push_back(call);
        if let Some(waker) = inner.calls_waker.take() {
            waker.wake();
        }
    }

    /// The next call, or a promise to wake `waker` when there is one.
    pub(crate) fn poll_call(&self, waker: &Waker) -> Option<IncomingCall> {
        let mut inner = self.lock();
        let call = inner.calls.pop_front();
        if call.is_none() {
            inner.calls_waker = Some(waker.clone());
        }
        call
    }
}

impl Inner {
    fn offset(&self) -> Span {
        self.pace.span(self.burst_fuel - self.last_fuel)
    }
}

fn push_piece(pieces: &Mutex<Pieces>, piece: Answer) {
    let mut pieces = pieces.lock().expect("no guest panics while it holds its pieces");
    pieces.queue.push_back(piece);
    if let Some(waker) = pieces.waker.take() {
        waker.wake();
    }
}
