//! The Model Context Protocol, both ways: [`server`] offers tools to any MCP client, over standard
//! input and output ([`stdio`]) or streamable HTTP ([`http`]), and [`client`] lets MCP servers be
//! tools of a bench.
//!
//! Who uses a server as a tool asks it the way tool plugins fetch over HTTP: [`guest`] is a tool plugin
//! in plain Rust whose every call is one fetch ([`wire`]), so words play calls back as they do fetches,
//! and recordings hold them in the same lines.
//!
//! Architecture invariants: the crate knows no WebAssembly, no words and no machine. What a client or
//! a server on the other side sends is bounded in size, in number and in time. The protocol itself is
//! the crate `rmcp`'s.

pub mod client;
pub mod error;
pub mod guest;
pub mod http;
pub mod server;
pub mod stdio;
pub mod stop;
pub mod tools;
pub mod wire;

mod calls;
mod gate;
mod process;
mod result;

#[cfg(test)]
mod client_tests;
