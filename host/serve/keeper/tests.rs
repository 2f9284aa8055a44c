//! The keeper with a machine made by hand.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use timeslip_timeline::backend::{
    ChatTiming, FailedChat, MachineTotals, PlannedTokens, ReplyLength, SessionId,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Usage};
use timeslip_timeline::time::Span;

use super::*;

/// Ends each call after 1 ms, with a token in the middle; `fails` in place of that.
#[derive(Default)]
struct Toy {
    outbox: VecDeque<Completion>,
    submitted: Arc<Mutex<Vec<(CallId, Instant)>>>,
    cancelled: Arc<Mutex<Vec<CallId>>>,
    fails: bool,
    passed: Instant,
    rejected: u64,
}

impl Backend for Toy {
    fn submit(&mut self, at: Instant, call: CallId, _work: Submission) {
        assert!(at >= self.passed, "submitted in the past");
        self.passed = at;
        self.submitted.lock().unwrap().push((call, at));
        if self.fails {
            self.rejected += 1;
            let error = FailedChat::from(ModelError::Unavailable("full".to_owned()));
            let event = CompletionEvent::Failed(error);
            return self.outbox.push_back(Completion { at, call, event });
        }
        let timing = ChatTiming {
            decode: Span::from_millis(1),
            time_to_first_token: Span::from_micros(500),
            ..ChatTiming::default()
        };
        let event = CompletionEvent::Progress { output_tokens: 1, timing, text: None };
        self.outbox.push_back(Completion { at: at + Span::from_micros(500), call, event });
        let usage = Usage { input_tokens: 3, cached_input_tokens: 1, output_tokens: 2 };
        let event = CompletionEvent::Served(Served {
            usage,
            timing,
            energy_j: None,
            cost_usd: None,
            words: None,
            observed: None,
        });
        self.outbox.push_back(Completion { at: at + Span::from_millis(1), call, event });
    }

    fn cancel(&mut self, _at: Instant, call: CallId) {
        self.cancelled.lock().unwrap().push(call);
        self.outbox.retain(|completion| completion.call != call);
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.outbox.iter().map(|completion| completion.at).min()
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let at = self.next_event_at().filter(|at| Some(*at) <= deadline)?;
        self.passed = self.passed.max(at);
        let place = self.outbox.iter().position(|completion| completion.at == at)?;
        self.outbox.remove(place)
    }

    fn totals(&self, _at: Instant) -> MachineTotals {
        let mut totals = MachineTotals::default();
        totals.incidents.rejected = self.rejected;
        totals
    }
}

fn call(id: u64, at: Instant) -> (Command, Arc<ReplySlot>) {
    let slot = Arc::new(ReplySlot::default());
    let request = ChatRequest {
        model: None,
        messages: Vec::new(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    };
    let tokens = PlannedTokens {
        input_tokens: 3,
        prompt: Arc::default(),
        reply_part: None,
        max_output_tokens: None,
        reply: ReplyLength::of(2),
    };
    let work = Submission::planned(SessionId(0), "m".into(), Arc::new(request), tokens);
    let call = Call {
        id: CallId(id),
        machine: 0,
        at,
        work,
        finish_reason: FinishReason::Stop,
        slot: slot.clone(),
    };
    (Command::Submit(Box::new(call)), slot)
}

fn end_of(slot: Arc<ReplySlot>) -> CallEnd {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let end = async { tokio::time::timeout(Duration::from_secs(20), crate::slot::End(slot)).await };
    runtime.block_on(end).expect("the call ends")
}

fn kept(toy: Toy, speed: f64) -> (KeeperHandle, JoinHandle<()>, WallClock) {
    let clock = WallClock::start(speed);
    let machine = ServedMachine { name: "toy".into(), model: "m".into(), backend: Box::new(toy) };
    let (handle, thread) = start(vec![machine], clock).unwrap();
    (handle, thread, clock)
}

#[test]
fn a_call_ends_at_its_modelled_instant_and_is_counted() {
    let (keeper, thread, clock) = kept(Toy::default(), 0.02);
    let began = std::time::Instant::now();
    let (submit, slot) = call(1, clock.now());
    keeper.tell(submit);
    assert!(matches!(end_of(slot), CallEnd::Served(_)));
    // 1 ms of modelled time at 0.02 of its speed.
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
    let (reply, mut report) = tokio::sync::oneshot::channel();
    keeper.tell(Command::Report(reply));
    keeper.tell(Command::Stop);
    thread.join().unwrap();
    let ledger = &report.try_recv().unwrap().machines[0].ledger;
    assert_eq!((ledger.served[0], ledger.prompt_tokens, ledger.cached_tokens), (1, 3, 1));
    assert_eq!(ledger.inter_token.mean(), Span::from_micros(500));
}

#[test]
fn a_call_that_is_given_up_is_cancelled_in_its_machine() {
    let toy = Toy::default();
    let (submitted, cancelled) = (toy.submitted.clone(), toy.cancelled.clone());
    let (keeper, thread, clock) = kept(toy, 0.0001);
    let (submit, _slot) = call(1, clock.now());
    keeper.tell(submit);
    while submitted.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    keeper.tell(Command::Cancel(CallId(1)));
    keeper.tell(Command::Stop);
    thread.join().unwrap();
    assert_eq!(*cancelled.lock().unwrap(), [CallId(1)]);
}

#[test]
fn a_call_that_comes_late_is_submitted_where_its_machine_is() {
    let toy = Toy::default();
    let submitted = toy.submitted.clone();
    let (keeper, thread, clock) = kept(toy, 1.0);
    let (submit, slot) = call(1, clock.now());
    keeper.tell(submit);
    end_of(slot);
    // Its instant has passed in the machine, which is asked no earlier than it is.
    let (submit, slot) = call(2, Instant::ZERO);
    keeper.tell(submit);
    end_of(slot);
    keeper.tell(Command::Stop);
    thread.join().unwrap();
    let submitted = submitted.lock().unwrap();
    assert!(submitted[1].1 >= submitted[0].1, "{submitted:?}");
}

#[test]
fn a_rejection_is_told_apart_and_says_when_to_come_again() {
    let (keeper, thread, clock) = kept(Toy { fails: true, ..Toy::default() }, 1.0);
    let (submit, slot) = call(1, clock.now());
    keeper.tell(submit);
    let CallEnd::Failed(failure) = end_of(slot) else { panic!("it was rejected") };
    assert!(failure.was_rejected && failure.retry_after_seconds == 1);
    keeper.tell(Command::Stop);
    thread.join().unwrap();
}

#[test]
fn nobody_waits_for_a_keeper_that_is_gone() {
    let (keeper, thread, clock) = kept(Toy::default(), 0.0001);
    let (submit, slot) = call(1, clock.now());
    keeper.tell(submit);
    keeper.tell(Command::Stop);
    assert!(matches!(end_of(slot), CallEnd::Failed(_)));
    thread.join().unwrap();
    assert!(!keeper.tell(Command::Stop));
}

#[test]
fn calls_after_the_end_of_the_clock_fail() {
    let (keeper, thread, clock) = kept(Toy::default(), 1e15);
    while clock.now() < Instant::END {
        std::thread::yield_now();
    }
    for id in [1, 2] {
        let (submit, slot) = call(id, clock.now());
        keeper.tell(submit);
        let CallEnd::Failed(failure) = end_of(slot) else { panic!("it never comes") };
        assert!(failure.error.to_string().contains("start the server again"), "{failure:?}");
    }
    keeper.tell(Command::Stop);
    thread.join().unwrap();
}
