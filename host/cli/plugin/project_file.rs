//! `plugin.toml`: what a plugin's author says of it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use timeslip_market::component::{About, PackedComponent, pack};
use timeslip_market::name::{PluginName, parse_version};
use timeslip_market::permissions::Permissions;

use super::failure;
use crate::exit::Failure;

/// The file's name.
const FILE: &str = "plugin.toml";

/// The tables that are the permission manifest.
const PERMISSION_TABLES: [&str; 7] = ["net", "fs", "secret", "llm", "tools", "unused", "limits"];

/// What stands in the file beside the permissions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AboutTable {
    name: String,
    version: String,
    description: String,
    component: String,
    bench: Option<String>,
    authors: Option<String>,
    license: Option<String>,
    source: Option<String>,
    homepage: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
}

/// A plugin as its author has it.
#[derive(Debug)]
pub(super) struct ProjectFile {
    /// The file, for messages.
    pub(super) file: PathBuf,
    /// The packed component.
    pub(super) packed: PackedComponent,
    /// The bench that shows that it works.
    pub(super) bench: Option<PathBuf>,
}

impl ProjectFile {
    /// Reads the file, and packs the component that it names.
    ///
    /// # Errors
    /// When anything of it is missing or wrong, or the component imports what is not declared.
    pub(super) fn read(path: &Path) -> Result<ProjectFile, Failure> {
        let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let shown = tidy(&file);
        let wrong = |problem: &dyn std::fmt::Display| {
            Failure::usage(format!("{}: {problem}", shown.display()))
        };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            wrong(&format!(
                "cannot read it: {error}\n  fix: write a plugin.toml with name, version, description, \
                 component and the permissions; the README has one"
            ))
        })?;
        let (about, permissions) = parts(&text).map_err(|problem| wrong(&problem))?;
        let permissions = Permissions::parse(&permissions).map_err(|error| wrong(&error))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let component = folder.join(&about.component);
        let bytes = std::fs::read(&component).map_err(|error| {
            wrong(&format!("cannot read the component {}: {error}", tidy(&component).display()))
        })?;
        let name = PluginName::parse(&about.name).map_err(|error| wrong(&error))?;
        let version = parse_version(&about.version).map_err(|error| wrong(&error))?;
        let keywords = (!about.keywords.is_empty()).then(|| about.keywords.join(", "));
        let bench = about.bench.map(|bench| folder.join(bench));
        let about = About {
            description: about.description,
            authors: about.authors,
            licenses: about.license,
            source: about.source,
            homepage: about.homepage,
            revision: about.revision,
            keywords,
        };
        let packed = pack(&bytes, &name, &version, &about, &permissions)
            .map_err(|error| failure(error.of(shown.display())))?;
        Ok(ProjectFile { file: shown, packed, bench })
    }
}

/// A path without `./` at its beginning.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != std::path::Component::CurDir).collect()
}

/// The author's part, and the permission manifest as a text of its own.
fn parts(text: &str) -> Result<(AboutTable, String), String> {
    let said = |error: toml::de::Error| error.to_string().trim_end().to_owned();
    let mut table: toml::Table = toml::from_str(text).map_err(said)?;
    let mut permissions = toml::Table::new();
    for name in PERMISSION_TABLES {
        if let Some(value) = table.remove(name) {
            permissions.insert(name.to_owned(), value);
        }
    }
    let about = table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let permissions = toml::to_string(&permissions).map_err(|error| error.to_string())?;
    Ok((about, permissions))
}
