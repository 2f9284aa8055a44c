//! The desk with tasks that wait for the test: order, bounds, cancelling, stopping, panics, watching.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::agents::{
    ServedAgents, ServedTask, TaskEnd, TaskFigures, TaskKind, TaskOrder, TaskWatch,
};
use super::asked::{TaskAsked, read_task};
use super::desk::{Bounds, Desk};
use super::events::{EventId, Watcher};
use super::store::{Status, Store};

/// A desk whose tasks say that they began, and then do what the test tells them.
struct Bench {
    desk: Arc<Desk>,
    began: Receiver<String>,
    orders: Sender<&'static str>,
    _folder: tempfile::TempDir,
}

fn bench(sessions: usize, queue: usize, is_repeatable: bool) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("tasks.db")).unwrap();
    let (said, began) = channel();
    let (orders, told) = channel();
    let (said, told) = (Mutex::new(said), Mutex::new(told));
    let doing = move |order: &TaskOrder, watch: TaskWatch| perform(order, watch, &said, &told);
    let agents = ServedAgents {
        bench: "bench".to_owned(),
        identity: "bench a".to_owned(),
        tasks: vec![ServedTask { name: "book".to_owned() }],
        input_name: "task".to_owned(),
        no_inputs: None,
        seed: 3,
        is_repeatable,
        doing: Box::new(doing),
    };
    let bounds = Bounds { sessions, queue, keep: 100 };
    let desk = Desk::new(agents, store, bounds, Vec::new());
    for _ in 0..sessions {
        let works = desk.clone();
        std::thread::spawn(move || works.work());
    }
    Bench { desk, began, orders, _folder: folder }
}

fn perform(
    order: &TaskOrder,
    mut watch: TaskWatch,
    said: &Mutex<Sender<String>>,
    told: &Mutex<Receiver<&'static str>>,
) -> Option<TaskEnd> {
    let name = match &order.kind {
        TaskKind::Named(name) | TaskKind::Input(name) => name.clone(),
    };
    said.lock().unwrap().send(name).unwrap();
    loop {
        if watch.stop.is_set() {
            return None;
        }
        let order = told.lock().unwrap().recv_timeout(Duration::from_millis(5));
        match order {
            Ok("panic") => panic!("as told"),
            Ok("end") => {
                let figures = TaskFigures { e2e_ns: Some(5), ..TaskFigures::default() };
                return Some(TaskEnd { outcome: Ok("done".to_owned()), figures, slip: None });
            }
            Ok(step) => (watch.on_step)(format!("\"{step}\"")),
            Err(_) => {}
        }
    }
}

fn asked(input: &str) -> TaskAsked {
    read_task(format!("{{\"input\":\"{input}\"}}").as_bytes()).unwrap()
}

impl Bench {
    fn give(&self, input: &str) -> i64 {
        self.desk.accept(&asked(input), None).unwrap().0.number
    }

    fn status(&self, number: i64) -> Status {
        self.desk.store.task(number).unwrap().unwrap().status
    }

