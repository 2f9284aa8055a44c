//! `trust.toml`: from where what may come.

use std::collections::BTreeMap;
use std::path::Path;

use semver::Version;
use serde::Deserialize;

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::read_if_there;
use crate::instant::parse_age;
use crate::keys::PublicKey;
use crate::name::{PluginName, Reference};

/// The file's name.
pub const TRUST_FILE: &str = "trust.toml";

const TRUST_BYTES_MAX: u64 = 1 << 20;

/// How old a release of a registry on a server must be, unless the file says otherwise.
const AGE_OF_SERVERS: u64 = 24 * 3_600;

/// From where what may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The registries that are asked, in this order.
    pub registries: Vec<String>,
    /// The one registry of each namespace that has one.
    pub namespaces: BTreeMap<String, String>,
    /// The keys that may sign in each namespace that has any.
    keys: BTreeMap<String, Vec<PublicKey>>,
    /// The keys of registries, whose badges count as measured.
    registry_keys: Vec<PublicKey>,
    /// The keys of others whose badges count as reproduced.
    badge_keys: Vec<PublicKey>,
    /// The statements that are asked for, by namespace; `*` is every one.
    required: Vec<(String, Vec<RequiredStatement>)>,
    /// How old a release must be, in seconds, if the file says it.
    min_release_age: Option<u64>,
    /// The root of the signed catalogue of each registry for which one is pinned, by its digest.
    pub roots: BTreeMap<String, Digest>,
    /// How old the copy of a catalogue may be where nobody is asked, in seconds, if the file says it.
    pub offline_limit: Option<u64>,
    /// Names that look like others and are meant.
    pub look_alikes: Vec<PluginName>,
    denied: Vec<(Reference, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    #[serde(default)]
    registries: Vec<String>,
    #[serde(default)]
    namespaces: BTreeMap<String, NamespaceTable>,
    #[serde(default)]
    registry_keys: Vec<PublicKey>,
    #[serde(default)]
    badge_keys: Vec<PublicKey>,
    #[serde(default)]
    require: Vec<RequireTable>,
    min_release_age: Option<String>,
    #[serde(default)]
    roots: BTreeMap<String, Digest>,
    offline_limit: Option<String>,
    #[serde(default)]
    look_alikes: Vec<PluginName>,
    #[serde(default)]
    deny: Vec<DenyTable>,
}

