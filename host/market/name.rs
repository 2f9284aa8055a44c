//! What a plugin is called, and how it is referred to.

use std::fmt;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::error::{MarketError, Result};

/// The longest namespace or name.
const PART_MAX: usize = 64;

/// `namespace:name`, both of a-z, 0-9 and single hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName {
    namespace: String,
    name: String,
}

impl PluginName {
    /// Reads a name.
    ///
    /// # Errors
    /// When the text is none; a letter that only looks right is named.
    pub fn parse(text: &str) -> Result<PluginName> {
        let Some((namespace, name)) = text.split_once(':') else {
            return Err(MarketError::refused(format!(
                "`{}` names no plugin; a name is `namespace:name`, such as `acme:search`",
                text.escape_debug()
            )));
        };
        check_part("namespace", namespace)?;
        check_part("name", name)?;
        if namespace.len() < 2 {
            return Err(MarketError::refused(format!(
                "the namespace `{namespace}` is a single letter, as a disk's; use two or more"
            )));
        }
        Ok(PluginName { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// What stands before the colon.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What stands behind the colon.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)
    }
}

impl TryFrom<String> for PluginName {
    type Error = MarketError;

    fn try_from(text: String) -> Result<PluginName> {
        PluginName::parse(&text)
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> String {
        name.to_string()
    }
}

fn check_part(what: &str, part: &str) -> Result<()> {
    let wrong = |problem: String| {
        let part = part.escape_debug();
        Err(MarketError::refused(format!("the {what} `{part}` {problem}")))
    };
    if let Some(strange) = part.chars().find(|c| !c.is_ascii()) {
        return wrong(format!(
            "has the character `{}` (U+{:04X}), which is none of a-z, 0-9 and `-` however much it \
             looks like one",
            strange.escape_debug(),
            u32::from(strange)
        ));
    }
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
    if !part.chars().all(allowed) {
        return wrong("may have a-z, 0-9 and `-` alone, in lower case".to_owned());
    }
    if part.is_empty() || part.len() > PART_MAX {
        return wrong(format!("has {} characters; it may have 1 to {PART_MAX}", part.len()));
    }
    let begins = part.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || part.ends_with('-') || part.contains("--") {
        return wrong(
            "must begin with a letter, and has single hyphens inside it alone".to_owned(),
        );
    }
    Ok(())
}

/// `namespace:name`, or `namespace:name@requirement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The plugin.
    pub name: PluginName,
    /// Which versions will do, as Cargo reads it: `1.2` is every version from 1.2.0 below 2.0.0.
    pub requirement: VersionReq,
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Reference> {
        let (name, requirement) = match text.split_once('@') {
            Some((name, requirement)) => (name, Some(requirement)),
            None => (text, None),
        };
        let name = PluginName::parse(name)?;
        let requirement = match requirement {
            None => VersionReq::STAR,
            Some(written) => VersionReq::parse(written).map_err(|error| {
                let written = written.escape_debug();
                MarketError::refused(format!(
                    "`{written}` behind {name} is no requirement of versions: {error}; write `^1.2`, \
                     `=1.2.3`, or nothing for the newest"
                ))
            })?,
        };
        Ok(Reference { name, requirement })
    }

    /// Whether a text is a reference rather than a path: `namespace:name`, with or without `@…`.
    pub fn is_meant(text: &str) -> bool {
        let name = text.split('@').next().unwrap_or_default();
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        !text.ends_with(".wasm")
            && name
                .split_once(':')
                .is_some_and(|(space, name)| space.chars().count() > 1 && word(space) && word(name))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.requirement == VersionReq::STAR {
            true => write!(f, "{}", self.name),
            false => write!(f, "{}@{}", self.name, self.requirement),
        }
    }
}

/// Reads a version that can be a tag of a registry.
///
/// # Errors
/// When it is no semantic version, or has build metadata, which a tag cannot have.
pub fn parse_version(text: &str) -> Result<Version> {
    let version = Version::parse(text).map_err(|error| {
        MarketError::refused(format!(
            "`{}` is no version: {error}; a version is MAJOR.MINOR.PATCH, such as 1.0.0",
            text.escape_debug()
        ))
    })?;
    match version.build.is_empty() {
        true => Ok(version),
        false => Err(MarketError::refused(format!(
            "the version {version} has build metadata (`+{}`), and tags of registries cannot have \
             `+`; leave it out",
            version.build
        ))),
    }
}

/// Versions as texts in files.
pub(crate) mod version_text {
    use semver::Version;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        version: &Version,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(version)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Version, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_version(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_alphabet_and_a_look_alike_letter_is_named() {
        assert_eq!(PluginName::parse("acme:search-2").unwrap().to_string(), "acme:search-2");
        // The second letter is Cyrillic.
        let told = PluginName::parse("a\u{441}me:search").unwrap_err().to_string();
        assert!(told.contains("U+0441") && told.contains("looks like one"), "{told}");
        for wrong in
            ["acme", "Acme:a", "acme:", ":a", "acme:a--b", "acme:-a", "c:a", "acme:../a", "acme:1a"]
        {
            assert!(PluginName::parse(wrong).is_err(), "{wrong}");
        }
        assert!(PluginName::parse(&format!("acme:{}", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_reference_has_the_requirement_that_is_written() {
        let reference = Reference::parse("acme:search@1.2").unwrap();
        assert!(reference.requirement.matches(&Version::new(1, 9, 0)));
        assert!(!reference.requirement.matches(&Version::new(2, 0, 0)));
        assert_eq!(Reference::parse("acme:search").unwrap().to_string(), "acme:search");
        let told = Reference::parse("acme:search@newest").unwrap_err().to_string();
        assert!(told.contains("no requirement of versions"), "{told}");
    }

    #[test]
    fn references_are_told_from_paths() {
        for reference in
            ["timeslip:airline", "timeslip:airline@1.0.0", "my-team:a@^2", "\u{430}cme:a"]
        {
            assert!(Reference::is_meant(reference), "{reference}");
        }
        for path in ["a.wasm", "../a:b/c.wasm", "C:\\a.wasm", "./agent", "a:b.wasm"] {
            assert!(!Reference::is_meant(path), "{path}");
        }
    }

    #[test]
    fn a_version_is_one_that_can_be_a_tag() {
        assert_eq!(parse_version("1.2.3-rc.1").unwrap().to_string(), "1.2.3-rc.1");
        assert!(parse_version("1.2").is_err());
        assert!(parse_version("1.2.3+linux").unwrap_err().to_string().contains("build metadata"));
    }
}
