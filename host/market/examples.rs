//! What the tests of this crate publish and install.

use std::path::{Path, PathBuf};

use crate::catalogue::{Catalogue, Entry, sync};
use crate::component::{About, PackedComponent, pack};
use crate::digest::Digest;
use crate::error::Result;
use crate::install::{Market, Outdated, Planned, Source, plan, plan_update};
use crate::instant::Instant;
use crate::keys::SecretKey;
use crate::kinds::{Holder, Kind, REGISTRY};
use crate::lock::Lock;
use crate::loopback::Proxy;
use crate::name::{PluginName, Reference, parse_version};
use crate::permissions::Permissions;
use crate::publish::{Publication, publish};
use crate::registry::{Registry, Repository};
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
    described(text, name, version, permissions, "Does nothing.")
}

fn described(
    text: &str,
    name: &str,
    version: &str,
    permissions: &str,
    description: &str,
) -> PackedComponent {
    let about = About { description: description.to_owned(), ..About::default() };
    let permissions = Permissions::parse(permissions).unwrap();
    let (name, version) = (PluginName::parse(name).unwrap(), parse_version(version).unwrap());
    pack(&wat::parse_str(text).unwrap(), &name, &version, &about, &permissions).unwrap()
}

/// A folder with everything, where the registries may be on a server instead.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    holder: Holder,
}

/// Does the same on every kind of registry that is here.
pub(crate) fn on_each(does: impl Fn(Place)) {
    for kind in Kind::each() {
        println!("on the kind {kind:?}");
        does(Place::of(kind));
    }
}

impl Place {
    /// One whose registries are folders.
    pub(crate) fn new() -> Place {
        Place::of(Kind::Folder)
    }

    pub(crate) fn of(kind: Kind) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let holder = Holder::of(kind, folder.path());
        Place { folder, holder }
    }

    /// Somebody who stands before the server.
    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::in_front_of(self.holder.host())
    }

    /// The registry as it is seen through a proxy.
    pub(crate) fn registry_behind(&self, proxy: &Proxy) -> Registry {
        let place = self.holder.place(REGISTRY).replacen(self.holder.host(), &proxy.host, 1);
        Registry::open(&place, self.folder.path()).unwrap()
    }

    /// A component that no other test has, for those who damage it where it lies.
    pub(crate) fn packed_alone(&self, name: &str, version: &str) -> PackedComponent {
        // The name of a folder that is made for one test is unlike all others.
        let here = self.folder.path().file_name().unwrap().to_str().unwrap();
        described("(component)", name, version, "", &format!("Does nothing in {here}."))
    }

    /// How often a blob was read, where that is counted.
    pub(crate) fn reads_of(&self, digest: &Digest) -> Option<usize> {
        self.holder.reads_of(digest)
    }

    /// Puts other bytes in the place of a blob of the registry, as whoever has its disk can.
    pub(crate) fn replace_blob(&self, repository: &Repository, digest: &Digest, bytes: &[u8]) {
        self.holder.replace_blob(repository, digest, bytes);
    }

    /// Takes the tags of the registry away that begin so, as whoever has its disk can.
    pub(crate) fn remove_tags(&self, repository: &Repository, begin: &str) {
        self.holder.remove_tags(repository, begin);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn registry(&self, name: &str) -> Registry {
        Registry::open(&self.holder.place(name), self.folder.path()).unwrap()
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
        // What tests publish is new, and of servers new releases are not taken unless that is said.
        let trust = trust.clone().with_min_release_age(Some(trust.release_age(true)));
        does(&Market {
            sources: &sources,
            trust: &trust,
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
