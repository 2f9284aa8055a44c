//! `wasi:sockets`, which refuses everything: the runtimes of some languages import it whether their
//! programs use it or not.
//!
//! A socket cannot be had, so its methods cannot be called, and only their names are given.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType, Val};

use crate::context::Context;

/// What stands for the network; one cannot do anything with it.
struct Network;

/// A socket, or what one would get from it.
enum Socket {}

/// Interfaces, their resources, and those resources' methods.
const RESOURCES: [(&str, &str, &[&str]); 5] = [
    (
        "wasi:sockets/ip-name-lookup@0.2.12",
        "resolve-address-stream",
        &["resolve-next-address", "subscribe"],
    ),
    ("wasi:sockets/tcp@0.2.12", "tcp-socket", &TCP_METHODS),
    ("wasi:sockets/udp@0.2.12", "udp-socket", &UDP_METHODS),
    ("wasi:sockets/udp@0.2.12", "incoming-datagram-stream", &["receive", "subscribe"]),
    ("wasi:sockets/udp@0.2.12", "outgoing-datagram-stream", &["check-send", "send", "subscribe"]),
];

const TCP_METHODS: [&str; 28] = [
    "start-bind",
    "finish-bind",
    "start-connect",
    "finish-connect",
    "start-listen",
    "finish-listen",
    "accept",
    "local-address",
    "remote-address",
    "is-listening",
    "address-family",
    "set-listen-backlog-size",
    "keep-alive-enabled",
    "set-keep-alive-enabled",
    "keep-alive-idle-time",
    "set-keep-alive-idle-time",
    "keep-alive-interval",
    "set-keep-alive-interval",
    "keep-alive-count",
    "set-keep-alive-count",
    "hop-limit",
    "set-hop-limit",
    "receive-buffer-size",
    "set-receive-buffer-size",
    "send-buffer-size",
    "set-send-buffer-size",
    "subscribe",
    "shutdown",
];

const UDP_METHODS: [&str; 13] = [
    "start-bind",
    "finish-bind",
    "stream",
    "local-address",
    "remote-address",
    "address-family",
    "unicast-hop-limit",
    "set-unicast-hop-limit",
    "receive-buffer-size",
    "set-receive-buffer-size",
    "send-buffer-size",
    "set-send-buffer-size",
    "subscribe",
];

/// Functions that a guest can call without a socket, each of which gives an error code.
const REFUSED: [(&str, &str); 3] = [
    ("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses"),
    ("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket"),
    ("wasi:sockets/udp-create-socket@0.2.12", "create-udp-socket"),
];

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    let network = ResourceType::host::<Network>();
    linker.instance("wasi:sockets/network@0.2.12")?.resource(
        "network",
        network,
        |mut store, number| {
            store.data_mut().table.delete(Resource::<Network>::new_own(number))?;
            Ok(())
        },
    )?;
    linker.instance("wasi:sockets/instance-network@0.2.12")?.func_wrap(
        "instance-network",
        |mut store: StoreContextMut<'_, Context>, (): ()| {
            store.data_mut().count_host_call()?;
            Ok((store.data_mut().table.push(Network)?,))
        },
    )?;
    for (interface, resource, methods) in RESOURCES {
        let mut interface = linker.instance(interface)?;
        interface.resource(resource, ResourceType::host::<Socket>(), |_, _| Ok(()))?;
        for method in methods {
            refuse(&mut interface, &format!("[method]{resource}.{method}"))?;
        }
    }
    for (interface, function) in REFUSED {
        refuse(&mut linker.instance(interface)?, function)?;
    }
    Ok(())
}

/// Answers every call with `access-denied`.
fn refuse(interface: &mut LinkerInstance<'_, Context>, function: &str) -> wasmtime::Result<()> {
    interface.func_new(function, |mut store, _, _, results| {
        store.data_mut().count_host_call()?;
        let refusal = Val::Enum("access-denied".to_owned());
        results[0] = Val::Result(Err(Some(Box::new(refusal))));
        Ok(())
    })
}
