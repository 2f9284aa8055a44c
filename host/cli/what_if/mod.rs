//! `timeslip what-if`: a slip's run once more in virtual time, with one thing faster or slower.
//!
//! Nothing is scaled by hand: the slip's sessions are replayed on machines whose profiles say the
//! change, so what waits for what decides. The machine that is asked about is a profile that
//! inherits from the slip's, and `--write` keeps it for a real run.

mod answer;
pub(crate) mod args;
mod change;
mod question;
mod screen;

use std::path::Path;

use timeslip_report::Style;
use timeslip_report::page::Page;
use timeslip_sim::catalogue::ProfileKind;

use crate::exit::{Exit, Failure};
use crate::gate::baseline::read_slip;
use crate::hardware::catalogue;
use crate::output;
use crate::run::available_threads;
use crate::show;
use answer::Answer;
use args::WhatIfArgs;
use change::Change;
use question::Question;

/// Answers what is asked, and what each stage would do.
pub(crate) fn what_if(args: &WhatIfArgs) -> Result<Exit, Failure> {
    show::report::check_place(args.report.as_deref())?;
    let slip = read_slip(&args.slip)?;
    let catalogue = catalogue(args.profiles.as_deref())?;
    let asked = Change::of(args, &slip)?;
    let question = Question::new(&slip, catalogue, &args.slip)?;
    if let Some(folder) = &args.write {
        write(folder, &question, asked.as_ref())?;
    }
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let answer = Answer::of(&question, asked, threads)?;
    if let Some(path) = &args.report {
        let what_if = Some(serde_json::json!(answer));
        show::report::write(path, &Page { what_if, ..Page::of_slips([&slip]) })?;
    }
    if args.json {
        output::print(&format!("{:#}\n", serde_json::json!(answer)))?;
        return Ok(Exit::Pass);
    }
    let (width, colour) = (output::width(), output::is_coloured());
    output::print(&screen::screen(&answer, Style { width, colour, ascii: args.ascii }))?;
    Ok(Exit::Pass)
}

/// Writes the profiles of the machines that were asked about.
fn write(folder: &Path, question: &Question<'_>, asked: Option<&Change>) -> Result<(), Failure> {
    let variants = asked.map(|change| question.variants(change)).unwrap_or_default();
    if variants.is_empty() {
        return Err(Failure::usage(
            "--write keeps the profiles of changed machines, and no machine is changed\n  fix: ask \
             for --prefill, --decode, --transfer or --prefix-cache",
        ));
    }
    let machines = folder.join(ProfileKind::Machine.folder());
    std::fs::create_dir_all(&machines)
        .map_err(|error| Failure::run(format!("cannot make {}: {error}", machines.display())))?;
    for (name, text) in variants {
        output::write_file(&machines.join(format!("{name}.toml")), text.as_bytes())?;
    }
    Ok(())
}
