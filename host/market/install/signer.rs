//! Who has signed what is to be installed, and whether that one may.

use super::{Market, Source};
use crate::catalogue::Entry;
use crate::error::{MarketError, Result};
use crate::keys::PublicKey;
use crate::lock::LockedPlugin;
use crate::registry::{Registry, Repository};
use crate::statements::{BUNDLE_BYTES_MAX, BUNDLE_TYPE, PROVENANCE_PREDICATE, Statements, Subject};
use crate::store::Store;
use crate::trust::RequiredStatement;

/// Who has signed a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSigner {
    /// The key; none if the version is not signed and that was allowed.
    pub key: Option<PublicKey>,
    /// Whether the key stands neither in trust.toml nor in the lock, so that a person sees it for the
    /// first time.
    pub is_new: bool,
}

/// Finds who has signed a version, out of the store or the registry, and keeps the statements in the
/// store.
///
/// # Errors
/// When nobody has signed it, another one than before or than trust.toml names, or a statement that
/// trust.toml asks for is missing.
pub(super) fn find_signer(
    market: &Market<'_>,
    source: &Source,
    entry: &Entry,
) -> Result<FoundSigner> {
    let who = format!("{}@{}", entry.name, entry.version);
    let bundles = bundles_of(market, &source.registry, entry)?;
    let statements = Statements::read(&Subject::of(entry), &bundles);
    let mut signers = statements.signers(entry);
    if source.catalogue.is_signed() {
        // Whoever signs the namespace's part of the catalogue says there whose signature is meant.
        signers
            .retain(|key| entry.signer.as_ref().is_some_and(|signer| *signer == key.to_string()));
    }
    let before = market.lock.get(&entry.name);
    let found =
        choose(market, entry, &signers, &statements, before).map_err(|error| error.of(&who))?;
    let required = market.trust.required(entry.name.namespace());
    for statement in required {
        check_required(statement, &statements, found.key.as_ref())
            .map_err(|error| error.of(&who))?;
    }
    if !bundles.is_empty() {
        market.store.keep_statements(&entry.manifest, &bundles)?;
    }
    Ok(found)
}

/// The statements that are attached to a version's manifest.
///
/// # Errors
/// When the registry fails.
pub fn fetch_statements(registry: &Registry, entry: &Entry) -> Result<Vec<Vec<u8>>> {
    let repository = Repository::of(&entry.name);
    registry.attached(&repository, &entry.manifest, BUNDLE_TYPE, BUNDLE_BYTES_MAX as u64)
}

/// Holds an installed plugin against its publisher's signature, as the store has it.
///
/// # Errors
/// When the signature of the signer in the lock is not there or does not hold.
pub fn check_signature(locked: &LockedPlugin, store: &Store) -> Result<()> {
    let Some(signer) = &locked.signer else { return Ok(()) };
    let key = PublicKey::parse(signer)?;
    let bundles = store.statements(&locked.manifest)?;
    let subject = Subject::new(&locked.name, &locked.version, locked.manifest.clone());
    let statements = Statements::read(&subject, &bundles);
    let holds = statements.held.iter().any(|signed| {
        signed.signer == key && signed.is_signature_of(&locked.component, &locked.permissions)
    });
    match holds {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "{}@{}: the lock says that {} has signed it, and no such signature is in the store\n  \
             fix: timeslip plugin install --locked",
            locked.name,
            locked.version,
            key.short()
        ))),
    }
}

fn bundles_of(market: &Market<'_>, registry: &Registry, entry: &Entry) -> Result<Vec<Vec<u8>>> {
    match market.offline {
        true => market.store.statements(&entry.manifest),
        false => fetch_statements(registry, entry),
    }
}

fn choose(
    market: &Market<'_>,
    entry: &Entry,
    signers: &[PublicKey],
    statements: &Statements,
    before: Option<&LockedPlugin>,
) -> Result<FoundSigner> {
    let is_allowed = market.allow_unsigned.contains(&(entry.name.clone(), entry.version.clone()));
    if signers.is_empty() && is_allowed {
        return Ok(FoundSigner { key: None, is_new: false });
    }
    if signers.is_empty() {
        let refused: String = statements.refused.iter().map(|why| format!("\n  {why}")).collect();
        return Err(MarketError::refused(format!(
            "nobody has signed it, so nothing says who published it{refused}\n  fix: ask its \
             publisher to publish it with a key, or pass --allow-unsigned {}@{}",
            entry.name, entry.version
        )));
    }
    let namespace = entry.name.namespace();
    let trusted = market.trust.keys(namespace);
    if !trusted.is_empty() {
        let key = signers.iter().find(|key| trusted.contains(key)).ok_or_else(|| {
            MarketError::refused(format!(
                "it was signed by {}, and trust.toml lets {namespace} be signed by {} alone",
                shorts(signers),
                shorts(trusted)
            ))
        })?;
        return Ok(FoundSigner { key: Some(key.clone()), is_new: false });
    }
    if let Some(signer) = before.and_then(|before| before.signer.as_ref()) {
        let before = PublicKey::parse(signer)?;
        return match signers.contains(&before) {
            true => Ok(FoundSigner { key: Some(before), is_new: false }),
            false => Err(MarketError::refused(format!(
                "it was signed by {}, and the version that is installed by {}: a stolen name looks \
                 like this\n  fix: if its publisher tells you elsewhere that the key has changed, \
                 write into trust.toml: [namespaces.{namespace}] keys = [\"{}\"]",
                shorts(signers),
                before.short(),
                signers[0]
            ))),
        };
    }
    match signers {
        [key] => Ok(FoundSigner { key: Some(key.clone()), is_new: true }),
        several => Err(MarketError::refused(format!(
            "it was signed by {}, and which of them publishes {namespace} nobody can tell\n  fix: \
             write into trust.toml: [namespaces.{namespace}] keys = [\"…\"]",
            shorts(several)
        ))),
    }
}

fn check_required(
    statement: RequiredStatement,
    statements: &Statements,
    signer: Option<&PublicKey>,
) -> Result<()> {
    let predicate_type = match statement {
        RequiredStatement::Signature => None,
        RequiredStatement::Provenance => Some(PROVENANCE_PREDICATE),
        RequiredStatement::Badge => Some(crate::badge::BADGE_PREDICATE),
    };
    let has = |key| predicate_type.is_none_or(|is| statements.has(is, key));
    match signer.is_some_and(has) {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "trust.toml asks for a {}, and its publisher has attached none",
            statement.word()
        ))),
    }
}

fn shorts(keys: &[PublicKey]) -> String {
    let shorts: Vec<String> = keys.iter().map(PublicKey::short).collect();
    shorts.join(" and ")
}
