//! A real server as a machine: the run's clock, several calls, giving up, and money.

use std::sync::Arc;
use std::time::Instant as WallInstant;

use timeslip_timeline::backend::{
    Backend, CallId, ChatTiming, Completion, CompletionEvent, SessionId, Submission,
};
use timeslip_timeline::conversation::{ChatRequest, ModelError, Usage};
use timeslip_timeline::observed::{CountedBy, Observed, Origin, RecordedTiming};
use timeslip_timeline::pace::Pace;
use timeslip_timeline::price::TokenPrice;
use timeslip_timeline::time::{Instant, Span};

use crate::client_tests::{hello, quick};
use crate::endpoint::{Endpoint, EndpointOptions, LiveRun};
use crate::exchange::span;
use crate::loopback::{Act, Loopback, chunk, good_stream, send, stream_end, stream_head};
use crate::pace::WallPace;
use crate::purse::Purse;
use crate::{Client, Delivery};

fn options() -> EndpointOptions {
    EndpointOptions {
        delivery: Delivery::Stream,
        max_output_tokens: None,
        price: None,
        purse: None,
        count_text: Arc::new(|_, _| 1),
    }
}

fn chat(request: ChatRequest) -> Submission {
    Submission {
        session: SessionId(0),
        model: "m".into(),
        request: Arc::new(request),
        tokens: None,
        counted_input_tokens: 8,
        recorded: None,
        stream: true,
    }
}

/// A server of these scripts, and its machine under a clock of its own.
struct Bench {
    server: Loopback,
    run: LiveRun,
    pace: WallPace,
    machine: Endpoint,
    now: Instant,
}

impl Bench {
    fn new(scripts: Vec<Vec<Act>>, options: EndpointOptions) -> Bench {
        let run = LiveRun::start().unwrap();
        let server = run.wait_for(Loopback::start(scripts));
        let client = Arc::new(Client::new(quick(&server.base_url)).unwrap());
        let machine = run.machine(client, options);
        let pace = run.pace();
        Bench { server, run, pace, machine, now: Instant::ZERO }
    }

    /// Moves the clock on, at most to `due`, and gives what came out by then.
    fn turn(&mut self, due: Option<Instant>) -> Vec<Completion> {
        let Some(at) = self.pace.next_instant(self.now, due) else {
            return Vec::new();
        };
        assert!(at >= self.now, "the clock falls");
        self.now = at;
        std::iter::from_fn(|| self.machine.next(Some(at))).collect()
    }

    /// The end of the next call that ends.
    fn end(&mut self) -> Completion {
        loop {
            let mut completions = self.turn(None);
            assert!(!completions.is_empty(), "something is under way");
            let end = completions.pop().unwrap();
            if !matches!(end.event, CompletionEvent::Progress { .. }) {
                return end;
            }
        }
    }
}

fn slow_stream(milliseconds: u64) -> Vec<Act> {
    vec![stream_head(), chunk("Hel"), Act::Wait(milliseconds), chunk("lo"), stream_end()]
}

#[test]
fn a_chat_takes_its_measured_time_from_when_the_clock_of_the_run_asked_it() {
    let mut bench = Bench::new(vec![slow_stream(30)], options());
    bench.now = Instant::from_nanos(5_000_000_000);
    let asked_at = bench.now;
    bench.machine.submit(asked_at, CallId(1), chat(hello()));
    let mut texts = String::new();
    let served = loop {
        let completions = bench.turn(None);
        assert!(!completions.is_empty());
        let mut done = None;
        for completion in completions {
            match completion.event {
                CompletionEvent::Progress { text, .. } => texts += &text.unwrap(),
                CompletionEvent::Served(served) => done = Some(served),
                CompletionEvent::Failed(failed) => panic!("{failed:?}"),
            }
        }
        if let Some(served) = done {
            break served;
        }
    };
    assert_eq!(texts, "Hello");
    assert_eq!(bench.now, asked_at + served.timing.end_to_end());
    assert!(served.timing.decode >= Span::from_millis(29), "{:?}", served.timing);
    let observed = served.observed.unwrap();
    assert_eq!((observed.chunks.len(), observed.counted_by), (2, CountedBy::Server));
    assert_eq!(bench.machine.totals(bench.now).busy, served.timing.end_to_end());
}

#[test]
fn a_timer_takes_its_time_and_a_chat_that_ends_before_it_comes_first() {
    let mut bench = Bench::new(vec![slow_stream(20)], options());
    bench.machine.submit(Instant::ZERO, CallId(1), chat(hello()));
    let timer = Instant::from_nanos(80_000_000);
    let began = WallInstant::now();
    let mut ended_at = None;
    while bench.now < timer {
        for completion in bench.turn(Some(timer)) {
            if matches!(completion.event, CompletionEvent::Served(_)) {
                ended_at = Some(bench.now);
            }
        }
    }
    assert_eq!(bench.now, timer);
    assert!(ended_at.is_some_and(|at| at < timer), "{ended_at:?}");
    // What the clock says has passed has passed.
    assert!(span(began.elapsed()) >= Span::from_millis(75));
    assert_eq!(bench.pace.next_instant(bench.now, None), None);
}

