//! Reports as HTML files.

use std::path::Path;

use timeslip_gate::slip::Slip;
use timeslip_report::page::Page;

use super::args::ReportFileArgs;
use crate::exit::{Exit, Failure};
use crate::gate::baseline::read_slip;
use crate::output;

/// Writes a report on some slips.
pub(crate) fn report(args: &ReportFileArgs) -> Result<Exit, Failure> {
    output::check_place(&args.output)?;
    if let Some(slip) = args.slips.iter().find(|slip| output::is_one_file(slip, &args.output)) {
        return Err(Failure::usage(format!(
            "the report would take the place of the slip {}\n  fix: name another file by -o",
            slip.display()
        )));
    }
    let slips: Vec<Slip> =
        args.slips.iter().map(|slip| read_slip(slip)).collect::<Result<_, _>>()?;
    write(&args.output, &Page::of_slips(&slips))?;
    Ok(Exit::Pass)
}

/// Writes a report to its file.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(path: &Path, page: &Page<'_>) -> Result<(), Failure> {
    output::write_file(path, page.html().as_bytes())
}

/// Refuses, before anything runs, a place that a report cannot be written to.
///
/// # Errors
/// When it is a folder, or in none.
pub(crate) fn check_place(path: Option<&Path>) -> Result<(), Failure> {
    path.map_or(Ok(()), output::check_place)
}
