//! Keys as the metadata name them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::{Ed25519Key, Ed25519Scheme, Key};

use crate::error::{MarketError, Result};
use crate::files::cannot;
use crate::keys::{PublicKey, SecretKey};

/// What metadata call a key: the digest of its record (section 4.2 of the specification).
pub(super) type KeyId = Decoded<Hex>;
/// Keys by what metadata call them.
pub(super) type KeyTable = HashMap<KeyId, Key>;

/// The keys that somebody has at hand.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<SecretKey>,
}

impl KeyRing {
    /// Every key in some folders: the files that end with `.pem`.
    ///
    /// # Errors
    /// When a folder cannot be read, or a file in it is no key.
    pub fn read(folders: &[PathBuf]) -> Result<KeyRing> {
        let mut keys = Vec::new();
        for folder in folders {
            for file in pem_files(folder)? {
                keys.push(SecretKey::read(&file)?);
            }
        }
        Ok(KeyRing { keys })
    }

    /// The keys themselves.
    pub fn of(keys: Vec<SecretKey>) -> KeyRing {
        KeyRing { keys }
    }

    /// The same keys once more.
    pub(super) fn duplicate(&self) -> Result<KeyRing> {
        let keys: Result<Vec<SecretKey>> =
            self.keys.iter().map(|key| SecretKey::from_pkcs8(key.pkcs8())).collect();
        Ok(KeyRing { keys: keys? })
    }

    /// One key more.
    pub(super) fn add(&mut self, key: SecretKey) {
        self.keys.push(key);
    }

    /// Whether no key is at hand.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The public keys.
    pub fn public(&self) -> Vec<PublicKey> {
        self.keys.iter().map(SecretKey::public).collect()
    }

    /// The keys that are among those listed, each once.
    pub(super) fn among<'a>(&'a self, listed: &[KeyId]) -> Vec<Signer<'a>> {
        let mut signers: Vec<Signer<'a>> = Vec::new();
        for key in &self.keys {
            let id = key_id(&key.public());
            if listed.contains(&id) && signers.iter().all(|signer| signer.id != id) {
                signers.push(Signer { id, key });
            }
        }
        signers
    }
}

/// A key that signs, and what the metadata call it.
pub(super) struct Signer<'a> {
    pub(super) id: KeyId,
    pub(super) key: &'a SecretKey,
}

fn pem_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot("read", folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A key's record.
pub(super) fn record_of(key: &PublicKey) -> Key {
    Key::Ed25519 {
        keyval: Ed25519Key { public: key.bytes().to_vec().into(), _extra: HashMap::new() },
        scheme: Ed25519Scheme::Ed25519,
        _extra: HashMap::new(),
    }
}

/// What metadata call a key.
pub(super) fn key_id(key: &PublicKey) -> KeyId {
    record_of(key).key_id().expect("a key's record can be written")
}

/// The key of a record. Other programs may have put keys of other kinds there.
pub(super) fn public_of(record: &Key) -> Option<PublicKey> {
    match record {
        Key::Ed25519 { keyval, .. } => PublicKey::from_bytes(&keyval.public).ok(),
        _ => None,
    }
}

/// The keys that are listed, in order.
pub(super) fn public_keys(listed: &[KeyId], table: &KeyTable) -> Vec<PublicKey> {
    listed.iter().filter_map(|id| public_of(table.get(id)?)).collect()
}

/// The one key among some that a text means: `ed25519:…`, or the first digits of its identifier.
pub(super) fn find_key(text: &str, among: &[PublicKey]) -> Result<PublicKey> {
    const DIGITS_MIN: usize = 8;
    let is_meant = |key: &&PublicKey| {
        key.to_string() == text || (text.len() >= DIGITS_MIN && key.id().starts_with(text))
    };
    let found: Vec<&PublicKey> = among.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [one, rest @ ..] if rest.iter().all(|other| other == one) => Ok((*one).clone()),
        [] => Err(MarketError::not_found(format!(
            "no key in use here is `{}`; write `ed25519:…`, or at least {DIGITS_MIN} digits of its \
             identifier\n  fix: timeslip plugin registry status",
            text.escape_debug()
        ))),
        _ => Err(MarketError::refused(format!("`{}` means several keys", text.escape_debug()))),
    }
}
