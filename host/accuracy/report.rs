//! The errors of a file of measurements, for a terminal.

use crate::calibration::Calibration;
use crate::figures::{Class, Grouping, classes, reasons, spread, worst};
use crate::predict::Outcome;
use crate::row::Metric;
use crate::text::{count, cut, cut_before, milliseconds, plain, share, signed, table};

/// How many of the worst rows are shown.
const WORST: usize = 10;

/// Columns of a class's name beside its errors, and of a row's.
const NAME_WIDTH: usize = 42;

/// Columns of a class's name beside its band.
const BAND_NAME_WIDTH: usize = 60;

/// The medians, the reasons why rows were not predicted, the bands and the worst rows; and a line for
/// each row if wanted. At most 100 columns wide.
pub fn screen(file: &str, outcomes: &[Outcome], with_rows: bool) -> String {
    let rows = count(outcomes.len() as u64);
    let predicted = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    let mut text = format!(
        "{}: {rows} rows, {} predicted, {} not\n",
        plain(file),
        count(predicted as u64),
        count((outcomes.len() - predicted) as u64)
    );
    if predicted > 0 {
        text += "\nERROR = predicted / measured - 1: median of its size, median, and nine of ten\n";
        text += &medians(outcomes);
        text += &spread_line(outcomes);
    }
    text += &refused(outcomes);
    if predicted > 0 {
        text += &bands(&Calibration::of(outcomes));
        text += &worst_rows(outcomes);
    }
    if with_rows {
        text += &every_row(outcomes);
    }
    text
}

/// The metrics that any row has.
fn metrics(classes: &[Class]) -> Vec<Metric> {
    let has = |metric: &Metric| classes.iter().any(|class| class.errors.contains_key(metric));
    Metric::ALL.into_iter().filter(has).collect()
}

fn medians(outcomes: &[Outcome]) -> String {
    let classes = classes(outcomes);
    let metrics = metrics(&classes);
    let mut heading = vec![String::new(), "rows".to_owned()];
    heading.extend(
        metrics
            .iter()
            .flat_map(|metric| [metric.word().to_owned(), "signed".to_owned(), "p90".to_owned()]),
    );
    let mut rows = vec![heading];
    for grouping in Grouping::ALL {
        let of_grouping = || classes.iter().filter(|class| class.grouping == grouping);
        if grouping != Grouping::All {
            rows.push(vec![grouping.heading().to_owned()]);
        }
        rows.extend(of_grouping().map(|class| class_line(class, &metrics)));
    }
    table(&rows, 1)
}

fn class_line(class: &Class, metrics: &[Metric]) -> Vec<String> {
    let most = class.errors.values().map(|errors| errors.rows).max().unwrap_or(0);
    let mut line = vec![cut(&plain(&class.name), NAME_WIDTH), count(most as u64)];
    for metric in metrics {
        line.extend(match class.errors.get(metric) {
            Some(errors) => [share(errors.median), signed(errors.median_signed), share(errors.p90)],
            None => ["-", "-", "-"].map(str::to_owned),
        });
    }
    line
}

fn spread_line(outcomes: &[Outcome]) -> String {
    let spread = spread(outcomes);
    let parts = spread.iter().map(|(metric, errors)| {
        format!("{} {} of {} rows", metric.word(), share(errors.median), count(errors.rows as u64))
    });
    match parts.collect::<Vec<String>>().join(", ") {
        none if none.is_empty() => none,
        parts => format!(
            "  Rows that ask the same are off from the middle of their own measurements by\n  \
             {parts} (median).\n"
        ),
    }
}

fn refused(outcomes: &[Outcome]) -> String {
    let reasons = reasons(outcomes);
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = "\nNOT PREDICTED\n".to_owned();
    for (reason, rows) in reasons {
        text += &format!("  {:>6}  {}\n", count(rows as u64), cut(&plain(&reason), 90));
    }
    text
}

fn bands(calibration: &Calibration) -> String {
    let part = |coverage: &crate::band::Coverage| coverage.part().map_or("-".to_owned(), share);
    let heading = ["class", "rows", "from", "to", "held"].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    for class in &calibration.classes {
        rows.push(vec![
            cut(&plain(&class.name()), BAND_NAME_WIDTH),
            count(class.held_out.rows as u64),
            format!("{:.2}", class.band.low),
            format!("{:.2}", class.band.high),
            part(&class.held_out),
        ]);
    }
    for (metric, unseen) in &calibration.unseen {
        rows.push(vec![
            format!("{} of a class that is not among these", metric.word()),
            String::new(),
            format!("{:.2}", unseen.band.low),
            format!("{:.2}", unseen.band.high),
            unseen.held_out.map_or("-".to_owned(), share),
        ]);
    }
    format!(
        "\nBANDS = measured / predicted of nine rows in ten; held: by bands made without the row\n{}  \
         All together hold {} of {} figures.\n",
        table(&rows, 1),
        part(&calibration.held_out),
        count(calibration.held_out.rows as u64)
    )
}

fn worst_rows(outcomes: &[Outcome]) -> String {
    let heading = ["line", "row", "", "predicted ms", "measured ms", "error"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (outcome, compared) in worst(outcomes, WORST) {
        rows.push(vec![
            outcome.row.line.to_string(),
            cut_before(&plain(&outcome.row.id), NAME_WIDTH),
            compared.metric.word().to_owned(),
            milliseconds(compared.predicted_ms),
            milliseconds(compared.measured_ms),
            signed(compared.error()),
        ]);
    }
    format!("\nFURTHEST OFF\n{}", table(&rows, 3))
}

fn every_row(outcomes: &[Outcome]) -> String {
    let heading = ["line", "row", "", "predicted ms", "measured ms", "error"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for outcome in outcomes {
        let line = outcome.row.line.to_string();
        let name = cut_before(&plain(&outcome.row.id), NAME_WIDTH);
        for compared in outcome.result.iter().flatten() {
            rows.push(vec![
                line.clone(),
                name.clone(),
                compared.metric.word().to_owned(),
                milliseconds(compared.predicted_ms),
                milliseconds(compared.measured_ms),
                signed(compared.error()),
            ]);
        }
        if outcome.result.is_err() {
            rows.push(vec![line, name, "not predicted".to_owned()]);
        }
    }
    format!("\nROWS\n{}", table(&rows, 3))
}
