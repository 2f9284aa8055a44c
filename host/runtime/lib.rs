//! Runs guests, compiled to WebAssembly components: agents, tool plugins, and the cost models of
//! machines ([`hardware`]).
//!
//! Start with [`engine::Runtime`] (load a component), [`agent`] and [`plugin`] (make guests of it),
//! and `asking` (what a host function does). Grants and limits are in [`grants`],
//! [`http_grant`] and [`limits`].
//!
//! Architecture invariants: the crate knows no machine and no words, only the timeline's records; a
//! store is never made without limits; a tool plugin never shares a store with an agent; nothing a
//! guest sees depends on a wall clock.

pub mod agent;
pub mod engine;
pub mod error;
pub mod files;
pub mod grants;
pub mod hardware;
pub mod http_grant;
pub mod limits;
pub mod plugin;
pub mod room;
pub mod session;

mod asking;
mod bindings;
mod cache;
mod context;
mod convert;
mod desk;
mod fetching;
mod imports;
mod poll;
mod stop;
mod wasi;
mod world;
