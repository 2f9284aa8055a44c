//! The errors of a file of measurements as a page of a repository: `ACCURACY.md`.

use crate::calibration::Calibration;
use crate::figures::{Class, Grouping, classes, reasons, spread, worst};
use crate::predict::Outcome;
use crate::row::Metric;
use crate::text::{count, milliseconds, plain, share, signed};

/// How many of the worst figures are shown.
const WORST: usize = 20;

/// What a page is about.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The file of measurements.
    pub file: &'a str,
    /// What writes the page anew.
    pub command: &'a str,
    /// Its rows.
    pub outcomes: &'a [Outcome],
    /// The same rows by figures that were fitted to them too, where those of the page were fitted to
    /// the rows of all other models.
    pub fitted: Option<&'a [Outcome]>,
}

/// The page's text.
pub fn page(page: &Page<'_>) -> String {
    let Page { file, command, outcomes, fitted } = *page;
    let predicted = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    let mut text = format!(
        "# Accuracy\n\nHow far predictions are from {} measured rows of `{}`. {} of them were \
         predicted, {} not. An error is predicted ÷ measured − 1, so one over 0 is a prediction that \
         is too long. Written by\n\n```console\n$ {command}\n```\n",
        count(outcomes.len() as u64),
        escaped(file),
        count(predicted as u64),
        count((outcomes.len() - predicted) as u64),
    );
    if let Some(fitted) = fitted {
        text += "\nThe figures of chips and software with which a model's rows were predicted were \
                 fitted to the rows of all other models: so far off is a prediction for a model that \
                 nobody measured.\n";
        text += &medians(outcomes, &Grouping::ALL);
        text += "\n# The same rows, all of which the figures were fitted to\n\nThese are the figures \
                 of the profiles.\n";
        text += &medians(fitted, &[Grouping::Mode, Grouping::Model]);
        text += "\n# What errors are made of\n";
    } else {
        text += &medians(outcomes, &Grouping::ALL);
    }
    text += &spread_text(outcomes);
    text += &refused(outcomes);
    text += &bands(&Calibration::of(outcomes));
    text += &worst_rows(outcomes);
    text
}

fn medians(outcomes: &[Outcome], groupings: &[Grouping]) -> String {
    let classes = classes(outcomes);
    let mut text = String::new();
    for grouping in groupings.iter().copied() {
        let of_grouping: Vec<&Class> =
            classes.iter().filter(|class| class.grouping == grouping).collect();
        let has =
            |metric: &Metric| of_grouping.iter().any(|class| class.errors.contains_key(metric));
        let metrics: Vec<Metric> = Metric::ALL.into_iter().filter(has).collect();
        if metrics.is_empty() {
            continue;
        }
        let mut heading = vec!["class".to_owned()];
        for metric in &metrics {
            let word = metric.word();
            heading.extend(["rows".to_owned(), format!("{word}: median size")]);
            heading.extend(["median", "nine of ten within"].map(str::to_owned));
        }
        let rows = of_grouping.iter().map(|class| class_cells(class, &metrics));
        let title = grouping.heading().to_lowercase();
        text += &format!("\n## Errors: {title}\n\n{}", table(&heading, rows));
    }
    text
}

fn class_cells(class: &Class, metrics: &[Metric]) -> Vec<String> {
    let mut cells = vec![escaped(&class.name)];
    for metric in metrics {
        cells.extend(match class.errors.get(metric) {
            Some(errors) => [
                count(errors.rows as u64),
                share(errors.median),
                signed(errors.median_signed),
                share(errors.p90),
            ],
            None => ["0", "–", "–", "–"].map(str::to_owned),
        });
    }
    cells
}

fn spread_text(outcomes: &[Outcome]) -> String {
    let lines = spread(outcomes).into_iter().map(|(metric, errors)| {
        format!(
            "* {}: {} in the median of {} rows, and nine of ten within {}\n",
            metric.word(),
            share(errors.median),
            count(errors.rows as u64),
            share(errors.p90)
        )
    });
    match lines.collect::<String>() {
        none if none.is_empty() => none,
        lines => format!(
            "\n## Measurements against each other\n\nSome rows ask the same of the same hardware, on \
             other days or versions of the serving software. Nothing that predicts from what a row \
             states is closer than they are to the middle of their own:\n\n{lines}"
        ),
    }
}

fn refused(outcomes: &[Outcome]) -> String {
    let reasons = reasons(outcomes);
    if reasons.is_empty() {
        return String::new();
    }
    let rows = reasons.iter().map(|(reason, rows)| vec![count(*rows as u64), escaped(reason)]);
    let heading = ["rows", "why"].map(str::to_owned);
    format!("\n## Rows that were not predicted\n\n{}", table(&heading, rows))
}

fn bands(calibration: &Calibration) -> String {
    let heading = ["class", "figures", "from", "to", "held"].map(str::to_owned);
    let part = |coverage: &crate::band::Coverage| coverage.part().map_or("–".to_owned(), share);
    let unseen = calibration.unseen.iter().map(|(metric, unseen)| {
        vec![
            format!("{} of any other class", metric.word()),
            String::new(),
            format!("{:.2}", unseen.band.low),
            format!("{:.2}", unseen.band.high),
            unseen.held_out.map_or("–".to_owned(), share),
        ]
    });
    let rows = calibration.classes.iter().map(|class| {
        vec![
            escaped(&class.name()),
            count(class.held_out.rows as u64),
            format!("{:.2}", class.band.low),
            format!("{:.2}", class.band.high),
            part(&class.held_out),
        ]
    });
    format!(
        "\n## Bands\n\nWhere nine of ten measurements are, as factors of the prediction. *Held* is the \
         part of rows inside bands that were made without them: {} of all. The bands for classes that \
         are not in the table are made without each class in turn, and hold that part of its rows on \
         average.\n\n{}",
        part(&calibration.held_out),
        table(&heading, rows.chain(unseen))
    )
}

fn worst_rows(outcomes: &[Outcome]) -> String {
    let heading = ["row", "metric", "predicted ms", "measured ms", "error"].map(str::to_owned);
    let rows = worst(outcomes, WORST).into_iter().map(|(outcome, compared)| {
        vec![
            escaped(&outcome.row.id),
            compared.metric.word().to_owned(),
            milliseconds(compared.predicted_ms),
            milliseconds(compared.measured_ms),
            signed(compared.error()),
        ]
    });
    format!("\n## Furthest off\n\n{}", table(&heading, rows))
}

fn table(heading: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = vec!["---".to_owned(); heading.len()];
    let rows: String = rows.map(|cells| line(&cells)).collect();
    line(heading) + &line(&rule) + &rows
}

/// What comes from a file, fit for a cell of a table.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for sign in plain(text).chars() {
        if ['|', '<', '*', '[', ']', '\\'].contains(&sign) {
            safe.push('\\');
        }
        safe.push(sign);
    }
    safe
}
