//! What a plugin may do: the manifest inside its component.
//!
//! Start with [`Permissions`]. `difference` says what an update asks for beyond what was granted,
//! `cover` whether a grant of a bench is one that was consented to.

mod cover;
mod difference;
mod phrases;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::name::Reference;

pub use difference::{Change, ChangeKind};

/// The largest manifest.
pub(crate) const MANIFEST_BYTES_MAX: usize = 64 << 10;

/// The longest text in it.
const TEXT_MAX: usize = 300;

/// What a plugin may do, and why it wants to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Servers that it fetches from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub net: Vec<Net>,
    /// Files that it reads or writes, in the folder that a bench grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<Fs>,
    /// Secrets that it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret: Vec<Secret>,
    /// Imports that its toolchain links and it makes no use of; what they would need is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<Unused>,
    /// Models that it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm: Option<Llm>,
    /// Tools that it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Tools>,
    /// What it needs of the computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsNeeded>,
}

/// A server that a plugin fetches from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Net {
    /// The host: `api.example.org`, `*.example.org` for all below it, or `*` for any.
    pub host: String,
    /// The port.
    #[serde(default = "https_port")]
    pub port: u16,
    /// The methods; those that read are always among them.
    #[serde(default = "reading_methods")]
    pub methods: Vec<String>,
    /// Why.
    pub why: String,
}

/// Files that a plugin reads or writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fs {
    /// The path in the folder that a bench grants; `.` for all of it.
    pub path: String,
    /// Whether it also writes there.
    pub access: Access,
    /// Why.
    pub why: String,
}

/// What is done with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// They are read.
    Read,
    /// They are read and written.
    Write,
}

/// A secret that a plugin is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The secret's name.
    pub name: String,
    /// Why.
    pub why: String,
}

/// An import that a plugin makes no use of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unused {
    /// The interface without its version: `wasi:filesystem/types`, or its package.
    pub import: String,
    /// Why it is there.
    pub why: String,
}

/// Models that an agent asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// Their names; `*` for every one.
    pub models: Vec<String>,
    /// The most tokens that replies of one run have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens_per_run: Option<u64>,
    /// Why.
    pub why: String,
}

/// Tools that an agent calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Plugins that it needs, as references; they are installed with it. Which tools it gets, a
    /// bench says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<String>,
    /// Why.
    pub why: String,
}

/// What a plugin needs of the computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsNeeded {
    /// Memory of an instance, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Milliseconds of computing between two waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
}

fn https_port() -> u16 {
    443
}

fn reading_methods() -> Vec<String> {
    vec!["GET".to_owned(), "HEAD".to_owned()]
}

impl Permissions {
    /// Reads a manifest, in any order and with comments, as a person writes it.
    ///
    /// # Errors
    /// When it does not parse or says something that nobody could consent to.
    pub fn parse(text: &str) -> Result<Permissions> {
        if text.len() > MANIFEST_BYTES_MAX {
            let kib = MANIFEST_BYTES_MAX >> 10;
            return Err(MarketError::refused(format!(
                "a permission manifest has at most {kib} KiB"
            )));
        }
        let mut permissions: Permissions = toml::from_str(text)
            .map_err(|error| MarketError::refused(error.to_string().trim_end()))?;
        permissions.check()?;
        permissions.sort();
        Ok(permissions)
    }

    /// The one form in which it stands in a component.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a checked manifest can be written")
    }

    /// The digest of that form, which a person accepts.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_toml().as_bytes())
    }

    /// Whether it asks for nothing that anybody has to consent to.
    pub fn is_nothing(&self) -> bool {
        self.net.is_empty() && self.fs.is_empty() && self.secret.is_empty() && self.llm.is_none()
    }

    /// The plugins that it needs beside it.
    ///
    /// # Errors
    /// When one of them is no reference.
    pub fn plugins(&self) -> Result<Vec<Reference>> {
        let plugins = self.tools.iter().flat_map(|tools| &tools.plugins);
        plugins.map(|plugin| Reference::parse(plugin)).collect()
    }

    fn sort(&mut self) {
        for net in &mut self.net {
            // Whoever may fetch from an address may read there.
            net.methods.extend(reading_methods());
            net.methods.sort();
            net.methods.dedup();
        }
        self.net.sort();
        self.fs.sort();
        self.secret.sort();
        self.unused.sort();
        if let Some(llm) = &mut self.llm {
            llm.models.sort();
        }
        if let Some(tools) = &mut self.tools {
            tools.plugins.sort();
        }
    }

    fn check(&self) -> Result<()> {
        for net in &self.net {
            check_text("[[net]] why", &net.why)?;
            check_host(&net.host)?;
            let is_method = |method: &String| {
                !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase())
            };
            if let Some(method) = net.methods.iter().find(|method| !is_method(method)) {
                return Err(wrong("[[net]] methods", method, "is no method in capitals"));
            }
        }
        for fs in &self.fs {
            check_text("[[fs]] why", &fs.why)?;
            check_path(&fs.path)?;
        }
        for secret in &self.secret {
            check_text("[[secret]] why", &secret.why)?;
            check_text("[[secret]] name", &secret.name)?;
        }
        for unused in &self.unused {
            check_text("[[unused]] why", &unused.why)?;
            check_text("[[unused]] import", &unused.import)?;
        }
        if let Some(llm) = &self.llm {
            check_text("[llm] why", &llm.why)?;
            if llm.models.is_empty() {
                return Err(MarketError::refused("[llm] names no model; `*` stands for every one"));
            }
            llm.models.iter().try_for_each(|model| check_text("[llm] models", model))?;
        }
        if let Some(tools) = &self.tools {
            check_text("[tools] why", &tools.why)?;
        }
        self.plugins().map(|_| ()).map_err(|error| error.of("[tools] plugins"))
    }
}

