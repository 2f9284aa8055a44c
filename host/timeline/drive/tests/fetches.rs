//! What tool plugins fetch, and when they are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::bench::{Bench, Ran, at};
use super::guests::{Behaviour, Move, sleep, tool};
use super::machines::{Slots, page};
use super::nanos;
use crate::account::{TimeShares, critical_path};
use crate::backend::{Backend, SessionId};
use crate::http::{Fetch, FetchId, Fetcher, HttpAnswer, HttpRequest, HttpStage};
use crate::pace::{Jumping, Pace};
use crate::record::StepKind;
use crate::time::{Instant, Span};

fn fetch(nanos: u64) -> Move {
    tool("left", Behaviour::Fetch, nanos)
}

/// What the steps of a session fetched: when each fetch was asked and over, and whether there was an
/// answer.
fn fetches(ran: &Ran) -> Vec<Vec<(u64, u64, bool)>> {
    let steps = ran.session(0).steps.iter().filter_map(|step| match &step.kind {
        StepKind::Tool(tool) => Some(tool.fetches.iter()),
        _ => None,
    });
    let told =
        |one: &Fetch| (one.asked_at.as_nanos(), one.ended_at.as_nanos(), one.answer.is_some());
    steps.map(|fetches| fetches.map(told).collect()).collect()
}

#[test]
fn a_fetch_takes_the_time_that_the_words_say_and_its_tool_waits() {
    let ran = Bench::of([vec![Move::Compute(7), fetch(300), Move::WaitForAll]]).run();
    assert_eq!(ran.step(0, 0), (7, 307));
    assert_eq!(ran.diaries[0][1], (307, vec!["0: scripted".to_owned()]));
    assert_eq!(fetches(&ran), [[(7, 307, true)]]);
    let expected = TimeShares { agent: nanos(7), tool: nanos(300), ..TimeShares::default() };
    assert_eq!(critical_path(ran.session(0)), expected);
}

#[test]
fn calls_at_once_have_a_fetch_each() {
    let ran = Bench::of([vec![fetch(300), fetch(200), Move::WaitForAll]]).run();
    assert_eq!(fetches(&ran), [[(0, 300, true)], [(0, 200, true)]]);
}

#[test]
fn words_without_an_answer_end_the_session_at_once() {
    let ran = Bench::of([vec![fetch(0), Move::WaitForAll], vec![sleep(9), Move::WaitForAll]]).run();
    assert_eq!((ran.ended(0), ran.cause(0)), ("script_error", "no such page"));
    assert_eq!(ran.ended(1), "answered");
}

/// A server that gives each page 50 ns after its asking, and a clock that knows.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<BTreeMap<(Instant, FetchId), HttpAnswer>>>);

impl Fetcher for Server {
    fn begin(&mut self, at: Instant, fetch: FetchId, _: Arc<HttpRequest>) {
        self.play(at + Span::from_nanos(50), fetch, Ok(page("served")));
    }

    fn play(&mut self, at: Instant, fetch: FetchId, answer: HttpAnswer) {
        self.0.lock().unwrap().insert((at, fetch), answer);
    }

    fn next(&mut self, now: Instant) -> Option<(FetchId, HttpAnswer)> {
        let mut planned = self.0.lock().unwrap();
        let first = planned.first_entry().filter(|first| first.key().0 <= now)?;
        Some((first.key().1, first.remove()))
    }

    fn cancel(&mut self, fetch: FetchId) {
        self.0.lock().unwrap().retain(|(_, other), _| *other != fetch);
    }
}

impl Pace for Server {
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant> {
        let first = self.0.lock().unwrap().first_key_value().map(|((at, _), _)| *at);
        Jumping.next_instant(now, first.into_iter().chain(due).min())
    }
}

#[test]
fn a_server_answers_in_its_own_time_and_no_session_is_stuck_meanwhile() {
    let server = Server::default();
    let mut ended = Vec::new();
    let gives_up = vec![fetch(1), sleep(20), Move::WaitForAny];
    let bench = Bench::of([vec![fetch(1), fetch(30), Move::WaitForAll], gives_up]);
    let slots = bench.slots.map(|slots| Box::new(Slots::new(slots)) as Box<dyn Backend>);
    let mut on_fetch_end = |session: SessionId, fetch: &Fetch| {
        ended.push((session.0, fetch.ended_at, fetch.answer.is_some()));
    };
    let http =
        HttpStage { fetcher: Some(&mut server.clone()), on_fetch_end: Some(&mut on_fetch_end) };
    let ran = bench.run_with(slots, http, &mut server.clone());
    assert_eq!(fetches(&ran), [[(0, 50, true)], [(0, 30, true)]], "one asked, one played");
    assert_eq!(ran.diaries[0][2], (50, vec!["0: served".to_owned()]));
    assert_eq!((ran.ended(1), ran.times(1)), ("answered", (0, 20)));
    assert_eq!(ended, [(1, at(20), false), (0, at(30), true), (0, at(50), true)]);
    assert!(server.0.lock().unwrap().is_empty(), "nobody waits for what was given up");
}
