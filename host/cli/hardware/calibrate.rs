//! `timeslip hardware calibrate`: fits figures of chips and software to measured rows.

use std::collections::BTreeMap;
use std::path::Path;

use timeslip_accuracy::fit::{Fit, edited, fit, knobs};
use timeslip_sim::catalogue::{Catalogue, ProfileKind};

use super::args::HardwareCalibrateArgs;
use super::{catalogue, measured_rows, print_json};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::run::available_threads;
use crate::table::columns;

/// Fits the figures and prints them; writes them where it is asked to.
pub(super) fn calibrate(args: &HardwareCalibrateArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let rows = measured_rows(&args.file)?;
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let leaves_out = args.leave_one_out.is_some();
    let fitted =
        fit(&catalogue, rows, leaves_out, threads, &mut |done| eprintln!("fitted: {done}"));
    if let Some(folder) = &args.write {
        write_profiles(&catalogue, folder, &fitted)?;
    }
    if let Some(file) = &args.leave_one_out {
        let text = serde_json::to_string_pretty(&fitted).map_err(Failure::run)?;
        output::write_file(file, format!("{text}\n").as_bytes())?;
    }
    match args.json {
        true => print_json(&fitted),
        false => {
            output::print(&screen(&fitted))?;
            Ok(Exit::Pass)
        }
    }
}

fn screen(fitted: &Fit) -> String {
    let heading = ["FIGURE", "PRIOR", "FITTED", "RATIO"].map(str::to_owned);
    let rows = knobs().into_iter().filter_map(|knob| {
        let value = fitted.all.get(&knob.name())?;
        let ratio = format!("{:.2}", value / knob.prior);
        Some([knob.name(), format!("{:.2e}", knob.prior), format!("{value:.2e}"), ratio])
    });
    columns(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

/// Puts the fitted figures into the files of a folder of profiles, each file at once.
fn write_profiles(catalogue: &Catalogue, folder: &Path, fitted: &Fit) -> Result<(), Failure> {
    let mut texts: BTreeMap<(ProfileKind, String), String> = BTreeMap::new();
    for knob in knobs() {
        let (kind, name) = knob.profile();
        let text = match texts.remove(&(kind, name.to_owned())) {
            Some(text) => text,
            None => catalogue.text(kind, name).map_err(Failure::usage)?.to_owned(),
        };
        let text = match fitted.all.get(&knob.name()) {
            Some(value) => edited(&text, &knob.key, *value),
            None => text,
        };
        texts.insert((kind, name.to_owned()), text);
    }
    for ((kind, name), text) in texts {
        let folder = folder.join(kind.folder());
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
        let file = folder.join(format!("{name}.toml"));
        output::write_file(&file, text.as_bytes())?;
    }
    Ok(())
}
