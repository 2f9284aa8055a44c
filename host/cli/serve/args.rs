//! `timeslip serve`, as it is typed.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use timeslip_serve::{Fault, Limits, span_of};

/// `timeslip serve`.
#[derive(Args, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// A bench file, or a folder with a timeslip.toml, whose words, machines and tokenizer are used;
    /// filler of drawn lengths if left out.
    #[arg(required_unless_present_any = ["on", "agents"], conflicts_with_all = [
        "script", "cassette", "output_tokens", "tokenizer",
    ])]
    pub(crate) bench: Option<PathBuf>,
    /// A bench whose agent does tasks that clients give over HTTP, in place of machines that are served:
    /// a bench file, or a folder with a timeslip.toml.
    #[arg(long, value_name = "BENCH", conflicts_with_all = [
        "bench", "script", "cassette", "by_turns", "output_tokens", "tokenizer", "fault",
    ])]
    pub(crate) agents: Option<PathBuf>,
    /// The machine; MACHINE:MODEL for another model than its default. Give it again for more: a
    /// request goes to the one that serves its model, and has the fewest requests of several.
    #[arg(long, value_name = "MACHINE")]
    pub(crate) on: Vec<String>,
    /// The model of machines that name none.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// How many times as fast as the clock modelled time passes, as in 10x; with --agents also max, as
    /// fast as it can be computed.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = speed)]
    pub(crate) speed: Speed,
    /// A script for the words.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cassette", "output_tokens"])]
    pub(crate) script: Option<PathBuf>,
    /// A cassette for the words, or a folder of them; a request is looked for in all. Give it again
    /// for more.
    #[arg(long, value_name = "PATH", conflicts_with = "output_tokens")]
    pub(crate) cassette: Vec<PathBuf>,
    /// Finds recorded replies by what user, model and tools said, whatever the instructions are.
    #[arg(long, requires = "cassette")]
    pub(crate) by_turns: bool,
    /// Filler of so many tokens in each reply.
    #[arg(long, value_name = "N")]
    pub(crate) output_tokens: Option<u64>,
    /// What counts tokens: a built-in tokenizer, or a model's tokenizer.json.
    #[arg(long, value_name = "NAME")]
    pub(crate) tokenizer: Option<String>,
    /// A fault for a share of the requests: status-CODE=SHARE, hang=SHARE (never answers),
    /// cut=SHARE (breaks within the reply), garbage=SHARE (unreadable), slow=SHARE:SPAN. Give it
    /// again for more.
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
    /// A file of keys, one a line, one of which each request must have.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_keys: Option<PathBuf>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Threads for connections, beside the one that moves the machines; all cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) tasks: TaskArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Prints where it listens and what it serves, as JSON in one line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How modelled time passes against the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast.
    Times(f64),
    /// As fast as it can be computed.
    Max,
}

/// How tasks are done and kept.
#[derive(Args, Debug)]
#[command(next_help_heading = "Tasks (with --agents)")]
pub(crate) struct TaskArgs {
    /// Tasks that are done at once; as many as there are cores if left out.
    #[arg(long, value_name = "N", requires = "agents")]
    pub(crate) sessions: Option<NonZeroUsize>,
    /// Tasks that may wait; more are refused with 429. 1000 if left out.
    #[arg(long, value_name = "N", requires = "agents")]
    pub(crate) queue: Option<usize>,
    /// The file that tasks are kept in, made if it is not there; one for the bench in the user's data
    /// folder if left out.
    #[arg(long, value_name = "FILE", requires = "agents")]
    pub(crate) store: Option<PathBuf>,
    /// Tasks that are over and kept; the oldest are forgotten first. 10000 if left out.
    #[arg(long, value_name = "N", requires = "agents")]
    pub(crate) keep: Option<usize>,
}

