//! The authoring commands' part of the command line, as it is typed.

use std::path::PathBuf;

use clap::Args;

/// `timeslip new`.
#[derive(Args, Debug)]
#[command(after_help = NEW_HELP)]
pub(crate) struct NewArgs {
    /// The project's name, and the folder that is made.
    pub(crate) name: PathBuf,
    /// The language: rust, python, javascript, typescript, c, go or zig.
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<String>,
    /// Writes a tool plugin in place of an agent.
    #[arg(long)]
    pub(crate) tool: bool,
    /// Prints what was written, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const NEW_HELP: &str = "\
The project holds sources, a bench that runs them (timeslip.toml) with scripted words, a test in the
language's own test runner, and the SDK's sources under sdk/, so nothing of it is fetched. Next:
  timeslip build --setup   installs the language's tools where they are missing, and builds
  timeslip run .           runs the bench on modelled hardware
  timeslip dev             builds and runs again whenever a file changes";

/// `timeslip build`.
#[derive(Args, Debug)]
#[command(after_help = BUILD_HELP)]
pub(crate) struct BuildArgs {
    /// A bench file, or a folder with a timeslip.toml; this folder if left out.
    #[arg(default_value = ".")]
    pub(crate) bench: PathBuf,
    /// Installs the tools that are missing first, by the language's own package client.
    #[arg(long)]
    pub(crate) setup: bool,
    /// Prints what was built, as a JSON object on a line for each component.
    #[arg(long)]
    pub(crate) json: bool,
}

const BUILD_HELP: &str = "\
The bench says what is built, in a table [build], or several [[build]]:
  [build]
  language = \"python\"          rust, python, javascript, typescript, c, go or zig
  kind = \"agent\"               or \"tool\"
  source = \".\"                 the folder of the sources or their first file; \".\" if left out
  output = \"build/NAME.wasm\"   what `component` under [agent] or [[tool]] names
  sdk = \"sdk\"                  the folder of the SDK; \"sdk\" if left out
  engine = \"quickjs\"           or \"starlingmonkey\"; JavaScript and TypeScript alone
Tools are looked for in ${TIMESLIP_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/timeslip/tools}, then on
the PATH. What they print, and how long they take, is shown on standard error.";

/// `timeslip dev`.
#[derive(Args, Debug)]
#[command(after_help = DEV_HELP)]
pub(crate) struct DevArgs {
    /// A bench file, or a folder with a timeslip.toml; this folder if left out.
    #[arg(default_value = ".")]
    pub(crate) bench: PathBuf,
    /// The machine, in place of the bench's; MACHINE:MODEL for another model than its default. Give
    /// it again to put several machines under one run.
    #[arg(long, value_name = "MACHINE")]
    pub(crate) on: Vec<String>,
    /// Builds and runs once, and ends.
    #[arg(long)]
    pub(crate) once: bool,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

const DEV_HELP: &str = "\
Watches the files of the bench's folder and of the sources; what tools leave there (build, target,
node_modules, folders that begin with a dot) is not watched. After a change it builds what the bench
says under [build], runs the bench, and shows what changed against the run before, priced as
`timeslip diff` prices it. Ctrl-C ends it.";
