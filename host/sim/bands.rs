//! How far a deployment's predictions may be off: the bands of the class that it belongs to.

use serde::Serialize;

use crate::profile::{MachineProfile, MeasuredBands, Pool, PredictedTime, Role, ServingMode};
use crate::text::count;

/// Where nine of ten measurements of a machine would be, beside what is predicted of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictionBands {
    /// Of the time to the first token.
    pub first_token: PredictionBand,
    /// Of the time per output token after the first.
    pub output_token: PredictionBand,
}

/// Where nine of ten measurements of one time would be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictionBand {
    /// As a factor of the prediction.
    pub low: f64,
    /// As a factor of the prediction.
    pub high: f64,
    /// The measured rows that say so; 0 where there are none of the class, and all other classes say
    /// it, more widely.
    pub rows: u64,
    /// The class: `h200, reading and writing together`.
    pub class: String,
}

impl PredictionBands {
    /// Of a machine: the chips that read prompts choose the first token's class, and those that write
    /// the output tokens'. A chip that inherits from another is in a class of its own, since its
    /// figures are others.
    pub(crate) fn of(machine: &MachineProfile, measured: &MeasuredBands) -> PredictionBands {
        let mode = match machine.link {
            Some(_) => ServingMode::Disagg,
            None => ServingMode::Agg,
        };
        let reader = machine.pools.first().expect("a machine has a pool");
        let writer = machine.pools.iter().find(|pool| pool.role.writes());
        let writer = writer.expect("a machine has a pool that writes");
        let helper = machine.pools.iter().find(|pool| pool.role.helps());
        // A draft model has no part in reading a prompt.
        let reads_with = helper.filter(|_| reader.role == Role::Attention);
        let band = |metric, pool, helper| PredictionBand::of(measured, metric, mode, pool, helper);
        PredictionBands {
            first_token: band(PredictedTime::Ttft, reader, reads_with),
            output_token: band(PredictedTime::Tpot, writer, helper),
        }
    }
}

impl PredictionBand {
    fn of(
        measured: &MeasuredBands,
        metric: PredictedTime,
        mode: ServingMode,
        pool: &Pool,
        helper: Option<&Pool>,
    ) -> PredictionBand {
        let (class, is_measured) = class(mode, pool, helper);
        let band = measured.of_class(&pool.chip, mode, metric).filter(|_| is_measured);
        let unseen = measured.unseen(metric);
        match band {
            Some(band) => PredictionBand { low: band.low, high: band.high, rows: band.rows, class },
            None => PredictionBand { low: unseen.low, high: unseen.high, rows: 0, class },
        }
    }

    /// Where measurements lie, as a sentence's end: `nine of ten measurements of such rows lie
    /// between 0.74 and 1.31 times it (603 rows of h200, reading and writing together)`.
    pub(crate) fn sentence(&self) -> String {
        let PredictionBand { rows, class, .. } = self;
        let (low, high) = (factor(self.low), factor(self.high));
        match rows {
            0 => format!("no measurements of {class}: between {low} and {high} times it"),
            rows => format!(
                "nine of ten measurements of such rows lie between {low} and {high} times it \
                 ({} of {class})",
                counted_rows(*rows)
            ),
        }
    }
}

/// Two decimals, and three where that would be next to nothing.
fn factor(value: f64) -> String {
    match value < 0.1 {
        true => format!("{value:.3}"),
        false => format!("{value:.2}"),
    }
}

fn counted_rows(rows: u64) -> String {
    match rows {
        1 => "1 row".to_owned(),
        rows => format!("{} rows", count(rows)),
    }
}

/// A pool's class, and whether rows of it can be of its chip's: what was measured is chips whose time
/// follows from their figures, and that no others help.
fn class(mode: ServingMode, pool: &Pool, helper: Option<&Pool>) -> (String, bool) {
    let (chip, phrase) = (&pool.chip, mode.phrase());
    let stated = (&pool.fixed_steps, &pool.layer_profile, &pool.cost_component);
    match (stated, helper) {
        ((Some(_), ..), _) => ("stated steps".to_owned(), false),
        ((_, Some(_), _), _) => (format!("{chip} with stated layers, {phrase}"), false),
        ((.., Some(_)), _) => (format!("{chip} with steps stated by a component, {phrase}"), false),
        (_, Some(helper)) => (format!("{chip} with {}, {phrase}", helper.chip), false),
        _ => (format!("{chip}, {phrase}"), true),
    }
}

