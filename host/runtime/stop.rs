//! Why a guest stopped: traps and limits, in words that a person can act on.

use std::time::{Duration, Instant as WallInstant};

use timeslip_timeline::guest::StopCause;
use wasmtime::{Store, Trap, UpdateDeadline, WasmBacktrace};

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
pub(crate) fn stop_cause(
    error: &wasmtime::Error,
    limits: &Limits,
    denied_bytes: Option<usize>,
) -> StopCause {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return StopCause { kind: hit.kind, message: hit.message.clone() };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trap_cause(*trap, error, limits, denied_bytes);
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

/// The innermost named functions of the guest's stack, as ` (in a, called by b)`.
fn guest_stack(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let names: Vec<String> = backtrace
        .frames()
        .iter()
        .filter_map(|frame| frame.func_name())
        .take(4)
        .map(|name| rustc_demangle::demangle(name).to_string())
        .collect();
    if names.is_empty() { String::new() } else { format!(" (in {})", names.join(", called by ")) }
}

fn first_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().take(3).copied().collect::<Vec<_>>().join("; ")
}
