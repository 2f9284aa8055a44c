//! `timeslip serve --agents`: tasks that clients give over HTTP, each done in a run of its own.

mod doing;
mod pace;
mod store_file;

use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;
use timeslip_mcp::client::end_all;
use timeslip_serve::{TaskServeError, TaskServer, TaskSettings};
use timeslip_timeline::drive::Load;

use super::args::{ServeArgs, Speed};
use super::{keys, with_model};
use crate::bench::{Bench, Overrides};
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output::print;
use crate::run::available_threads;
use crate::words::words_note;
use doing::Doer;
use store_file::{Place, place_of_store};

/// Tasks that may wait, and tasks that are over and kept, where nothing is said.
const QUEUE: usize = 1000;
const KEEP: usize = 10_000;

/// Serves a bench's agent until it is interrupted.
pub(super) fn serve(args: &ServeArgs, bench: &Path) -> Result<Exit, Failure> {
    let keys = keys(args)?;
    check_open(args, &keys)?;
    // Before MCP servers are started, which would end the program at the first interruption.
    interrupt::watch();
    let sessions = args.tasks.sessions.map_or_else(available_threads, usize::from);
    let place = place_of_store(args.tasks.store.as_deref(), bench)?;
    let doer = Doer::prepare(load(args, bench)?, sessions, args.speed)?;
    let about = About::of(&doer, args, sessions, &place);
    place.make_folder()?;
    let settings = TaskSettings {
        listen: args.listen,
        keys,
        threads: args.threads.map_or_else(available_threads, usize::from),
        limits: args.limits.limits(),
        store: place.file,
        sessions,
        queue: args.tasks.queue.unwrap_or(QUEUE),
        keep: args.tasks.keep.unwrap_or(KEEP),
    };
    let server = TaskServer::start(doer.served(), settings).map_err(failure)?;
    let (taken_up, of_others) = server.taken_up();
    about.print(args.json, server.address(), taken_up)?;
    if of_others > 0 {
        eprintln!(
            "{} of the store, accepted for another bench or other machines, failed; give them again to \
             have them done by these",
            tasks(of_others)
        );
    }
    interrupt::wait();
    eprintln!("stopping; tasks that run may go on for {:?}", args.limits.grace);
    let left = server.stop(args.limits.grace);
    // MCP servers are in groups of their own, which an interruption does not reach.
    end_all();
    match left {
        0 => {}
        left => eprintln!("{} left in the store; the next start goes on with them", tasks(left)),
    }
    Ok(Exit::Pass)
}

/// The bench with one session a run. Sessions that would arrive later start at once.
fn load(args: &ServeArgs, bench: &Path) -> Result<Bench, Failure> {
    let overrides = Overrides {
        on: args.on.iter().map(|on| with_model(on, args)).collect(),
        seed: args.seed,
        profiles: args.profiles.clone(),
        sessions: Some(1),
        ..Overrides::default()
    };
    let loaded = Bench::load(Some(bench), &overrides)?;
    match loaded.load {
        Load::AtOnce { .. } => Ok(loaded),
        Load::Arrivals(_) => Bench::load(Some(bench), &Overrides { at_once: Some(1), ..overrides }),
    }
}

/// Who may reach the server may spend the computer's time, and a bench's money.
fn check_open(args: &ServeArgs, keys: &[String]) -> Result<(), Failure> {
    match args.listen.ip().is_loopback() || !keys.is_empty() {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "--listen {} lets other computers in, and whoever comes may give tasks\n  fix: add \
             --api-keys FILE, or listen at 127.0.0.1",
            args.listen
        ))),
    }
}

fn failure(error: TaskServeError) -> Failure {
    match error {
        TaskServeError::Store(error) => Failure::usage(format!("--store: {error}")),
        TaskServeError::Serve(error) => Failure::run(error),
    }
}

fn tasks(count: usize) -> String {
    match count {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    }
}

/// What is said of a server when it starts.
struct About {
    bench: String,
    digest: String,
    agent: String,
    machines: Vec<(String, String)>,
    words: String,
    names: Vec<String>,
    takes_inputs: bool,
    sessions: usize,
    queue: usize,
    keep: usize,
    speed: Option<Speed>,
    store: String,
}

impl About {
    fn of(doer: &Doer, args: &ServeArgs, sessions: usize, place: &Place) -> About {
        let bench = &doer.bench;
        let machines = doer.machines.iter();
        About {
            bench: bench.name.clone(),
            digest: bench.digest.clone(),
            agent: bench.agent.name.clone(),
            machines: machines.map(|one| (one.name().to_owned(), one.model().to_owned())).collect(),
            words: words_note(bench, &doer.machines),
            names: bench.tasks.iter().map(|task| task.name.to_string()).collect(),
            takes_inputs: doer.no_inputs().is_none(),
            sessions,
            queue: args.tasks.queue.unwrap_or(QUEUE),
            keep: args.tasks.keep.unwrap_or(KEEP),
            speed: (!doer.is_live()).then_some(args.speed),
            store: place.file.display().to_string(),
        }
    }

    fn print(&self, as_json: bool, address: SocketAddr, taken_up: usize) -> Result<(), Failure> {
        match as_json {
            true => print(&format!("{}\n", self.json(address, taken_up))),
            false => print(&self.text(address, taken_up)),
        }
    }

    fn json(&self, address: SocketAddr, taken_up: usize) -> serde_json::Value {
        let named = |(name, model): &(String, String)| json!({"name": name, "model": model});
        json!({
            "listening": format!("http://{address}"),
            "bench": {"name": self.bench, "digest": self.digest},
            "machines": self.machines.iter().map(named).collect::<Vec<_>>(),
            "tasks": self.names,
            "takes_inputs": self.takes_inputs,
            "speed": match self.speed {
                Some(Speed::Times(times)) => json!(times),
                Some(Speed::Max) => json!("max"),
                None => json!(1.0),
            },
            "sessions": self.sessions,
            "queue": self.queue,
            "keep": self.keep,
            "store": self.store,
            "taken_up": taken_up,
        })
    }

    fn text(&self, address: SocketAddr, taken_up: usize) -> String {
        let About { bench, agent, store, words, sessions, queue, keep, .. } = self;
        let speed = match self.speed {
            Some(Speed::Times(times)) => format!("modelled time at {times}x"),
            Some(Speed::Max) => "modelled time as fast as it can be computed".to_owned(),
            None => "in the time of real servers".to_owned(),
        };
        let mut text = format!("serving tasks of {bench} on http://{address}/v1/tasks, {speed}\n");
        text += &format!("agent:    {agent}, {sessions} at once, up to {queue} waiting\n");
        let machines: Vec<String> =
            self.machines.iter().map(|(name, model)| format!("{name} serves {model}")).collect();
        text += &format!("machines: {}; each task has them for itself\n", machines.join(", "));
        text += &format!("words:    {words}\n");
        let names = match self.names.as_slice() {
            [first, second, third, _, rest @ ..] => {
                format!("{first}, {second}, {third} and {} more", rest.len() + 1)
            }
            names => names.join(", "),
        };
        let inputs = if self.takes_inputs { ", or any input" } else { "" };
        text += &format!("tasks:    {names}{inputs}\n");
        let goes_on = match taken_up {
            0 => String::new(),
            count => format!("; going on with {}", tasks(count)),
        };
        text + &format!("store:    {store}, the last {keep} that are over{goes_on}\n")
    }
}