#[test]
fn a_chat_that_is_given_up_closes_its_connection_and_nothing_comes_of_it() {
    let mut bench = Bench::new(vec![vec![stream_head(), chunk("Hel"), Act::Hang]], options());
    bench.machine.submit(Instant::ZERO, CallId(1), chat(hello()));
    let first = bench.turn(None);
    assert!(matches!(first[0].event, CompletionEvent::Progress { .. }));
    bench.machine.cancel(bench.now, CallId(1));
    bench.run.wait_for(bench.server.wait_for_gone(1));
    assert_eq!(bench.pace.next_instant(bench.now, None), None);
}

#[test]
fn a_recorded_chat_is_played_back_and_the_server_is_not_asked() {
    let mut bench = Bench::new(vec![good_stream()], options());
    let timing = ChatTiming {
        prefill: Span::from_millis(60_000),
        time_to_first_token: Span::from_millis(60_000),
        ..ChatTiming::default()
    };
    let observed = Observed {
        origin: Origin::Recording,
        attempts: Vec::new(),
        chunks: Vec::new(),
        reasoning_tokens: None,
        counted_by: CountedBy::Server,
        served_model: None,
    };
    let usage = Usage { input_tokens: 9, cached_input_tokens: 0, output_tokens: 3 };
    let recorded = Arc::new(RecordedTiming { usage, timing, observed: Arc::new(observed) });
    let work = Submission { recorded: Some(recorded), ..chat(hello()) };
    let began = WallInstant::now();
    bench.machine.submit(Instant::ZERO, CallId(1), work);
    assert!(matches!(bench.end().event, CompletionEvent::Served(served) if served.usage == usage));
    assert_eq!(bench.now, Instant::ZERO + timing.end_to_end());
    // The recorded minute does not pass again.
    assert!(began.elapsed().as_secs() < 30);
    assert_eq!(bench.server.requests().len(), 0);
}

/// A dollar a million tokens read, and a thousand a million written.
fn priced(limit_usd: f64) -> (Arc<Purse>, EndpointOptions) {
    let purse = Arc::new(Purse::new(limit_usd));
    let price = TokenPrice {
        usd_per_million_input_tokens: 1.0,
        usd_per_million_cached_input_tokens: 1.0,
        usd_per_million_output_tokens: 1_000.0,
    };
    let options = EndpointOptions {
        max_output_tokens: Some(10),
        price: Some(price),
        purse: Some(purse.clone()),
        ..options()
    };
    (purse, options)
}

#[test]
fn a_chat_that_might_cost_more_than_is_left_is_not_asked() {
    // The most is 10 tokens x $0.001, the prompt aside; a reply costs three.
    let (purse, options) = priced(0.0145);
    let mut bench = Bench::new(vec![good_stream(), good_stream()], options);
    for call in 0..2 {
        bench.machine.submit(bench.now, CallId(call), chat(hello()));
        let CompletionEvent::Served(served) = bench.end().event else { panic!("no reply") };
        assert_eq!(served.cost_usd, Some(0.003_005));
    }
    bench.machine.submit(bench.now, CallId(2), chat(hello()));
    let CompletionEvent::Failed(failed) = bench.end().event else { panic!("a reply") };
    assert!(matches!(failed.error, ModelError::OverBudget(_)), "{failed:?}");
    assert_eq!(bench.server.requests().len(), 2);
    assert!(bench.server.requests()[0].contains("\"max_tokens\":10"));
    assert!(purse.spent_usd() <= 0.0145);
}

#[test]
fn a_reply_that_broke_off_may_have_cost_the_most() {
    let (purse, options) = priced(1.0);
    let mut bench = Bench::new(vec![vec![stream_head(), chunk("Hel")]], options);
    bench.machine.submit(Instant::ZERO, CallId(1), chat(hello()));
    assert!(matches!(bench.end().event, CompletionEvent::Failed(_)));
    assert_eq!(purse.spent_usd(), 0.010_01);
}

#[test]
fn a_defect_of_ours_ends_the_call_that_it_is_in() {
    let without_usage = vec![
        stream_head(),
        chunk("Hello"),
        send("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"),
        send("data: [DONE]\n\n"),
    ];
    let count_text = Arc::new(|_: &_, _: &str| panic!("a defect, made for this test"));
    let mut bench = Bench::new(vec![without_usage], EndpointOptions { count_text, ..options() });
    bench.machine.submit(Instant::ZERO, CallId(1), chat(hello()));
    let CompletionEvent::Failed(failed) = bench.end().event else { panic!("a reply") };
    assert!(failed.error.to_string().contains("timeslip itself failed"), "{failed:?}");
}
