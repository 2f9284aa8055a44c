//! The arguments of `timeslip mcp`.

use std::net::SocketAddr;

use clap::{Args, Subcommand};

/// `timeslip mcp`.
#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Offers tool plugins, and agents as tools, to MCP clients.
    Serve(Box<ServeArgs>),
}

/// `timeslip mcp serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// Tool plugins' .wasm files, each with `=FOLDER` the files that it may read; or a bench, whose
    /// agent's tools are offered. The bench of this folder, or else the built-in example, if left out.
    #[arg(value_name = "PLUGIN[=FOLDER] | BENCH")]
    pub(crate) sources: Vec<String>,
    /// Lets the plugins write into their folders. What they write stays in the client's session.
    #[arg(long)]
    pub(crate) write: bool,
    /// An address that the plugins may fetch from, such as https://example.org/docs/*. Give it again
    /// for more.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) fetch: Vec<String>,
    /// A method that they may use there beside GET and HEAD. Give it again for more.
    #[arg(long, value_name = "METHOD", requires = "fetch")]
    pub(crate) fetch_method: Vec<String>,
    /// The machine that agents' models run on, and whose host computes, in place of the bench's.
    #[arg(long, value_name = "MACHINE")]
    pub(crate) on: Vec<String>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Serves any number of clients by streamable HTTP at this address, such as 127.0.0.1:8765, in
    /// place of one client over standard input and output.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// The environment variable that holds the key that clients must bear.
    #[arg(long, value_name = "VARIABLE", requires = "http")]
    pub(crate) key_env: Option<String>,
    /// A name by which clients reach this computer, beside those of the loopback. Give it again for
    /// more.
    #[arg(long, value_name = "NAME", requires = "http")]
    pub(crate) host: Vec<String>,
}

const SERVE_HELP: &str = "\
  timeslip mcp serve calculator.wasm documents.wasm=./docs    one client, over standard input and output
  timeslip mcp serve my-bench --http 127.0.0.1:8765           any number, at http://127.0.0.1:8765/mcp
Each client has a session of its own: instances of the plugins, files that it alone sees changed, and
the same seed. Its calls are done one after the other. A plugin that stops, or whose call is cancelled,
begins anew with the next call. Memory, fuel and the deadline are those of the bench; the deadline is
each call's. Without grants of HTTP, real servers and MCP servers time is virtual, and a sleep takes none
of yours; with them the clock goes as the computer's does. What a result's `_meta` says is modelled time:
timeslip/compute_ns of computing, timeslip/e2e_ns in all.";
