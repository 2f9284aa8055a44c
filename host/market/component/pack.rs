//! A component that carries its name, its version and its permissions.

use semver::Version;

use super::sections::{custom_sections, push_length, read_length, with_section, without_sections};
use super::surface::{PERMISSION_SECTION, Surface, permissions_of};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::name::{PluginName, parse_version};
use crate::permissions::{Permissions, check_text};

/// The largest component that is packed, published or installed.
pub const COMPONENT_BYTES_MAX: u64 = 256 << 20;

/// What a plugin says of itself, beside what it may do. The names are those of `wasm-metadata`'s
/// sections, so that other programs read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What it does, in a sentence.
    pub description: String,
    /// Who wrote it.
    pub authors: Option<String>,
    /// Its licence, as SPDX writes it.
    pub licenses: Option<String>,
    /// The address of its source.
    pub source: Option<String>,
    /// The address of its home page.
    pub homepage: Option<String>,
    /// The revision of its source.
    pub revision: Option<String>,
    /// Words by which it is found, parted by commas.
    pub keywords: Option<String>,
}

const NAME_SECTION: &str = "component-name";
const VERSION_SECTION: &str = "version";
const DESCRIPTION_SECTION: &str = "description";
const KEYWORDS_SECTION: &str = "timeslip:keywords";

/// Every section that packing writes.
const PACKED_SECTIONS: [&str; 10] = [
    NAME_SECTION,
    VERSION_SECTION,
    DESCRIPTION_SECTION,
    "authors",
    "licenses",
    "source",
    "homepage",
    "revision",
    KEYWORDS_SECTION,
    PERMISSION_SECTION,
];

impl About {
    /// The optional texts with the names of their sections.
    fn optional(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("authors", &self.authors),
            ("licenses", &self.licenses),
            ("source", &self.source),
            ("homepage", &self.homepage),
            ("revision", &self.revision),
            (KEYWORDS_SECTION, &self.keywords),
        ]
    }

    fn check(&self) -> Result<()> {
        check_text(DESCRIPTION_SECTION, &self.description)?;
        for (name, text) in self.optional() {
            if let Some(text) = text {
                check_text(name, text)?;
            }
        }
        for (name, address) in [("source", &self.source), ("homepage", &self.homepage)] {
            if address.as_ref().is_some_and(|address| !address.starts_with("https://")) {
                return Err(MarketError::refused(format!("{name} must begin with https://")));
            }
        }
        Ok(())
    }
}

/// A component that was packed, read and checked.
#[derive(Clone, Debug)]
pub struct PackedComponent {
    /// The component.
    pub bytes: Vec<u8>,
    /// The bytes' digest.
    pub digest: Digest,
    /// The plugin.
    pub name: PluginName,
    /// The version.
    pub version: Version,
    /// What it says of itself.
    pub about: About,
    /// What it may do.
    pub permissions: Permissions,
    /// What it imports and exports.
    pub surface: Surface,
}

/// Puts name, version, metadata and the permission manifest into a component, in place of those that
/// it has. The same input gives the same bytes.
///
/// # Errors
/// When the bytes are no component, or it imports what the manifest does not declare.
pub fn pack(
    component: &[u8],
    name: &PluginName,
    version: &Version,
    about: &About,
    permissions: &Permissions,
) -> Result<PackedComponent> {
    about.check()?;
    Surface::of(component)?.check_declared(permissions)?;
    let mut bytes = without_sections(component, &PACKED_SECTIONS)?;
    bytes = with_section(bytes, NAME_SECTION, &name_data(&name.to_string()));
    bytes = with_section(bytes, VERSION_SECTION, version.to_string().as_bytes());
    bytes = with_section(bytes, DESCRIPTION_SECTION, about.description.as_bytes());
    for (section, text) in about.optional() {
        if let Some(text) = text {
            bytes = with_section(bytes, section, text.as_bytes());
        }
    }
    bytes = with_section(bytes, PERMISSION_SECTION, permissions.to_toml().as_bytes());
    PackedComponent::open(bytes)
}

/// The digest of a component without what packing puts into it, by which a component is known before
/// and after.
///
/// # Errors
/// When the bytes are no whole component.
pub fn code_digest(bytes: &[u8]) -> Result<Digest> {
    Ok(Digest::of(&without_sections(bytes, &PACKED_SECTIONS)?))
}

