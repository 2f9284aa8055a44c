//! Envelopes with signatures (DSSE, version 1.0.2), in Sigstore bundles (version 0.3).
//!
//! Written here: the types are few, and the crates that have them bring certificates, transparency
//! logs and their clients along, of which a bundle with a public key needs nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::statement::Statement;
use crate::error::{MarketError, Result};
use crate::keys::{PublicKey, SecretKey};

/// The type of a bundle, as a blob and as an artifact.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The type of what is signed.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest bundle.
pub const BUNDLE_BYTES_MAX: usize = 1 << 20;

/// A statement whose signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    /// The key that has signed it.
    pub signer: PublicKey,
    /// What it says.
    pub statement: Statement,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    /// Absent where a certificate stands instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyHint>,
}

/// By what the key is found; here it is the key itself, which has no more room than a name of it.
#[derive(Serialize, Deserialize)]
struct KeyHint {
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    keyid: String,
}

/// Signs a statement: the bytes of a bundle. The same statement and key always have the same bundle.
///
/// # Errors
/// When it is too large to be read again.
pub fn sign(statement: &Statement, key: &SecretKey) -> Result<Vec<u8>> {
    let payload = serde_json::to_vec(statement).expect("a statement can be written");
    let signature = key.sign(&pre_authentication_encoding(PAYLOAD_TYPE, &payload));
    let public = key.public();
    let bundle = Bundle {
        media_type: BUNDLE_TYPE.to_owned(),
        verification_material: Material { public_key: Some(KeyHint { hint: public.to_string() }) },
        dsse_envelope: Envelope {
            payload: BASE64.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signature { sig: BASE64.encode(signature), keyid: public.id() }],
        },
    };
    let bytes = serde_json::to_vec(&bundle).expect("a bundle can be written");
    check_size(&bytes).map(|()| bytes)
}

impl Signed {
    /// Reads a bundle, and holds its signature against the key that it names.
    ///
    /// # Errors
    /// When it is none, was signed by a certificate, or the signature does not hold.
    pub fn parse(bytes: &[u8]) -> Result<Signed> {
        check_size(bytes)?;
        let bundle: Bundle = serde_json::from_slice(bytes)
            .map_err(|error| MarketError::refused(format!("it is no bundle: {error}")))?;
        check_type("a bundle", &bundle.media_type, BUNDLE_TYPE)?;
        let Some(KeyHint { hint }) = bundle.verification_material.public_key else {
            return Err(MarketError::refused(
                "a bundle is signed by a certificate, which is not verified here; only Ed25519 keys \
                 are",
            ));
        };
        let signer = PublicKey::parse(&hint).map_err(|error| error.of("the key of a bundle"))?;
        let envelope = bundle.dsse_envelope;
        check_type("what a bundle has signed", &envelope.payload_type, PAYLOAD_TYPE)?;
        let [signature] = envelope.signatures.as_slice() else {
            return Err(MarketError::refused(format!(
                "a bundle has {} signatures, and it must have one",
                envelope.signatures.len()
            )));
        };
        let payload = decode("the payload of a bundle", &envelope.payload)?;
        let signature = decode("the signature of a bundle", &signature.sig)?;
        if !signer.has_signed(&pre_authentication_encoding(PAYLOAD_TYPE, &payload), &signature) {
            return Err(MarketError::refused(format!(
                "a signature of {} does not hold: what it has signed was changed, or another key \
                 has signed it",
                signer.short()
            )));
        }
        Ok(Signed { signer, statement: Statement::parse(&payload)? })
    }
}

/// What is signed: the payload with its type, each with its length before it.
pub(super) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoding =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoding.extend_from_slice(payload);
    encoding
}

fn check_size(bytes: &[u8]) -> Result<()> {
    let count = bytes.len();
    match count <= BUNDLE_BYTES_MAX {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "a bundle has {count} bytes, and at most {BUNDLE_BYTES_MAX} are read"
        ))),
    }
}

fn check_type(what: &str, found: &str, expected: &str) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "{what} is `{}`, and `{expected}` is expected",
            found.escape_debug()
        ))),
    }
}

fn decode(what: &str, base64: &str) -> Result<Vec<u8>> {
    BASE64.decode(base64).map_err(|error| MarketError::refused(format!("{what}: {error}")))
}
