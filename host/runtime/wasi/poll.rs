//! Polls: the one place of WASI that waits, and it waits as `session.sleep` does.

use wasmtime::component::Resource;

use super::Host;
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::io::poll;
use crate::context::Context;

/// Something that a guest may wait for. Streams of this host never make one wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub enum Pollable {
    /// It is ready.
    Ready,
    /// It is ready from an instant of the session's clock on, in nanoseconds.
    At(u64),
}

impl Pollable {
    fn ready_at(self) -> u64 {
        match self {
            Pollable::Ready => 0,
            Pollable::At(nanos) => nanos,
        }
    }
}

impl poll::Host for Context {}
impl poll::HostPollable for Context {}

impl poll::HostWithStore<Context> for Host {
    async fn poll(
        mut caller: Caller<'_>,
        pollables: Vec<Resource<Pollable>>,
    ) -> wasmtime::Result<Vec<u32>> {
        let table = &caller.get().table;
        let ready_at: Result<Vec<u64>, _> =
            pollables.iter().map(|one| table.get(one).map(|one| one.ready_at())).collect();
        let ready_at = ready_at?;
        let Some(earliest) = ready_at.iter().min() else {
            return Err(wasmtime::format_err!("`poll` was called with an empty list"));
        };
        let now = wait_until(&mut caller, *earliest).await?;
        let ready = (0..).zip(ready_at).filter(|(_, at)| *at <= now);
        Ok(ready.map(|(index, _)| index).collect())
    }
}

impl poll::HostPollableWithStore<Context> for Host {
    fn ready(mut caller: Caller<'_>, pollable: Resource<Pollable>) -> wasmtime::Result<bool> {
        let now = asking::now(&mut caller)?.as_nanos();
        Ok(caller.get().table.get(&pollable)?.ready_at() <= now)
    }

    async fn block(mut caller: Caller<'_>, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        let ready_at = caller.get().table.get(&pollable)?.ready_at();
        wait_until(&mut caller, ready_at).await?;
        Ok(())
    }

    fn drop(mut caller: Caller<'_>, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(pollable)?;
        Ok(())
    }
}

/// Sleeps until an instant of the session's clock, not at all if it has passed, and gives the
/// instant then.
async fn wait_until(caller: &mut Caller<'_>, at: u64) -> wasmtime::Result<u64> {
    let now = asking::now(caller)?.as_nanos();
    match at.checked_sub(now) {
        None | Some(0) => Ok(now),
        Some(left) => {
            asking::sleep(caller, left)?.wait().await;
            Ok(at)
        }
    }
}
