//! The profiles by name: those built in, and those of folders that add to or replace them.
//!
//! A profile is parsed when it is asked for, so that a catalogue costs next to nothing. What is not
//! here: fetching profiles from anywhere but a folder.

mod check;
mod components;
mod digest;
mod figures;
mod tables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use timeslip_timeline::conversation::nearest;

pub use check::Problem;
pub(crate) use components::CostFile;
pub use figures::FigureRow;

use crate::cost::ComponentLoader;
use crate::deployment::{Deployment, Profiles};
use crate::error::MachineError;
use crate::profile::{
    Chip, MachineProfile, Model, Profile, ProfileError, Software, TEXTS, line_of, parse,
};
use components::components;
use digest::digest;
use tables::tables;

/// What a profile is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileKind {
    /// A chip's figures.
    Chip,
    /// A model's architecture.
    Model,
    /// What serves models on chips.
    Software,
    /// Pools of chips that serve models.
    Machine,
}

impl ProfileKind {
    /// All kinds, what is referred to before what refers to it.
    pub const ALL: [ProfileKind; 4] =
        [ProfileKind::Chip, ProfileKind::Model, ProfileKind::Software, ProfileKind::Machine];

    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            ProfileKind::Chip => "chip",
            ProfileKind::Model => "model",
            ProfileKind::Software => "software",
            ProfileKind::Machine => "machine",
        }
    }

    /// The folder that its files stand in.
    pub fn folder(self) -> &'static str {
        match self {
            ProfileKind::Chip => "chips",
            ProfileKind::Model => "models",
            ProfileKind::Software => "software",
            ProfileKind::Machine => "machines",
        }
    }
}

/// The profiles by kind and name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    files: BTreeMap<(ProfileKind, String), File>,
    components: Option<ComponentLoader>,
}

/// A profile that may not have been parsed yet.
#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: Cow<'static, str>,
}

impl Catalogue {
    /// The profiles that the program carries.
    pub fn built_in() -> Catalogue {
        let mut files = BTreeMap::new();
        for (path, text) in TEXTS {
            let (folder, file) = path.split_once('/').expect("a folder and a file");
            let name = file.strip_suffix(".toml").expect("only such files are built in");
            let kind = ProfileKind::ALL.into_iter().find(|kind| kind.folder() == folder);
            let kind = kind.expect("only these folders are built in");
            let path = Path::new("hardware-profiles").join(path);
            files.insert((kind, name.to_owned()), File { path, text: Cow::Borrowed(*text) });
        }
        Catalogue { files, components: None }
    }

    /// Gives it what loads components, for machines whose steps a component times.
    pub fn with_components(mut self, loader: ComponentLoader) -> Catalogue {
        self.components = Some(loader);
        self
    }

    /// Adds the files of `folder/{chips,models,software,machines}/*.toml`; one with the name of a profile
    /// that is already here replaces it.
    ///
    /// # Errors
    /// When the folder holds none of the four, or a file cannot be read as text.
    pub fn with_folder(mut self, folder: &Path) -> Result<Catalogue, ProfileError> {
        let mut any = false;
        for kind in ProfileKind::ALL {
            let inner = folder.join(kind.folder());
            if !inner.is_dir() {
                continue;
            }
            any = true;
            for path in toml_files(&inner)? {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                self.files.insert((kind, name), File { path, text: Cow::Owned(text) });
            }
        }
        match any {
            true => Ok(self),
            false => Err(ProfileError::Unreadable {
                path: folder.to_owned(),
                message: "a folder of profiles has folders `chips`, `models`, `software` or \
                          `machines` in it"
                    .to_owned(),
            }),
        }
    }

    /// Adds or replaces one profile by its TOML text, which is parsed when it is asked for.
    pub fn with_text(mut self, kind: ProfileKind, name: &str, text: String) -> Catalogue {
        let path = Path::new(kind.folder()).join(format!("{name}.toml"));
        self.files.insert((kind, name.to_owned()), File { path, text: Cow::Owned(text) });
        self
    }

    /// The names of one kind, sorted.
    pub fn names(&self, kind: ProfileKind) -> impl Iterator<Item = &str> {
        self.files.keys().filter(move |key| key.0 == kind).map(|key| key.1.as_str())
    }

    /// A machine by name.
    ///
    /// # Errors
    /// No such machine, with the nearest name; or what is wrong with its file, and where.
    pub fn machine(&self, name: &str) -> Result<MachineProfile, ProfileError> {
        self.profile(ProfileKind::Machine, name)
    }

