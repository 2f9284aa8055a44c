//! From measurements to a machine's fitted figures, and how far off they are.

use serde::Serialize;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::deployment::Deployment;
use timeslip_sim::error::MachineError;
use timeslip_sim::profile::{Confidence, MachineProfile};

use crate::derived::{DerivedProfile, Provenance, Variant, rounded};
use crate::errors::{Compared, Measured, compared};
use crate::fit::{Fitted, Fitting, Told};
use crate::knobs::{Knob, knobs};
use crate::layers::tables::{LayeredMachine, Tables};
use crate::measurements::{Measurements, Predictable};
use crate::split::HeldOut;

/// What to fit, and how.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The machine.
    pub machine: &'a str,
    /// The model; the machine's default where none is named.
    pub model: Option<&'a str>,
    /// The name of the fitted machine.
    pub name: &'a str,
    /// The part that the fit does not see.
    pub held_out: HeldOut,
    /// Where the fitted figures come from.
    pub provenance: Provenance,
    /// Threads that fit; the result does not depend on them.
    pub threads: usize,
}

/// Why nothing was fitted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The machine cannot be used.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The measurements do not suit the machine, or are too few.
    #[error("{0}")]
    Measurements(String),
}

/// A fit, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The machine that it began with.
    pub machine: String,
    /// The model.
    pub model: String,
    /// The fitted machine.
    pub name: String,
    /// Requests, or layers, that the fit was moved by.
    pub fitted: u64,
    /// Those that it did not see.
    pub held_out: u64,
    /// What was moved, and what was not, with the reason.
    pub knobs: Vec<KnobReport>,
    /// The errors before and after.
    pub errors: Vec<Compared>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// The profiles of the fitted machine.
    #[serde(skip)]
    pub profiles: Vec<DerivedProfile>,
    /// The machine by measured layers, where all parts of a step were timed.
    #[serde(skip)]
    pub layers: Option<LayeredMachine>,
}

/// What became of figures that go together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnobReport {
    /// What they are.
    pub name: String,
    /// What the fit says of them.
    #[serde(flatten)]
    pub told: Told,
    /// What their prior values were multiplied by.
    pub factor: f64,
    /// The figures.
    pub figures: Vec<FigureReport>,
}

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FigureReport {
    /// Where it stands: `rtx-4090.achieved.weight_read_fraction`.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What the profile says.
    pub before: f64,
    /// What the fit says.
    pub after: f64,
}

/// The fewest requests or layers that a fit is made of.
const MEASURED_LEAST: usize = 20;

/// Fits a machine's figures to measurements; `progress` is told of what is done.
///
/// # Errors
/// When the machine cannot be used, or the measurements do not suit it.
pub fn calibrate(
    catalogue: &Catalogue,
    measurements: &Measurements,
    options: &Options<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Calibration, CalibrateError> {
    let base = catalogue.deploy(options.machine, options.model)?;
    let machine = catalogue.machine(options.machine).map_err(MachineError::from)?;
    let prepared = Prepared::of(catalogue, &machine, measurements, &base)?;
    let measurements = &prepared.measurements;
    if measurements.count() < MEASURED_LEAST {
        return Err(CalibrateError::Measurements(format!(
            "there are {} measurements, and a fit with a held-out part takes {MEASURED_LEAST}\n  \
             fix: measure for longer",
            measurements.count()
        )));
    }
    let held_out = measurements.held_out(options.held_out);
    let predictable = Predictable::of(measurements);
    let measured = predictable.measured(&held_out);
    let variant = Variant {
        catalogue: &prepared.trial,
        machine: &machine,
        name: options.name,
        provenance: &options.provenance,
        confidence: Confidence::Medium,
    };
    let mut knobs = variant.rested_on(&base.model.name, &prepared.knobs)?;
    knobs.retain(|knob| !knob.figures.is_empty());
    let fitting = Fitting {
        variant,
        model: &base.model.name,
        knobs: &knobs,
        predictable: &predictable,
        measured: &measured,
        threads: options.threads,
    };
    let before = fitting.modelled(&vec![1.0; knobs.len()])?;
    progress("the machine as it is");
    // What the machine cannot serve says nothing of its figures.
    let served = measured
        .iter()
        .zip(&before)
        .map(|(row, before)| Measured { is_fitted: row.is_fitted && before.is_some(), ..*row });
    let served: Vec<Measured> = served.collect();
    let fitting = Fitting { measured: &served, ..fitting };
    let fitted = fitting.run(progress);
    let after = fitting.modelled(&fitted.factors)?;
    let written = Variant { catalogue, ..variant };
    let layers = prepared.tables.as_ref().and_then(|(device, tables)| {
        LayeredMachine::of(&written, &base.model.name, device, tables.clone())
    });
    let held_out = held_out.iter().filter(|held_out| **held_out).count() as u64;
    Ok(Calibration {
        machine: options.machine.to_owned(),
        model: base.model.name.clone(),
        name: options.name.to_owned(),
        fitted: measurements.count() as u64 - held_out,
        held_out,
        profiles: written.profiles(&moved(&knobs, &fitted)).map_err(MachineError::from)?,
        errors: compared(&measured, &before, &after),
        notes: notes(measurements, &before),
        layers,
        knobs: reports(&knobs, &fitted.factors, fitted.told),
    })
}

/// The knobs that were fitted, with their factors.
fn moved<'a>(knobs: &'a [Knob], fitted: &Fitted) -> Vec<(&'a Knob, f64)> {
    let factors = knobs.iter().zip(fitted.factors.iter().copied());
    let told = factors.zip(&fitted.told).filter(|(_, told)| **told == Told::Fitted);
    told.map(|(moved, _)| moved).collect()
}

