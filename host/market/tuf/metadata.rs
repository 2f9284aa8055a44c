//! Files of metadata: read, written, signed.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use tough::schema::{Hashes, Metafile, Role, Root, Signature, Signed};

use super::keys::Signer;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;

/// Files of metadata by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The version of the specification that is written.
pub(super) const SPECIFICATION: &str = "1.0.34";

pub(super) const TIMESTAMP: &str = "timestamp.json";
pub(super) const SNAPSHOT: &str = "snapshot.json";
pub(super) const TARGETS: &str = "targets.json";

/// The name of the file of a version of the root.
pub(super) fn root_file(version: u64) -> String {
    format!("{version}.root.json")
}

/// The version of the root in a file of this name.
pub(super) fn root_version(file: &str) -> Option<u64> {
    file.strip_suffix(".root.json")?.parse().ok()
}

/// The name of the file of a namespace's role.
pub(super) fn namespace_file(namespace: &str) -> String {
    format!("{namespace}.json")
}

/// The newest root among some files.
pub(super) fn newest_root(files: &Files) -> Option<(u64, &[u8])> {
    let roots = files.iter().filter_map(|(name, bytes)| Some((root_version(name)?, bytes)));
    roots.max_by_key(|(version, _)| *version).map(|(version, bytes)| (version, bytes.as_slice()))
}

/// Reads a file. Whether it is signed is not looked at here.
pub(super) fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<Signed<T>> {
    serde_json::from_slice(bytes)
        .map_err(|error| MarketError::refused(format!("{name} is no metadata: {error}")))
}

/// The file of a role with the signatures of some keys over its canonical form.
pub(super) fn write<T: Role>(role: T, signers: &[Signer<'_>]) -> Vec<u8> {
    let form = role.canonical_form().expect("what is written here has a canonical form");
    let sign = |signer: &Signer<'_>| Signature {
        keyid: signer.id.clone(),
        sig: signer.key.sign(&form).into(),
    };
    let signatures = signers.iter().map(sign).collect();
    let mut value =
        serde_json::to_value(Signed { signed: role, signatures }).expect("a role can be written");
    // The same role has the same bytes, so that its digest does not change without reason.
    value.sort_all_objects();
    serde_json::to_vec(&value).expect("a value can be written")
}

/// What a snapshot or a timestamp says of a file.
pub(super) fn metafile(version: NonZeroU64, bytes: &[u8]) -> Metafile {
    Metafile {
        length: Some(bytes.len() as u64),
        hashes: Some(hashes(&Digest::of(bytes))),
        version,
        _extra: HashMap::new(),
    }
}

/// A digest as metadata have it.
pub(super) fn hashes(digest: &Digest) -> Hashes {
    let hex = digest.hex();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("a digest is hexadecimal");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    Hashes { sha256: bytes.into(), _extra: HashMap::new() }
}

/// The digest that metadata have.
pub(super) fn digest_of(hashes: &Hashes) -> Result<Digest> {
    let hex: String = hashes.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    Digest::parse(&format!("sha256:{hex}"))
}

/// An instant as metadata have it.
pub(super) fn expires_at<T: FromStr>(now: Instant, seconds: u64) -> T {
    let text = Instant(now.0.saturating_add(seconds)).to_string();
    text.parse().ok().expect("an instant is written as the specification has it")
}

/// The instant that metadata have.
pub(super) fn instant_of(written: impl Display) -> Instant {
    // What is before 1970 has expired as well.
    Instant::parse(&written.to_string()).unwrap_or(Instant(0))
}

/// The version after one.
pub(super) fn next(version: NonZeroU64) -> NonZeroU64 {
    version.saturating_add(1)
}

/// The version 1.
pub(super) const FIRST: NonZeroU64 = NonZeroU64::MIN;

/// Holds a root against the root before it (section 5.3.4): the keys of both have signed it.
pub(super) fn check_root_follows(before: &Signed<Root>, root: &Signed<Root>) -> Result<()> {
    let of = |keys: &str, error: tough::schema::Error| {
        MarketError::refused(format!(
            "the new root lacks signatures of the keys {keys}: {error}\n  fix: bring more root keys, \
             one --keys FOLDER for each place they are kept in"
        ))
    };
    before.signed.verify_role(root).map_err(|error| of("that are in force now", error))?;
    root.signed.verify_role(root).map_err(|error| of("that it names itself", error))
}
