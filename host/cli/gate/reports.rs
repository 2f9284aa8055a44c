//! A verdict on the screen, and in the formats of others.

use std::path::Path;

use timeslip_gate::slip::Slip;
use timeslip_gate::verdict::Verdict;
use timeslip_report::formats;
use timeslip_report::page::Page;
use timeslip_report::{Style, verdict_screen};

use super::args::ReportArgs;
use crate::exit::Failure;
use crate::output;
use crate::show;

/// Where GitHub takes a job's summary from.
const SUMMARY_VARIABLE: &str = "GITHUB_STEP_SUMMARY";

/// Writes a verdict in every form that was asked for; files first, so that a screen is only shown
/// when they are there.
///
/// The slips are those of the verdict's runs, for a report that shows them.
pub(crate) fn report(args: &ReportArgs, verdict: &Verdict, slips: &[&Slip]) -> Result<(), Failure> {
    type Format = fn(&Verdict) -> String;
    let files: [(&Option<std::path::PathBuf>, Format); 5] = [
        (&args.markdown, formats::markdown),
        (&args.junit, formats::junit),
        (&args.sarif, formats::sarif),
        (&args.bencher, formats::bencher),
        (&args.benchmark_action, formats::benchmark_action),
    ];
    for (file, format) in files {
        if let Some(file) = file {
            output::write_file(file, format(verdict).as_bytes())?;
        }
    }
    if let Some(file) = &args.report {
        let page = Page { verdict: Some(verdict), ..Page::of_slips(slips.iter().copied()) };
        show::report::write(file, &page)?;
    }
    if args.github {
        add_to_summary(verdict)?;
    }
    if args.json {
        return output::print(&verdict.to_json());
    }
    let style = Style { width: output::width(), colour: output::is_coloured(), ascii: args.ascii };
    output::print(&verdict_screen(verdict, style))?;
    if args.github {
        output::print(&formats::github_annotations(verdict))?;
    }
    Ok(())
}

/// Adds the Markdown to the job's summary, where there is one.
fn add_to_summary(verdict: &Verdict) -> Result<(), Failure> {
    let Some(path) = std::env::var_os(SUMMARY_VARIABLE).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    let add = || {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(formats::markdown(verdict).as_bytes())
    };
    add().map_err(|error| Failure::run(format!("cannot add to {}: {error}", path.display())))
}
