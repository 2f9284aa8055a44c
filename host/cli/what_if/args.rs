//! `timeslip what-if`, as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `timeslip what-if`.
#[derive(Args, Debug)]
#[command(after_help = WHAT_IF_HELP)]
pub(crate) struct WhatIfArgs {
    /// The slip of the run that is asked about.
    pub(crate) slip: PathBuf,
    /// How many times as fast prompts are read: 2x is twice as fast, 0.5x takes twice as long.
    #[arg(long, value_name = "X")]
    pub(crate) prefill: Option<String>,
    /// How many times as fast replies are written.
    #[arg(long, value_name = "X")]
    pub(crate) decode: Option<String>,
    /// How many times as fast prompts' state moves to the pool that writes.
    #[arg(long, value_name = "X")]
    pub(crate) transfer: Option<String>,
    /// How many times as fast a tool is, or every tool. Give it again for another tool.
    #[arg(long, value_name = "[TOOL=]X")]
    pub(crate) tool: Vec<String>,
    /// How many times as fast agents compute.
    #[arg(long, value_name = "X")]
    pub(crate) agent: Option<String>,
    /// How many times as fast the user thinks.
    #[arg(long, value_name = "X")]
    pub(crate) user: Option<String>,
    /// Whether machines keep the beginnings of prompts.
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) prefix_cache: Option<OnOff>,
    /// Copies of each machine's pools.
    #[arg(long, value_name = "N")]
    pub(crate) copies: Option<u64>,
    /// Writes the profiles of the changed machines to FOLDER/machines, for a run on them by
    /// --profiles FOLDER --on MACHINE-what-if.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Draws the answer and the run in an HTML file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Threads; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Whether something is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    /// It is.
    On,
    /// It is not.
    Off,
}

const WHAT_IF_HELP: &str = "\
The slip's sessions are run once more in virtual time, without their agents: chats are asked again on
the changed machine, and what stands between them keeps its length or is scaled as asked. What an agent
would have decided otherwise at another latency is not known; run the bench itself for that. A prefill
step reads any token of a prompt, and a decode step only writes.
Without a question, each stage is made twice as fast and half as fast in turn.
Example:
  timeslip what-if run.json --decode 2x --tool search=0.5x --prefix-cache off";
