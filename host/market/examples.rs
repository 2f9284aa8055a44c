//! What the tests of this crate publish and install.

use std::path::{Path, PathBuf};

use crate::catalogue::{Catalogue, Entry, sync};
use crate::component::{About, PackedComponent, pack};
use crate::error::Result;
use crate::install::{Market, Outdated, Planned, Source, plan, plan_update};
use crate::instant::Instant;
use crate::keys::SecretKey;
use crate::lock::Lock;
use crate::name::{PluginName, Reference, parse_version};
use crate::permissions::Permissions;
use crate::publish::{Publication, publish};
use crate::registry::Registry;
use crate::store::Store;
use crate::trust::Trust;

/// The instant of all tests.
pub(crate) const NOW: Instant = Instant(1_800_000_000);

/// A permission to fetch from one server.
pub(crate) const NET: &str = "[[net]]\nhost = \"a.org\"\nwhy = \"It searches there.\"\n";

/// A component with nothing in it but its metadata.
pub(crate) fn packed(name: &str, version: &str, permissions: &str) -> PackedComponent {
    packed_of("(component)", name, version, permissions)
}

/// A component of a text.
pub(crate) fn packed_of(
    text: &str,
    name: &str,
    version: &str,
    permissions: &str,
) -> PackedComponent {
    let about = About { description: "Does nothing.".to_owned(), ..About::default() };
    let permissions = Permissions::parse(permissions).unwrap();
    let (name, version) = (PluginName::parse(name).unwrap(), parse_version(version).unwrap());
    pack(&wat::parse_str(text).unwrap(), &name, &version, &about, &permissions).unwrap()
}

/// A folder with everything.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn registry(&self, name: &str) -> Registry {
        Registry::open(&format!("./{name}"), self.folder.path()).unwrap()
    }

    pub(crate) fn catalogue(&self, registry: &Registry) -> Result<Catalogue> {
        Ok(sync(registry, &self.path("catalogues"), NOW)?.0)
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(self.path("components"))
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.path("plugins.lock")
    }

    pub(crate) fn publish(&self, registry: &Registry, packed: &PackedComponent) -> Result<Entry> {
        publish_at(self.folder.path(), registry, packed, NOW)
    }

    pub(crate) fn plan(
        &self,
        registries: Vec<Registry>,
        trust: &Trust,
        references: &[&str],
    ) -> Result<Vec<Planned>> {
        let references: Result<Vec<Reference>> =
            references.iter().map(|text| Reference::parse(text)).collect();
        let references = references?;
        self.with_market(registries, trust, |market| plan(market, &references))
    }

    /// Newer versions of all that is installed.
    pub(crate) fn plan_update(
        &self,
        registries: Vec<Registry>,
        trust: &Trust,
    ) -> Result<(Vec<Planned>, Vec<Outdated>)> {
        self.with_market(registries, trust, |market| plan_update(market, &[]))
    }

    fn with_market<T>(
        &self,
        registries: Vec<Registry>,
        trust: &Trust,
        does: impl FnOnce(&Market<'_>) -> Result<T>,
    ) -> Result<T> {
        let sources: Result<Vec<Source>> = registries
            .into_iter()
            .map(|registry| Ok(Source { catalogue: self.catalogue(&registry)?, registry }))
            .collect();
        let (sources, store) = (sources?, self.store());
        let lock = Lock::read(&self.lock_file())?;
        does(&Market {
            sources: &sources,
            trust,
            store: &store,
            lock: &lock,
            now: NOW,
            offline: false,
            allow_unsigned: &[],
        })
    }

    /// The message of a plan that is refused.
    pub(crate) fn refused(&self, registry: Registry, trust: &Trust, reference: &str) -> String {
        match self.plan(vec![registry], trust, &[reference]) {
            Ok(planned) => panic!("{} was planned", planned[0].packed.name),
            Err(error) => error.to_string(),
        }
    }
}

/// Publishes with the catalogue's copy in a folder.
pub(crate) fn publish_at(
    folder: &Path,
    registry: &Registry,
    packed: &PackedComponent,
    now: Instant,
) -> Result<Entry> {
    publish_with(folder, registry, packed, now, &key(1))
}

/// A key of the tests, by its number.
pub(crate) fn key(number: u8) -> SecretKey {
    // RFC 8410: version 0, the algorithm 1.3.101.112, the secret.
    let mut der = vec![48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    der.extend([number; 32]);
    SecretKey::from_pkcs8(&der).unwrap()
}

/// Publishes as the owner of a key does.
pub(crate) fn publish_with(
    folder: &Path,
    registry: &Registry,
    packed: &PackedComponent,
    now: Instant,
    key: &SecretKey,
) -> Result<Entry> {
    let (catalogue, _) = sync(registry, &folder.join("catalogues"), now)?;
    let smoke = "passed".to_owned();
    let publication = Publication { packed, smoke, now, key, statements: &|_| Vec::new() };
    publish(registry, &catalogue, &Trust::default(), &publication)
}
