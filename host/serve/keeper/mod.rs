//! The keeper: the one thread that owns the machines and moves their time.
//!
//! It submits what connections ask, takes what is due by now out of each machine, notes it in the
//! slot of its call, and waits for the next event or command. A wake-up that comes late delivers
//! everything that was due meanwhile at the modelled instants at which it was due, so lateness never
//! adds up. No text and no JSON is touched here.

mod ledger;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread::JoinHandle;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, Served, Submission,
};
use timeslip_timeline::conversation::{FinishReason, ModelError};
use timeslip_timeline::time::Instant;

pub(crate) use ledger::{KeeperReport, Ledger, MachineReport, REASONS};

use crate::clock::WallClock;
use crate::slot::{CallEnd, CallFailure, ReplySlot};

/// A machine that is to be served.
pub struct ServedMachine {
    /// The machine's name.
    pub name: Arc<str>,
    /// The model that it serves.
    pub model: Arc<str>,
    /// The machine, which nobody has asked yet.
    pub backend: Box<dyn Backend>,
}

/// What connections ask of the keeper.
pub(crate) enum Command {
    /// A call, which came at an instant.
    Submit(Box<Call>),
    /// A call that nobody waits for any more.
    Cancel(CallId),
    /// What the machines have done so far.
    Report(tokio::sync::oneshot::Sender<KeeperReport>),
    /// The end.
    Stop,
}

/// A call on its way to a machine.
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) machine: usize,
    /// When its request had come.
    pub(crate) at: Instant,
    pub(crate) work: Submission,
    /// Why its reply ends.
    pub(crate) finish_reason: FinishReason,
    pub(crate) slot: Arc<ReplySlot>,
}

/// The way to a keeper; gone with its thread.
#[derive(Clone)]
pub(crate) struct KeeperHandle {
    commands: Sender<Command>,
}

impl KeeperHandle {
    /// Tells the keeper something. `false` when its thread is gone.
    pub(crate) fn tell(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }
}

/// Starts the keeper of some machines.
pub(crate) fn start(
    machines: Vec<ServedMachine>,
    clock: WallClock,
) -> std::io::Result<(KeeperHandle, JoinHandle<()>)> {
    let (commands, received) = mpsc::channel();
    let machines: Vec<Kept> = machines.into_iter().map(Kept::new).collect();
    let keeper = Keeper { machines, clock, calls: HashMap::new(), asked: Vec::new(), received };
    let thread =
        std::thread::Builder::new().name("timeslip-keeper".to_owned()).spawn(move || {
            wake_on_time();
            keeper.run();
        })?;
    Ok((KeeperHandle { commands }, thread))
}

/// Linux lets a thread wait up to 50 µs longer than it asked, to save power, and every token would come
/// that much later.
#[cfg(target_os = "linux")]
fn wake_on_time() {
    // Where it cannot be had, tokens come as they did.
    let _ = nix::sys::prctl::set_timerslack(1);
}

#[cfg(not(target_os = "linux"))]
fn wake_on_time() {}

struct Keeper {
    machines: Vec<Kept>,
    clock: WallClock,
    calls: HashMap<CallId, UnderWay>,
    /// Calls that are to be submitted.
    asked: Vec<Call>,
    received: Receiver<Command>,
}

/// A machine with what the keeper knows of it.
struct Kept {
    backend: Box<dyn Backend>,
    /// Nothing is submitted before this instant: it was submitted to, or its events were taken, up to
    /// here.
    passed: Instant,
    /// Rejections that were told to their calls.
    rejected: u64,
    /// Why it can be used no more.
    failure: Option<String>,
    ledger: Ledger,
}

/// A call in a machine.
struct UnderWay {
    machine: usize,
    slot: Arc<ReplySlot>,
    finish_reason: FinishReason,
    /// The last token that was seen, and when it came.
    last: Option<(u64, Instant)>,
}

