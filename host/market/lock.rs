//! `plugins.lock`: what a project uses, to the byte, and what was granted to it.

use std::path::{Path, PathBuf};

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{FileLock, read_if_there, write_whole};
use crate::instant::Instant;
use crate::name::{PluginName, Reference};
use crate::registry::Registry;

/// The file's name.
pub const LOCK_FILE: &str = "plugins.lock";

/// The form that this release writes.
const SCHEMA: &str = "timeslip.plugins/1";

const LOCK_BYTES_MAX: u64 = 16 << 20;

const HEAD: &str =
    "# Written by `timeslip plugin`; it belongs beside the benches, in the same repository.\n";

/// What a project uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    schema: String,
    /// The plugins, by name.
    #[serde(default, rename = "plugin")]
    pub plugins: Vec<LockedPlugin>,
}

/// A plugin that a project uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// The plugin.
    pub name: PluginName,
    /// Which versions will do, as it was asked for; none if only other plugins need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The plugins that need it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed_by: Vec<PluginName>,
    /// The version.
    #[serde(with = "crate::name::version_text")]
    pub version: Version,
    /// The registry's place.
    pub registry: String,
    /// The manifest's digest.
    pub manifest: Digest,
    /// The component's digest.
    pub component: Digest,
    /// The digest of the permission manifest inside the component.
    pub permissions: Digest,
    /// The digest of the permission manifest that a person accepted.
    pub granted: Digest,
    /// Who signed it; nobody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The digest of the catalogue that it was resolved in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Digest>,
    /// When it was published, as the publisher says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Instant>,
    /// The world that it fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
}

impl Default for Lock {
    fn default() -> Lock {
        Lock { schema: SCHEMA.to_owned(), plugins: Vec::new() }
    }
}

impl Lock {
    /// Reads a lock; an empty one where there is no file.
    ///
    /// # Errors
    /// When the file is no lock.
    pub fn read(path: &Path) -> Result<Lock> {
        let Some(bytes) = read_if_there(path, LOCK_BYTES_MAX)? else { return Ok(Lock::default()) };
        let text = String::from_utf8(bytes).map_err(|_| {
            MarketError::refused(format!("{}: it is not UTF-8 text", path.display()))
        })?;
        let mut lock = Lock::parse(&text).map_err(|error| error.of(path.display()))?;
        let folder = folder_of(path);
        for plugin in &mut lock.plugins {
            if plugin.registry.starts_with('.') {
                plugin.registry = Registry::open(&plugin.registry, &folder)?.place();
            }
        }
        Ok(lock)
    }

    /// The file's text, in which a registry inside the project is named from there, so that the
    /// project can be elsewhere tomorrow.
    fn to_file(&self, path: &Path) -> String {
        let mut lock = self.clone();
        for plugin in &mut lock.plugins {
            if let Ok(inside) = Path::new(&plugin.registry).strip_prefix(folder_of(path)) {
                plugin.registry = format!("./{}", inside.display());
            }
        }
        lock.to_toml()
    }

    /// Reads the text of a lock.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Lock> {
        let lock: Lock = toml::from_str(text).map_err(|error| {
            MarketError::refused(format!(
                "it is no lock of plugins: {}\n  fix: bring it back from version control",
                error.to_string().trim_end()
            ))
        })?;
        if lock.schema != SCHEMA {
            return Err(MarketError::refused(format!(
                "its schema is `{}`, and this release reads `{SCHEMA}`",
                lock.schema.escape_debug()
            )));
        }
        let mut names: Vec<&PluginName> = lock.plugins.iter().map(|one| &one.name).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(MarketError::refused(format!("it has {} twice", pair[0]))),
            None => Ok(lock),
        }
    }

    /// Changes a lock while nobody else does, and writes it whole.
    ///
    /// # Errors
    /// When it cannot be read or written, or `change` fails; then nothing changes.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Lock) -> Result<T>) -> Result<T> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".turn");
        let turn = PathBuf::from(beside);
        let _turn = FileLock::take(&turn)?;
        let mut lock = Lock::read(path)?;
        let before = lock.clone();
        let changed = change(&mut lock)?;
        lock.plugins.sort_by(|one, other| one.name.cmp(&other.name));
        if lock != before {
            write_whole(path, lock.to_file(path).as_bytes())?;
        }
        Ok(changed)
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        format!("{HEAD}{}", toml::to_string(self).expect("a lock can be written"))
    }

    /// A plugin that it has.
    pub fn get(&self, name: &PluginName) -> Option<&LockedPlugin> {
        self.plugins.iter().find(|one| one.name == *name)
    }

    /// Puts a plugin in, in place of another version of it.
    pub fn put(&mut self, plugin: LockedPlugin) {
        self.plugins.retain(|one| one.name != plugin.name);
        self.plugins.push(plugin);
    }

    /// What a bench means by a reference.
    ///
    /// # Errors
    /// When it is not installed, or another version is.
    pub fn resolve(&self, reference: &Reference) -> Result<&LockedPlugin> {
        let Some(plugin) = self.get(&reference.name) else {
            let mut names = self.plugins.iter().map(|one| one.name.to_string());
            let has = match self.plugins.is_empty() {
                true => "nothing is".to_owned(),
                false => format!("installed: {}", names.by_ref().collect::<Vec<_>>().join(", ")),
            };
            return Err(MarketError::not_found(format!(
                "{} is not installed ({has})\n  fix: timeslip plugin install {reference}",
                reference.name
            )));
        };
        match reference.requirement.matches(&plugin.version) {
            true => Ok(plugin),
            false => Err(MarketError::refused(format!(
                "{reference} is asked for, and {}@{} is installed\n  fix: timeslip plugin install \
                 \"{reference}\"",
                plugin.name, plugin.version
            ))),
        }
    }

    /// Takes a plugin out, with those that only it needed. Gives what was taken out.
    ///
    /// # Errors
    /// When it is not there, or another plugin needs it.
    pub fn remove(&mut self, name: &PluginName) -> Result<Vec<LockedPlugin>> {
        let Some(plugin) = self.get(name) else {
            return Err(MarketError::not_found(format!("{name} is not installed")));
        };
        if let [needing, ..] = plugin.needed_by.as_slice() {
            return Err(MarketError::refused(format!(
                "{needing} needs {name}\n  fix: remove {needing} first"
            )));
        }
        let mut gone = vec![name.clone()];
        let mut removed = Vec::new();
        while let Some(name) = gone.pop() {
            removed.extend(self.get(&name).cloned());
            self.plugins.retain(|one| one.name != name);
            for plugin in &mut self.plugins {
                let was_needed = !plugin.needed_by.is_empty();
                plugin.needed_by.retain(|needing| *needing != name);
                if was_needed && plugin.needed_by.is_empty() && plugin.requirement.is_none() {
                    gone.push(plugin.name.clone());
                }
            }
        }
        Ok(removed)
    }
}

