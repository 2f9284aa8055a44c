//! Why a guest stopped: traps and limits, in words that a person can act on.

use std::time::{Duration, Instant as WallInstant};

use timeslip_timeline::guest::StopCause;
use wasmtime::{FrameInfo, Store, Trap, UpdateDeadline, WasmBacktrace};

use crate::context::Context;
use crate::engine::Runtime;
use crate::limits::Limits;

/// A limit of the host's own that a guest ran into.
#[derive(Debug)]
pub(crate) struct LimitHit {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl std::fmt::Display for LimitHit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LimitHit {}

/// A guest that ended itself through WASI.
#[derive(Debug)]
pub(crate) struct GuestExit {
    pub(crate) status: u8,
}

impl std::fmt::Display for GuestExit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the component ended its own program with status {}", self.status)
    }
}

impl std::error::Error for GuestExit {}

/// Ends bursts that take too long by the wall clock.
///
/// Fuel cannot see time spent inside the host on the guest's behalf. Each store looks at its own
/// burst's start, so that one guest's long wait never counts against another.
pub(crate) fn watch_wall_time(store: &mut Store<Context>, runtime: &Runtime, limit: Duration) {
    runtime.start_ticking();
    store.set_epoch_deadline(1);
    let mut burst: Option<(timeslip_timeline::time::Instant, WallInstant)> = None;
    store.epoch_deadline_callback(move |context| {
        let now = context.data().desk.burst_began();
        let began = match burst {
            Some((of, began)) if of == now => began,
            _ => burst.insert((now, WallInstant::now())).1,
        };
        if began.elapsed() < limit {
            return Ok(UpdateDeadline::Continue(1));
        }
        let message = format!(
            "one burst of computing took longer than {limit:?} of wall-clock time; \
             this is a limit of the host, not a timing of the component"
        );
        Err(LimitHit { kind: "host_wall_time", message }.into())
    });
}

/// Says why a guest stopped.
pub(crate) fn stop_cause(error: &wasmtime::Error, limits: &Limits, context: &Context) -> StopCause {
    let denied_bytes = context.memory.denied_bytes;
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return StopCause { kind: hit.kind, message: hit.message.clone() };
    }
    if let Some(exit) = error.downcast_ref::<GuestExit>() {
        return StopCause { kind: "exit", message: exit.to_string() + &last_words(context) };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let StopCause { kind, message } = trap_cause(*trap, error, limits, denied_bytes);
        return StopCause { kind, message: message + &last_words(context) };
    }
    let text = format!("{error:#}");
    if text.contains("hostcalls has been exhausted") {
        let mib = limits.boundary_bytes >> 20;
        let message =
            format!("one call carried more than {mib} MiB from the component to the host");
        return StopCause { kind: "boundary_size", message };
    }
    StopCause { kind: "contract_broken", message: first_lines(&text) }
}

fn trap_cause(
    trap: Trap,
    error: &wasmtime::Error,
    limits: &Limits,
    denied_bytes: Option<usize>,
) -> StopCause {
    let (kind, message) = match (trap, denied_bytes) {
        (Trap::OutOfFuel, _) => (
            "out_of_fuel",
            format!("the component used up its fuel of {} units of computing", limits.fuel),
        ),
        (Trap::StackOverflow, _) => {
            ("stack_overflow", "the component's calls nest too deep for its stack".to_owned())
        }
        (Trap::UnreachableCodeReached | Trap::MemoryOutOfBounds, Some(bytes)) => (
            "out_of_memory",
            format!(
                "the component asked for {} MiB of memory; its limit is {} MiB",
                bytes.div_ceil(1 << 20),
                limits.memory_bytes >> 20
            ),
        ),
        (trap, _) => ("trap", format!("the component trapped: {trap}")),
    };
    StopCause { kind, message: message + &guest_stack(error) }
}

/// What the component wrote to its standard error before it stopped: the reason, in most languages.
fn last_words(context: &Context) -> String {
    let lines: Vec<&str> = context.wasi.stdio.last_errors().map(str::trim).collect();
    match lines.as_slice() {
        [] => String::new(),
        lines => format!("; it said last: {}", lines.join(" | ")),
    }
}

/// How many of the guest's functions a message names.
const FRAMES: usize = 8;

/// The innermost named functions of the guest's stack, as ` (in a at lib.rs:1, called by b)`; files
/// and lines stand there where the component has them.
fn guest_stack(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let calls: Vec<String> = backtrace
        .frames()
        .iter()
        .flat_map(frame_calls)
        .filter(|(name, _)| !is_panic_machinery(name))
        .take(FRAMES)
        .map(|(name, place)| match place {
            Some(place) => format!("{name} at {place}"),
            None => name,
        })
        .collect();
    if calls.is_empty() { String::new() } else { format!(" (in {})", calls.join(", called by ")) }
}

/// The functions of one frame, those that were inlined into it first, each with its file and line.
fn frame_calls(frame: &FrameInfo) -> Vec<(String, Option<String>)> {
    // Without the hashes of Rust's names, which tell a reader nothing.
    let readable = |name: &str| format!("{:#}", rustc_demangle::demangle(name));
    let symbols = frame.symbols().iter().filter_map(|symbol| {
        let place = symbol.file().map(|file| match symbol.line() {
            Some(line) => format!("{}:{line}", last_parts(file)),
            None => last_parts(file),
        });
        Some((readable(symbol.name()?), place))
    });
    let calls: Vec<(String, Option<String>)> = symbols.collect();
    match frame.func_name() {
        Some(name) if calls.is_empty() => vec![(readable(name), None)],
        _ => calls,
    }
}

/// A source file by its last parts: where it was built is of no use to anybody.
fn last_parts(file: &str) -> String {
    let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

/// Whether a function only carries out a panic of Rust, whose place is further out.
fn is_panic_machinery(name: &str) -> bool {
    const BEGINNINGS: [&str; 11] = [
        "__rust",
        "abort",
        "core::intrinsics",
        "core::ops::function",
        "core::panicking",
        "rust_",
        "std::panicking",
        "std::process",
        "std::rt",
        "std::sys",
        "std::thread",
    ];
    let name = name.trim_start_matches('<');
    BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

fn first_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().take(3).copied().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_known_by_its_last_parts() {
        assert_eq!(last_parts("/home/someone/agent/src/lib.rs"), "agent/src/lib.rs");
        assert_eq!(last_parts("guest.c"), "guest.c");
        assert_eq!(last_parts("C:\\a\\b\\src\\lib.rs"), "b/src/lib.rs");
        assert_eq!(last_parts(""), "");
    }

    #[test]
    fn the_way_of_a_panic_is_no_place() {
        assert!(is_panic_machinery("core::panicking::panic_fmt"));
        assert!(is_panic_machinery("rust_begin_unwind"));
        assert!(!is_panic_machinery("agent::run"));
    }
}
