//! `timeslip cassette`: shows, checks, compares and edits recordings.

mod check;
mod diff;
mod diff_screen;
mod edit;
mod editor;
mod facts;
mod fetches;
mod show;

#[cfg(test)]
mod examples;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use timeslip_words::cassette::Cassette;

use crate::exit::{Exit, Failure};
use crate::output;

/// `timeslip cassette`.
#[derive(Debug, Subcommand)]
pub(crate) enum CassetteCommand {
    /// Prints a recorded conversation: what was said, what tools gave, and when.
    Show(CassetteShowArgs),
    /// Reads recordings, and names those that cannot be read or hold what looks like a secret.
    Check(CassetteCheckArgs),
    /// Says what two recordings have otherwise: requests, replies, tokens and times.
    Diff(CassetteDiffArgs),
    /// Changes a recording: by options, or in an editor.
    Edit(CassetteEditArgs),
}

/// `timeslip cassette show`.
#[derive(Args, Debug)]
pub(crate) struct CassetteShowArgs {
    /// The recording.
    pub(crate) file: PathBuf,
    /// Prints texts whole, however long.
    #[arg(long)]
    pub(crate) full: bool,
    /// Prints JSON; texts are whole.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip cassette check`.
#[derive(Args, Debug)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CassetteCheckArgs {
    /// Recordings, and folders that are searched for files *.jsonl.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const CHECK_HELP: &str = "\
Exit codes: 0 all is well, 1 something looks like a secret, 2 a file cannot be read.";

/// `timeslip cassette diff`.
#[derive(Args, Debug)]
#[command(after_help = DIFF_HELP)]
pub(crate) struct CassetteDiffArgs {
    /// The recording before.
    pub(crate) before: PathBuf,
    /// The recording now.
    pub(crate) now: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const DIFF_HELP: &str = "\
Chats with the same request are held against each other, then those that are left, in their order.
Times and cached tokens are told, and are no difference: no two recordings have the same.
Exit codes: 0 equal in words and tokens, 1 different, 2 a file cannot be read.";

/// `timeslip cassette edit`.
#[derive(Args, Debug)]
#[command(after_help = EDIT_HELP)]
pub(crate) struct CassetteEditArgs {
    /// The recording.
    pub(crate) file: PathBuf,
    /// Replaces a text wherever something was said; names of tools, identifiers and the header stay.
    /// Give it again for more, which are made one after another.
    #[arg(long, value_name = "FROM=>TO", allow_hyphen_values = true)]
    pub(crate) replace: Vec<String>,
    /// Takes out the chats that ended with an error.
    #[arg(long)]
    pub(crate) drop_failures: bool,
    /// Takes out what looks like a secret, and says so in the header.
    #[arg(long)]
    pub(crate) redact: bool,
    /// Gives chat N, as `show` counts, another text. Give it again for other chats.
    #[arg(long, value_name = "N=TEXT")]
    pub(crate) set_reply: Vec<String>,
    /// Writes to this file, and leaves the recording as it is.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Prints what was changed, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const EDIT_HELP: &str = "\
Without any change named, the editor of $VISUAL or $EDITOR is opened on a copy, which is taken when it
is a recording. Tokens and times stay as they were recorded, whatever is changed.";

/// Performs one of the subcommands.
pub(crate) fn cassette(command: &CassetteCommand) -> Result<Exit, Failure> {
    match command {
        CassetteCommand::Show(args) => show::show(args),
        CassetteCommand::Check(args) => check::check(args),
        CassetteCommand::Diff(args) => diff::diff(args),
        CassetteCommand::Edit(args) => edit::edit(args),
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::usage(cannot_read(path, &error)))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read the recording {}: {error}", path.display())
}

fn read(path: &Path) -> Result<Cassette, Failure> {
    Cassette::parse(&path.display().to_string(), &read_bytes(path)?).map_err(Failure::usage)
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::run)?;
    output::print(&format!("{text}\n"))
}

/// `line 4`, `lines 4, 5 and 7`, and of many the first: `lines 1, 2, 3, 4, 5, 6 and 9 more`.
fn lines_listed(lines: &[usize]) -> String {
    listed("line", lines)
}

/// So many numbers of something, and of many the first.
fn listed(one: &str, numbers: &[usize]) -> String {
    const SHOWN: usize = 6;
    let mut parts: Vec<String> = numbers.iter().take(SHOWN).map(ToString::to_string).collect();
    match numbers.len() {
        1 => return format!("{one} {}", parts[0]),
        many if many > SHOWN => parts.push(format!("{} more", many - SHOWN)),
        _ => {}
    }
    let last = parts.pop().unwrap_or_default();
    format!("{one}s {} and {last}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_listed_as_one_says_them() {
        assert_eq!(lines_listed(&[4]), "line 4");
        assert_eq!(lines_listed(&[4, 5]), "lines 4 and 5");
        assert_eq!(lines_listed(&[1, 2, 3, 4, 5, 6, 7, 8]), "lines 1, 2, 3, 4, 5, 6 and 2 more");
    }
}
