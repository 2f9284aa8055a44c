//! Where locks, stores, catalogues and registries are.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use semver::Version;
use timeslip_market::catalogue::{Catalogue, sync_pinned};
use timeslip_market::error::MarketError;
use timeslip_market::install::{Market, Source};
use timeslip_market::instant::Instant;
use timeslip_market::lock::{LOCK_FILE, Lock};
use timeslip_market::name::PluginName;
use timeslip_market::registry::Registry;
use timeslip_market::store::Store;
use timeslip_market::suite::SuiteStore;
use timeslip_market::trust::{TRUST_FILE, Trust};

use super::args::PlaceArgs;
use super::failure;
use crate::exit::Failure;

/// Where a command finds things.
#[derive(Debug)]
pub(crate) struct Places {
    /// The lock's file.
    pub(crate) lock_file: PathBuf,
    /// What is installed.
    pub(crate) lock: Lock,
    /// From where what may come.
    pub(crate) trust: Trust,
    /// Where components are kept.
    pub(crate) store: Store,
    /// Where suites are kept that were fetched.
    pub(super) suites: SuiteStore,
    /// Where copies of catalogues are kept.
    catalogues: PathBuf,
    /// The places of the registries.
    registries: Vec<String>,
    /// Where relative places of registries start.
    base: PathBuf,
    offline: bool,
}

/// The user's own folder of data.
pub(crate) fn data_folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").filter(|data| !data.is_empty());
    data.map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .map(|data| data.join("timeslip"))
}

/// The lock that holds for a folder: that of the nearest folder above which has one.
pub(crate) fn lock_above(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().map(|above| above.join(LOCK_FILE)).find(|file| file.is_file())
}

/// Now, or what the environment says that now is.
///
/// # Errors
/// When the environment says nonsense.
pub(crate) fn now() -> Result<Instant, Failure> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse().map(Instant).map_err(|_| {
            Failure::usage(format!("SOURCE_DATE_EPOCH is `{text}`, and no number of seconds"))
        }),
        Err(_) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            Ok(Instant(now.map_or(0, |since| since.as_secs())))
        }
    }
}

impl Places {
    /// Reads the lock and trust.toml.
    ///
    /// # Errors
    /// When one of them does not parse.
    pub(super) fn of(args: &PlaceArgs) -> Result<Places, Failure> {
        let data = data_folder().ok_or_else(|| {
            Failure::usage("there is no folder for data: HOME and XDG_DATA_HOME are not set")
        })?;
        let here = std::env::current_dir()
            .map_err(|error| Failure::run(format!("cannot find the current folder: {error}")))?;
        let project = match &args.project {
            Some(project) => here.join(project),
            None => match lock_above(&here) {
                Some(lock) => lock.parent().unwrap_or(&here).to_owned(),
                None => here.clone(),
            },
        };
        let lock_file = if args.user { data.join(LOCK_FILE) } else { project.join(LOCK_FILE) };
        let own = project.join(TRUST_FILE);
        let trust_file = if own.is_file() { own } else { data.join(TRUST_FILE) };
        let mut trust = Trust::read(&trust_file).map_err(failure)?;
        let trust_folder = trust_file.parent().unwrap_or(&here).to_owned();
        // One registry has one name, however it is written.
        for place in trust.registries.iter_mut().chain(trust.namespaces.values_mut()) {
            *place = Registry::open(place, &trust_folder).map_err(failure)?.place();
        }
        let mut roots = std::collections::BTreeMap::new();
        for (place, root) in std::mem::take(&mut trust.roots) {
            let place = Registry::open(&place, &trust_folder).map_err(failure)?.place();
            roots.insert(place, root);
        }
        trust.roots = roots;
        let registries = match (args.registry.as_slice(), trust.registries.as_slice()) {
            ([], []) if trust.namespaces.is_empty() => {
                vec![data.join("registry").display().to_string()]
            }
            ([], named) => named.to_vec(),
            (given, _) => given.to_vec(),
        };
        Ok(Places {
            lock: Lock::read(&lock_file).map_err(failure)?,
            lock_file,
            trust,
            store: Store::new(data.join("components")),
            suites: SuiteStore::new(data.join("suites")),
            catalogues: data.join("catalogues"),
            registries,
            base: here,
            offline: args.offline,
        })
    }

