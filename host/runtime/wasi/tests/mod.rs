//! Guests that use WASI, run as a session would run them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::conversation::LogLevel;
use timeslip_timeline::guest::{Answer, Ask, Delivery, GuestState, Happening, StopCause};
use timeslip_timeline::time::{Instant, Span};

use crate::agent::{AgentComponent, AgentTask, PicosecondsPerFuel, Setup};
use crate::engine::{Runtime, RuntimeOptions};
use crate::files::{FileGrant, Folder, FolderChanges};
use crate::grants::{Budgets, ModelGrant};
use crate::limits::Limits;
use crate::room::Room;
use crate::session::SessionState;

mod calls;
mod guests;
mod interfaces;

fn runtime() -> Arc<Runtime> {
    static RUNTIME: LazyLock<Arc<Runtime>> = LazyLock::new(|| {
        let options = RuntimeOptions {
            room: Room::of_small(16),
            memory_bytes: 16 << 20,
            table_elements: 20_000,
            cache_folder: None,
        };
        Arc::new(Runtime::new(&options).expect("the engine starts"))
    });
    RUNTIME.clone()
}

fn setup(files: FileGrant) -> Arc<Setup> {
    Arc::new(Setup {
        name: "guest".into(),
        seed: 7,
        pace: PicosecondsPerFuel(110),
        limits: Limits {
            memory_bytes: 16 << 20,
            fuel: 10_000_000,
            host_calls: 10_000,
            burst_wall_time: Duration::from_secs(5),
            written_bytes: 4096,
            ..Limits::standard()
        },
        config: BTreeMap::new(),
        deadline: None,
        models: ModelGrant::Nothing,
        default_model: "none".into(),
        budgets: Budgets::default(),
        tools: Vec::new(),
        table: "[agent]".into(),
        files,
        http: Arc::default(),
    })
}

/// What a guest did.
#[derive(Debug, PartialEq)]
struct Ran {
    end: Result<Result<String, String>, StopCause>,
    journal: Vec<(LogLevel, String)>,
    sleeps: Vec<Span>,
    took: Span,
    changes: FolderChanges,
}

impl Ran {
    fn answer(&self) -> &str {
        self.end.as_ref().expect("it was not stopped").as_deref().expect("it answered")
    }

    fn cause(&self) -> &StopCause {
        self.end.as_ref().expect_err("it was stopped")
    }
}

fn run(core: &str) -> Ran {
    run_text(&guests::agent(core), 0, None, false)
}

fn run_text(text: &str, session: u32, folder: Option<Arc<Folder>>, write: bool) -> Ran {
    let bytes = wat::parse_str(text).expect("the component's text is right");
    let agent = AgentComponent::load(&runtime(), "guest", &bytes).expect("it loads");
    let grant = folder.clone().map_or_else(FileGrant::default, |one| FileGrant::new(one, write));
    let session = SessionState::new(SessionId(session), Budgets::default());
    let task = AgentTask { name: "task", input: "", number: 0 };
    let mut guest = agent.guest(&setup(grant), &session, task);
    let (mut now, mut deliveries) = (Instant::ZERO, vec![Delivery::Start]);
    let (mut journal, mut sleeps) = (Vec::new(), Vec::new());
    loop {
        let burst = guest.resume(now, std::mem::take(&mut deliveries));
        let mut wakes = now + burst.compute;
        for (offset, happening) in burst.happenings {
            match happening {
                Happening::Logged(level, line) => journal.push((level, line)),
                Happening::Asked(id, Ask::Sleep(span)) => {
                    sleeps.push(span);
                    deliveries.push(Delivery::Answer(id, Answer::Slept));
                    wakes = now + offset + span;
                }
                other => panic!("a guest of WASI alone did {other:?}"),
            }
        }
        now = wakes;
        let end = match burst.state {
            GuestState::Finished(result) => Ok(result),
            GuestState::Stopped(cause) => Err(cause),
            // A guest that waits for the end of time is cut off, as a session would be.
            GuestState::Waiting if now == Instant::END => Ok(Err("it waits for ever".to_owned())),
            GuestState::Waiting => continue,
        };
        let changes = folder.map(|folder| session.files().changes(&folder)).unwrap_or_default();
        return Ran { end, journal, sleeps, took: now.since(Instant::ZERO), changes };
    }
}

