//! `timeslip hardware`: lists, shows, explains and checks profiles, and makes those of models.

mod accuracy;
mod calibrate;
mod model;

use std::path::Path;

use serde_json::json;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::explain::{OperatingPoint, explain};
use timeslip_timeline::conversation::nearest;

use crate::args::{HardwareCommand, HardwareExplainArgs, HardwareListArgs, HardwareShowArgs};
use crate::cost_components::cost_components;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::columns;

/// Performs one of the subcommands.
pub(crate) fn hardware(command: &HardwareCommand) -> Result<Exit, Failure> {
    match command {
        HardwareCommand::List(args) => list(args),
        HardwareCommand::Show(args) => show(args),
        HardwareCommand::Explain(args) => explain_machine(args),
        HardwareCommand::Validate(args) => validate(args),
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

/// The machines with what they serve, then the chips, the models and the serving software.
fn list(args: &HardwareListArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let (mut machines, mut chips, mut models) = (Vec::new(), Vec::new(), Vec::new());
    let mut software = Vec::new();
    for name in catalogue.names(ProfileKind::Machine) {
        machines.push(catalogue.machine(name).map_err(Failure::usage)?);
    }
    for name in catalogue.names(ProfileKind::Chip) {
        chips.push(catalogue.chip(name).map_err(Failure::usage)?);
    }
    for name in catalogue.names(ProfileKind::Model) {
        models.push(catalogue.model(name).map_err(Failure::usage)?);
    }
    for name in catalogue.names(ProfileKind::Software) {
        software.push(catalogue.software(name).map_err(Failure::usage)?);
    }
    if args.json {
        let machines: Vec<_> = machines
            .iter()
            .map(|machine| {
                let models: Vec<&str> =
                    machine.serves.iter().map(|serving| &*serving.model).collect();
                json!({
                    "name": machine.name,
                    "title": machine.title,
                    "about": machine.about,
                    "default_model": machine.default_model,
                    "models": models,
                })
            })
            .collect();
        let titled = |name: &str, title: &str| json!({ "name": name, "title": title });
        let chips: Vec<_> = chips.iter().map(|chip| titled(&chip.name, &chip.title)).collect();
        let models: Vec<_> = models.iter().map(|model| titled(&model.name, &model.title)).collect();
        let software: Vec<_> = software.iter().map(|one| titled(&one.name, &one.title)).collect();
        let listed = json!({
            "machines": machines,
            "chips": chips,
            "models": models,
            "software": software,
        });
        return print_json(&listed);
    }
    let mut text = String::from("MACHINES\n");
    text += &columns(
        &machines
            .iter()
            .map(|machine| {
                let served = machine.serves.iter().map(|serving| {
                    let default = serving.model == machine.default_model;
                    format!("{}{}", serving.model, if default { "*" } else { "" })
                });
                let served = served.collect::<Vec<_>>().join(", ");
                [format!("  {}", machine.name), machine.title.clone(), served]
            })
            .collect::<Vec<_>>(),
    );
    text += "  * the model it serves when none is named\n\nCHIPS\n";
    let row = |name: &str, title: &str| [format!("  {name}"), title.to_owned()];
    text += &columns(&chips.iter().map(|chip| row(&chip.name, &chip.title)).collect::<Vec<_>>());
    text += "\nMODELS\n";
    text +=
        &columns(&models.iter().map(|model| row(&model.name, &model.title)).collect::<Vec<_>>());
    text += "\nSOFTWARE\n";
    text += &columns(&software.iter().map(|one| row(&one.name, &one.title)).collect::<Vec<_>>());
    output::print(&text)?;
    Ok(Exit::Pass)
}

/// Every figure of one profile, each with where it comes from.
fn show(args: &HardwareShowArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let kind = kind_of(&catalogue, &args.name)?;
    let figures = catalogue.figures(kind, &args.name).map_err(Failure::usage)?;
    if args.json {
        return print_json(&json!({ "kind": kind.word(), "name": args.name, "figures": figures }));
    }
    let mut text = format!("{} {}\n\n", kind.word(), args.name);
    for figure in &figures {
        let value = figure.value.clone().unwrap_or_else(|| "unknown".to_owned());
        text += &format!("{} = {value}\n", figure.key);
        let confidence = figure.confidence.map_or("unknown", |confidence| confidence.word());
        text += &format!("    {confidence}, {}, {}\n", figure.date, figure.source);
        if let Some(note) = &figure.note {
            text += &format!("    note: {note}\n");
        }
    }
    output::print(&text)?;
    Ok(Exit::Pass)
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

fn validate(args: &HardwareListArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let problems: Vec<String> = catalogue.validate().iter().map(ToString::to_string).collect();
    let count =
        ProfileKind::ALL.into_iter().map(|kind| catalogue.names(kind).count()).sum::<usize>();
    if args.json {
        print_json(&json!({ "profiles": count, "problems": problems }))?;
    } else if problems.is_empty() {
        output::print(&format!("{count} profiles, no problem\n"))?;
    } else {
        output::print(&format!("{}\n", problems.join("\n")))?;
    }
    Ok(if problems.is_empty() { Exit::Pass } else { Exit::Usage })
}

fn print_json(value: &impl serde::Serialize) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::run)?;
    output::print(&format!("{text}\n"))?;
    Ok(Exit::Pass)
}
