//! One version of a plugin, as a catalogue tells it.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::component::PackedComponent;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::name::PluginName;
use crate::permissions::{Permissions, check_text};

/// The largest entry.
pub(crate) const ENTRY_BYTES_MAX: usize = 64 << 10;

/// Whether a version is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    Active,
    /// It can be, and there is something better.
    Deprecated,
    /// It is not resolved any more; what is locked goes on.
    Yanked,
    /// It does not run any more.
    Revoked,
}

/// Whose status of a version holds. The registry's goes before the publisher's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusBy {
    /// The publisher's, who signs the namespace's role.
    Publisher,
    /// The owner's of the registry, who signs the role above it.
    Registry,
}

/// Who set a status, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusNote {
    /// Who. A reader takes it from the role that it found the entry in, not from here.
    pub by: StatusBy,
    /// When, as they say.
    pub at: Instant,
    /// Why, if they say it.
    pub why: Option<String>,
}

/// One version of a plugin. It is what the publisher says until the component is there, which is then
/// held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The plugin.
    pub name: PluginName,
    /// The version.
    #[serde(with = "crate::name::version_text")]
    pub version: Version,
    /// What it does, in a sentence.
    pub summary: String,
    /// Words by which it is found.
    pub keywords: Vec<String>,
    /// What it may do, in kinds: `net`, `fs`, `secret`, `llm`, `tools`.
    pub needs: Vec<String>,
    /// The world that it fits.
    pub world: Option<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Who wrote it.
    pub authors: Option<String>,
    /// Its licence.
    pub licenses: Option<String>,
    /// The address of its source.
    pub source: Option<String>,
    /// When it was published, if that is known.
    pub published: Option<Instant>,
    /// Whether it is to be used.
    pub status: Status,
    /// Who set the status last, when and why; absent where nobody ever has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_note: Option<StatusNote>,
    /// The digests of the statements that hold its badges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<Digest>,
    /// The manifest's digest.
    pub manifest: Digest,
    /// The component's digest.
    pub component: Digest,
    /// The component's bytes.
    pub component_bytes: u64,
    /// The digest of the permission manifest.
    pub permissions: Digest,
    /// What the smoke run was: a bench's and a slip's digest.
    pub smoke: Option<String>,
    /// Who signed it; nobody yet.
    pub signer: Option<String>,
}

impl Entry {
    /// What is to be told of a packed component.
    pub fn of(
        packed: &PackedComponent,
        manifest: Digest,
        published: Option<Instant>,
        smoke: Option<String>,
    ) -> Entry {
        let about = packed.about.clone();
        let keywords = about.keywords.unwrap_or_default();
        let keywords = keywords.split(',').map(|word| word.trim().to_owned());
        Entry {
            name: packed.name.clone(),
            version: packed.version.clone(),
            summary: about.description,
            keywords: keywords.filter(|word| !word.is_empty()).collect(),
            needs: needs(&packed.permissions),
            world: packed.surface.world().map(str::to_owned),
            imports: packed.surface.imports.clone(),
            exports: packed.surface.exports.clone(),
            authors: about.authors,
            licenses: about.licenses,
            source: about.source,
            published,
            status: Status::Active,
            status_note: None,
            badges: Vec::new(),
            manifest,
            component: packed.digest.clone(),
            component_bytes: packed.bytes.len() as u64,
            permissions: packed.permissions.digest(),
            smoke,
            signer: None,
        }
    }

    /// Reads an entry as it stands in a catalogue.
    ///
    /// # Errors
    /// When it is none, or says what a terminal would obey.
    pub fn parse(line: &[u8]) -> Result<Entry> {
        if line.len() > ENTRY_BYTES_MAX {
            let kib = ENTRY_BYTES_MAX >> 10;
            return Err(MarketError::refused(format!("an entry has more than {kib} KiB")));
        }
        let entry: Entry = serde_json::from_slice(line)
            .map_err(|error| MarketError::refused(format!("it is no entry: {error}")))?;
        entry.check_texts()?;
        Ok(entry)
    }

    /// Refuses texts that a terminal would obey.
    pub(crate) fn check_texts(&self) -> Result<()> {
        check_text("summary", &self.summary)?;
        let why = self.status_note.as_ref().and_then(|note| note.why.as_ref());
        let optional = [&self.authors, &self.licenses, &self.source, &self.smoke, &self.world];
        let texts = optional.into_iter().flatten().chain(&self.keywords).chain(&self.needs);
        for text in texts.chain(&self.imports).chain(&self.exports).chain(why) {
            check_text("a text", text).map_err(|error| error.of(&self.name))?;
        }
        Ok(())
    }

    /// What its status means, who set it, when and why, in one sentence without its end. `registry`
    /// is where the catalogue is.
    pub fn status_text(&self, registry: &str) -> String {
        let status = match self.status {
            Status::Active => "active",
            Status::Deprecated => "deprecated",
            Status::Yanked => "taken back",
            Status::Revoked => "revoked",
        };
        let Some(note) = &self.status_note else { return status.to_owned() };
        let by = match note.by {
            StatusBy::Publisher => format!("the publisher of `{}`", self.name.namespace()),
            StatusBy::Registry => format!("the owner of {registry}"),
        };
        let why = match &note.why {
            Some(why) => format!(": {why}"),
            None => ", without a reason given".to_owned(),
        };
        format!("{status} by {by} on {}{why}", note.at)
    }

    /// The line in a catalogue.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("an entry can be written");
        line.push('\n');
        line
    }

    /// The tag of the entry's own artifact.
    pub(super) fn tag(&self) -> String {
        tag_of(&self.name, &self.version)
    }

    /// Holds a component against what the catalogue says of it.
    ///
    /// # Errors
    /// When it is another one.
    pub fn check(&self, packed: &PackedComponent) -> Result<()> {
        packed.check_is(&self.name, &self.version)?;
        self.component.check("the component", &packed.bytes)?;
        match packed.permissions.digest() == self.permissions {
            true => Ok(()),
            false => Err(MarketError::refused(format!(
                "{}@{}: the catalogue announces other permissions ({}) than the component has ({})",
                self.name,
                self.version,
                self.permissions,
                packed.permissions.digest()
            ))),
        }
    }
}

/// A tag that names and versions of any length fit into.
pub(super) fn tag_of(name: &PluginName, version: &Version) -> String {
    let digest = Digest::of(format!("{name}@{version}").as_bytes());
    format!("entry-{}", &digest.hex()[..40])
}

/// The kinds of what a plugin may do.
fn needs(permissions: &Permissions) -> Vec<String> {
    let kinds = [
        ("net", !permissions.net.is_empty()),
        ("fs", !permissions.fs.is_empty()),
        ("secret", !permissions.secret.is_empty()),
        ("llm", permissions.llm.is_some()),
        ("tools", permissions.tools.is_some()),
    ];
    kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind.to_owned()).collect()
}
