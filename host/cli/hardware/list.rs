//! `timeslip hardware list`.

use std::sync::Arc;

use serde_json::{Value, json};
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::profile::{Chip, MachineProfile, Model, ProfileError, Software, Status};

use super::args::HardwareListArgs;
use super::{catalogue, print_json};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::columns;

/// A machine, and what its chips say of it.
struct Machine {
    profile: MachineProfile,
    status: Option<Status>,
    estimated: bool,
}

/// All profiles, in the order in which they are listed.
struct Listed {
    machines: Vec<Machine>,
    chips: Vec<Arc<Chip>>,
    models: Vec<Arc<Model>>,
    software: Vec<Arc<Software>>,
}

/// The machines, those that can be had first, then the chips, the models and the serving
/// software.
pub(super) fn list(args: &HardwareListArgs) -> Result<Exit, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let listed = Listed::of(&catalogue).map_err(Failure::usage)?;
    match args.json {
        true => print_json(&listed.json()),
        false => {
            output::print(&listed.text())?;
            Ok(Exit::Pass)
        }
    }
}

impl Listed {
    fn of(catalogue: &Catalogue) -> Result<Listed, ProfileError> {
        let machine = |name: &str| {
            let profile = catalogue.machine(name)?;
            let status = catalogue.status(&profile)?;
            let estimated = catalogue.is_estimated(&profile)?;
            Ok(Machine { profile, status, estimated })
        };
        let machines = catalogue.names(ProfileKind::Machine).map(machine);
        let mut machines = machines.collect::<Result<Vec<Machine>, ProfileError>>()?;
        // A machine that nobody builds, as one with stated times, stands behind those that are sold.
        let order = |machine: &Machine| match machine.status {
            Some(Status::Shipping) => 0,
            Some(Status::Announced) => 1,
            None => 2,
            Some(Status::Cancelled) => 3,
        };
        machines.sort_by_key(order);
        let chips = catalogue.names(ProfileKind::Chip).map(|name| catalogue.chip(name));
        let models = catalogue.names(ProfileKind::Model).map(|name| catalogue.model(name));
        let software = catalogue.names(ProfileKind::Software).map(|name| catalogue.software(name));
        Ok(Listed {
            machines,
            chips: chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?,
            models: models.collect::<Result<Vec<Arc<Model>>, ProfileError>>()?,
            software: software.collect::<Result<Vec<Arc<Software>>, ProfileError>>()?,
        })
    }

    fn text(&self) -> String {
        let heading = ["MACHINES", "", "STATUS", "DEFAULT MODEL", "MODELS"].map(str::to_owned);
        let mut rows = vec![heading.to_vec()];
        rows.extend(self.machines.iter().map(Machine::row));
        let mut text = columns(&rows);
        text += "  MODELS counts those that a machine's file names, + where it serves others too; \
                 ~ is an estimate as a whole\n\n";
        let heading = ["CHIPS", "", "STATUS"].map(str::to_owned);
        let mut rows = vec![heading.to_vec()];
        rows.extend(self.chips.iter().map(|chip| {
            let status = chip.status.as_ref().map(|status| status.value);
            vec![
                format!("{} {}", mark(chip.estimated), chip.name),
                chip.title.clone(),
                word(status).to_owned(),
            ]
        }));
        text += &columns(&rows);
        text += "\nMODELS\n";
        let row = |name: &str, title: &str| [format!("  {name}"), title.to_owned()];
        let models = self.models.iter().map(|model| row(&model.name, &model.title));
        text += &columns(&models.collect::<Vec<_>>());
        text += "\nSOFTWARE\n";
        let software = self.software.iter().map(|software| row(&software.name, &software.title));
        text += &columns(&software.collect::<Vec<_>>());
        text
    }

    fn json(&self) -> Value {
        let machines: Vec<Value> = self.machines.iter().map(Machine::json).collect();
        let chip = |chip: &Arc<Chip>| {
            let status = chip.status.as_ref().map(|status| status.value.word());
            json!({
                "name": chip.name,
                "title": chip.title,
                "status": status,
                "estimated": chip.estimated,
            })
        };
        let chips: Vec<Value> = self.chips.iter().map(chip).collect();
        let titled = |name: &str, title: &str| json!({ "name": name, "title": title });
        let models = self.models.iter().map(|model| titled(&model.name, &model.title));
        let models: Vec<Value> = models.collect();
        let software = self.software.iter().map(|software| titled(&software.name, &software.title));
        let software: Vec<Value> = software.collect();
        json!({ "machines": machines, "chips": chips, "models": models, "software": software })
    }
}

impl Machine {
    fn row(&self) -> Vec<String> {
        let profile = &self.profile;
        let others = if profile.other_models.is_some() { "+" } else { "" };
        vec![
            format!("{} {}", mark(self.estimated), profile.name),
            profile.title.clone(),
            word(self.status).to_owned(),
            profile.default_model.clone(),
            format!("{}{others}", profile.serves.len()),
        ]
    }

    fn json(&self) -> Value {
        let profile = &self.profile;
        let models: Vec<&str> = profile.serves.iter().map(|serving| &*serving.model).collect();
        json!({
            "name": profile.name,
            "title": profile.title,
            "about": profile.about,
            "status": self.status.map(Status::word),
            "estimated": self.estimated,
            "default_model": profile.default_model,
            "models": models,
            "other_models": profile.other_models.is_some(),
        })
    }
}

fn mark(estimated: bool) -> &'static str {
    match estimated {
        true => "~",
        false => " ",
    }
}

fn word(status: Option<Status>) -> &'static str {
    status.map_or("", Status::word)
}
