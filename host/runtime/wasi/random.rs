//! The session's chance, as WASI's three interfaces. It is a stream of its own: a language's runtime
//! draws from it before the guest's own code runs, and what `session.random-u64` gives must not
//! depend on the language.

use super::Host;
use crate::asking::{self, Caller, RANDOM_BYTES_MAX};
use crate::bindings::wasi::wasi::random::{insecure, insecure_seed, random};
use crate::context::Context;
use crate::stop::LimitHit;

impl random::Host for Context {}
impl insecure::Host for Context {}
impl insecure_seed::Host for Context {}

impl random::HostWithStore<Context> for Host {
    fn get_random_bytes(mut caller: Caller<'_>, len: u64) -> wasmtime::Result<Vec<u8>> {
        draw_bytes(&mut caller, len)
    }

    fn get_random_u64(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
        draw(&mut caller)
    }
}

impl insecure::HostWithStore<Context> for Host {
    fn get_insecure_random_bytes(mut caller: Caller<'_>, len: u64) -> wasmtime::Result<Vec<u8>> {
        draw_bytes(&mut caller, len)
    }

    fn get_insecure_random_u64(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
        draw(&mut caller)
    }
}

impl insecure_seed::HostWithStore<Context> for Host {
    fn insecure_seed(mut caller: Caller<'_>) -> wasmtime::Result<(u64, u64)> {
        Ok((draw(&mut caller)?, draw(&mut caller)?))
    }
}

fn draw(caller: &mut Caller<'_>) -> wasmtime::Result<u64> {
    asking::enter(caller)?;
    Ok(caller.get().wasi.chance.next_u64())
}

fn draw_bytes(caller: &mut Caller<'_>, length: u64) -> wasmtime::Result<Vec<u8>> {
    asking::enter(caller)?;
    // WASI knows no shorter answer than what was asked for.
    match u32::try_from(length) {
        Ok(length) if length <= RANDOM_BYTES_MAX => {
            Ok(asking::draw_bytes(&mut caller.get().wasi.chance, length as usize))
        }
        _ => {
            let message = format!(
                "the component asked for {length} random bytes in one call; \
                 the most is {RANDOM_BYTES_MAX}"
            );
            Err(LimitHit { kind: "boundary_size", message }.into())
        }
    }
}