    /// Where things are for a command that is about one registry.
    ///
    /// # Errors
    /// When the lock or trust.toml does not parse.
    pub(super) fn of_registry(registry: Option<&str>, json: bool) -> Result<Places, Failure> {
        Places::of(&PlaceArgs {
            project: None,
            user: false,
            registry: registry.into_iter().map(str::to_owned).collect(),
            offline: false,
            json,
        })
    }

    /// Where copies of catalogues are kept.
    pub(super) fn copies(&self) -> &Path {
        &self.catalogues
    }

    /// Opens a registry by its place.
    ///
    /// # Errors
    /// When it is no place.
    pub(super) fn open(&self, place: &str) -> timeslip_market::error::Result<Registry> {
        Registry::open(place, &self.base)
    }

    /// The registry to publish to.
    ///
    /// # Errors
    /// When it is no place.
    pub(super) fn first(&self) -> Result<Registry, Failure> {
        self.open(&self.registries[0]).map_err(failure)
    }

    /// The registries with their catalogues, brought up to date unless nobody is to be asked.
    ///
    /// # Errors
    /// When a registry fails.
    pub(super) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let mut sources: Vec<Source> = Vec::new();
        let places = self.registries.iter().chain(self.trust.namespaces.values());
        for place in places {
            let registry = self.open(place).map_err(failure)?;
            if sources.iter().any(|known| known.registry.place() == registry.place()) {
                continue;
            }
            let catalogue = self.catalogue(&registry)?;
            sources.push(Source { registry, catalogue });
        }
        Ok(sources)
    }

    /// The copy of a registry's catalogue.
    pub(super) fn catalogue(&self, registry: &Registry) -> Result<Catalogue, Failure> {
        if !self.offline {
            return self.synced(registry).map_err(failure);
        }
        let last = Catalogue::last(registry, &self.catalogues).map_err(failure)?;
        let last = last.ok_or_else(|| {
            Failure::usage(format!(
                "the catalogue of {registry} was never fetched\n  fix: search once without --offline"
            ))
        })?;
        last.check_is_current(now()?, self.trust.offline_limit).map_err(failure)?;
        Ok(last)
    }

    /// The copy of a registry's catalogue, brought up to date where the registry can be reached. It is
    /// for what is locked already, which is fetched by its digests.
    pub(super) fn catalogue_or_last(
        &self,
        registry: &Registry,
    ) -> Result<Option<Catalogue>, Failure> {
        if !self.offline {
            match self.synced(registry) {
                Ok(catalogue) => return Ok(Some(catalogue)),
                Err(MarketError::Failed(_)) => {}
                Err(error) => return Err(failure(error)),
            }
        }
        Catalogue::last(registry, &self.catalogues).map_err(failure)
    }

    /// The copy of a registry's catalogue, brought up to date. Whose root is trusted from now on is said
    /// on standard error.
    fn synced(&self, registry: &Registry) -> timeslip_market::error::Result<Catalogue> {
        let place = registry.place();
        let now = now().map_err(|failure| MarketError::refused(failure.message))?;
        let pin = self.trust.roots.get(&place);
        let (catalogue, synced) = sync_pinned(registry, &self.catalogues, pin, now)?;
        if let Some(root) = synced.first_trusted {
            eprintln!(
                "{place}: its signed catalogue is seen for the first time, and trusted from now on by \
                 its root {root}; ask its owner whether that is theirs, and pin it in trust.toml:\n  \
                 [roots]\n  \"{place}\" = \"{root}\""
            );
        }
        Ok(catalogue)
    }

    /// What planning goes by.
    pub(super) fn market<'a>(
        &'a self,
        sources: &'a [Source],
        trust: &'a Trust,
        allow_unsigned: &'a [(PluginName, Version)],
    ) -> Result<Market<'a>, Failure> {
        let (store, lock, offline) = (&self.store, &self.lock, self.offline);
        Ok(Market { sources, trust, store, lock, now: now()?, offline, allow_unsigned })
    }

    /// Whether no registry is to be asked.
    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }
}
