//! `timeslip mcp`: tools for MCP clients.

pub(crate) mod args;
mod kept;
pub(crate) mod serve;
mod session;
mod source;
