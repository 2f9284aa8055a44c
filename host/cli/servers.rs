//! The MCP servers whose tools a run uses: asked, or as they were recorded.

use std::sync::{Arc, Once};

use timeslip_live::{Asker, LiveFetcher, LiveRun};
use timeslip_mcp::client::{RunningServer, end_all};
use timeslip_mcp::wire::{SCHEME, server_and_tool};
use timeslip_timeline::http::{HttpError, HttpRequest};

use crate::bench::Bench;
use crate::exit::Failure;
use crate::machines::PlacedMachine;
use crate::tool_cast::ServerTools;

/// The MCP servers of a run, in the order of the bench. Dropping them ends their programs.
#[derive(Default)]
pub(crate) struct Servers {
    tools: Vec<ServerTools>,
    running: Arc<[RunningServer]>,
}

impl Servers {
    /// Starts the servers of a bench, or takes what they offer from the bench's recordings where no
    /// real server is asked.
    ///
    /// # Errors
    /// When one of them cannot be used, or is not recorded.
    pub(crate) fn of(bench: &Bench, live: Option<&LiveRun>) -> Result<Servers, Failure> {
        match live {
            Some(live) => Servers::start(bench, live),
            None => Servers::recorded(bench),
        }
    }

    /// What the bench's recordings say of its servers.
    ///
    /// # Errors
    /// When one of them is not recorded.
    pub(crate) fn recorded(bench: &Bench) -> Result<Servers, Failure> {
        let tools = bench.servers.iter().map(|server| {
            let definitions = bench.recorded_tools(server)?.into();
            Ok(ServerTools { name: server.plan.name.clone(), definitions })
        });
        Ok(Servers { tools: tools.collect::<Result<_, Failure>>()?, running: Arc::from([]) })
    }

    /// Starts the servers, all at once.
    fn start(bench: &Bench, live: &LiveRun) -> Result<Servers, Failure> {
        if bench.servers.is_empty() {
            return Ok(Servers::default());
        }
        end_programs_when_interrupted();
        let version = env!("CARGO_PKG_VERSION");
        let starting = bench.servers.iter().map(|server| {
            let plan = server.plan.clone();
            live.handle().spawn(async move { RunningServer::start(&plan, version).await })
        });
        let starting: Vec<_> = starting.collect();
        let mut running = Vec::with_capacity(starting.len());
        for (server, started) in bench.servers.iter().zip(starting) {
            let started = live.wait_for(started).map_err(Failure::run)?;
            running.push(started.map_err(|error| {
                let (place, name) = (&server.place, &server.plan.name);
                Failure::run(format!("{place}: the MCP server `{name}` cannot be used: {error}"))
            })?);
        }
        let tools = running.iter().map(|server| ServerTools {
            name: server.name().clone(),
            definitions: server.definitions().clone(),
        });
        Ok(Servers { tools: tools.collect(), running: running.into() })
    }

    /// What they offer.
    pub(crate) fn tools(&self) -> &[ServerTools] {
        &self.tools
    }

    /// The same fetcher, which asks them too.
    pub(crate) fn asked_by(&self, fetcher: LiveFetcher) -> LiveFetcher {
        let running = self.running.clone();
        let asker: Asker = Arc::new(move |request: Arc<HttpRequest>| {
            let running = running.clone();
            Box::pin(async move {
                let (name, _) = server_and_tool(&request.url).unwrap_or_default();
                match running.iter().find(|server| **server.name() == *name) {
                    Some(server) => server.answer(&request).await.map(Arc::new),
                    None => Err(HttpError::Failed(format!("there is no MCP server `{name}`"))),
                }
            })
        });
        fetcher.with_asker(SCHEME, asker)
    }
}

/// Whether a run that is recorded has a real server to ask.
pub(crate) fn asks_servers(bench: &Bench, machines: &[PlacedMachine]) -> bool {
    let is_live = |machine: &PlacedMachine| matches!(machine, PlacedMachine::Live(_));
    machines.iter().any(is_live) || !bench.servers.is_empty()
}

/// Servers are in groups of their own, which an interruption of this program does not reach.
fn end_programs_when_interrupted() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let watched = ctrlc::set_handler(|| {
            end_all();
            std::process::exit(130);
        });
        if let Err(error) = watched {
            // Most servers end by themselves when nobody writes to them any more.
            tracing::warn!(%error, "interruptions are not watched");
        }
    });
}
