//! WASI 0.2 for guests whose toolchains need it, made of the session alone: its clock, its chance,
//! its journal and the files that the bench grants. Every wait is a sleep of the session, so that
//! nothing a guest sees depends on the computer.

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wasi::Imports;
use crate::context::Context;

mod cli;
mod clocks;
pub(crate) mod descriptor;
mod filesystem;
pub(crate) mod listing;
pub(crate) mod poll;
mod random;
mod sockets;
pub(crate) mod stdio;
pub(crate) mod streams;

type Host = HasSelf<Context>;

/// The interfaces that a guest may import, without their versions.
pub(crate) const INTERFACES: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/types",
    "wasi:filesystem/preopens",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:sockets/network",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// What is wrong with an import of WASI, if anything is.
pub(crate) fn import_problem(interface: &str, version: &str) -> Option<String> {
    let served = INTERFACES.contains(&interface);
    if served && version.starts_with("0.2.") {
        return None;
    }
    Some(if served {
        format!(
            "and this host gives WASI 0.2, not {version}; build it with a toolchain for WASI 0.2 \
             (for Rust: --target wasm32-wasip2)"
        )
    } else if interface.starts_with("wasi:http/") {
        "which this host does not give: a run reaches no network by itself; a tool plugin asks for \
         addresses through `timeslip:tool/http`"
            .to_owned()
    } else {
        "which this host does not give; of WASI it gives clocks, random, cli, io, filesystem and \
         sockets that refuse everything"
            .to_owned()
    })
}

/// The functions of all interfaces.
pub(crate) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    Imports::add_to_linker::<_, Host>(linker, |context| context)?;
    sockets::add_to_linker(linker)
}

#[cfg(test)]
mod tests;
