//! Memory of sessions that wait in a chat, by the growth of the process that holds them.

use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Waker};

use timeslip_runtime::agent::AgentComponent;
use timeslip_runtime::room::Room;

use crate::{bare, hosted, probe};

/// Measures one side in this process and prints KiB per waiting session.
pub fn measure(side: &str, sessions: &str) {
    let sessions: u32 = sessions.parse().expect("a number of sessions");
    let kib = match side {
        "timeslip" => hosted_kib(sessions),
        _ => bare_kib(sessions),
    };
    println!("{kib:.1}");
}

/// Runs each side in a process of its own and prints the table.
pub fn print_table() {
    println!(
        "\n{:<40} {:>12} {:>12} {:>7}",
        "memory of a session in a chat", "timeslip", "bare", "ratio"
    );
    for sessions in ["1000", "10000"] {
        let (Some(ours), Some(bare)) =
            (in_own_process("timeslip", sessions), in_own_process("bare", sessions))
        else {
            println!("{sessions:<40} not measured: /proc is not here");
            continue;
        };
        let row = format!("{sessions} waiting");
        println!("{row:<40} {ours:>8.1} KiB {bare:>8.1} KiB {:>7.2}", ours / bare);
    }
}

fn in_own_process(side: &str, sessions: &str) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new(program).args(["--memory", side, sessions]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn hosted_kib(sessions: u32) -> f64 {
    let runtime = hosted::runtime(Room::of_small(sessions as usize), None);
    let agent = AgentComponent::load(&runtime, "probe", &probe()).expect("the probe loads");
    let setup = hosted::setup();
    let first = hosted::waiting(&agent, &setup, 0, "wait");
    let before = resident_bytes();
    let guests: Vec<_> =
        (1..sessions).map(|session| hosted::waiting(&agent, &setup, session, "wait")).collect();
    let grown = resident_bytes() - before;
    drop((first, guests));
    grown / f64::from(sessions - 1) / 1024.0
}

fn bare_kib(sessions: u32) -> f64 {
    let engine = bare::engine(sessions);
    let agent = bare::BareAgent::new(&engine, &probe()).shared();
    let waiting = || {
        let agent: Arc<bare::BareAgent> = agent.clone();
        let mut future = Box::pin(async move { agent.run("wait".to_owned(), true).await });
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        future
    };
    let first = waiting();
    let before = resident_bytes();
    let futures: Vec<_> = (1..sessions).map(|_| waiting()).collect();
    let grown = resident_bytes() - before;
    drop((first, futures));
    grown / f64::from(sessions - 1) / 1024.0
}

/// Bytes of this process that are in memory.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0)
}
