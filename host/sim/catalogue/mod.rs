//! The profiles by name: those built in, and those of folders that add to or replace them.
//!
//! A profile is parsed when it is asked for, so that a catalogue costs next to nothing. What is not
//! here: fetching profiles from anywhere but a folder.

mod check;
mod digest;
mod figures;
mod folder;
mod inherit;
mod parts;
mod schema;
mod tables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use timeslip_timeline::conversation::nearest;

pub use check::{Problem, Validation};
pub use figures::FigureRow;
pub use schema::profile_schema;

use crate::deployment::{Deployment, Profiles};
use crate::error::MachineError;
use crate::profile::{
    Chip, MachineProfile, Model, Profile, ProfileError, Status, TEXTS, line_of, read,
};
use digest::digest;
use inherit::{layers, lineage};
use tables::tables;

/// What a profile is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileKind {
    /// A chip's figures.
    Chip,
    /// A model's architecture.
    Model,
    /// Pools of chips that serve models.
    Machine,
}

impl ProfileKind {
    /// All kinds, what is referred to before what refers to it.
    pub const ALL: [ProfileKind; 3] = [ProfileKind::Chip, ProfileKind::Model, ProfileKind::Machine];

    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            ProfileKind::Chip => "chip",
            ProfileKind::Model => "model",
            ProfileKind::Machine => "machine",
        }
    }

    /// The folder that its files stand in.
    pub fn folder(self) -> &'static str {
        match self {
            ProfileKind::Chip => "chips",
            ProfileKind::Model => "models",
            ProfileKind::Machine => "machines",
        }
    }
}

/// The profiles by kind and name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    files: BTreeMap<(ProfileKind, String), File>,
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
        Catalogue { files }
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

    /// Places a model on a machine; its default model where none is named.
    ///
    /// # Errors
    /// When a profile is missing or wrong, when the machine or a chip of it was cancelled, when the
    /// machine does not say that it serves the model, and when the model does not fit.
    pub fn deploy(&self, machine: &str, model: Option<&str>) -> Result<Deployment, MachineError> {
        let profile = self.machine(machine)?;
        let model = model.unwrap_or(&profile.default_model).to_owned();
        let Some(serving) = profile.serving(&model) else {
            return Err(not_served(&profile, model));
        };
        parts::check(self, &profile)?;
        let chips = profile.pools.iter().map(|pool| self.referred_chip(machine, &pool.chip));
        let chips = chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?;
        refuse_cancelled(&profile, &chips)?;
        let tables = tables(self, &profile)?;
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
            digest: digest(self, &profile, &model, &tables)?,
            machine: profile,
            chips,
            tables,
            serving,
            draft: draft.transpose()?,
        })
    }

    fn profile<P: Profile>(&self, kind: ProfileKind, name: &str) -> Result<P, ProfileError> {
        self.read(kind, name).map_err(|mut errors| errors.remove(0))
    }

    /// A profile, or all that is wrong with it; at least one thing.
    fn read<P: Profile>(&self, kind: ProfileKind, name: &str) -> Result<P, Vec<ProfileError>> {
        let lineage = self.lineage(kind, name).map_err(|error| vec![error])?;
        read(&layers(&lineage))
    }

    /// Every figure of a profile, whether or not it would be used.
    fn rows(&self, kind: ProfileKind, name: &str) -> Result<Vec<FigureRow>, ProfileError> {
        let lineage = self.lineage(kind, name)?;
        let layers = layers(&lineage);
        Ok(figures::figures(&layers, layers.merged()?.get_ref()))
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

    fn referred_chip(&self, machine: &str, chip: &str) -> Result<Arc<Chip>, ProfileError> {
        let read = self.chip(chip).map_err(|error| self.refer(machine, chip, error))?;
        Ok(Arc::new(read))
    }

    /// An error about a profile that a machine's file, or one that it inherits from, names: a name
    /// that does not exist is that file's mistake, and has a line there.
    fn refer(&self, machine: &str, name: &str, error: ProfileError) -> ProfileError {
        let unknown = matches!(error, ProfileError::Unknown { .. });
        let lineage = self.lineage(ProfileKind::Machine, machine).ok().filter(|_| unknown);
        let quoted = format!("\"{name}\"");
        let named = lineage.into_iter().flatten().find_map(|(_, file)| {
            let at = file.text.find(&quoted)?;
            let (path, message) = (file.path.clone(), error.to_string());
            Some(ProfileError::Invalid { path, line: line_of(&file.text, at), message })
        });
        named.unwrap_or(error)
    }
}

fn not_served(machine: &MachineProfile, model: String) -> MachineError {
    let served: Vec<String> = machine.serves.iter().map(|serving| serving.model.clone()).collect();
    MachineError::NotServed {
        machine: machine.name.clone(),
        nearest: nearest(&model, served.iter().map(String::as_str)).map(str::to_owned),
        model,
        served,
    }
}

/// What was cancelled is not built, and has no times.
fn refuse_cancelled(machine: &MachineProfile, chips: &[Arc<Chip>]) -> Result<(), MachineError> {
    let own = machine.status.iter().map(|status| (None, status));
    let of_chips = chips.iter().filter_map(|chip| Some((Some(chip), chip.status.as_ref()?)));
    let mut cancelled = own.chain(of_chips).filter(|(_, said)| said.value == Status::Cancelled);
    match cancelled.next() {
        None => Ok(()),
        Some((chip, status)) => Err(MachineError::Cancelled {
            machine: machine.name.clone(),
            chip: chip.map(|chip| chip.name.clone()),
            says: status.source.clone(),
            date: status.date.clone(),
        }),
    }
}

#[cfg(test)]
mod built_in_tests;
#[cfg(test)]
mod inherit_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