/// What is said of a namespace: the one registry, or a table.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a registry's place, or a table with `registry` and `keys`")]
enum NamespaceTable {
    Registry(String),
    Table(NamespaceKeys),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamespaceKeys {
    registry: Option<String>,
    #[serde(default)]
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequireTable {
    namespace: String,
    statements: Vec<RequiredStatement>,
}

/// A statement that a version must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequiredStatement {
    /// The publisher's signature, also where an unsigned version was allowed.
    Signature,
    /// Where it was built.
    Provenance,
    /// A benchmark of it.
    Badge,
}

impl RequiredStatement {
    /// The word by which the file names it.
    pub fn word(self) -> &'static str {
        match self {
            RequiredStatement::Signature => "signature",
            RequiredStatement::Provenance => "provenance",
            RequiredStatement::Badge => "badge",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyTable {
    plugin: String,
    why: String,
}

impl Trust {
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// When it does not parse: a policy that cannot be read holds nobody back.
    pub fn read(path: &Path) -> Result<Trust> {
        let Some(bytes) = read_if_there(path, TRUST_BYTES_MAX)? else {
            return Ok(Trust::default());
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            MarketError::refused(format!("{}: it is not UTF-8 text", path.display()))
        })?;
        Trust::parse(&text).map_err(|error| error.of(path.display()))
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn parse(text: &str) -> Result<Trust> {
        let file: TrustFile = toml::from_str(text)
            .map_err(|error| MarketError::refused(error.to_string().trim_end()))?;
        let denied: Result<Vec<(Reference, String)>> = file
            .deny
            .into_iter()
            .map(|one| Ok((Reference::parse(&one.plugin)?, one.why)))
            .collect();
        let (mut namespaces, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for (namespace, table) in file.namespaces {
            let table = match table {
                NamespaceTable::Registry(place) => {
                    NamespaceKeys { registry: Some(place), keys: Vec::new() }
                }
                NamespaceTable::Table(table) => table,
            };
            keys.insert(namespace.clone(), table.keys);
            namespaces.extend(table.registry.map(|place| (namespace, place)));
        }
        let required = file.require.into_iter().map(|one| (one.namespace, one.statements));
        Ok(Trust {
            registries: file.registries,
            namespaces,
            keys,
            registry_keys: file.registry_keys,
            badge_keys: file.badge_keys,
            required: required.collect(),
            min_release_age: file.min_release_age.as_deref().map(parse_age).transpose()?,
            roots: file.roots,
            offline_limit: file.offline_limit.as_deref().map(parse_age).transpose()?,
            look_alikes: file.look_alikes,
            denied: denied.map_err(|error| error.of("[[deny]]"))?,
        })
    }

    /// The same with another least age.
    #[must_use]
    pub fn with_min_release_age(self, seconds: Option<u64>) -> Trust {
        Trust { min_release_age: seconds.or(self.min_release_age), ..self }
    }

    /// How old a release must be, in seconds. A folder has what its owner puts into it, so nothing
    /// is waited for there unless the file says so.
    pub fn release_age(&self, is_folder: bool) -> u64 {
        self.min_release_age.unwrap_or(if is_folder { 0 } else { AGE_OF_SERVERS })
    }

    /// The keys that alone may sign in a namespace; none if it is not said.
    pub fn keys(&self, namespace: &str) -> &[PublicKey] {
        self.keys.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// The keys of registries, whose badges count as measured rather than as self-reported.
    pub fn registry_keys(&self) -> &[PublicKey] {
        &self.registry_keys
    }

    /// The keys of others whose badges count as reproduced.
    pub fn badge_keys(&self) -> &[PublicKey] {
        &self.badge_keys
    }

    /// The statements that versions of a namespace must have.
    pub fn required(&self, namespace: &str) -> impl Iterator<Item = RequiredStatement> {
        let of = self.required.iter().filter(move |(one, _)| one == "*" || one == namespace);
        of.flat_map(|(_, statements)| statements.iter().copied())
    }

    /// Why a version must not be used.
    pub fn denial(&self, name: &PluginName, version: &Version) -> Option<&str> {
        let denied = self.denied.iter().find(|(reference, _)| {
            // A requirement takes no pre-release by itself, and what is denied is denied with them.
            let plain = Version::new(version.major, version.minor, version.patch);
            let takes = &reference.requirement;
            reference.name == *name && (takes.matches(version) || takes.matches(&plain))
        });
        denied.map(|(_, why)| why.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_from_where_what_may_come() {
        let trust = Trust::parse(
            "registries = [\"./registry\"]\nmin_release_age = \"7d\"\n[namespaces]\nacme = \
             \"ghcr.io/acme\"\n[[deny]]\nplugin = \"acme:leaky@<1.2\"\nwhy = \"sends mail\"\n",
        )
        .unwrap();
        assert_eq!(trust.release_age(true), 604_800);
        assert_eq!(trust.namespaces["acme"], "ghcr.io/acme");
        let name = PluginName::parse("acme:leaky").unwrap();
        let denial = |text| trust.denial(&name, &Version::parse(text).unwrap());
        assert_eq!(denial("1.1.9"), Some("sends mail"));
        assert_eq!(denial("1.1.0-rc.1"), Some("sends mail"));
        assert_eq!(denial("1.2.0"), None);
    }

    #[test]
    fn a_policy_that_does_not_parse_is_refused() {
        for wrong in [
            "denny = []",
            "offline_limit = \"never\"",
            "[roots]\nplace = \"sha256:1\"",
            "min_release_age = \"soon\"",
            "[[deny]]\nplugin = \"x\"\nwhy = \"\"",
        ] {
            assert!(Trust::parse(wrong).is_err(), "{wrong}");
        }
        let standard = Trust::default();
        assert_eq!((standard.release_age(true), standard.release_age(false)), (0, 86_400));
    }
}
