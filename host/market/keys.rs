//! Keys of publishers and of registries: Ed25519 (RFC 8032).
//!
//! A secret key is a PEM file with PKCS#8 (RFC 8410) that its owner alone may read; a public key is
//! written `ed25519:` and its 32 bytes in base64.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{read_if_there, write_secret};

/// The largest file of a key.
const KEY_BYTES_MAX: u64 = 16 << 10;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PUBLIC_PREFIX: &str = "ed25519:";

/// A key that signs. What it is made of is shown nowhere.
pub struct SecretKey {
    pair: Ed25519KeyPair,
    pkcs8: Vec<u8>,
}

/// A key that signatures are held against.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// When the computer has no randomness to give.
    pub fn generate() -> Result<SecretKey> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| MarketError::failed("the computer gives no randomness for a key"))?;
        SecretKey::from_pkcs8(document.as_ref())
    }

    /// A key out of PKCS#8 in DER.
    ///
    /// # Errors
    /// When it is no key of Ed25519.
    pub fn from_pkcs8(der: &[u8]) -> Result<SecretKey> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|why| MarketError::refused(format!("it is no Ed25519 key: {why}")))?;
        Ok(SecretKey { pair, pkcs8: der.to_vec() })
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// When there is none, or it holds something else.
    pub fn read(path: &Path) -> Result<SecretKey> {
        let Some(bytes) = read_if_there(path, KEY_BYTES_MAX)? else {
            return Err(MarketError::not_found(format!("there is no key {}", path.display())));
        };
        SecretKey::from_pem(&bytes).map_err(|error| error.of(path.display()))
    }

    /// Writes the key's file, which its owner alone may read.
    ///
    /// # Errors
    /// When it is there already, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let base64 = BASE64.encode(&self.pkcs8);
        let lines: Vec<&str> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
            .collect();
        let pem = format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", lines.join("\n"));
        write_secret(path, pem.as_bytes())
    }

    /// The key that its signatures are held against.
    pub fn public(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref();
        PublicKey(bytes.try_into().expect("a key of Ed25519 has 32 bytes"))
    }

    /// Signs some bytes. The same bytes always have the same signature.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    /// The key as PKCS#8 in DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    fn from_pem(bytes: &[u8]) -> Result<SecretKey> {
        let wrong = || MarketError::refused("it is no PEM file with a private key");
        let text = std::str::from_utf8(bytes).map_err(|_| wrong())?.trim();
        let body = text.strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let base64: String = body.ok_or_else(wrong)?.split_ascii_whitespace().collect();
        let der = BASE64.decode(base64).map_err(|_| wrong())?;
        SecretKey::from_pkcs8(&der)
    }
}

impl PublicKey {
    /// A key out of its 32 bytes.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn from_bytes(bytes: &[u8]) -> Result<PublicKey> {
        let count = bytes.len();
        let key = bytes.try_into().map_err(|_| {
            MarketError::refused(format!("a key of Ed25519 has 32 bytes, and this one {count}"))
        })?;
        Ok(PublicKey(key))
    }

    /// Reads `ed25519:BASE64`.
    ///
    /// # Errors
    /// When the text is no key.
    pub fn parse(text: &str) -> Result<PublicKey> {
        let base64 = text.strip_prefix(PUBLIC_PREFIX).unwrap_or_default();
        let bytes = BASE64.decode(base64).ok().filter(|bytes| bytes.len() == 32);
        let bytes = bytes.ok_or_else(|| {
            MarketError::refused(format!(
                "`{}` is no public key; it is `{PUBLIC_PREFIX}` and 32 bytes in base64",
                text.escape_debug()
            ))
        })?;
        PublicKey::from_bytes(&bytes)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the key is called where signatures name it: the digest of its bytes.
    pub fn id(&self) -> String {
        Digest::of(&self.0).hex().to_owned()
    }

    /// The first 16 digits of [`PublicKey::id`], for screens.
    pub fn short(&self) -> String {
        self.id()[..16].to_owned()
    }

    /// Whether this key has signed some bytes.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, signature).is_ok()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", BASE64.encode(self.0))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = MarketError;

    fn try_from(text: String) -> Result<PublicKey> {
        PublicKey::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_of_the_standard_is_signed_as_it_is_there() {
        // RFC 8032, section 7.1, test 1.
        let hex = |text: &str| -> Vec<u8> {
            let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            (0..text.len()).step_by(2).map(digit).collect()
        };
        let secret = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        // RFC 8410: version 0, the algorithm 1.3.101.112, the secret.
        let head = hex("302e020100300506032b657004220420");
        let key = SecretKey::from_pkcs8(&[head, secret].concat()).unwrap();
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(key.public().bytes().as_slice(), public);
        let signature = hex(concat!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ));
        assert_eq!(key.sign(b""), signature);
        assert!(key.public().has_signed(b"", &signature));
        assert!(!key.public().has_signed(b"a", &signature));
        assert!(!SecretKey::generate().unwrap().public().has_signed(b"", &signature));
    }

    #[test]
    fn of_many_who_make_a_key_at_once_one_alone_does() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("keys/publisher.pem");
        let made: Vec<SecretKey> = std::thread::scope(|scope| {
            let make = || {
                let key = SecretKey::generate().unwrap();
                key.write(&path).ok().map(|()| key)
            };
            let makers: Vec<_> = (0..16).map(|_| scope.spawn(make)).collect();
            makers.into_iter().filter_map(|maker| maker.join().unwrap()).collect()
        });
        assert_eq!(made.len(), 1);
        assert_eq!(SecretKey::read(&path).unwrap().public(), made[0].public());
        assert_eq!(std::fs::read_dir(place.path().join("keys")).unwrap().count(), 1);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_never_written_over() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("keys/publisher.pem");
        let key = SecretKey::generate().unwrap();
        key.write(&path).unwrap();
        assert_eq!(SecretKey::read(&path).unwrap().public(), key.public());
        let told = SecretKey::generate().unwrap().write(&path).unwrap_err().to_string();
        assert!(told.contains("is there already"), "{told}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&path, "something else").unwrap();
        let told = SecretKey::read(&path).unwrap_err().to_string();
        assert!(told.contains("publisher.pem: it is no PEM file"), "{told}");
        let public = key.public();
        assert_eq!(PublicKey::parse(&public.to_string()), Ok(public));
        for wrong in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA"] {
            assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
        }
        assert!(!format!("{key:?}").contains("pkcs8"));
    }
}
