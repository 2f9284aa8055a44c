//! `timeslip init`: a commented bench to start from.

use std::fs;

use super::args::InitArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// The bench that is written.
const BENCH: &str = include_str!("template.toml");

/// Writes a bench; one that is there is left alone.
pub(crate) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let file = args.folder.join("timeslip.toml");
    if file.exists() {
        return Err(Failure::usage(format!(
            "{} is there already, and is left as it is\n  fix: give another folder, or remove it",
            file.display()
        )));
    }
    fs::create_dir_all(&args.folder).map_err(|error| {
        Failure::run(format!("cannot make the folder {}: {error}", args.folder.display()))
    })?;
    output::write_file(&file, BENCH.as_bytes())?;
    let place = match args.folder.as_os_str() == "." {
        true => String::new(),
        false => format!(" {}", args.folder.display()),
    };
    output::print(&format!(
        "{}: name your agent in it, then\n  timeslip run{}\n  timeslip check --pending{place}\n  \
         timeslip accept{place}\n",
        file.display(),
        if place.is_empty() { " ." } else { &place },
    ))?;
    Ok(Exit::Pass)
}
