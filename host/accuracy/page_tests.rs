//! The page of accuracy: it shows what was predicted, what was predicted is what machines say, and
//! neither falls behind its limits.
//!
//! Serving every row takes minutes, so that what was predicted is kept by line, and only some rows are
//! served again.

use std::path::{Path, PathBuf};

use timeslip_sim::catalogue::Catalogue;

use crate::figures::Errors;
use crate::fit::Fit;
use crate::held_out::HeldOut;
use crate::markdown::{Page, page};
use crate::predict::{Answer, Outcome, Plan, answer};
use crate::predictions::Predictions;
use crate::read::read;
use crate::row::{Metric, Row};
use crate::scenario::{AskedWork, Scenario};

const ROWS: &str = "../shared/data/validation/silicon/silicon_sample.csv";
const FITS: &str = "host/accuracy/kept/leave-one-out.json";
const PAGE: &str = "hardware-profiles/ACCURACY.md";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

/// The measured rows, where they are.
fn rows() -> Option<Vec<Row>> {
    let Ok(text) = std::fs::read_to_string(repository().join(ROWS)) else {
        eprintln!("skipped: {ROWS} is not there");
        return None;
    };
    Some(read(ROWS, &text).unwrap())
}

fn held_out(catalogue: &Catalogue) -> HeldOut {
    let fit: Fit = serde_json::from_str(&text(FITS)).unwrap();
    HeldOut::of(catalogue, &fit)
}

fn kept(name: &str) -> Predictions {
    Predictions::read(&text(&format!("host/accuracy/kept/{name}.csv"))).unwrap()
}

/// The rows with what was predicted by figures fitted to other models' rows, and by the profiles.
fn outcomes() -> Option<[Vec<Outcome>; 2]> {
    let catalogue = Catalogue::built_in();
    let plan = Plan::of(&catalogue, rows()?);
    let fits = held_out(&catalogue);
    let scenarios = plan.scenarios().to_vec();
    let others = kept("held-out").outcomes(plan.clone(), |place| fits.answer(&scenarios[place]));
    let fitted = kept("fitted").outcomes(plan, |place| answer(&catalogue, &scenarios[place]));
    Some([others, fitted])
}

#[test]
fn the_page_shows_what_was_predicted() {
    let Some([held_out, fitted]) = outcomes() else { return };
    let command =
        format!("timeslip hardware accuracy {ROWS} --leave-one-out {FITS} --markdown {PAGE}");
    let made =
        page(&Page { file: ROWS, command: &command, outcomes: &held_out, fitted: Some(&fitted) });
    assert!(made == text(PAGE), "{PAGE} is not what `{command}` writes; run host/accuracy/anew");
}

/// A load that is served again in a moment.
fn is_quick(scenario: &Scenario) -> bool {
    matches!(scenario.work, AskedWork::Load(load) if load.concurrency <= 32)
}

#[test]
fn what_was_predicted_is_what_machines_say() {
    let Some(rows) = rows() else { return };
    let catalogue = Catalogue::built_in();
    let plan = Plan::of(&catalogue, rows);
    let fits = held_out(&catalogue);
    let (others, fitted) = (kept("held-out"), kept("fitted"));
    let check = |line: u64, kept: &Predictions, said: Answer| {
        let kept = kept.of_line(line).map(<[(Metric, f64)]>::to_vec);
        assert_eq!(kept, said.ok(), "line {line}: run host/accuracy/anew");
    };
    let quick: Vec<(u64, usize)> =
        plan.places().filter(|(_, place)| is_quick(&plan.scenarios()[*place])).collect();
    for (line, place) in quick.into_iter().step_by(41) {
        let scenario = &plan.scenarios()[place];
        check(line, &others, fits.answer(scenario));
        check(line, &fitted, answer(&catalogue, scenario));
    }
}

/// The median size of errors of rows that state all.
fn median(outcomes: &[Outcome], mode: &str, metric: Metric) -> f64 {
    let of_mode = outcomes.iter().filter(|outcome| outcome.mode == mode);
    let compared = of_mode.flat_map(|outcome| outcome.result.iter().flatten());
    let errors: Vec<f64> = compared
        .filter(|compared| compared.metric == metric)
        .map(super::predict::Compared::error)
        .collect();
    Errors::of(&errors).unwrap().median
}

/// Aimed at are 10 % of TPOT and 15 % of TTFT, for models that took no part in a fit.
#[test]
fn errors_stay_where_they_are() {
    let Some([held_out, fitted]) = outcomes() else { return };
    let limits = [
        (&held_out, "agg", Metric::Tpot, 0.13),
        (&held_out, "agg", Metric::Ttft, 0.285),
        (&held_out, "disagg", Metric::Tpot, 0.12),
        (&held_out, "disagg", Metric::Ttft, 0.44),
        (&fitted, "agg", Metric::Tpot, 0.09),
        (&fitted, "agg", Metric::Ttft, 0.2),
    ];
    for (outcomes, mode, metric, limit) in limits {
        let median = median(outcomes, mode, metric);
        eprintln!("{mode} {}: {median:.4}", metric.word());
        assert!(median < limit, "{mode} {}: {median:.4} is over {limit}", metric.word());
    }
    let not = held_out.iter().filter(|outcome| outcome.result.is_err()).count();
    assert!(10 * not < held_out.len(), "{not} of {} rows are not predicted", held_out.len());
}