impl PackedComponent {
    /// Reads a packed component, from wherever it came.
    ///
    /// # Errors
    /// When it is damaged, was not packed, or imports what it does not declare.
    pub fn open(bytes: Vec<u8>) -> Result<PackedComponent> {
        if bytes.len() as u64 > COMPONENT_BYTES_MAX {
            let mib = COMPONENT_BYTES_MAX >> 20;
            return Err(MarketError::refused(format!("it is larger than {mib} MiB")));
        }
        let permissions = permissions_of(&bytes)?;
        let surface = Surface::of(&bytes)?;
        surface.check_declared(&permissions)?;
        let sections = custom_sections(&bytes)?;
        let data = |name: &str| {
            let mut own = sections.iter().filter(|one| one.depth == 0 && one.name == name);
            match (own.next(), own.next()) {
                (Some(_), Some(_)) => {
                    Err(MarketError::refused(format!("it has two sections `{name}`")))
                }
                (one, _) => Ok(one.map(|section| section.data)),
            }
        };
        let text = |name: &str| -> Result<Option<String>> {
            let as_text = |data: &[u8]| String::from_utf8(data.to_vec());
            data(name)?.map(as_text).transpose().map_err(|_| {
                MarketError::refused(format!("its section `{name}` is not UTF-8 text"))
            })
        };
        let missing = |what: &str| {
            MarketError::refused(format!(
                "it does not say its {what}; pack it with `timeslip plugin pack`"
            ))
        };
        let name = data(NAME_SECTION)?.and_then(name_in).ok_or_else(|| missing("name"))?;
        let version = text(VERSION_SECTION)?.ok_or_else(|| missing("version"))?;
        let about = About {
            description: text(DESCRIPTION_SECTION)?.ok_or_else(|| missing("description"))?,
            authors: text("authors")?,
            licenses: text("licenses")?,
            source: text("source")?,
            homepage: text("homepage")?,
            revision: text("revision")?,
            keywords: text(KEYWORDS_SECTION)?,
        };
        about.check()?;
        let (name, version) = (PluginName::parse(name)?, parse_version(&version)?);
        let digest = Digest::of(&bytes);
        Ok(PackedComponent { digest, name, version, about, permissions, surface, bytes })
    }

    /// The same, held against the name and version under which it was found.
    ///
    /// # Errors
    /// When it says that it is another plugin or version.
    pub fn check_is(&self, name: &PluginName, version: &Version) -> Result<()> {
        match self.name == *name && self.version == *version {
            true => Ok(()),
            false => Err(MarketError::refused(format!(
                "the component under {name}@{version} says that it is {}@{}",
                self.name, self.version
            ))),
        }
    }
}

/// The content of a section `component-name`: subsection 0 with the name.
fn name_data(name: &str) -> Vec<u8> {
    let mut text = Vec::new();
    push_length(&mut text, name.len());
    text.extend_from_slice(name.as_bytes());
    let mut data = vec![0];
    push_length(&mut data, text.len());
    data.extend(text);
    data
}

fn name_in(data: &[u8]) -> Option<&str> {
    let rest = data.strip_prefix(&[0])?;
    let (_, length_bytes) = read_length(rest)?;
    let text = rest.get(length_bytes..)?;
    let (length, length_bytes) = read_length(text)?;
    std::str::from_utf8(text.get(length_bytes..)?.get(..length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(version: &str) -> Result<PackedComponent> {
        let component = wat::parse_str("(component)").unwrap();
        let about = About { description: "Does nothing.".to_owned(), ..About::default() };
        let name = PluginName::parse("acme:nothing")?;
        pack(&component, &name, &parse_version(version)?, &about, &Permissions::default())
    }

    #[test]
    fn packing_is_deterministic_and_packing_again_replaces() {
        let one = packed("1.0.0").unwrap();
        assert_eq!(one.bytes, packed("1.0.0").unwrap().bytes);
        let about = About { licenses: Some("MIT".to_owned()), ..one.about.clone() };
        let version = parse_version("1.0.1").unwrap();
        let again = pack(&one.bytes, &one.name, &version, &about, &one.permissions).unwrap();
        assert_eq!((again.version, again.about), (version, about));
        assert_eq!(code_digest(&again.bytes), code_digest(&one.bytes));
        assert_ne!(again.digest, one.digest);
    }

    #[test]
    fn another_name_than_the_one_it_is_found_under_is_refused() {
        let one = packed("1.0.0").unwrap();
        let other = PluginName::parse("acme:other").unwrap();
        let told = one.check_is(&other, &one.version).unwrap_err().to_string();
        assert!(told.contains("says that it is acme:nothing@1.0.0"), "{told}");
        assert_eq!(one.check_is(&one.name, &one.version), Ok(()));
    }

    #[test]
    fn a_component_that_was_not_packed_is_told() {
        let component = wat::parse_str("(component)").unwrap();
        let told = PackedComponent::open(component).unwrap_err().to_string();
        assert!(told.contains("timeslip plugin pack"), "{told}");
    }

    #[test]
    fn texts_that_a_terminal_obeys_are_refused_wherever_they_come_from() {
        let one = packed("1.0.0").unwrap();
        let bytes = without_sections(&one.bytes, &[DESCRIPTION_SECTION]).unwrap();
        let bytes = with_section(bytes, DESCRIPTION_SECTION, b"\x1b[2Jsafe");
        assert!(PackedComponent::open(bytes).unwrap_err().to_string().contains("obeys"));
    }
}