#[cfg(test)]
mod tests {
    use crate::bands::{PredictionBand, PredictionBands};
    use crate::catalogue::{Catalogue, ProfileKind};
    use crate::profile::MeasuredBands;

    /// Rows of one chip in one mode.
    const MEASURED: &str = "\
[unseen.ttft]\nlow = 0.4\nhigh = 2.6\n[unseen.tpot]\nlow = 0.5\nhigh = 2.0\n\
[[class]]\nchip = \"h200\"\nmode = \"agg\"\nmetric = \"tpot\"\nlow = 0.74\nhigh = 1.31\nrows = 603\n\
held_out = 0.9\n\
[[class]]\nchip = \"h200\"\nmode = \"agg\"\nmetric = \"ttft\"\nlow = 0.6\nhigh = 1.5\nrows = 1\n\
held_out = 0.9\n";

    fn of_machine(catalogue: &Catalogue, machine: &str) -> PredictionBands {
        let measured = MeasuredBands::parse(MEASURED).unwrap();
        PredictionBands::of(&catalogue.machine(machine).unwrap(), &measured)
    }

    fn band(low: f64, high: f64, rows: u64, class: &str) -> PredictionBand {
        PredictionBand { low, high, rows, class: class.to_owned() }
    }

    #[test]
    fn a_machine_has_the_band_of_its_class() {
        let bands = of_machine(&Catalogue::built_in(), "h200-8");
        let class = "h200, reading and writing together";
        assert_eq!(bands.first_token, band(0.6, 1.5, 1, class));
        assert_eq!(bands.output_token, band(0.74, 1.31, 603, class));
        insta::assert_snapshot!(bands.first_token.sentence(), @"nine of ten measurements of such rows lie between 0.60 and 1.50 times it (1 row of h200, reading and writing together)");
        insta::assert_snapshot!(bands.output_token.sentence(), @"nine of ten measurements of such rows lie between 0.74 and 1.31 times it (603 rows of h200, reading and writing together)");
    }

    #[test]
    fn a_class_without_rows_has_the_band_of_those_never_seen() {
        let catalogue = Catalogue::built_in();
        let bands = of_machine(&catalogue, "dgx-spark");
        let class = "gb10, reading and writing together";
        assert_eq!(bands.first_token, band(0.4, 2.6, 0, class));
        assert_eq!(bands.output_token, band(0.5, 2.0, 0, class));
        insta::assert_snapshot!(bands.first_token.sentence(), @"no measurements of gb10, reading and writing together: between 0.40 and 2.60 times it");
        // What is stated has no chips that could have been measured.
        assert_eq!(of_machine(&catalogue, "fixed-step").output_token.class, "stated steps");
        // Chips that help others make another machine of them.
        let helped = of_machine(&catalogue, "rubin-groq3-afd");
        assert_eq!(helped.output_token.class, "rubin with groq3-lpu, reading and writing apart");
    }

    /// The machine with the chip's own figures has its rows, and one with a child's has none.
    #[test]
    fn a_chip_that_inherits_has_no_rows_of_its_parent() {
        let chip = "name = \"h200-child\"\ninherits = \"h200\"\n".to_owned();
        let catalogue = Catalogue::built_in().with_text(ProfileKind::Chip, "h200-child", chip);
        let text = catalogue.text(ProfileKind::Machine, "h200-8").unwrap();
        let text = text.replace("chip = \"h200\"", "chip = \"h200-child\"");
        let catalogue = catalogue.with_text(ProfileKind::Machine, "h200-8", text);
        let bands = of_machine(&catalogue, "h200-8");
        let class = "h200-child, reading and writing together";
        assert_eq!(bands.output_token, band(0.5, 2.0, 0, class));
    }

    #[test]
    fn a_deployment_has_the_bands_that_are_built_in() {
        let deployment = Catalogue::built_in().deploy("h200-8", None).unwrap();
        assert!(deployment.bands.output_token.rows > 0, "{:?}", deployment.bands);
        assert_eq!(deployment.bands.output_token.class, "h200, reading and writing together");
    }
}
