//! The session's clock, as WASI's two clocks.

use wasmtime::component::Resource;

use super::Host;
use super::poll::Pollable;
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::clocks::{monotonic_clock, wall_clock};
use crate::context::Context;

/// What the wall clock shows when a session begins: 2026-01-01T00:00:00Z, in seconds of Unix time.
/// Nothing can set it, so that what a guest makes of a date is the same in every run.
const SESSION_BEGAN_SECONDS: u64 = 1_767_225_600;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What the wall clock shows so many nanoseconds after the session began.
pub(super) fn datetime(session_nanos: u64) -> wall_clock::Datetime {
    wall_clock::Datetime {
        seconds: SESSION_BEGAN_SECONDS + session_nanos / NANOS_PER_SECOND,
        nanoseconds: (session_nanos % NANOS_PER_SECOND) as u32,
    }
}

impl monotonic_clock::Host for Context {}
impl wall_clock::Host for Context {}

impl monotonic_clock::HostWithStore<Context> for Host {
    fn now(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
        Ok(asking::now(&mut caller)?.as_nanos())
    }

    fn resolution(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
        asking::enter(&mut caller)?;
        Ok(1)
    }

    fn subscribe_instant(
        mut caller: Caller<'_>,
        when: u64,
    ) -> wasmtime::Result<Resource<Pollable>> {
        asking::enter(&mut caller)?;
        Ok(caller.get().table.push(Pollable::At(when))?)
    }

    fn subscribe_duration(
        mut caller: Caller<'_>,
        when: u64,
    ) -> wasmtime::Result<Resource<Pollable>> {
        let now = asking::now(&mut caller)?.as_nanos();
        Ok(caller.get().table.push(Pollable::At(now.saturating_add(when)))?)
    }
}

impl wall_clock::HostWithStore<Context> for Host {
    fn now(mut caller: Caller<'_>) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(datetime(asking::now(&mut caller)?.as_nanos()))
    }

    fn resolution(mut caller: Caller<'_>) -> wasmtime::Result<wall_clock::Datetime> {
        asking::enter(&mut caller)?;
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: 1 })
    }
}
