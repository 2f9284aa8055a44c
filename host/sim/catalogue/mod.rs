//! The profiles by name: those built in, and those of folders that add to or replace them.
//!
//! A profile is parsed when it is asked for, so that a catalogue costs next to nothing, and what
//! machines refer to is parsed once. What is not here: fetching profiles from anywhere but a folder.

mod check;
mod components;
mod deploy;
mod digest;
mod figures;
mod folder;
mod inherit;
mod kept;
mod parts;
mod schema;
mod tables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use check::{Problem, Validation};
pub(crate) use components::CostFile;
pub use figures::FigureRow;
pub use schema::profile_schema;

use crate::cost::ComponentLoader;
use crate::profile::{
    Chip, MachineProfile, Model, Profile, ProfileError, Software, Status, TEXTS, read,
};
use inherit::{Parent, files, lineage};
use kept::Kept;

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
    kept: Arc<Kept>,
    components: Option<ComponentLoader>,
}

/// A profile that may not have been parsed yet.
#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: Cow<'static, str>,
    /// What it inherits from, once that was asked.
    parent: OnceLock<Option<Parent>>,
}

impl File {
    fn new(path: PathBuf, text: Cow<'static, str>) -> File {
        File { path, text, parent: OnceLock::new() }
    }
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
            files.insert((kind, name.to_owned()), File::new(path, Cow::Borrowed(*text)));
        }
        Catalogue { files, kept: Arc::default(), components: None }
    }

    /// Gives it what loads components, for machines whose steps a component times.
    pub fn with_components(mut self, loader: ComponentLoader) -> Catalogue {
        self.components = Some(loader);
        self
    }

    /// Adds or replaces one profile by its TOML text, which is parsed when it is asked for.
    pub fn with_text(mut self, kind: ProfileKind, name: &str, text: String) -> Catalogue {
        let path = Path::new(kind.folder()).join(format!("{name}.toml"));
        self.insert(kind, name.to_owned(), File::new(path, Cow::Owned(text)));
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
    pub fn chip(&self, name: &str) -> Result<Arc<Chip>, ProfileError> {
        self.kept.chips.get(name, || self.profile(ProfileKind::Chip, name))
    }

    /// A model by name.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn model(&self, name: &str) -> Result<Arc<Model>, ProfileError> {
        self.kept.models.get(name, || self.profile(ProfileKind::Model, name))
    }

    /// Serving software by name.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn software(&self, name: &str) -> Result<Arc<Software>, ProfileError> {
        self.kept.software.get(name, || self.profile(ProfileKind::Software, name))
    }

    /// The TOML text of a profile, as it stands in its file, without what it inherits.
    ///
    /// # Errors
    /// No such profile, with the nearest name.
    pub fn text(&self, kind: ProfileKind, name: &str) -> Result<&str, ProfileError> {
        self.file(kind, name).map(|file| &*file.text)
    }

    /// Every figure of a profile: its own in the order of its file, then those that it inherits.
    ///
    /// # Errors
    /// As for [`Catalogue::machine`].
    pub fn figures(&self, kind: ProfileKind, name: &str) -> Result<Vec<FigureRow>, ProfileError> {
        // What is shown is a profile that would also be used.
        match kind {
            ProfileKind::Chip => self.chip(name).map(drop)?,
            ProfileKind::Model => self.model(name).map(drop)?,
            ProfileKind::Software => self.software(name).map(drop)?,
            ProfileKind::Machine => parts::check(self, &self.machine(name)?)?,
        }
        self.rows(kind, name)
    }

    /// Whether a machine can be had: what its file says, or the least that its chips' files say;
    /// `None` where none of them says anything.
    ///
    /// # Errors
    /// What is wrong with its chips.
    pub fn status(&self, machine: &MachineProfile) -> Result<Option<Status>, ProfileError> {
        if let Some(status) = &machine.status {
            return Ok(Some(status.value));
        }
        let chips = machine.chips().map(|chip| self.referred_chip(&machine.name, chip));
        let chips = chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?;
        Ok(chips.iter().filter_map(|chip| chip.status.as_ref()).map(|said| said.value).max())
    }

    /// Whether a chip of a machine is an estimate as a whole.
    ///
    /// # Errors
    /// What is wrong with its chips.
    pub fn is_estimated(&self, machine: &MachineProfile) -> Result<bool, ProfileError> {
        let chips = machine.chips().map(|chip| self.referred_chip(&machine.name, chip));
        let chips = chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?;
        Ok(chips.iter().any(|chip| chip.estimated))
    }

    fn insert(&mut self, kind: ProfileKind, name: String, file: File) {
        // Nothing else refers to machines.
        if kind != ProfileKind::Machine {
            self.kept = Arc::default();
        }
        self.files.insert((kind, name), file);
    }

    fn profile<P: Profile>(&self, kind: ProfileKind, name: &str) -> Result<P, ProfileError> {
        self.read(kind, name).map_err(|mut errors| errors.remove(0))
    }

    /// A profile, or all that is wrong with it; at least one thing.
    fn read<P: Profile>(&self, kind: ProfileKind, name: &str) -> Result<P, Vec<ProfileError>> {
        let lineage = self.lineage(kind, name).map_err(|error| vec![error])?;
        read(&files(&lineage))
    }

    /// Every figure of a profile, whether or not it would be used.
    fn rows(&self, kind: ProfileKind, name: &str) -> Result<Vec<FigureRow>, ProfileError> {
        let lineage = self.lineage(kind, name)?;
        let files = files(&lineage);
        Ok(figures::figures(&files, files.merged()?.get_ref()))
    }

    fn lineage(&self, kind: ProfileKind, name: &str) -> Result<Vec<(String, &File)>, ProfileError> {
        lineage(self, kind, name)
    }

    fn file(&self, kind: ProfileKind, name: &str) -> Result<&File, ProfileError> {
        // The key borrows nothing, so a look-up allocates; there are a handful in a run.
        self.files
            .get(&(kind, name.to_owned()))
            .ok_or_else(|| ProfileError::unknown(kind.word(), name, self.names(kind)))
    }
}

#[cfg(test)]
mod built_in_tests;
#[cfg(test)]
mod component_tests;
#[cfg(test)]
mod inherit_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod software_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
