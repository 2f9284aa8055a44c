//! Which version of which registry a reference means.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::locked::permissions_granted;
use super::signer::find_signer;
use super::{Market, Planned, Source};
use crate::catalogue::{Entry, Status};
use crate::component::{PackedComponent, check_version, wit_changes};
use crate::error::{MarketError, Result};
use crate::instant::{Instant, age_text};
use crate::likeness::{check_not_reserved, check_unlike};
use crate::name::{PluginName, Reference, parse_version};
use crate::oci::{Manifest, PERMISSIONS_ANNOTATION};
use crate::publish::check_tag;
use crate::registry::Repository;

/// Finds versions, each plugin once.
pub(super) struct Resolver<'a> {
    market: &'a Market<'a>,
    planned: Vec<Planned>,
    /// Plugins that are installed already and will do, with who needs them now.
    kept: Vec<(PluginName, PluginName)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(market: &'a Market<'a>) -> Resolver<'a> {
        Resolver { market, planned: Vec::new(), kept: Vec::new() }
    }

    /// Adds a plugin that was asked for, or that another one needs.
    pub(super) fn add(
        &mut self,
        reference: &Reference,
        needed_by: Option<&PluginName>,
    ) -> Result<()> {
        if let Some(known) = self.planned.iter_mut().find(|one| one.packed.name == reference.name) {
            if !reference.requirement.matches(&known.packed.version) {
                return Err(MarketError::refused(format!(
                    "{reference} is needed, and {} as well, and no one version is both",
                    known.packed.version
                )));
            }
            match needed_by {
                Some(name) => known.needed_by.push(name.clone()),
                None => known.requirement = Some(reference.requirement.to_string()),
            }
            return Ok(());
        }
        let installed = self.market.lock.get(&reference.name);
        if let (Some(installed), Some(needing)) = (installed, needed_by)
            && reference.requirement.matches(&installed.version)
        {
            self.kept.push((installed.name.clone(), needing.clone()));
            return Ok(());
        }
        let requirement = needed_by.is_none().then(|| reference.requirement.to_string());
        let mut planned = self.find(reference)?;
        planned.requirement =
            requirement.or_else(|| installed.and_then(|one| one.requirement.clone()));
        planned.needed_by = installed.map(|one| one.needed_by.clone()).unwrap_or_default();
        planned.needed_by.extend(needed_by.cloned());
        let (name, needs) = (planned.packed.name.clone(), planned.packed.permissions.plugins()?);
        self.planned.push(planned);
        for need in needs {
            self.add(&need, Some(&name))
                .map_err(|error| error.of(format!("{name} needs {need}")))?;
        }
        Ok(())
    }

    /// What was found, those first that were asked for.
    pub(super) fn finish(mut self) -> Result<Vec<Planned>> {
        for (name, _) in &self.kept {
            // A plugin that stays is held to be whole here, so that nothing new rests on less.
            let locked = self.market.lock.get(name).expect("it was found there");
            permissions_granted(locked, self.market.store)?;
        }
        for plugin in &mut self.planned {
            plugin.needed_by.sort();
            plugin.needed_by.dedup();
        }
        Ok(self.planned)
    }

    fn find(&self, reference: &Reference) -> Result<Planned> {
        let market = self.market;
        let name = &reference.name;
        check_not_reserved(name)?;
        if !market.trust.look_alikes.contains(name) {
            let installed = market.lock.plugins.iter().map(|one| &one.name);
            check_unlike(name, installed, "installed")?;
        }
        let source = self.source_of(name)?;
        let entry = self.version_of(source, reference)?;
        let packed = self.fetch(source, &entry)?;
        let signer = find_signer(market, source, &entry)?;
        let before = match market.lock.get(name) {
            None => None,
            Some(locked) => Some((locked.clone(), permissions_granted(locked, market.store)?)),
        };
        let wit_changes = match &before {
            Some((locked, _)) => match market.store.read(&locked.component)? {
                Some(bytes) if locked.version < packed.version => {
                    let changes = wit_changes(&bytes, &packed.bytes)?;
                    check_version(&locked.version, &packed.version, &changes)
                        .map_err(|error| error.of(name))?;
                    changes
                }
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        Ok(Planned {
            packed,
            entry,
            registry: source.registry.place(),
            catalogue: source.catalogue.snapshot.clone(),
            requirement: None,
            needed_by: Vec::new(),
            before,
            wit_changes,
            signer,
        })
    }

    /// The one registry that a name comes from.
    fn source_of(&self, name: &PluginName) -> Result<&'a Source> {
        let market = self.market;
        let place = |source: &Source| source.registry.place();
        if let Some(trusted) = market.trust.namespaces.get(name.namespace()) {
            return market.sources.iter().find(|one| place(one) == *trusted).ok_or_else(|| {
                MarketError::refused(format!(
                    "trust.toml lets {} come from {trusted} alone, and it is not asked",
                    name.namespace()
                ))
            });
        }
        let mut having: Vec<&Source> = Vec::new();
        for source in market.sources {
            if self.has(source, name)? {
                having.push(source);
            }
        }
        if let Some(locked) = market.lock.get(name) {
            let elsewhere: Vec<String> = having.iter().map(|one| place(one)).collect();
            return having.into_iter().find(|one| place(one) == locked.registry).ok_or_else(|| {
                MarketError::refused(format!(
                    "{name} was installed from {}, and is now found {}; the same name elsewhere may \
                     be somebody else's\n  fix: ask the registry it came from, or remove it first",
                    locked.registry,
                    if elsewhere.is_empty() { "nowhere".to_owned() } else { format!("in {}", elsewhere.join(", ")) }
                ))
            });
        }
        match having.as_slice() {
            [one] => Ok(one),
            [] => Err(self.not_found(name)),
            [one, other, ..] => Err(MarketError::refused(format!(
                "{name} is in {} and in {}, and which of them is meant nobody can tell\n  fix: name \
                 one by --registry, or in trust.toml: [namespaces] {} = \"{}\"",
                place(one),
                place(other),
                name.namespace(),
                place(one)
            ))),
        }
    }

    fn has(&self, source: &Source, name: &PluginName) -> Result<bool> {
        if !source.catalogue.versions(name)?.is_empty() {
            return Ok(true);
        }
        // What a signed catalogue does not tell of is nobody's.
        if self.market.offline || source.catalogue.is_signed() {
            return Ok(false);
        }
        Ok(!source.registry.tags(&Repository::of(name))?.is_empty())
    }

    fn not_found(&self, name: &PluginName) -> MarketError {
        let sources = self.market.sources;
        let names = sources.iter().flat_map(|source| source.catalogue.names());
        let names: Vec<String> = names.map(|name| name.to_string()).collect();
        let wanted = name.to_string();
        let near = names.iter().map(|name| (strsim::osa_distance(name, &wanted), name)).min();
        let fix = match near {
            Some((distance, near)) if distance <= 3 => format!("did you mean {near}?"),
            _ => "timeslip plugin search WORD".to_owned(),
        };
        let places: Vec<String> = sources.iter().map(|one| one.registry.place()).collect();
        MarketError::not_found(format!("there is no {name} in {}\n  fix: {fix}", places.join(", ")))
    }

    /// The newest version that will do.
    fn version_of(&self, source: &Source, reference: &Reference) -> Result<Entry> {
        let Reference { name, requirement } = reference;
        let market = self.market;
        let mut candidates = source.catalogue.matching(name, requirement)?;
        let may_be_elsewhere = !market.offline && !source.catalogue.is_signed();
        if candidates.is_empty() && may_be_elsewhere && source.catalogue.versions(name)?.is_empty()
        {
            candidates.extend(uncatalogued(source, name, requirement)?);
        }
        let newest = candidates.first().map(|entry| entry.version.clone());
        let mut refusals = Vec::new();
        for entry in candidates {
            match self.refusal(source, &entry) {
                None => return Ok(entry),
                Some(refusal) => refusals.push(refusal),
            }
        }
        match (newest, refusals.first()) {
            (Some(_), Some(refusal)) => Err(MarketError::refused(refusal)),
            _ => {
                let versions = source.catalogue.versions(name)?;
                let has: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
                Err(MarketError::not_found(format!(
                    "no version of {name} is {requirement}; there are {}",
                    has.join(", ")
                )))
            }
        }
    }

    /// Why a version is not taken.
    fn refusal(&self, source: &Source, entry: &Entry) -> Option<String> {
        let Entry { name, version, .. } = entry;
        let market = self.market;
        if let Some(why) = market.trust.denial(name, version) {
            return Some(format!("{name}@{version} is denied by trust.toml: {why}"));
        }
        if matches!(entry.status, Status::Yanked | Status::Revoked) {
            let status = entry.status_text(&source.registry.place());
            return Some(format!("{name}@{version} was {status}"));
        }
        if let Some(lapsed) = source.catalogue.lapsed(name.namespace(), market.now) {
            return Some(format!(
                "{name}@{version} is not resolved: what its publisher signed for `{}` was good until \
                 {lapsed}\n  fix: its publisher runs `timeslip plugin registry refresh`",
                name.namespace()
            ));
        }
        let least = market.trust.release_age(source.registry.is_folder());
        let age = entry.published.map_or(0, |published| published.seconds_until(market.now));
        (age < least).then(|| {
            let published = match entry.published {
                Some(_) => format!("was published {} ago", age_text(age)),
                None => "does not say when it was published".to_owned(),
            };
            format!(
                "{name}@{version} {published}, and releases of {} are taken after {}
  fix: wait, \
                 ask for an older version, or pass --min-release-age 0",
                source.registry,
                age_text(least)
            )
        })
    }

    /// The component, out of the store or the registry, held against everything that is said of it.
    fn fetch(&self, source: &Source, entry: &Entry) -> Result<PackedComponent> {
        let who = || format!("{}@{}", entry.name, entry.version);
        let repository = Repository::of(&entry.name);
        let registry = &source.registry;
        if self.market.offline {
            let bytes = self.market.store.read(&entry.component)?.ok_or_else(|| {
                MarketError::not_found(format!(
                    "{} is not in the store, and --offline asks nobody",
                    who()
                ))
            })?;
            let packed = PackedComponent::open(bytes).map_err(|error| error.of(who()))?;
            return entry.check(&packed).map(|()| packed);
        }
        check_tag(registry, entry)?;
        let manifest = registry.manifest(&repository, &entry.manifest)?;
        let layer = manifest.component_layer().map_err(|error| error.of(who()))?;
        if layer.digest != entry.component {
            return Err(MarketError::refused(format!(
                "{}: its manifest leads to the component {}, and the catalogue has {}",
                who(),
                layer.digest,
                entry.component
            )));
        }
        let bytes = self.market.store.fetch(&layer.digest, || registry.blob(&repository, layer))?;
        let packed = PackedComponent::open(bytes).map_err(|error| error.of(who()))?;
        entry.check(&packed)?;
        let announced = manifest.annotations.get(PERMISSIONS_ANNOTATION);
        match announced.filter(|text| **text != packed.permissions.digest().to_string()) {
            None => Ok(packed),
            Some(announced) => Err(MarketError::refused(format!(
                "{}: its manifest announces the permissions {}, and its component has {}",
                who(),
                announced.escape_debug(),
                packed.permissions.digest()
            ))),
        }
    }
}

/// The newest version of a plugin that another program pushed, which no catalogue tells of.
fn uncatalogued(
    source: &Source,
    name: &PluginName,
    requirement: &VersionReq,
) -> Result<Option<Entry>> {
    let registry = &source.registry;
    let repository = Repository::of(name);
    let tags = registry.tags(&repository)?;
    let versions: BTreeSet<Version> =
        tags.iter().filter_map(|tag| parse_version(tag).ok()).collect();
    let Some(version) = versions.into_iter().rfind(|version| requirement.matches(version)) else {
        return Ok(None);
    };
    let Some((digest, bytes)) = registry.tagged(&repository, &version.to_string())? else {
        return Ok(None);
    };
    let who = format!("{name}@{version}");
    let manifest = Manifest::parse(&bytes).map_err(|error| error.of(&who))?;
    let layer = manifest.component_layer().map_err(|error| error.of(&who))?;
    let packed = PackedComponent::open(registry.blob(&repository, layer)?)
        .map_err(|error| error.of(&who))?;
    let created = manifest.annotations.get("org.opencontainers.image.created");
    let published = created.and_then(|text| Instant::parse(text).ok());
    packed.check_is(name, &version)?;
    Ok(Some(Entry::of(&packed, digest, published, None)))
}
