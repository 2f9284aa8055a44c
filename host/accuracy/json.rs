//! The errors of a file of measurements as JSON: `timeslip.accuracy/1`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::band::Band;
use crate::calibration::Calibration;
use crate::figures::{Class, Errors, classes, reasons, spread};
use crate::predict::{Compared, Outcome};
use crate::row::Metric;

/// Everything that is known of a file's rows.
#[derive(Clone, Debug, Serialize)]
pub struct Accuracy {
    /// `timeslip.accuracy/1`.
    pub schema: &'static str,
    /// The file, as the user named it.
    pub file: String,
    /// Rows.
    pub rows: usize,
    /// Rows that were predicted.
    pub predicted: usize,
    /// Why the others were not.
    pub not_predicted: Vec<Reason>,
    /// The errors by class of rows.
    pub classes: Vec<Class>,
    /// How far measurements of one scenario are from the middle of their own.
    pub spread: BTreeMap<Metric, Errors>,
    /// Bands around predictions, and how well they hold.
    pub bands: Calibration,
    /// Each row, in the order of the file.
    pub by_row: Vec<ByRow>,
}

/// Why rows were not predicted.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// The reason.
    pub reason: String,
    /// How many.
    pub rows: usize,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct ByRow {
    /// Its name in the file.
    pub id: String,
    /// Its line, counted from 1.
    pub line: u64,
    /// The system as the file names it.
    pub system: String,
    /// The model as the file names it.
    pub model: String,
    /// The serving software.
    pub software: Option<String>,
    /// The mode, with what had to be assumed.
    pub mode: String,
    /// Why there are no figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_predicted: Option<String>,
    /// `predicted_ttft_ms` and so on, for what the row measured.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a row; those that it did not measure are left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Of the time to the first token.
    #[serde(flatten)]
    pub ttft: Option<Ttft>,
    /// Of the time per output token.
    #[serde(flatten)]
    pub tpot: Option<Tpot>,
    /// Of a step.
    #[serde(flatten)]
    pub step: Option<Step>,
}

/// Writes one record of figures, whose keys name their metric.
macro_rules! figures {
    ($about:literal, $name:ident, $predicted:ident, $measured:ident, $error:ident, $band:ident) => {
        #[doc = $about]
        #[derive(Clone, Debug, Serialize)]
        pub struct $name {
            /// In milliseconds.
            pub $predicted: f64,
            /// In milliseconds.
            pub $measured: f64,
            /// As a fraction of the measurement.
            pub $error: f64,
            /// Where nine of ten measurements would be; null where that is not known.
            pub $band: Option<Band>,
        }

        impl $name {
            fn of(compared: &Compared) -> $name {
                $name {
                    $predicted: compared.predicted_ms,
                    $measured: compared.measured_ms,
                    $error: compared.error(),
                    $band: compared.band,
                }
            }
        }
    };
}

figures!(
    "Of the time to the first token.",
    Ttft,
    predicted_ttft_ms,
    measured_ttft_ms,
    ttft_error,
    ttft_band
);
figures!(
    "Of the time per output token.",
    Tpot,
    predicted_tpot_ms,
    measured_tpot_ms,
    tpot_error,
    tpot_band
);
figures!("Of a step.", Step, predicted_step_ms, measured_step_ms, step_error, step_band);

impl Accuracy {
    /// Of these rows.
    pub fn of(file: &str, outcomes: &[Outcome]) -> Accuracy {
        let reasons = reasons(outcomes).into_iter();
        Accuracy {
            schema: "timeslip.accuracy/1",
            file: file.to_owned(),
            rows: outcomes.len(),
            predicted: outcomes.iter().filter(|outcome| outcome.result.is_ok()).count(),
            not_predicted: reasons.map(|(reason, rows)| Reason { reason, rows }).collect(),
            classes: classes(outcomes),
            spread: spread(outcomes),
            bands: Calibration::of(outcomes),
            by_row: outcomes.iter().map(by_row).collect(),
        }
    }
}

fn by_row(outcome: &Outcome) -> ByRow {
    let row = &outcome.row;
    let compared = outcome.result.as_deref().unwrap_or_default();
    let of = |metric| compared.iter().find(|compared| compared.metric == metric);
    ByRow {
        id: row.id.clone(),
        line: row.line,
        system: row.system.clone(),
        model: row.model.clone(),
        software: row.software.clone(),
        mode: outcome.mode.clone(),
        not_predicted: outcome.result.as_ref().err().cloned(),
        figures: Figures {
            ttft: of(Metric::Ttft).map(Ttft::of),
            tpot: of(Metric::Tpot).map(Tpot::of),
            step: of(Metric::Step).map(Step::of),
        },
    }
}