fn folder() -> Arc<Folder> {
    let file = |path: &str, text: &str| (path.to_owned(), Arc::from(text.as_bytes()));
    Arc::new(Folder::new([file("a", "granted"), file("b/c", "deep")].into()))
}

#[test]
fn a_poll_takes_the_earliest_and_virtual_time() {
    let ran = run(r#"(func $main (result i32 i32)
        (i32.store (i32.const 64) (call $monotonic.subscribe-duration (i64.const 10000000)))
        (i32.store (i32.const 68) (call $monotonic.subscribe-duration (i64.const 5000000)))
        (call $poll.poll (i32.const 64) (i32.const 2) (i32.const 1024))
        ;; One is ready, and it is the second.
        (if (i32.ne (i32.load (i32.const 1028)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load (i32.load (i32.const 1024))) (i32.const 1)) (then unreachable))
        (if (call $poll.pollable.ready (i32.load (i32.const 64))) (then unreachable))
        (call $poll.pollable.block (i32.load (i32.const 64)))
        (call $poll.pollable.block (i32.load (i32.const 64)))
        (if (i64.lt_u (call $monotonic.now) (i64.const 10000000)) (then unreachable))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.answer(), "");
    assert_eq!(ran.sleeps.len(), 2, "{:?}", ran.sleeps);
    assert!(ran.sleeps.iter().all(|span| *span <= Span::from_millis(5)), "{:?}", ran.sleeps);
    assert!(ran.took >= Span::from_millis(10) && ran.took < Span::from_millis(11), "{}", ran.took);
}

#[test]
fn what_is_ready_takes_no_time_even_beside_what_is_not() {
    let ran = run(r#"(func $main (result i32 i32)
        (i32.store (i32.const 64) (call $streams.input-stream.subscribe (call $stdin.get-stdin)))
        (i32.store (i32.const 68) (call $monotonic.subscribe-instant (i64.const -1)))
        (call $poll.poll (i32.const 64) (i32.const 2) (i32.const 1024))
        (if (i32.ne (i32.load (i32.load (i32.const 1024))) (i32.const 0)) (then unreachable))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.answer(), "");
    assert!(ran.sleeps.is_empty());
}

#[test]
fn the_wall_clock_begins_at_its_epoch() {
    let ran = run(r#"(func $main (result i32 i32)
        (call $wall.now (i32.const 1024))
        (if (i64.ne (i64.load (i32.const 1024)) (i64.const 1767225600)) (then unreachable))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.answer(), "");
}

#[test]
fn what_is_printed_stands_in_the_journal_line_by_line() {
    let ran = run(r#"(data (i32.const 2048) "one\ntwo\nrest")
        (func $main (result i32 i32) (local $out i32) (local $err i32)
        (local.set $out (call $stdout.get-stdout))
        (local.set $err (call $stderr.get-stderr))
        (call $streams.output-stream.write (local.get $out) (i32.const 2048) (i32.const 6) (i32.const 1024))
        (call $streams.output-stream.write (local.get $err) (i32.const 2048) (i32.const 12) (i32.const 1024))
        (i32.const 0) (i32.const 0))"#);
    let lines: Vec<(LogLevel, &str)> =
        ran.journal.iter().map(|(level, line)| (*level, line.as_str())).collect();
    let (info, warn) = (LogLevel::Info, LogLevel::Warn);
    let expected = [(info, "one"), (warn, "one"), (warn, "two"), (info, "tw"), (warn, "rest")];
    assert_eq!(lines, expected);
}

#[test]
fn an_exit_is_the_cause_with_the_last_words() {
    let ran = run(r#"(data (i32.const 2048) "it broke\n")
        (func $main (result i32 i32)
        (call $streams.output-stream.write (call $stderr.get-stderr) (i32.const 2048) (i32.const 9) (i32.const 1024))
        (call $exit.exit (i32.const 1))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.cause().kind, "exit");
    assert_eq!(
        ran.cause().message,
        "the component ended its own program with status 1; it said last: it broke"
    );
    let calm = run(
        "(func $main (result i32 i32) (call $exit.exit (i32.const 0)) (i32.const 0) (i32.const 0))",
    );
    assert!(calm.cause().message.ends_with("with status 0"), "{}", calm.cause().message);
}

const DRAWS: &str = r#"(func $main (result i32 i32) (local $at i32)
    (call $random.get-random-bytes (i64.const 32) (i32.const 1024))
    ;; Letters of the bytes, so that they are a text.
    (local.set $at (i32.load (i32.const 1024)))
    (loop $next
      (i32.store8 (local.get $at)
        (i32.add (i32.const 97) (i32.rem_u (i32.load8_u (local.get $at)) (i32.const 26))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at)
        (i32.add (i32.load (i32.const 1024)) (i32.const 32)))))
    (i32.load (i32.const 1024)) (i32.const 32))"#;