fn wrong(place: &str, text: &str, problem: &str) -> MarketError {
    MarketError::refused(format!("{place}: `{}` {problem}", text.escape_debug()))
}

/// A text that is shown to whoever consents: short, and nothing that a terminal obeys.
pub(crate) fn check_text(place: &str, text: &str) -> Result<()> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.trim().is_empty() {
        return Err(MarketError::refused(format!("{place} is empty; say it in a sentence")));
    }
    if text.chars().count() > TEXT_MAX {
        let text: String = text.chars().take(20).collect();
        return Err(wrong(place, &text, &format!("… is longer than {TEXT_MAX} characters")));
    }
    match text.chars().any(hidden) {
        true => Err(wrong(place, text, "has characters that a terminal obeys or does not show")),
        false => Ok(()),
    }
}

fn check_host(host: &str) -> Result<()> {
    let bare = host.strip_prefix("*.").unwrap_or(host);
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match host == "*" || (host.len() <= 253 && bare.split('.').all(label)) {
        true => Ok(()),
        false => Err(wrong(
            "[[net]] host",
            host,
            "is no host; write `api.example.org`, `*.example.org` or `*`, without scheme and port",
        )),
    }
}

fn check_path(path: &str) -> Result<()> {
    check_text("[[fs]] path", path)?;
    let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
    match path == "." || path.split('/').all(part) {
        true => Ok(()),
        false => Err(wrong(
            "[[fs]] path",
            path,
            "leads out of the granted folder; write a path inside it, or `.` for all of it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_it_is_written_makes_no_other_manifest() {
        let one =
            "[[net]]\nhost = \"b.org\"\nwhy = \"b\"\n[[net]]\nhost = \"a.org\"\nwhy = \"a\"\n";
        let other = "# a comment\n[[net]]\nwhy = \"a\"\nhost = \"a.org\"\nport = 443\n[[net]]\nhost = \
             \"b.org\"\nmethods = [\"HEAD\", \"GET\"]\nwhy = \"b\"\n";
        let (one, other) = (Permissions::parse(one).unwrap(), Permissions::parse(other).unwrap());
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.net[0].methods, ["GET", "HEAD"]);
        assert_eq!(Permissions::parse(&one.to_toml()).unwrap(), one);
    }

    #[test]
    fn what_nobody_could_consent_to_is_refused() {
        for (text, told) in [
            ("[[net]]\nhost = \"a.org\"\n", "missing field `why`"),
            ("[[net]]\nhost = \"a.org\"\nwhy = \" \"\n", "is empty"),
            ("[[net]]\nhost = \"https://a.org\"\nwhy = \"a\"\n", "is no host"),
            ("[[net]]\nhost = \"a.org\"\nmethods = [\"get\"]\nwhy = \"a\"\n", "in capitals"),
            ("[[net]]\nhost = \"a.org\"\nwhy = \"\\u001b[2Jgood\"\n", "a terminal obeys"),
            ("[[net]]\nhost = \"a.org\"\nwhy = \"a\\u202eb\"\n", "does not show"),
            ("[[fs]]\npath = \"../x\"\naccess = \"read\"\nwhy = \"a\"\n", "leads out"),
            ("[[fs]]\npath = \"/etc\"\naccess = \"read\"\nwhy = \"a\"\n", "leads out"),
            ("[[fs]]\npath = \"a\"\naccess = \"all\"\nwhy = \"a\"\n", "unknown variant"),
            ("[[exec]]\ncommand = \"sh\"\n", "unknown field `exec`"),
            ("[llm]\nmodels = []\nwhy = \"a\"\n", "names no model"),
            ("[tools]\nplugins = [\"calculator\"]\nwhy = \"a\"\n", "names no plugin"),
        ] {
            let error = Permissions::parse(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        let long = format!("[[secret]]\nname = \"a\"\nwhy = \"{}\"\n", "a".repeat(301));
        assert!(Permissions::parse(&long).unwrap_err().to_string().contains("longer than 300"));
    }
}
