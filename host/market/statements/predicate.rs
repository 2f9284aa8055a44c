//! What a publisher's signature says.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::bundle::Signed;
use crate::catalogue::Entry;
use crate::digest::Digest;
use crate::name::PluginName;

/// The type of a publisher's signature.
pub const SIGNATURE_PREDICATE: &str = "urn:timeslip:signature:v1";

/// What a publisher signs: that this component is this version of the plugin and asks for this much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignaturePredicate {
    /// The plugin.
    pub plugin: PluginName,
    /// The version.
    #[serde(with = "crate::name::version_text")]
    pub version: Version,
    /// The component's digest.
    pub component: Digest,
    /// The digest of the permission manifest.
    pub permissions: Digest,
}

impl SignaturePredicate {
    /// What is to be signed of a version.
    pub fn of(entry: &Entry) -> SignaturePredicate {
        SignaturePredicate {
            plugin: entry.name.clone(),
            version: entry.version.clone(),
            component: entry.component.clone(),
            permissions: entry.permissions.clone(),
        }
    }

    /// Whether a statement is a signature that says just this.
    pub(super) fn is_said_by(&self, signed: &Signed) -> bool {
        signed.signature().is_some_and(|said| said == *self)
    }
}

impl Signed {
    /// What it says, if it is a publisher's signature.
    pub fn signature(&self) -> Option<SignaturePredicate> {
        let statement = &self.statement;
        (statement.predicate_type == SIGNATURE_PREDICATE)
            .then(|| serde_json::from_value(statement.predicate.clone()).ok())
            .flatten()
    }

    /// Whether it is a publisher's signature of a component with these permissions.
    pub fn is_signature_of(&self, component: &Digest, permissions: &Digest) -> bool {
        let is = |said: SignaturePredicate| {
            said.component == *component && said.permissions == *permissions
        };
        self.signature().is_some_and(is)
    }
}