#[test]
fn chance_repeats_for_a_session_and_differs_between_sessions() {
    let draw = |session| run_text(&guests::agent(DRAWS), session, None, false).answer().to_owned();
    assert_eq!(draw(0), draw(0));
    assert_ne!(draw(0), draw(1));
}

#[test]
fn no_call_allocates_what_the_guest_names() {
    let ran = run(r#"(func $main (result i32 i32)
        (call $random.get-random-bytes (i64.const 1000000000000) (i32.const 1024))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.cause().kind, "boundary_size");
    assert!(ran.cause().message.contains("1000000000000 random bytes"), "{}", ran.cause().message);
}

/// Opens `a` for reading and writing, writes over its first letter, and answers what it holds.
const WRITES: &str = r#"(data (i32.const 2048) "aX")
    (func $main (result i32 i32) (local $folder i32) (local $file i32)
    (call $preopens.get-directories (i32.const 1024))
    (local.set $folder (i32.load (i32.load (i32.const 1024))))
    (call $files.descriptor.open-at (local.get $folder) (i32.const 0) (i32.const 2048) (i32.const 1)
      (i32.const 0) (i32.const 3) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then
      ;; The number of the error code, as a letter.
      (i32.store8 (i32.const 2048) (i32.add (i32.const 64) (i32.load8_u (i32.const 1028))))
      (return (i32.const 2048) (i32.const 1))))
    (local.set $file (i32.load (i32.const 1028)))
    (call $files.descriptor.write (local.get $file) (i32.const 2049) (i32.const 1) (i64.const 0) (i32.const 1024))
    (call $files.descriptor.read (local.get $file) (i64.const 100) (i64.const 0) (i32.const 1024))
    (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))"#;

#[test]
fn what_a_guest_writes_it_reads_and_the_granted_folder_keeps_its_bytes() {
    let granted = folder();
    let text = guests::agent(WRITES);
    let ran = run_text(&text, 0, Some(granted.clone()), true);
    assert_eq!(ran.answer(), "Xranted");
    assert_eq!(ran.changes.written, [("a".to_owned(), Arc::from(*b"Xranted"))].into());
    assert!(ran.changes.removed.is_empty());
    let again = run_text(&text, 1, Some(granted), true);
    assert_eq!(again.answer(), "Xranted");
}

#[test]
fn a_grant_for_reading_refuses_to_write_as_read_only() {
    let ran = run_text(&guests::agent(WRITES), 0, Some(folder()), false);
    // The code `read-only` is the thirty-fourth.
    assert_eq!(ran.answer(), "a");
    assert!(ran.changes.is_empty());
}

#[test]
fn without_a_grant_there_is_no_folder() {
    let ran = run(r#"(func $main (result i32 i32)
        (call $preopens.get-directories (i32.const 1024))
        (if (i32.load (i32.const 1028)) (then unreachable))
        (i32.const 0) (i32.const 0))"#);
    assert_eq!(ran.answer(), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a guest calls, the host neither fails nor waits, does the same again, and keeps the
    /// bound on what is written.
    #[test]
    fn any_calls_end_and_repeat(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let text = calls::caller(&bytes);
        let granted = folder();
        let ran = run_text(&text, 0, Some(granted.clone()), true);
        let written: usize = ran.changes.written.values().map(|bytes| bytes.len()).sum();
        prop_assert!(written <= 4096 + "granteddeep".len());
        prop_assert_eq!(ran, run_text(&text, 0, Some(granted), true));
    }
}