/// What a person should know of the measurements.
fn notes(measurements: &Measurements, before: &[Option<f64>]) -> Vec<String> {
    let mut notes = measurements.notes().to_vec();
    let unserved = before.iter().filter(|seconds| seconds.is_none()).count();
    if unserved > 0 {
        notes.push(format!("{unserved} measured times have no modelled one and were left out"));
    }
    notes
}

/// What a fit is made with.
struct Prepared {
    measurements: Measurements,
    /// Where the tried machines are looked up.
    trial: Catalogue,
    knobs: Vec<Knob>,
    /// Of which device, where all parts of a step were timed.
    tables: Option<(String, Tables)>,
}

impl Prepared {
    fn of(
        catalogue: &Catalogue,
        machine: &MachineProfile,
        measurements: &Measurements,
        base: &Deployment,
    ) -> Result<Prepared, CalibrateError> {
        let mut knobs = knobs(catalogue, &machine.name).map_err(MachineError::from)?;
        let Measurements::Layers(layers) = measurements else {
            let (measurements, trial) = (measurements.clone(), catalogue.clone());
            return Ok(Prepared { measurements, trial, knobs, tables: None });
        };
        let whole = layers.whole_layers_for(base).map_err(CalibrateError::Measurements)?;
        let tables = Tables::of(layers, &whole.rows[0].dtype).ok();
        let tables = tables.map(|tables| (layers.device.clone(), tables));
        // Layers were timed without serving software, so its figures are not in their times.
        knobs.retain(|knob| knob.figures[0].kind == ProfileKind::Chip);
        let trial = match &machine.software {
            Some(software) => {
                let text = bare_software(software);
                catalogue.clone().with_text(ProfileKind::Software, software, text)
            }
            None => catalogue.clone(),
        };
        Ok(Prepared { measurements: Measurements::Layers(whole), trial, knobs, tables })
    }
}

/// Serving software that adds nothing to the time of the chips.
pub(crate) fn bare_software(name: &str) -> String {
    let figure = |key: &str, value: u64| {
        format!(
            "[{key}]\nvalue = {value}\nsource = \"Timeslip\"\ndate = \"2026\"\nconfidence = \
             \"high\"\n"
        )
    };
    let zeros = ["front_end_seconds", "host_step_seconds"].map(|key| figure(key, 0)).concat();
    let batches = ["tokens_per_step", "calls_per_step"];
    let batches = batches.map(|key| figure(&format!("scheduler.{key}"), 1_048_576)).concat();
    format!("name = \"{name}\"\ntitle = \"{name}\"\n{zeros}{batches}")
}

fn reports(knobs: &[Knob], factors: &[f64], told: Vec<Told>) -> Vec<KnobReport> {
    let each = knobs.iter().zip(factors).zip(told);
    each.map(|((knob, factor), told)| {
        let figures = knob.figures.iter().map(|figure| FigureReport {
            name: format!("{}.{}", figure.profile, figure.key),
            unit: unit(&figure.key),
            before: figure.value,
            after: match told {
                Told::Fitted => rounded(figure.value * factor),
                _ => figure.value,
            },
        });
        KnobReport { name: knob.name.clone(), factor: *factor, figures: figures.collect(), told }
    })
    .collect()
}

/// A figure's unit, which its name ends with.
fn unit(key: &str) -> &'static str {
    match key.rsplit('_').next() {
        Some("seconds") => "s",
        Some("steps") => "steps",
        Some("fraction") => "of the peak",
        _ => "",
    }
}
