//! Tests with many writers, and with writers that are killed: this test program starts itself.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use timeslip_timeline::chance::Chance;

use crate::entry::Entry;
use crate::error::HistoryError;
use crate::examples::{commit, entry};
use crate::history::{History, Recorded};

/// Tells a child which file to write, and which writer it is.
const FILE: &str = "TIMESLIP_HISTORY_TEST_FILE";
const WRITER: &str = "TIMESLIP_HISTORY_TEST_WRITER";

/// Threads of a process, and processes, that write at once; entries of each thread.
const THREADS: u64 = 8;
const PROCESSES: u64 = 8;
const ENTRIES: u64 = 3;

/// Starts this test program anew, to do nothing but one function of this file.
fn child(function: &str, file: &Path, writer: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("process_tests::{function}"), "--nocapture", "--ignored"])
        .env(FILE, file)
        .env(WRITER, writer.to_string())
        .stdout(Stdio::piped());
    command
}

/// What a child was told; `None` in a run of the tests by hand.
fn told() -> Option<(std::path::PathBuf, u64)> {
    let writer = std::env::var(WRITER).ok()?.parse().ok()?;
    Some((std::env::var_os(FILE)?.into(), writer))
}

fn commits(history: &History) -> BTreeSet<String> {
    let points = history.series("airline", "rack", "cost").unwrap();
    points.into_iter().filter_map(|point| point.commit).collect()
}

fn write_from_threads(file: &Path, process: u64) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for index in 0..ENTRIES {
                    let index = (process * THREADS + thread) * ENTRIES + index;
                    let mut history = History::open(file).unwrap();
                    assert_eq!(history.record(&entry(index, 1.0)).unwrap(), Recorded::New);
                }
            });
        }
    });
}

#[test]
#[ignore = "another test starts it as a process"]
fn a_process_that_writes_from_threads() {
    if let Some((file, process)) = told() {
        write_from_threads(&file, process);
    }
}

#[test]
fn many_processes_with_many_threads_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let start = |process| child("a_process_that_writes_from_threads", &file, process).spawn();
    let children: Vec<Child> = (1..PROCESSES).map(|process| start(process).unwrap()).collect();
    write_from_threads(&file, 0);
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
    }
    let history = History::open_for_reading(&file).unwrap();
    history.check().unwrap();
    let expected: BTreeSet<String> = (0..PROCESSES * THREADS * ENTRIES).map(commit).collect();
    assert_eq!(commits(&history), expected);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no journal is left");
}

#[test]
#[ignore = "another test starts it as a process"]
fn a_process_that_writes_until_it_is_killed() {
    let Some((file, writer)) = told() else {
        return;
    };
    let mut history = History::open(&file).unwrap();
    for index in 0..1_000_000 {
        let commit = commit(writer * 1_000_000 + index);
        // As many figures as make a transaction change several pages.
        let metrics =
            (0..200).map(|n| (format!("fuel.{n}"), timeslip_gate::verdict::Unit::Fuel, 1.0));
        let mut entry = Entry { commit: Some(commit.clone()), ..entry(index, 1.0) };
        entry.metrics.extend(metrics);
        history.record(&entry).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {commit}").and_then(|()| out.flush()).unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let mut chance = Chance::new(1, "kill", 0);
    let mut acknowledged = BTreeSet::new();
    for writer in 1..=10 {
        let mut writing =
            child("a_process_that_writes_until_it_is_killed", &file, writer).spawn().unwrap();
        let said = BufReader::new(writing.stdout.take().unwrap());
        let wait = Duration::from_micros(chance.next_between(20_000, 120_000));
        let mut killer = Some(move || {
            thread::sleep(wait);
            // SIGKILL: the process has no say in it.
            writing.kill().unwrap();
            writing.wait().unwrap();
        });
        let mut killing = None;
        for line in said.lines() {
            if let Some(commit) = line.unwrap().split("acknowledged ").nth(1) {
                acknowledged.insert(commit.to_owned());
                if let Some(kill) = killer.take() {
                    killing = Some(thread::spawn(kill));
                }
            }
        }
        killing.expect("the child wrote").join().unwrap();
        // A reader puts right what was left, and so does a writer.
        let history = match writer % 2 {
            0 => History::open_for_reading(&file).unwrap(),
            _ => History::open(&file).unwrap(),
        };
        history.check().unwrap();
        let there = commits(&history);
        let lost: Vec<&String> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "{lost:?}");
        // The entry that was being acknowledged may be there too, whole.
        assert!(there.len() as u64 <= acknowledged.len() as u64 + writer);
        let figures = history.series("airline", "rack", "fuel.199").unwrap();
        assert_eq!(figures.len(), there.len());
    }
    assert!(acknowledged.len() >= 10, "each writer wrote: {}", acknowledged.len());
}

#[test]
#[ignore = "another test starts it as a process"]
fn a_process_that_may_not_write() {
    if let Some((file, _)) = told() {
        match History::open(&file) {
            Ok(mut history) => println!("said {}", history.record(&entry(9, 1.0)).unwrap_err()),
            Err(error) => println!("said {error}"),
        }
        match History::open_for_reading(&file) {
            Ok(history) => println!("read {}", commits(&history).len()),
            Err(error) => println!("read {error}"),
        }
    }
}

/// What opening, recording and then reading say to a user who may not write; `None` where this test program
/// cannot become such a user.
#[cfg(unix)]
fn refusal(file: &Path) -> Option<[String; 2]> {
    use std::os::unix::process::CommandExt;
    let mut command = child("a_process_that_may_not_write", file, 1);
    let probe = file.with_file_name("probe");
    if std::fs::write(&probe, "").is_ok() {
        // The superuser may write everywhere, so nobody is asked.
        std::fs::remove_file(&probe).unwrap();
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let after = |word| text.lines().find_map(|line| Some(line.split_once(word)?.1.to_owned()));
    Some([after("said ")?, after("read ")?])
}

#[cfg(unix)]
#[test]
fn a_place_that_may_not_be_written_is_told_apart_from_damage() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    History::open(&file).unwrap().record(&entry(0, 1.0)).unwrap();
    let before = std::fs::read(&file).unwrap();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
    let mut told = Vec::new();
    let cases = [
        (0o444, "history.db", "1"),
        (0o666, "history.db", "1"),
        (0o444, "new.db", "there is no history at"),
        (0o000, "history.db", "cannot open the history"),
    ];
    for (file_mode, name, reads) in cases {
        mode(&file, file_mode).unwrap();
        mode(folder.path(), 0o555).unwrap();
        told.extend(refusal(&folder.path().join(name)).map(|said| (said, reads)));
        mode(folder.path(), 0o755).unwrap();
    }
    mode(&file, 0o644).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(told.is_empty() || told.len() == cases.len(), "{told:?}");
    for ([written, read], reads) in told {
        assert!(written.contains("cannot write the history"), "{written}");
        assert!(written.contains("the folder it is in"), "{written}");
        assert!(read.starts_with(reads), "{read}");
    }
    let reader = History::open_for_reading(&file).unwrap();
    assert_eq!(commits(&reader).len(), 1);
}

#[test]
fn a_lock_that_is_never_released_is_reported() {
    // Waiting out the minute would make every run of the tests as long, so the meaning is tested.
    let busy = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(5), None);
    let error = HistoryError::of(Path::new("h.db"), &busy, 60);
    assert!(error.to_string().contains("h.db was locked by other processes for 60 s"), "{error}");
}