    fn next_began(&self) -> String {
        self.began.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn wait_for(&self, number: i64, status: Status) {
        let began = Instant::now();
        while self.status(number) != status {
            assert!(began.elapsed() < Duration::from_secs(60), "{:?}", self.status(number));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn watched(&self, number: i64, seen: Option<EventId>) -> String {
        watched(&self.desk, number, seen)
    }
}

/// Everything that a client gets who has seen so far.
fn watched(desk: &Arc<Desk>, number: i64, seen: Option<EventId>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (out, mut frames) = mpsc::channel::<Bytes>(1);
    let watcher = Watcher { desk: desk.clone(), number, seen, out };
    runtime.block_on(async move {
        let watching = tokio::spawn(watcher.watch());
        let mut all = Vec::new();
        while let Some(frame) = frames.recv().await {
            all.extend_from_slice(&frame);
        }
        watching.await.unwrap();
        String::from_utf8(all).unwrap()
    })
}

#[test]
fn tasks_are_done_in_their_order_and_no_more_wait_than_may() {
    let bench = bench(1, 2, true);
    let first = bench.give("one");
    assert_eq!(bench.next_began(), "one");
    let (second, third) = (bench.give("two"), bench.give("three"));
    let error = bench.desk.accept(&asked("four"), None).unwrap_err();
    assert_eq!((error.status.as_u16(), error.retry_after_seconds.is_some()), (429, true));
    for (number, next) in [(first, "two"), (second, "three")] {
        bench.orders.send("end").unwrap();
        assert_eq!(bench.next_began(), next);
        assert_eq!(bench.status(number), Status::Succeeded);
    }
    let (known, is_new) = bench.desk.accept(&asked("five"), Some("k")).unwrap();
    assert!(is_new);
    bench.orders.send("end").unwrap();
    bench.orders.send("end").unwrap();
    bench.wait_for(third, Status::Succeeded);
    bench.wait_for(known.number, Status::Succeeded);
    assert!(!bench.desk.accept(&asked("five"), Some("k")).unwrap().1);
    for line in [
        "timeslip:tasks_accepted_total{bench=\"bench\"} 4",
        "timeslip:tasks_refused_total{bench=\"bench\"} 1",
        "timeslip:tasks_ended_total{bench=\"bench\",status=\"succeeded\"} 4",
        "timeslip:task_e2e_seconds_count{bench=\"bench\"} 4",
    ] {
        // A task is over a moment before it is counted.
        let began = Instant::now();
        while !bench.desk.metrics().lines().any(|one| one == line) {
            assert!(began.elapsed() < Duration::from_secs(60), "{line}");
        }
    }
}

#[test]
fn a_task_is_cancelled_whether_it_waits_or_runs_and_a_place_is_free_again() {
    let bench = bench(1, 1, true);
    let (first, second) = (bench.give("one"), bench.give("two"));
    bench.next_began();
    bench.orders.send("step").unwrap();
    let seen = std::thread::scope(|scope| {
        let desk = bench.desk.clone();
        let watching = scope.spawn(move || watched(&desk, first, None));
        std::thread::sleep(Duration::from_millis(50));
        for number in [second, first] {
            let (row, cancelled) = bench.desk.cancel(number).unwrap();
            assert!(cancelled && row.unwrap().status == Status::Cancelled);
        }
        watching.join().unwrap()
    });
    let expected = "id: 1\nevent: step\ndata: \"step\"\n\nid: 2\nevent: end\n";
    assert!(seen.starts_with(expected), "{seen}");
    assert_eq!(bench.watched(first, None), seen, "the store has the same");
    assert!(!bench.desk.cancel(first).unwrap().1, "it is over");
    let third = bench.give("three");
    assert_eq!(bench.next_began(), "three", "and not the one that waited");
    bench.orders.send("end").unwrap();
    bench.wait_for(third, Status::Succeeded);
}

#[test]
fn a_panic_fails_its_task_alone() {
    let bench = bench(1, 5, true);
    let (first, second) = (bench.give("one"), bench.give("two"));
    bench.orders.send("panic").unwrap();
    bench.orders.send("end").unwrap();
    bench.wait_for(second, Status::Succeeded);
    let row = bench.desk.store.task(first).unwrap().unwrap();
    let failure = row.failure.unwrap();
    assert_eq!((row.status, &*failure.kind), (Status::Failed, "host_failed"));
    assert!(failure.message.ends_with("ended this task alone: as told"), "{}", failure.message);
}

#[test]
fn a_stop_lets_what_runs_end_and_leaves_the_rest_in_the_store() {
    let bench = bench(1, 5, true);
    let (first, second) = (bench.give("one"), bench.give("two"));
    bench.next_began();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| bench.desk.stop(Duration::from_secs(60)));
        while !bench.desk.lock().is_stopping {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(bench.desk.accept(&asked("three"), None).unwrap_err().status.as_u16(), 503);
        assert_eq!(bench.watched(second, None), "", "it ends without an end");
        bench.orders.send("end").unwrap();
        stopping.join().unwrap();
    });
    assert_eq!((bench.status(first), bench.status(second)), (Status::Succeeded, Status::Queued));
}

#[test]
fn a_stop_cuts_off_what_takes_longer_than_its_grace() {
    let bench = bench(1, 5, true);
    let first = bench.give("one");
    bench.next_began();
    bench.orders.send("step").unwrap();
    bench.desk.stop(Duration::from_millis(50));
    assert_eq!(bench.status(first), Status::Running);
    let taken_up = bench.desk.store.take_up("bench a").unwrap();
    assert_eq!((taken_up.waiting, bench.status(first)), (vec![first], Status::Queued));
}

#[test]
fn a_client_goes_on_behind_what_it_has_seen_in_that_attempt() {
    let steps = |bench: &Bench| {
        let number = bench.give("one");
        for order in ["a", "b", "end"] {
            bench.orders.send(order).unwrap();
        }
        bench.wait_for(number, Status::Succeeded);
        number
    };
    let ids = |events: String| {
        let ids = events.lines().filter_map(|line| line.strip_prefix("id: ").map(str::to_owned));
        ids.collect::<Vec<String>>()
    };
    let same = bench(1, 5, true);
    let number = steps(&same);
    assert_eq!(ids(same.watched(number, None)), ["1", "2", "3"]);
    assert_eq!(ids(same.watched(number, Some(EventId { attempt: 0, count: 1 }))), ["2", "3"]);
    // A real server answers otherwise when it is asked again.
    let live = bench(1, 5, false);
    let number = steps(&live);
    assert_eq!(ids(live.watched(number, Some(EventId { attempt: 1, count: 2 }))), ["1.3"]);
    assert_eq!(
        ids(live.watched(number, Some(EventId { attempt: 2, count: 2 }))),
        ["1.1", "1.2", "1.3"]
    );
}
