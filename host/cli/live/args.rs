//! The arguments that name a real server.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::RunArgs;

/// A real server, and what to do with it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LiveArgs {
    /// A real server in place of the bench's machines: the address that /chat/completions is added
    /// to, such as http://127.0.0.1:8000/v1. Machines of --on stand beside it.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// A GGUF file in place of a server: llama.cpp's server serves it while the bench runs.
    #[cfg(feature = "local")]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["endpoint", "again"])]
    pub(crate) gguf: Option<PathBuf>,
    /// The server's model; the only one that it lists if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// The environment variable that holds the server's key.
    #[arg(long, value_name = "VARIABLE", requires = "endpoint")]
    pub(crate) key_env: Option<String>,
    /// The file that holds the server's key.
    #[arg(long, value_name = "FILE", requires = "endpoint", conflicts_with = "key_env")]
    pub(crate) key_file: Option<PathBuf>,
    /// What the server speaks.
    #[arg(long, value_enum, requires = "endpoint")]
    pub(crate) api: Option<ApiChoice>,
    /// Asks for whole replies, of which only the end can be timed.
    #[arg(long, requires = "endpoint")]
    pub(crate) no_stream: bool,
    /// Dollars that all chats with real servers may cost together: one that might cost more than is
    /// left is not asked. Their prices stand in the bench.
    #[arg(long, value_name = "DOLLARS")]
    pub(crate) max_usd: Option<f64>,
    /// What becomes of a request that the bench's cassettes do not hold, with a real server.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_miss: Option<OnMiss>,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiChoice {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses API.
    Responses,
}

/// What becomes of a request that no cassette holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnMiss {
    /// Its session ends with the closest recorded request.
    #[default]
    Fail,
    /// The server is asked, and the cassette goes on with what it replies.
    Record,
}

/// `timeslip record`.
#[derive(Args, Clone, Debug)]
#[command(after_help = RECORD_HELP)]
pub(crate) struct RecordArgs {
    /// The run: a bench and a server.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The folder for the recording; made if it is not there, gone on with if it is.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

const RECORD_HELP: &str = "\
The folder becomes a bench of its own, which leads to the one that was recorded:
  timeslip record my-bench --endpoint http://127.0.0.1:8000/v1 -o recorded
  timeslip run recorded                    the recorded words in the recorded time
  timeslip run recorded --on rubin-groq3   the recorded words on a modelled machine
Each chat, tool call, fetch and answer of the user is written as soon as it is over, so a recording that is
interrupted loses nothing that was paid for; the same command goes on with it. Keys never get into a
recording, nor does what looks like one: it is replaced by <redacted>.";
