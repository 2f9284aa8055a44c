//! Making the components of a bench: finds what each needs, runs its recipe, and writes it whole.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant as WallInstant};

use timeslip_runtime::engine::component_digest;

use super::encode::is_component;
use super::recipe::{self, Job};
use super::setup;
use super::tools::{Kit, Tools};
use crate::bench::{BuildTable, Builds, Language};
use crate::exit::Failure;
use crate::interrupt;
use crate::output;

/// A component that was made.
pub(super) struct Built {
    /// The language of its sources.
    pub(super) language: Language,
    /// Its file.
    pub(super) output: PathBuf,
    /// Its size.
    pub(super) bytes: usize,
    /// Its digest, in the form of the slip.
    pub(super) digest: String,
    /// What making it took.
    pub(super) took: Duration,
}

/// Makes one of a bench's components; `with_setup` installs missing tools first.
///
/// # Errors
/// When a tool is missing or fails, or the component cannot be written; the one of before stays.
pub(super) fn make(builds: &Builds, index: usize, with_setup: bool) -> Result<Built, Failure> {
    let began = WallInstant::now();
    let table = &builds.tables[index];
    let place = builds.place(index);
    if table.engine.is_some()
        && !matches!(table.language, Language::JavaScript | Language::TypeScript)
    {
        return Err(Failure::usage(format!(
            "{place}: `engine` is what runs JavaScript and TypeScript, and this is {}\n  fix: \
             remove it",
            table.language.title()
        )));
    }
    let source = found(builds, &place, "source", &table.source)?;
    let scratch = tempfile::Builder::new().prefix("timeslip-build-").tempdir();
    let scratch =
        scratch.map_err(|error| Failure::run(format!("cannot make a folder: {error}")))?;
    let tools = Tools { kit: Kit::of(table), language: table.language.title(), place: &place };
    let sdk = sdk(builds, &place, table)?;
    let job = Job { table, tools, source, sdk, scratch: scratch.path() };
    if with_setup {
        setup::set_up(&job.tools, job.folder())?;
    }
    let bytes = recipe::component(&job)?;
    interrupt::check()?;
    if !is_component(&bytes) {
        return Err(Failure::usage(format!(
            "{place}: the {} tools wrote no component; is there another version of them on the \
             PATH?\n  fix: `timeslip build --setup` installs {}",
            table.language.title(),
            job.tools.kit.wanted()
        )));
    }
    let output = builds.folder.join(&table.output);
    if let Some(folder) = output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::run(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
    }
    output::write_file(&output, &bytes)?;
    Ok(Built {
        language: table.language,
        output: crate::bench::tidy(&output),
        bytes: bytes.len(),
        digest: component_digest(&bytes),
        took: began.elapsed(),
    })
}

/// A path of a table that must lead to something.
fn found(builds: &Builds, place: &str, key: &str, path: &str) -> Result<PathBuf, Failure> {
    builds.folder.join(path).canonicalize().map_err(|error| {
        Failure::usage(format!(
            "{place}: cannot find `{key}` {path}: {error}\n  fix: a path in a bench starts from \
             the bench's own folder"
        ))
    })
}

/// The folder of the SDK. Rust and Go name it in manifests of their own, so theirs need not be there.
fn sdk(builds: &Builds, place: &str, table: &BuildTable) -> Result<PathBuf, Failure> {
    match table.language {
        Language::Rust | Language::Go => Ok(builds.folder.join(&table.sdk)),
        _ => found(builds, place, "sdk", &table.sdk),
    }
}