    /// A chip by name.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn chip(&self, name: &str) -> Result<Chip, ProfileError> {
        self.profile(ProfileKind::Chip, name)
    }

    /// A model by name.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn model(&self, name: &str) -> Result<Model, ProfileError> {
        self.profile(ProfileKind::Model, name)
    }

    /// Serving software by name.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn software(&self, name: &str) -> Result<Software, ProfileError> {
        self.profile(ProfileKind::Software, name)
    }

    /// The TOML text of a profile, as it stands in its file.
    ///
    /// # Errors
    /// No such profile, with the nearest name.
    pub fn text(&self, kind: ProfileKind, name: &str) -> Result<&str, ProfileError> {
        self.file(kind, name).map(|file| &*file.text)
    }

    /// Every figure of a profile, in the order of its file.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn figures(&self, kind: ProfileKind, name: &str) -> Result<Vec<FigureRow>, ProfileError> {
        // What is shown is a profile that would also be used.
        match kind {
            ProfileKind::Chip => self.chip(name).map(drop)?,
            ProfileKind::Model => self.model(name).map(drop)?,
            ProfileKind::Software => self.software(name).map(drop)?,
            ProfileKind::Machine => self.machine(name).map(drop)?,
        }
        Ok(figures::figures(self.text(kind, name)?))
    }

    /// Places a model on a machine; its default model where none is named.
    ///
    /// # Errors
    /// When a profile is missing or wrong, when the machine does not say that it serves the model,
    /// and when the model does not fit.
    pub fn deploy(&self, machine: &str, model: Option<&str>) -> Result<Deployment, MachineError> {
        let profile = self.machine(machine)?;
        let model = model.unwrap_or(&profile.default_model).to_owned();
        let Some(serving) = profile.serves.iter().find(|serving| serving.model == model).cloned()
        else {
            let served: Vec<String> =
                profile.serves.iter().map(|serving| serving.model.clone()).collect();
            return Err(MachineError::NotServed {
                machine: machine.to_owned(),
                nearest: nearest(&model, served.iter().map(String::as_str)).map(str::to_owned),
                model,
                served,
            });
        };
        let chips = profile.pools.iter().map(|pool| self.referred_chip(machine, &pool.chip));
        let chips = chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?;
        let tables = tables(self, &profile)?;
        let software =
            profile.software.as_deref().map(|name| self.referred_software(&profile, name));
        let components = components(self, &profile)?;
        let draft = profile.draft_for(&model).map(|draft| {
            let read = self.model(&draft.model);
            let read = read.map_err(|error| self.refer(machine, &draft.model, error))?;
            Ok::<_, ProfileError>((Arc::new(read), draft.serving()))
        });
        Deployment::new(Profiles {
            host_cpu: self.referred_chip(machine, &profile.host_cpu)?,
            model: Arc::new(
                self.model(&model).map_err(|error| self.refer(machine, &model, error))?,
            ),
            digest: digest(self, &profile, &model, &tables, &components)?,
            software: software.transpose()?,
            machine: profile,
            chips,
            tables,
            components,
            loader: self.components.clone(),
            serving,
            draft: draft.transpose()?,
        })
    }

    fn profile<P: Profile>(&self, kind: ProfileKind, name: &str) -> Result<P, ProfileError> {
        let file = self.file(kind, name)?;
        parse(&file.text, &file.path)
    }

    fn file(&self, kind: ProfileKind, name: &str) -> Result<&File, ProfileError> {
        // The key borrows nothing, so a look-up allocates; there are a handful in a run.
        self.files
            .get(&(kind, name.to_owned()))
            .ok_or_else(|| ProfileError::unknown(kind.word(), name, self.names(kind)))
    }

    fn referred_chip(&self, machine: &str, chip: &str) -> Result<Arc<Chip>, ProfileError> {
        let read = self.chip(chip).map_err(|error| self.refer(machine, chip, error))?;
        Ok(Arc::new(read))
    }

    fn referred_software(
        &self,
        machine: &MachineProfile,
        name: &str,
    ) -> Result<Software, ProfileError> {
        self.software(name).map_err(|error| self.refer(&machine.name, name, error))
    }

    /// An error about a profile that a machine's file names: a name that does not exist is that
    /// file's mistake, and has a line there.
    fn refer(&self, machine: &str, name: &str, error: ProfileError) -> ProfileError {
        let file = self.file(ProfileKind::Machine, machine);
        match (error, file) {
            (unknown @ ProfileError::Unknown { .. }, Ok(file)) => {
                let at = file.text.find(&format!("\"{name}\"")).unwrap_or(0);
                let (path, message) = (file.path.clone(), unknown.to_string());
                ProfileError::Invalid { path, line: line_of(&file.text, at), message }
            }
            (error, _) => error,
        }
    }
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    // The order in which a folder is listed differs, and with it which error comes first.
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> ProfileError {
    ProfileError::Unreadable { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod component_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