/// What clients may take.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// MiB of a body.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) body: u32,
    /// MiB of all bodies that are being read or answered.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) bodies: u32,
    /// From the first byte of a request's head to its last.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = span)]
    pub(crate) head_timeout: Duration,
    /// From the end of a request's head to the end of its body.
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = span)]
    pub(crate) body_timeout: Duration,
    /// Without any request on a connection.
    #[arg(long, value_name = "SPAN", default_value = "75s", value_parser = span)]
    pub(crate) idle_timeout: Duration,
    /// While a client takes nothing of what is written to it.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span)]
    pub(crate) write_timeout: Duration,
    /// Connections at once; more are refused with 503.
    #[arg(long, value_name = "N", default_value_t = 16384)]
    pub(crate) connections: usize,
    /// Requests that are being answered at once; more are refused with 503.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) in_flight: usize,
    /// How long requests, or tasks, under way may go on after Ctrl-C or SIGTERM; a second one ends at once.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span)]
    pub(crate) grace: Duration,
}

impl LimitArgs {
    /// As the server takes them.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            body_bytes: (self.body as usize) << 20,
            bodies_bytes: (self.bodies as usize) << 20,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            write_timeout: self.write_timeout,
            connections: self.connections,
            in_flight: self.in_flight,
        }
    }
}

/// `10x`, or `10`, or `max`.
fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let number = text.strip_suffix(['x', '×']).unwrap_or(text).parse::<f64>();
    let number = number.ok().filter(|speed| (0.001..=100_000.0).contains(speed));
    let wanted = "give a number from 0.001 to 100000, as in 10x, or max";
    number.map(Speed::Times).ok_or_else(|| wanted.to_owned())
}

fn span(text: &str) -> Result<Duration, String> {
    let span = span_of(text).filter(|span| !span.is_zero());
    span.ok_or_else(|| "give a span, as in 500ms, 10s or 2min".to_owned())
}

const SERVE_HELP: &str = "\
Served are /v1/chat/completions, /v1/completions, /v1/responses, /v1/models, /health and /metrics
(Prometheus, under vLLM's names, in modelled seconds). Replies come when the modelled machine has them,
under the load that there really is; a stream has one event for each token. Words come from a script,
from cassettes, or are filler; a request that they do not answer gets an error, never a made-up reply.
Replies that are not streamed say in headers x-timeslip-… where their modelled time went.
A client that reads slowly gets the tokens it missed together; one that is gone frees the machine.
Memory: some 20 KiB for a connection that is idle, one frame of 16 KiB for a stream, bodies as limited.

With --agents, clients give tasks:
  POST /v1/tasks {\"task\": NAME} or {\"input\": TEXT}, perhaps with \"seed\"; 202 with the task once it is
       on the disk. Idempotency-Key: the same key and body give the same task again, with 200.
  GET  /v1/tasks?limit=&after=    the newest first        GET /v1/tasks/ID
  GET  /v1/tasks/ID/steps         server-sent events: each step as it is over, in the form of the slip
                                  without `prompt` and `within`, then the end, which is the task;
                                  Last-Event-ID goes on behind an event, also after a restart
  GET  /v1/tasks/ID/slip          what `timeslip run BENCH --sessions 1 --json` prints for the task, with
                                  --only NAME or --task TEXT, and --seed
  POST /v1/tasks/ID/cancel, or DELETE /v1/tasks/ID; 409 when it is over
Each task is a run of its own, with the bench's machines for itself alone, so its times do not depend on
what else is done; to see tasks contend, run the bench under a load, or serve its machines and load those.
What the bench says of its load is not used: where its sessions arrive by a rate or a trace, the slip is
that of --at-once 1. A bench with real servers goes as the clock does; a budget of a run is then each task's.
A server that ends, or is killed, goes on with every task that it accepted when it is started again with the
same store. On modelled machines the slip is the same; a real server is asked again. Where the bench or a
machine has changed meanwhile, its tasks fail, and say so.

Examples:
  timeslip serve --on rubin-groq3
  timeslip serve --on h200-8:llama-3.3-70b --on dgx-spark:gpt-oss-120b --speed 10x
  timeslip serve recorded/ --on rubin-groq3 --fault status-503=1% --fault slow=5%:2s
  timeslip serve --agents my-bench --sessions 4 --speed max";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_above_zero() {
        assert_eq!((speed("10x"), speed("0.5")), (Ok(Speed::Times(10.0)), Ok(Speed::Times(0.5))));
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert!(speed("0").is_err() && speed("fast").is_err() && speed("NaN").is_err());
    }
}
