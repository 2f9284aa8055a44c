//! What publishers and others say of a published component, signed.
//!
//! A [`Statement`] (in-toto, version 1) stands in an envelope (DSSE), that in a Sigstore bundle
//! (version 0.3), and that in the registry as a referrer of the component's manifest: other programs
//! find and read each of these forms. Start with [`Signed`], which nobody gets without a signature
//! that holds.
//!
//! A signature says who speaks, never that it is true or that the speaker may be trusted: that is for
//! [`crate::trust`] to say.

mod bundle;
mod predicate;
mod provenance;
mod statement;

pub use bundle::{BUNDLE_BYTES_MAX, BUNDLE_TYPE, Signed, sign};
pub use predicate::{SIGNATURE_PREDICATE, SignaturePredicate};
pub use provenance::{PROVENANCE_PREDICATE, provenance_of};
pub use statement::{Statement, Subject};

use crate::catalogue::Entry;
use crate::error::Result;
use crate::keys::PublicKey;

/// The statements that are attached to one manifest, each held against its signature and its subject.
#[derive(Debug, Default)]
pub struct Statements {
    /// Those that hold.
    pub held: Vec<Signed>,
    /// Why others do not.
    pub refused: Vec<String>,
}

impl Statements {
    /// Reads bundles that are attached to a manifest.
    pub fn read(subject: &Subject, bundles: &[Vec<u8>]) -> Statements {
        let mut statements = Statements::default();
        for bundle in bundles {
            let read = Signed::parse(bundle)
                .and_then(|signed| signed.statement.check_subject(subject).map(|()| signed));
            match read {
                Ok(signed) => statements.held.push(signed),
                Err(error) => statements.refused.push(error.to_string()),
            }
        }
        // Registries list them as they like.
        statements.held.sort_by_cached_key(|signed| {
            let Statement { predicate_type, predicate, .. } = &signed.statement;
            (predicate_type.clone(), predicate.to_string(), signed.signer.clone())
        });
        statements.refused.sort();
        statements
    }

    /// The keys that have signed a version as its publisher does, each once. A signature that says
    /// other things than the catalogue is none.
    pub fn signers(&self, entry: &Entry) -> Vec<PublicKey> {
        let of_entry = |signed: &&Signed| SignaturePredicate::of(entry).is_said_by(signed);
        let mut signers: Vec<PublicKey> =
            self.held.iter().filter(of_entry).map(|signed| signed.signer.clone()).collect();
        signers.sort();
        signers.dedup();
        signers
    }

    /// Whether a key has made a statement of a type.
    pub fn has(&self, predicate_type: &str, signer: &PublicKey) -> bool {
        let is_it = |signed: &Signed| {
            signed.statement.predicate_type == predicate_type && signed.signer == *signer
        };
        self.held.iter().any(is_it)
    }
}

/// Signs a version as its publisher.
///
/// # Errors
/// When the statement would be too large.
pub fn sign_version(entry: &Entry, key: &crate::keys::SecretKey) -> Result<Vec<u8>> {
    let predicate = serde_json::to_value(SignaturePredicate::of(entry)).expect("it is JSON");
    sign(&Statement::new(Subject::of(entry), SIGNATURE_PREDICATE, predicate), key)
}

#[cfg(test)]
mod tests;
