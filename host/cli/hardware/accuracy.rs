//! `timeslip hardware accuracy`: predictions held against measured rows.

use std::path::Path;
use std::sync::Mutex;

use timeslip_accuracy::calibration::Calibration;
use timeslip_accuracy::fit::Fit;
use timeslip_accuracy::held_out::HeldOut;
use timeslip_accuracy::json::Accuracy;
use timeslip_accuracy::markdown::Page;
use timeslip_accuracy::predict::{Answer, Outcome, Plan, answer};
use timeslip_accuracy::predictions::Predictions;
use timeslip_accuracy::scenario::Scenario;
use timeslip_accuracy::{markdown, report};
use timeslip_sim::catalogue::Catalogue;

use super::args::HardwareAccuracyArgs;
use super::{catalogue, measured_rows, print_json};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::parallel::in_parallel;
use crate::progress::Progress;
use crate::run::available_threads;

/// Predicts each row of a file of measurements and prints how far off the predictions are.
pub(super) fn accuracy(args: &HardwareAccuracyArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let shown = args.file.display().to_string();
    let rows = measured_rows(&args.file)?;
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let held_out = args.leave_one_out.as_deref().map(|file| held_out(&catalogue, file));
    let held_out = held_out.transpose()?;
    let plan = Plan::of(&catalogue, rows);
    let fitted = |scenario: &Scenario| answer(&catalogue, scenario);
    let outcomes = match &held_out {
        Some(held_out) => {
            predict(&|scenario: &Scenario| held_out.answer(scenario), plan.clone(), threads)
        }
        None => predict(&fitted, plan.clone(), threads),
    };
    if let Some(file) = &args.predictions {
        output::write_file(file, Predictions::of(&outcomes).text().as_bytes())?;
    }
    if let Some(file) = &args.markdown {
        let fitted = held_out.is_some().then(|| predict(&fitted, plan, threads));
        let command = command_of(args, file);
        let page = Page {
            file: &shown,
            command: &command,
            outcomes: &outcomes,
            fitted: fitted.as_deref(),
        };
        output::write_file(file, markdown::page(&page).as_bytes())?;
    }
    if let Some(file) = &args.bands {
        write_bands(file, &args.file, &outcomes)?;
    }
    match args.json {
        true => print_json(&Accuracy::of(&shown, &outcomes)),
        false => {
            output::print(&report::screen(&shown, &outcomes, args.rows))?;
            Ok(Exit::Pass)
        }
    }
}

/// What writes a page anew.
fn command_of(args: &HardwareAccuracyArgs, page: &Path) -> String {
    let mut command = format!("timeslip hardware accuracy {}", args.file.display());
    if let Some(fits) = &args.leave_one_out {
        command += &format!(" --leave-one-out {}", fits.display());
    }
    command + &format!(" --markdown {}", page.display())
}

/// Writes the bands of the rows, under the command that writes them anew.
fn write_bands(file: &Path, rows: &Path, outcomes: &[Outcome]) -> Result<(), Failure> {
    let bands = Calibration::of(outcomes).measured_bands().map_err(|reason| {
        Failure::usage(format!(
            "{}: {reason}, so that no bands follow\n  fix: give rows with measured TTFT and TPOT",
            rows.display()
        ))
    })?;
    // Without folders, which differ from one computer to the next.
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let bands = toml::to_string(&bands).expect("bands are numbers and names");
    let (rows, shown) = (name(rows), name(file));
    let text =
        format!("# Written by: timeslip hardware accuracy {rows} --bands {shown}\n\n{bands}");
    output::write_file(file, text.as_bytes())
}

/// Predicts what the rows ask, each scenario once, on several threads; the result does not depend on
/// them.
fn predict(
    predicted: &(impl Fn(&Scenario) -> Answer + Sync),
    plan: Plan,
    threads: usize,
) -> Vec<Outcome> {
    let scenarios = plan.scenarios();
    let order = plan.longest_first();
    let progress = Mutex::new((0, Progress::new(order.len())));
    let answers = in_parallel(order.len(), threads, |turn| {
        let answer = predicted(&scenarios[order[turn]]);
        let mut progress = progress.lock().expect("no thread panics with it");
        progress.0 += 1;
        let done = progress.0;
        progress.1.done(done, "predictions");
        answer
    });
    drop(progress);
    let mut placed: Vec<(usize, Answer)> = order.into_iter().zip(answers).collect();
    placed.sort_by_key(|(place, _)| *place);
    let answers: Vec<Answer> = placed.into_iter().map(|(_, answer)| answer).collect();
    plan.outcomes(&answers)
}

/// The fits of a file, each without one model.
fn held_out(catalogue: &Catalogue, file: &Path) -> Result<HeldOut, Failure> {
    let shown = file.display();
    let fix = "give the file that `timeslip hardware calibrate --leave-one-out` writes";
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read {shown}: {error}\n  fix: {fix}")))?;
    let fit: Fit = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{shown}: {error}\n  fix: {fix}")))?;
    Ok(HeldOut::of(catalogue, &fit))
}
