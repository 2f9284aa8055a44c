//! `timeslip mcp serve`: offers tools to MCP clients.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use timeslip_live::purse::Purse;
use timeslip_live::{KeySource, LiveRun};
use timeslip_mcp::client::end_all;
use timeslip_mcp::http::{HttpOptions, PATH};
use timeslip_mcp::server::{SESSIONS_AT_WORK_MAX, Server};
use timeslip_mcp::{http, stdio};
use tokio::net::TcpListener;

use super::args::ServeArgs;
use super::session::BenchTools;
use super::source::bench;
use crate::bench::Bench;
use crate::cast::{SharedSetup, runtime};
use crate::exit::{Exit, Failure};
use crate::machines::{PlacedMachine, place};
use crate::servers::Servers;
use crate::tool_cast::{ToolCast, room_of_tools};

/// What is served.
pub(super) struct Served {
    /// The bench.
    pub(super) bench: Bench,
    /// Its machines.
    pub(super) machines: Vec<PlacedMachine>,
    /// Its tools.
    pub(super) tools: ToolCast,
    /// Its MCP servers.
    pub(super) servers: Servers,
    /// What may be spent on real servers.
    pub(super) purse: Option<Arc<Purse>>,
    /// What waits for real servers, where some may be asked.
    pub(super) live: Option<LiveRun>,
}

/// Serves until the client goes away, or over HTTP until it is stopped.
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let key = key(args)?;
    let bench = bench(args)?;
    // One client has its session, and a server the most that it lets work at once.
    let sessions = if args.http.is_some() { SESSIONS_AT_WORK_MAX } else { 1 };
    let served = Arc::new(Served::prepare(bench, sessions)?);
    if served.tools.definitions.is_empty() {
        return Err(Failure::usage(
            "there is no tool to offer\n  fix: give tool plugins, or a bench with a [[tool]]",
        ));
    }
    let server = Server::new("timeslip", env!("CARGO_PKG_VERSION"), BenchTools(served));
    let server = server.map_err(Failure::usage)?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(SESSIONS_AT_WORK_MAX + 8)
        .enable_all()
        .build()
        .map_err(Failure::run)?;
    let ended = match args.http {
        Some(address) => {
            let options = HttpOptions { key, hosts: args.host.clone() };
            threads.block_on(listen(&server, address, options))
        }
        None => threads.block_on(stdio::serve(&server)).map_err(Failure::run),
    };
    // A client that is gone waits for no call, nor for what a call asks of others.
    threads.shutdown_background();
    end_all();
    ended.map(|()| Exit::Pass)
}

async fn listen(server: &Server, address: SocketAddr, options: HttpOptions) -> Result<(), Failure> {
    let cannot = |error| Failure::run(format!("cannot listen at {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    // A client reads nothing here; whoever started the server waits for this line.
    let _ = writeln!(std::io::stderr(), "serving MCP at http://{address}{PATH}");
    http::serve(server, listener, options).await.map_err(Failure::run)
}

/// The key that clients must bear.
fn key(args: &ServeArgs) -> Result<Option<String>, Failure> {
    let Some(variable) = &args.key_env else {
        let open = args.http.map(|address| address.ip()).filter(|ip| !ip.is_loopback());
        return match open {
            Some(ip) => Err(Failure::usage(format!(
                "--http {ip} lets other computers in, and whoever comes may call the tools\n  fix: \
                 add --key-env VARIABLE, or serve at 127.0.0.1"
            ))),
            None => Ok(None),
        };
    };
    // The one reading of keys that there is; what it gives back never prints.
    KeySource::Environment(variable.clone()).read().map_err(Failure::usage)?;
    Ok(std::env::var(variable).ok().map(|key| key.trim().to_owned()))
}

impl Served {
    fn prepare(bench: Bench, sessions: usize) -> Result<Served, Failure> {
        let mut live = None;
        let machines = place(&bench, &bench.machines, &mut live)?;
        let fetches = bench.tools.iter().any(|tool| !tool.http.is_empty());
        if live.is_none() && (fetches || !bench.servers.is_empty()) {
            live = Some(LiveRun::start().map_err(Failure::run)?);
        }
        let servers = Servers::of(&bench, live.as_ref())?;
        let runtime = runtime(&bench, room_of_tools(&bench, sessions))?;
        let shared = SharedSetup::of(&bench, &machines)?;
        let tools = ToolCast::load(&bench, &runtime, &shared, servers.tools())?;
        let purse = bench.run_budget_usd.map(|limit| Arc::new(Purse::new(limit)));
        Ok(Served { bench, machines, tools, servers, purse, live })
    }
}
