//! Stores that are cut off, in use, newer or no stores, and what one keeps.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// The variable that turns a test's own program into a writer of a store.
const WRITER: &str = "TIMESLIP_TEST_STORE";

fn order(input: &str) -> TaskOrder {
    TaskOrder { kind: TaskKind::Input(input.to_owned()), seed: u64::MAX }
}

fn give(store: &Store, input: &str, key: Option<&str>, has_room: bool) -> Accepted {
    let order = order(input);
    let task = NewTask { order: &order, name: "task", identity: "bench a", asked: input, key };
    store.accept(&task, has_room).unwrap()
}

fn given(store: &Store, input: &str) -> i64 {
    match give(store, input, None, true) {
        Accepted::New(row) => row.number,
        other => panic!("{other:?}"),
    }
}

fn answered(answer: &str) -> TaskEnd {
    TaskEnd {
        outcome: Ok(answer.to_owned()),
        figures: TaskFigures { e2e_ns: Some(7), ..TaskFigures::default() },
        slip: Some("{}\n".to_owned()),
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    (folder, file)
}

#[test]
fn what_was_given_is_there_when_the_store_is_opened_again() {
    let (_folder, file) = place();
    let store = Store::open(&file).unwrap();
    let (first, second) = (given(&store, "one"), given(&store, "two"));
    let begun = store.begin(first).unwrap().unwrap();
    assert_eq!((begun.status, begun.attempts, begun.order()), (Status::Running, 1, order("one")));
    let steps = ["a", "b"].map(Arc::from);
    assert!(store.end(first, &Over::Done(&answered("yes")), &steps, 9).unwrap());
    assert!(!store.end(first, &Over::Cancelled, &[], 9).unwrap(), "it is over");
    store.begin(second).unwrap();
    drop(store);

    let store = Store::open(&file).unwrap();
    let taken_up = store.take_up("bench a").unwrap();
    assert_eq!(taken_up, TakenUp { waiting: vec![second], of_others: 0 });
    let row = store.task(first).unwrap().unwrap();
    assert_eq!((row.status, row.answer.as_deref()), (Status::Succeeded, Some("yes")));
    assert_eq!(row.figures, answered("").figures);
    assert_eq!(store.steps(first, 0, 9).unwrap(), steps);
    assert_eq!(store.steps(first, 1, 9).unwrap(), steps[1..]);
    assert_eq!(store.step_count(first).unwrap(), 2);
    assert_eq!(store.slip(first).unwrap().as_deref(), Some("{}\n"));
    assert_eq!(store.begin(first).unwrap(), None, "it is not done again");
    assert_eq!(store.task(second).unwrap().unwrap().status, Status::Queued);
    assert_eq!(store.unfinished().unwrap(), 1);
}

#[test]
fn one_key_is_one_task_also_where_there_is_no_room() {
    let (_folder, file) = place();
    let store = Store::open(&file).unwrap();
    let Accepted::New(first) = give(&store, "one", Some("k"), true) else { panic!("it is new") };
    assert_eq!(give(&store, "one", Some("k"), false), Accepted::Known(first.clone()));
    assert_eq!(give(&store, "two", Some("k"), true), Accepted::OtherBody(first));
    assert_eq!(give(&store, "two", Some("l"), false), Accepted::NoRoom);
    assert_eq!(store.newest(i64::MAX, 9).unwrap().len(), 1);
}

#[test]
fn the_oldest_that_are_over_are_forgotten_with_their_steps_and_no_number_comes_again() {
    let (_folder, file) = place();
    let store = Store::open(&file).unwrap();
    let numbers: Vec<i64> = (0..4).map(|_| given(&store, "one")).collect();
    for number in [numbers[0], numbers[3], numbers[1]] {
        store.end(number, &Over::Done(&answered("yes")), &[Arc::from("a")], 2).unwrap();
    }
    let kept: Vec<i64> = store.newest(i64::MAX, 9).unwrap().iter().map(|row| row.number).collect();
    assert_eq!(kept, [numbers[3], numbers[2], numbers[1]], "one waits, two are over");
    assert_eq!(store.step_count(numbers[0]).unwrap(), 0);
    assert_eq!(store.slip(numbers[0]).unwrap(), None);
    store.end(numbers[2], &Over::Cancelled, &[], 0).unwrap();
    assert!(store.newest(i64::MAX, 9).unwrap().is_empty());
    drop(store);
    assert!(given(&Store::open(&file).unwrap(), "one") > numbers[3]);
}

#[test]
fn tasks_of_another_bench_fail_and_name_both() {
    let (_folder, file) = place();
    let store = Store::open(&file).unwrap();
    let number = given(&store, "one");
    let taken_up = store.take_up("bench b").unwrap();
    assert_eq!(taken_up, TakenUp { waiting: Vec::new(), of_others: 1 });
    let failure = store.task(number).unwrap().unwrap().failure.unwrap();
    assert_eq!(failure.kind, "bench_changed");
    insta::assert_snapshot!(failure.message, @"it was accepted for bench a, and the server was started again with bench b; give the task again, or serve what it was accepted for");
}

#[test]
fn a_store_is_one_servers() {
    let (_folder, file) = place();
    let first = Store::open(&file).unwrap();
    let error = Store::open(&file).unwrap_err().to_string();
    assert!(error.contains("is in use by another server"), "{error}");
    drop(first);
    Store::open(&file).unwrap();
}

/// Not a test by itself: what [`a_writer_that_is_killed_loses_nothing_that_it_told`] runs.
#[test]
fn writes_until_it_is_killed() {
    let Some(file) = std::env::var_os(WRITER) else { return };
    let store = Store::open(Path::new(&file)).unwrap();
    for round in 0.. {
        let number = given(&store, "one");
        println!("accepted {number}");
        if round % 2 == 0 {
            store.begin(number).unwrap();
            let end = answered(&"yes".repeat(round));
            store.end(number, &Over::Done(&end), &[Arc::from("a")], 1000).unwrap();
            println!("ended {number}");
        }
    }
}

#[test]
fn a_writer_that_is_killed_loses_nothing_that_it_told() {
    for before in [1, 8, 40] {
        let (_folder, file) = place();
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tasks::store::tests::writes_until_it_is_killed", "--nocapture"])
            .env(WRITER, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut told = String::new();
        while told.matches("accepted").count() < before {
            told += &format!("{}\n", lines.next().expect("it writes on").unwrap());
        }
        let in_use = Store::open(&file).map(drop).unwrap_err().to_string();
        assert!(in_use.contains("is in use by another server"), "{in_use}");
        writer.kill().unwrap();
        writer.wait().unwrap();
        lines.for_each(|line| told += &format!("{}\n", line.unwrap()));
        let numbers = |word: &str| {
            let lines =
                told.lines().filter_map(|line| line.split_once(word)?.1.trim().parse().ok());
            lines.collect::<Vec<i64>>()
        };
        let store = Store::open(&file).unwrap();
        let accepted = numbers("accepted ");
        assert!(!accepted.is_empty(), "{told}");
        let status = |number: i64| store.task(number).unwrap().map(|row| row.status);
        assert!(accepted.iter().all(|number| status(*number).is_some()), "{told}");
        let ended = numbers("ended ");
        assert!(ended.iter().all(|number| status(*number) == Some(Status::Succeeded)), "{told}");
        for number in ended {
            assert_eq!(store.step_count(number).unwrap(), 1);
        }
    }
}

/// Why a file is refused, and that it was left as it was.
fn refused(file: &Path) -> String {
    let before = std::fs::read(file).ok();
    let error = Store::open(file).unwrap_err().to_string();
    assert_eq!(std::fs::read(file).ok(), before);
    let folder = file.parent().unwrap().display().to_string();
    error.replace(&folder, "PLACE")
}

#[test]
fn what_is_no_store_is_left_as_it_is() {
    let (folder, file) = place();
    std::fs::write(&file, "no database at all, but long enough to have a header of one").unwrap();
    insta::assert_snapshot!(refused(&file), @r#"
    PLACE/tasks.db is no store of tasks: it is not a SQLite file, or only the beginning of one; it was left as it is
      fix: give another file by --store
    "#);
    std::fs::remove_file(&file).unwrap();
    insta::assert_snapshot!(refused(&folder.path().join("none/tasks.db")), @r#"
    cannot make the store PLACE/tasks.db: there is no folder PLACE
      fix: make it, or give another file by --store
    "#);
    let whole = folder.path().join("whole.db");
    let other = rusqlite::Connection::open(&whole).unwrap();
    other.execute_batch("CREATE TABLE x (y); PRAGMA application_id = 7").unwrap();
    drop(other);
    insta::assert_snapshot!(refused(&whole), @r#"
    PLACE/whole.db is no store of tasks: it is another program's SQLite file (its application_id is 7); it was left as it is
      fix: give another file by --store
    "#);
}

#[test]
fn a_store_of_a_later_timeslip_and_one_that_is_cut_off_are_left_as_they_are() {
    let (_folder, file) = place();
    drop(Store::open(&file).unwrap());
    let later = rusqlite::Connection::open(&file).unwrap();
    later.execute_batch("PRAGMA user_version = 2").unwrap();
    drop(later);
    insta::assert_snapshot!(refused(&file), @r#"
    the store PLACE/tasks.db has the format 2, and this timeslip (0.1.0) knows 1
      fix: serve it by the timeslip that wrote it, or give another file by --store
    "#);

    let (_folder, file) = place();
    let store = Store::open(&file).unwrap();
    for _ in 0..200 {
        given(&store, &"words ".repeat(200));
    }
    drop(store);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let error = refused(&file);
    assert!(error.contains("damaged or cut off"), "{error}");
    let mut scratched = bytes.clone();
    scratched[5000..9000].fill(0xa5);
    std::fs::write(&file, &scratched).unwrap();
    let error = refused(&file);
    assert!(error.contains("damaged or cut off"), "{error}");
}
