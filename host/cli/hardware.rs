//! `timeslip hardware`: lists, shows, explains and checks profiles, and makes those of models.

mod accuracy;
pub(crate) mod args;
mod calibrate;
mod check;
mod list;
mod model;
mod reach;

use std::path::Path;

use serde_json::json;
use timeslip_accuracy::read::read;
use timeslip_accuracy::row::Row;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::explain::{OperatingPoint, explain};
use timeslip_sim::profile::{PlatformPart, ProfileError, Status};
use timeslip_timeline::conversation::nearest;

use crate::cost_components::cost_components;
use crate::exit::{Exit, Failure};
use crate::output;
use args::{HardwareCommand, HardwareExplainArgs, HardwareShowArgs};

/// Performs one of the subcommands.
pub(crate) fn hardware(command: &HardwareCommand) -> Result<Exit, Failure> {
    match command {
        HardwareCommand::List(args) => list::list(args),
        HardwareCommand::Show(args) => show(args),
        HardwareCommand::Explain(args) => explain_machine(args),
        HardwareCommand::Validate(args) => check::validate(args),
        HardwareCommand::Schema(args) => check::schema(args),
        HardwareCommand::Reach(args) => reach::answer(args),
        HardwareCommand::Accuracy(args) => accuracy::accuracy(args),
        HardwareCommand::Calibrate(args) => calibrate::calibrate(args),
        HardwareCommand::Model(args) => model::print_profile(args),
    }
}

/// The built-in profiles, and those of a folder that adds to them; components that time steps are
/// loaded where a machine that is asked for has one.
///
/// # Errors
/// When the folder cannot be used.
pub(crate) fn catalogue(folder: Option<&Path>) -> Result<Catalogue, Failure> {
    let catalogue = Catalogue::built_in().with_components(cost_components());
    match folder {
        Some(folder) => catalogue.with_folder(folder).map_err(Failure::usage),
        None => Ok(catalogue),
    }
}

/// Every figure of one profile, each with where it comes from.
fn show(args: &HardwareShowArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let kind = kind_of(&catalogue, &args.name)?;
    let figures = catalogue.figures(kind, &args.name).map_err(Failure::usage)?;
    let about = About::of(&catalogue, kind, &args.name).map_err(Failure::usage)?;
    if args.json {
        return print_json(&json!({
            "kind": kind.word(),
            "name": args.name,
            "title": about.title,
            "inherits": about.inherits,
            "status": about.status.map(Status::word),
            "estimated": about.estimated,
            "parts": about.parts,
            "figures": figures,
        }));
    }
    let mut text = format!("{} {}\n{}\n", kind.word(), args.name, about.lines());
    for figure in &figures {
        let value = figure.value.clone().unwrap_or_else(|| "unknown".to_owned());
        text += &format!("{} = {value}\n", figure.key);
        let confidence = figure.confidence.map_or("unknown", |confidence| confidence.word());
        text += &format!("    {confidence}, {}, {}\n", figure.date, figure.source);
        if let Some(file) = &figure.inherited_from {
            text += &format!("    from {file}\n");
        }
        if let Some(note) = &figure.note {
            text += &format!("    note: {note}\n");
        }
    }
    output::print(&text)?;
    Ok(Exit::Pass)
}

/// What a profile is beside its figures.
struct About {
    title: String,
    inherits: Option<String>,
    status: Option<Status>,
    /// Whether all that rests on it is an estimate.
    estimated: bool,
    parts: Vec<PlatformPart>,
}

impl About {
    fn of(catalogue: &Catalogue, kind: ProfileKind, name: &str) -> Result<About, ProfileError> {
        let (inherits, status, estimated, parts) = (None, None, false, Vec::new());
        match kind {
            ProfileKind::Model => {
                let title = catalogue.model(name)?.title.clone();
                Ok(About { title, inherits, status, estimated, parts })
            }
            ProfileKind::Software => {
                let software = catalogue.software(name)?;
                let (title, inherits) = (software.title.clone(), software.inherits.clone());
                Ok(About { title, inherits, status, estimated, parts })
            }
            ProfileKind::Chip => {
                let chip = catalogue.chip(name)?;
                let status = chip.status.as_ref().map(|status| status.value);
                let (inherits, estimated) = (chip.inherits.clone(), chip.estimated);
                Ok(About { title: chip.title.clone(), inherits, status, estimated, parts })
            }
            ProfileKind::Machine => {
                let machine = catalogue.machine(name)?;
                let status = catalogue.status(&machine)?;
                let estimated = catalogue.is_estimated(&machine)?;
                let (title, inherits) = (machine.title, machine.inherits);
                Ok(About { title, inherits, status, estimated, parts: machine.parts })
            }
        }
    }

    /// The lines above the figures.
    fn lines(&self) -> String {
        let mut text = format!("{}\n", self.title);
        if let Some(parent) = &self.inherits {
            text += &format!("a variant of {parent}\n");
        }
        if let Some(status) = self.status {
            text += &format!("{}\n", status.word());
        }
        if self.estimated {
            text += "an estimate as a whole: its chief figures are not published\n";
        }
        for part in &self.parts {
            text += &format!("\n{}\n    {}: {}\n", part.name, part.does, part.figures.join(", "));
        }
        text
    }
}

/// What kind of profile has this name; a machine before a chip, a chip before a model, and software
/// last.
fn kind_of(catalogue: &Catalogue, name: &str) -> Result<ProfileKind, Failure> {
    let kinds =
        [ProfileKind::Machine, ProfileKind::Chip, ProfileKind::Model, ProfileKind::Software];
    let has = |kind: &ProfileKind| catalogue.names(*kind).any(|known| known == name);
    if let Some(kind) = kinds.iter().copied().find(has) {
        return Ok(kind);
    }
    let known: Vec<&str> = kinds.iter().flat_map(|kind| catalogue.names(*kind)).collect();
    let advice = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`timeslip hardware list` lists them".to_owned(),
    };
    Err(Failure::usage(format!("there is no machine, chip, model or software `{name}`; {advice}")))
}

fn explain_machine(args: &HardwareExplainArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let deployment =
        catalogue.deploy(&args.machine, args.model.as_deref()).map_err(Failure::usage)?;
    let point = OperatingPoint {
        input_tokens: args.input_tokens.max(1),
        context_tokens: args.context_tokens.max(1),
        batch: args.batch.max(1),
    };
    let explanation = explain(&deployment, &point);
    if let Some(failure) = deployment.failure() {
        return Err(Failure::usage(failure));
    }
    match args.json {
        true => print_json(&explanation),
        false => {
            output::print(&explanation.to_string())?;
            Ok(Exit::Pass)
        }
    }
}

/// The rows of a file of measurements.
fn measured_rows(file: &Path) -> Result<Vec<Row>, Failure> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!(
            "cannot read {shown}: {error}\n  fix: give the path of a CSV file of measured rows"
        ))
    })?;
    read(&shown, &text).map_err(Failure::usage)
}

fn print_json(value: &impl serde::Serialize) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::run)?;
    output::print(&format!("{text}\n"))?;
    Ok(Exit::Pass)
}
