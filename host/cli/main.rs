//! The command line: the only place that prints or exits.

mod again;
mod args;
mod author;
mod bands;
mod bench;
mod built_in;
mod calibrate;
mod cassette;
mod cast;
mod cost_components;
mod exit;
mod gate;
mod hardware;
mod import;
mod interrupt;
mod live;
mod load;
mod machines;
mod mcp;
mod output;
mod parallel;
mod plugin;
mod progress;
mod run;
mod serve;
mod servers;
mod session_files;
mod show;
mod stage;
mod table;
mod tool_cast;
mod transcript;
mod what_if;
mod words;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use exit::{Exit, Failure};
use mcp::args::McpCommand;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.verbose {
        show_own_spans();
    }
    match perform(&arguments.command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit.into()
        }
    }
}

fn perform(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => gate::check::check(args),
        Command::Accept(args) => gate::accept::accept(args),
        Command::Diff(args) => gate::diff::diff(args),
        Command::History(args) => gate::history::history(args),
        Command::Init(args) => gate::init::init(args),
        Command::New(args) => author::new::new(args),
        Command::Build(args) => author::build::build(args),
        Command::Dev(args) => author::dev::dev(args),
        Command::Mcp(McpCommand::Serve(args)) => mcp::serve::serve(args),
        Command::Record(args) => live::record::record(args),
        Command::Import(args) => import::import(args),
        Command::Cassette(command) => cassette::cassette(command),
        Command::Replay(args) => load::replay::replay(args),
        Command::Sweep(args) => load::sweep::sweep(args),
        Command::Compare(args) => load::compare::compare(args),
        Command::Capacity(args) => load::capacity::capacity(args),
        Command::Calibrate(args) => calibrate::calibrate(args),
        Command::Report(args) => show::report::report(args),
        Command::WhatIf(args) => what_if::what_if(args),
        Command::Export(args) => show::export::export(args),
        Command::View(args) => show::view::view(args),
        Command::Serve(args) => serve::serve(args),
        Command::Hardware(command) => hardware::hardware(command),
        Command::Plugin(command) => plugin::plugin(command),
    }
}

/// Writes the host's own spans and warnings to standard error. They carry wall-clock times, which
/// no result depends on.
fn show_own_spans() {
    use tracing_subscriber::fmt::format::FmtSpan;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_target(false)
        .init();
}
