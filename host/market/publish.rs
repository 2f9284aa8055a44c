//! Publishing: the component, then what its publisher says of it, signed, then its entry in the
//! catalogue.

use semver::Version;

use crate::catalogue::{Catalogue, Entry, add_entry};
use crate::component::{PackedComponent, check_version, wit_changes};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::keys::SecretKey;
use crate::likeness::{check_not_reserved, check_unlike};
use crate::name::parse_version;
use crate::oci::{Descriptor, MANIFEST_TYPE, Manifest, manifest_of};
use crate::registry::{Moving, Push, Registry, Repository};
use crate::statements::{BUNDLE_TYPE, Statement, sign, sign_version};
use crate::trust::Trust;
use crate::tuf::{Editor, Published, open_to_publish, publish_entry};

/// What is published, and what is known of it beside the component.
pub struct Publication<'a> {
    /// The component.
    pub packed: &'a PackedComponent,
    /// What the smoke run was: the bench's and the slip's digest.
    pub smoke: String,
    /// Now.
    pub now: Instant,
    /// The publisher's key.
    pub key: &'a SecretKey,
    /// What else the publisher says of it, once its manifest is known.
    pub statements: &'a dyn Fn(&Entry) -> Vec<Statement>,
}

/// Publishes a component where the catalogue is not signed. Publishing the same again changes nothing,
/// so that a publisher who was cut off tries again.
///
/// # Errors
/// When the name or the version is taken or refused, the interfaces break what the version promises,
/// the catalogue is signed, or the registry fails.
pub fn publish(
    registry: &Registry,
    catalogue: &Catalogue,
    trust: &Trust,
    publication: &Publication<'_>,
) -> Result<Entry> {
    if catalogue.is_signed() {
        return Err(MarketError::refused(format!(
            "the catalogue of {registry} is signed, so what is published there must be signed\n  fix: \
             --keys FOLDER, with the key of the namespace `{}`",
            publication.packed.name.namespace()
        )));
    }
    let (entry, is_known) = push_version(registry, catalogue, trust, publication)?;
    if !is_known {
        add_entry(registry, &entry)?;
    }
    Ok(entry)
}

/// Publishes a component where the catalogue is signed, under the key of the namespace. Publishing the
/// same again changes nothing.
///
/// # Errors
/// When the name or the version is taken or refused, the interfaces break what the version promises,
/// no key of the namespace is at hand, or the registry fails.
pub fn publish_signed(
    editor: &Editor<'_>,
    catalogue: &Catalogue,
    trust: &Trust,
    publication: &Publication<'_>,
) -> Result<(Entry, Published)> {
    let opened = open_to_publish(editor, &publication.packed.name)?;
    let (entry, _) = push_version(editor.registry, catalogue, trust, publication)?;
    let published = publish_entry(editor, opened, &entry)?;
    Ok((entry, published))
}

/// Checks a version, and pushes its component under its tag. Gives the entry, and whether the catalogue
/// has it already.
fn push_version(
    registry: &Registry,
    catalogue: &Catalogue,
    trust: &Trust,
    publication: &Publication<'_>,
) -> Result<(Entry, bool)> {
    let packed = publication.packed;
    check_not_reserved(&packed.name)?;
    if !trust.look_alikes.contains(&packed.name) {
        let known = catalogue.names();
        check_unlike(&packed.name, &known, &format!("in {registry} already"))?;
    }
    let repository = Repository::of(&packed.name);
    check_interfaces(registry, &repository, packed)?;
    let (manifest, config) = manifest_of(packed);
    let push = Push {
        repository: &repository,
        blobs: &[&config, &packed.bytes],
        manifest: &manifest.to_json(),
        tag: &packed.version.to_string(),
        moving: Moving::Refused,
    };
    let digest = registry.push(&push)?;
    let smoke = Some(publication.smoke.clone());
    let entry = Entry {
        signer: Some(publication.key.public().to_string()),
        ..Entry::of(packed, digest.clone(), Some(publication.now), smoke)
    };
    let subject = Descriptor::of(MANIFEST_TYPE, push.manifest);
    let key = publication.key;
    registry.attach(&repository, &subject, BUNDLE_TYPE, &sign_version(&entry, key)?)?;
    for statement in (publication.statements)(&entry) {
        registry.attach(&repository, &subject, BUNDLE_TYPE, &sign(&statement, key)?)?;
    }
    let known = catalogue.versions(&packed.name)?;
    match known.into_iter().find(|known| known.version == packed.version) {
        Some(known) if known.manifest == digest => Ok((known, true)),
        _ => Ok((entry, false)),
    }
}

/// Holds the interfaces against those of the version before.
fn check_interfaces(
    registry: &Registry,
    repository: &Repository,
    packed: &PackedComponent,
) -> Result<()> {
    let Some((version, bytes)) = version_before(registry, repository, &packed.version)? else {
        return Ok(());
    };
    let changes = wit_changes(&bytes, &packed.bytes)?;
    check_version(&version, &packed.version, &changes).map_err(|error| error.of(&packed.name))
}

/// The published component of the highest version below this one.
fn version_before(
    registry: &Registry,
    repository: &Repository,
    version: &Version,
) -> Result<Option<(Version, Vec<u8>)>> {
    let tags = registry.tags(repository)?;
    let versions = tags.iter().filter_map(|tag| parse_version(tag).ok());
    let Some(before) = versions.filter(|one| one < version).max() else { return Ok(None) };
    let Some((_, manifest)) = registry.tagged(repository, &before.to_string())? else {
        return Ok(None);
    };
    let manifest = Manifest::parse(&manifest)?;
    let bytes = registry.blob(repository, manifest.component_layer()?)?;
    Ok(Some((before, bytes)))
}

/// Reads the digest that a tag leads to now, and refuses another one than the catalogue has.
///
/// # Errors
/// When the tag was moved or is gone.
pub(crate) fn check_tag(registry: &Registry, entry: &Entry) -> Result<()> {
    let repository = Repository::of(&entry.name);
    let tag = entry.version.to_string();
    let refused = |now: &str, digest: &Digest| {
        Err(MarketError::refused(format!(
            "{registry}: the tag {tag} of {} was moved: the catalogue has {digest}, and it leads to \
             {now} now; nothing is installed",
            entry.name
        )))
    };
    match registry.tagged(&repository, &tag)? {
        Some((digest, _)) if digest == entry.manifest => Ok(()),
        Some((digest, _)) => refused(digest.as_str(), &entry.manifest),
        None => refused("nothing", &entry.manifest),
    }
}
