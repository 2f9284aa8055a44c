//! What agents cost the host that differ in their language alone.
//!
//! `cargo bench -p timeslip-runtime --bench languages -- COMPONENT…` measures conformance agents
//! (`agents/sdk/conformance`) and prints a JSON object on a line for each. `tests/languages/measure`
//! builds them and makes a table of it. Memory is measured in a process of its own, with sessions that
//! wait in a chat. Without a component there is nothing to do.

#![allow(unreachable_pub, reason = "a benchmark has no readers outside")]

#[path = "guests/hosted.rs"]
mod hosted;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use timeslip_runtime::agent::AgentComponent;
use timeslip_runtime::engine::Runtime;
use timeslip_runtime::grants::Budgets;
use timeslip_runtime::room::Room;

/// A session without a step: it reads two values of its configuration, and answers.
const NO_STEP: &str = "config";

/// A session that waits in its first chat.
const WAITS: &str = "plain-reply";

/// A session that chats until the budget of model calls is exhausted.
const CHATS: &str = "budget-exhausted";

/// Chats of the two sessions whose difference is the cost of a chat.
const FEW_CHATS: u64 = 100;
const MANY_CHATS: u64 = 1100;

/// How often each is measured; the median counts.
const LOADS: usize = 11;
const SESSIONS: usize = 101;
const CHATTING_SESSIONS: usize = 11;

/// How many sessions live at once where memory is looked at.
const LIVING: [u32; 4] = [0, 1, 10, 100];

fn main() {
    let mut arguments =
        std::env::args().skip(1).filter(|argument| argument != "--bench").peekable();
    if arguments.next_if(|argument| argument == "--memory").is_some() {
        let [component, cache] =
            [arguments.next(), arguments.next()].map(|path| path.expect("a path"));
        return println!("{}", memory(Path::new(&component), cache.into()));
    }
    for component in arguments {
        println!("{}", measure(Path::new(&component)));
    }
}

/// All figures of one component.
fn measure(path: &Path) -> Value {
    let bytes = read(path);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cache = folder.path().to_owned();
    let load = || {
        let runtime = runtime(&bytes, 1, &cache);
        let started = Instant::now();
        let agent = load(&runtime, &bytes);
        (started.elapsed(), agent)
    };
    let (cold, agent) = load();
    let cached = median(LOADS, || load().0);
    let setup = hosted::setup();
    let session = |budgets: Budgets, line: &str| {
        let started = Instant::now();
        hosted::run(&agent, &setup, budgets, line);
        started.elapsed()
    };
    let no_step = median(SESSIONS, || session(Budgets::default(), NO_STEP));
    let chats = |count| {
        let budgets = Budgets { model_calls: Some(count), ..Budgets::default() };
        median(CHATTING_SESSIONS, || session(budgets, CHATS))
    };
    let chat = chats(MANY_CHATS).saturating_sub(chats(FEW_CHATS)) / (MANY_CHATS - FEW_CHATS) as u32;
    json!({
        "component": path,
        "component_bytes": bytes.len(),
        "load_cold_ns": nanoseconds(cold),
        "load_cached_ns": nanoseconds(cached),
        "session_without_step_ns": nanoseconds(no_step),
        "chat_ns": nanoseconds(chat),
        "memory": memory_in_own_process(path, &cache),
    })
}

/// Memory of a process that has loaded the component from the cache, with so many sessions.
fn memory(path: &Path, cache: PathBuf) -> Value {
    let most = LIVING[LIVING.len() - 1];
    let before = ProcessMemory::now();
    let bytes = read(path);
    let runtime = runtime(&bytes, most as usize, &cache);
    let agent = load(&runtime, &bytes);
    drop(bytes);
    let setup = hosted::setup();
    let mut guests = Vec::new();
    let rows = LIVING.map(|count| {
        guests.extend((guests.len() as u32..count).map(|session| {
            hosted::waiting(&agent, &setup, session, WAITS)
        }));
        let now = ProcessMemory::now();
        json!({
            "sessions": count,
            "private_dirty_bytes": now.private_dirty_bytes.saturating_sub(before.private_dirty_bytes),
            "resident_bytes": now.resident_bytes.saturating_sub(before.resident_bytes),
        })
    });
    json!(rows)
}

fn memory_in_own_process(path: &Path, cache: &Path) -> Value {
    // Pages of a file that is not on the disk yet would count as this process's own.
    for entry in std::fs::read_dir(cache).expect("the cache is a folder") {
        let file = std::fs::File::open(entry.expect("its entries can be read").path());
        file.and_then(|file| file.sync_all()).expect("the compiled component can be synced");
    }
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg("--memory").args([path, cache]).output();
    let output = output.expect("this program can be started again");
    serde_json::from_slice(&output.stdout).expect("the process that measures memory prints JSON")
}

/// What this process holds.
struct ProcessMemory {
    /// Pages that no other process shares and that would have to be swapped out.
    private_dirty_bytes: u64,
    /// All pages in memory, those of mapped files included.
    resident_bytes: u64,
}

impl ProcessMemory {
    fn now() -> ProcessMemory {
        let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("this is Linux");
        let bytes = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("the line is there");
            let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
            kib.expect("the line holds a number") * 1024
        };
        ProcessMemory {
            private_dirty_bytes: bytes("Private_Dirty:"),
            resident_bytes: bytes("Rss:"),
        }
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn runtime(bytes: &[u8], instances: usize, cache: &Path) -> Arc<Runtime> {
    hosted::runtime(Room::of([(bytes, instances)].into_iter()), Some(cache.to_owned()))
}

fn load(runtime: &Arc<Runtime>, bytes: &[u8]) -> AgentComponent {
    AgentComponent::load(runtime, "agent", bytes).expect("the component loads")
}

fn median(count: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..count).map(|_| measure()).collect();
    times.sort();
    times[count / 2]
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("it took less than centuries")
}
