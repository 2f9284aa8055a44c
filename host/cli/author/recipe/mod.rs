//! How each language's sources become a component: its own tools, and as little else as can be.

mod c;
mod go;
mod javascript;
mod python;
pub(super) mod rust;
mod zig;

use std::fs;
use std::path::{Path, PathBuf};

use super::encode::{World, encode};
use super::tools::Tools;
use super::wit;
use crate::bench::{BuildTable, ComponentKind, Language};
use crate::exit::Failure;

/// A component to be made.
pub(super) struct Job<'a> {
    /// What the bench says of it.
    pub(super) table: &'a BuildTable,
    /// The tools to make it with.
    pub(super) tools: Tools<'a>,
    /// The folder of the sources, or their first file; absolute.
    pub(super) source: PathBuf,
    /// The folder of the SDK; absolute.
    pub(super) sdk: PathBuf,
    /// A folder for what is needed in between.
    pub(super) scratch: &'a Path,
}

impl Job<'_> {
    /// The folder of the sources, in which tools run.
    pub(super) fn folder(&self) -> &Path {
        match self.source.is_file() {
            true => self.source.parent().unwrap_or(&self.source),
            false => &self.source,
        }
    }

    /// The first file of the sources: the one that the bench names, or of these names the first
    /// that is in the folder.
    ///
    /// # Errors
    /// When there is none of them.
    fn first_file(&self, names: &[&str]) -> Result<PathBuf, Failure> {
        if self.source.is_file() {
            return Ok(self.source.clone());
        }
        let files = names.iter().map(|name| self.source.join(name));
        files.into_iter().find(|file| file.is_file()).ok_or_else(|| {
            Failure::usage(format!(
                "{}: {} has none of {}\n  fix: let `source` name the first file",
                self.tools.place,
                self.source.display(),
                names.join(", ")
            ))
        })
    }

    /// The folder of WIT that holds the component's world.
    fn wit(&self) -> Result<PathBuf, Failure> {
        wit::world(self.table.kind, &self.sdk, self.scratch)
    }

    /// The folder that holds both packages of the contracts.
    fn packages(&self) -> Result<PathBuf, Failure> {
        wit::packages(&self.sdk, self.scratch)
    }

    /// Makes a component of a world of a core module that a compiler wrote.
    fn encode(&self, module: &Path, world: &str) -> Result<Vec<u8>, Failure> {
        let core = self.written(module)?;
        encode(&core, &World { folder: &self.wit()?, name: world })
            .map_err(|problem| Failure::usage(format!("{}: {problem}", self.tools.place)))
    }

    /// What a tool wrote.
    fn written(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        fs::read(file).map_err(|error| {
            Failure::usage(format!(
                "{}: the {} tools wrote no {}: {error}",
                self.tools.place,
                self.tools.language,
                file.display()
            ))
        })
    }

    /// The world of blocking functions.
    fn blocking_world(&self) -> &'static str {
        match self.table.kind {
            ComponentKind::Agent => "agent-blocking",
            ComponentKind::Tool => "tool-blocking",
        }
    }
}

/// Makes a component.
///
/// # Errors
/// When a tool is missing or fails.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    match job.table.language {
        Language::Rust => rust::component(job),
        Language::Python => python::component(job),
        Language::JavaScript | Language::TypeScript => javascript::component(job),
        Language::C => c::component(job),
        Language::Go => go::component(job),
        Language::Zig => zig::component(job),
    }
}