/// The folder of a lock, from the root.
fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(name: &str, requirement: Option<&str>, needed_by: &[&str]) -> LockedPlugin {
        LockedPlugin {
            name: PluginName::parse(name).unwrap(),
            requirement: requirement.map(str::to_owned),
            needed_by: needed_by.iter().map(|name| PluginName::parse(name).unwrap()).collect(),
            version: Version::new(1, 2, 3),
            registry: "/registry".to_owned(),
            manifest: Digest::of(b"manifest"),
            component: Digest::of(b"component"),
            permissions: Digest::of(b""),
            granted: Digest::of(b""),
            signer: None,
            catalogue: None,
            published: None,
            world: None,
        }
    }

    fn lock() -> Lock {
        let plugins = vec![
            plugin("acme:agent", Some("^1"), &[]),
            plugin("acme:tool", None, &["acme:agent"]),
            plugin("acme:wanted", Some("*"), &["acme:agent"]),
        ];
        Lock { plugins, ..Lock::default() }
    }

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        assert_eq!(Lock::parse(&lock().to_toml()), Ok(lock()));
        let twice = Lock { plugins: [lock().plugins, lock().plugins].concat(), ..lock() };
        assert!(Lock::parse(&twice.to_toml()).unwrap_err().to_string().contains("twice"));
        let other = lock().to_toml().replace("plugins/1", "plugins/2");
        assert!(Lock::parse(&other).unwrap_err().to_string().contains("this release reads"));
        assert!(Lock::parse("<<<<<<< HEAD").unwrap_err().to_string().contains("version control"));
    }

    #[test]
    fn a_registry_inside_the_project_moves_with_it() {
        let place = tempfile::tempdir().unwrap();
        let (here, there) = (place.path().join("here"), place.path().join("there"));
        let own = here.join("registry").display().to_string();
        let file = here.join(LOCK_FILE);
        Lock::change(&file, |lock| {
            lock.put(LockedPlugin { registry: own.clone(), ..plugin("acme:a", None, &[]) });
            lock.put(plugin("acme:b", None, &[]));
            Ok(())
        })
        .unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().contains("registry = \"./registry\""));
        assert_eq!(Lock::read(&file).unwrap().plugins[0].registry, own);
        std::fs::rename(&here, &there).unwrap();
        let lock = Lock::read(&there.join(LOCK_FILE)).unwrap();
        let places: Vec<&str> = lock.plugins.iter().map(|one| one.registry.as_str()).collect();
        assert_eq!(places, [there.join("registry").to_str().unwrap(), "/registry"]);
    }

    #[test]
    fn what_only_the_removed_one_needed_goes_with_it() {
        let mut lock = lock();
        let tool = PluginName::parse("acme:tool").unwrap();
        assert!(lock.remove(&tool).unwrap_err().to_string().contains("acme:agent needs acme:tool"));
        let removed = lock.remove(&PluginName::parse("acme:agent").unwrap()).unwrap();
        assert_eq!(removed.len(), 2);
        let left: Vec<String> = lock.plugins.iter().map(|one| one.name.to_string()).collect();
        assert_eq!(left, ["acme:wanted"]);
    }

    #[test]
    fn a_reference_means_what_is_installed_or_nothing() {
        let (lock, read) = (lock(), |text| Reference::parse(text).unwrap());
        assert_eq!(lock.resolve(&read("acme:tool@^1.2")).unwrap().version, Version::new(1, 2, 3));
        let told = lock.resolve(&read("acme:tool@^2")).unwrap_err().to_string();
        assert!(told.contains("acme:tool@1.2.3 is installed"), "{told}");
        assert!(lock.resolve(&read("acme:other")).is_err());
    }
}