impl Kept {
    fn new(machine: ServedMachine) -> Kept {
        Kept {
            ledger: Ledger::new(machine.name, machine.model),
            backend: machine.backend,
            passed: Instant::ZERO,
            rejected: 0,
            failure: None,
        }
    }

    /// The next thing that comes out of it by an instant.
    fn next(&mut self, by: Instant) -> Option<Completion> {
        let due = self.backend.next_event_at().is_some_and(|at| at <= by);
        if !due || self.failure.is_some() {
            return None;
        }
        let completion = self.backend.next(Some(by));
        self.passed = self.passed.max(completion.as_ref().map_or(by, |one| one.at));
        completion
    }
}

impl Keeper {
    fn run(mut self) {
        loop {
            loop {
                match self.received.try_recv() {
                    Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return,
                    Ok(command) => self.take(command),
                    Err(TryRecvError::Empty) => break,
                }
            }
            let now = self.clock.now();
            if now == Instant::END {
                self.end_of_time();
            }
            self.submit_asked();
            self.deliver_until(now);
            match self.wait() {
                Some(Command::Stop) => return,
                Some(command) => self.take(command),
                None => {}
            }
        }
    }

    /// Waits until a machine has something to say, or for a command.
    fn wait(&mut self) -> Option<Command> {
        let usable = self.machines.iter().filter(|machine| machine.failure.is_none());
        let due = usable.filter_map(|machine| machine.backend.next_event_at()).min();
        let Some(due) = due else {
            return Some(self.received.recv().unwrap_or(Command::Stop));
        };
        match self.received.recv_timeout(self.clock.wait_until(due)) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Command::Stop),
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Submit(call) => self.asked.push(*call),
            Command::Cancel(id) => self.cancel(id),
            Command::Report(reply) => {
                let now = self.clock.now();
                let machines = self.machines.iter().map(|machine| {
                    let (backend, ledger) = (&machine.backend, machine.ledger.clone());
                    // A machine's totals may be asked up to where its events were taken.
                    let totals = backend.totals(now.max(machine.passed));
                    MachineReport { ledger, totals, occupancy: backend.occupancy() }
                });
                // Who asked may be gone.
                let _ = reply.send(KeeperReport { machines: machines.collect() });
            }
            Command::Stop => unreachable!("the keeper's loop ends with it"),
        }
    }

    /// Submits what was asked, in the order in which it came. Several threads ask, so a call may come
    /// here after its machine's clock has passed its instant, and is then submitted at that clock.
    fn submit_asked(&mut self) {
        let mut asked = std::mem::take(&mut self.asked);
        asked.sort_by_key(|call| (call.at, call.id));
        for call in asked.drain(..) {
            self.submit(call);
        }
        self.asked = asked;
    }

    fn submit(&mut self, call: Call) {
        let kept = &mut self.machines[call.machine];
        if let Some(message) = &kept.failure {
            let error = ModelError::Unavailable(message.clone());
            return call.slot.end(failed(error));
        }
        // Whatever is due before the call's instant is taken first.
        let at = call.at.max(kept.passed);
        self.deliver_from(call.machine, at);
        let kept = &mut self.machines[call.machine];
        kept.passed = at;
        kept.ledger.submitted += 1;
        kept.backend.submit(at, call.id, call.work);
        let under_way = UnderWay {
            machine: call.machine,
            slot: call.slot,
            finish_reason: call.finish_reason,
            last: None,
        };
        self.calls.insert(call.id, under_way);
    }

    fn cancel(&mut self, id: CallId) {
        // A call may be given up before it was submitted.
        self.asked.retain(|call| call.id != id);
        if let Some(call) = self.calls.remove(&id) {
            let kept = &mut self.machines[call.machine];
            kept.passed = kept.passed.max(self.clock.now());
            kept.ledger.cancelled += 1;
            kept.backend.cancel(kept.passed, id);
        }
    }

    fn deliver_until(&mut self, now: Instant) {
        for machine in 0..self.machines.len() {
            self.deliver_from(machine, now);
        }
    }

    fn deliver_from(&mut self, machine: usize, by: Instant) {
        while let Some(completion) = self.machines[machine].next(by) {
            let lateness = self.clock.lateness(completion.at);
            self.machines[machine].ledger.lateness.observe(lateness.as_secs_f64());
            self.deliver(completion);
        }
        let kept = &mut self.machines[machine];
        if kept.failure.is_none()
            && let Some(failure) = kept.backend.failure()
        {
            kept.failure = Some(failure.message);
            self.fail_all(machine);
        }
    }

    fn deliver(&mut self, completion: Completion) {
        let Completion { at, call: id, event } = completion;
        match event {
            CompletionEvent::Progress { output_tokens, timing, .. } => {
                let Some(call) = self.calls.get_mut(&id) else { return };
                let ledger = &mut self.machines[call.machine].ledger;
                match call.last.replace((output_tokens, at)) {
                    Some(last) => ledger.token_gaps(last, (output_tokens, at)),
                    None => ledger.first_token(timing.time_to_first_token),
                }
                call.slot.progress(output_tokens);
            }
            CompletionEvent::Served(served) => {
                let Some(call) = self.calls.remove(&id) else { return };
                self.note_served(&call, at, &served);
                call.slot.end(CallEnd::Served(Box::new(served)));
            }
            CompletionEvent::Failed(failure) => {
                let Some(call) = self.calls.remove(&id) else { return };
                let kept = &mut self.machines[call.machine];
                kept.ledger.failed += 1;
                let was_rejected = kept.backend.totals(at).incidents.rejected > kept.rejected;
                kept.rejected += u64::from(was_rejected);
                // What others took so far is the best guess at when there is room again.
                let wait = self.clock.wall(kept.ledger.end_to_end.mean()).as_secs_f64();
                call.slot.end(CallEnd::Failed(CallFailure {
                    error: failure.error,
                    was_rejected,
                    retry_after_seconds: (wait.ceil() as u64).max(1),
                }));
            }
        }
    }

    fn note_served(&mut self, call: &UnderWay, at: Instant, served: &Served) {
        let ledger = &mut self.machines[call.machine].ledger;
        match call.last {
            Some(last) => ledger.token_gaps(last, (served.usage.output_tokens, at)),
            None => ledger.first_token(served.timing.time_to_first_token),
        }
        ledger.served(served, call.finish_reason);
    }

    /// Nothing that is due at the end of the clock ever comes.
    fn end_of_time(&mut self) {
        for machine in 0..self.machines.len() {
            let message = "the modelled clock has come to its end, after 104 days of its time; start \
                           the server again";
            self.machines[machine].failure = Some(message.to_owned());
            self.fail_all(machine);
        }
    }

    /// A machine that cannot be used any more: all its calls end.
    fn fail_all(&mut self, machine: usize) {
        let message = self.machines[machine].failure.clone().unwrap_or_default();
        let is_lost = |_: &CallId, call: &mut UnderWay| call.machine == machine;
        for (_, call) in self.calls.extract_if(is_lost) {
            call.slot.end(failed(ModelError::Unavailable(message.clone())));
        }
    }
}

impl Drop for Keeper {
    /// Nobody waits for a keeper that is gone.
    fn drop(&mut self) {
        let gone = || failed(ModelError::Unavailable("the server is stopping".to_owned()));
        for (_, call) in self.calls.drain() {
            call.slot.end(gone());
        }
        for call in self.asked.drain(..) {
            call.slot.end(gone());
        }
        while let Ok(command) = self.received.try_recv() {
            if let Command::Submit(call) = command {
                call.slot.end(gone());
            }
        }
    }
}

fn failed(error: ModelError) -> CallEnd {
    CallEnd::Failed(CallFailure { error, was_rejected: false, retry_after_seconds: 1 })
}

#[cfg(test)]
mod tests;
