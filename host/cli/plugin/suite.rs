//! Suites: benches with all that they lead to, from one's own disk, or as they travel with a plugin.

use std::path::{Path, PathBuf};

use serde_json::json;
use timeslip_market::catalogue::Entry;
use timeslip_market::digest::Digest;
use timeslip_market::name::Reference;
use timeslip_market::registry::{Registry, Repository};
use timeslip_market::suite::Suite;

use super::args::SuiteArgs;
use super::failure;
use super::info::newest;
use super::places::Places;
use super::screen::{bytes_text, counted, json_text};
use crate::bench::{Bench, Noted, Notes, Overrides, absolute, bench_file, path_from};
use crate::exit::{Exit, Failure};
use crate::output;

/// Lists the suites of a plugin, or writes one into a folder.
pub(super) fn suite(args: &SuiteArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let reference = Reference::parse(&args.reference).map_err(failure)?;
    let sources = places.sources()?;
    let (source, entry) = newest(&sources, &reference)?;
    let Some(out) = &args.out else {
        let found = suites(&places, &source.registry, &entry)?;
        output::print(&match args.places.json {
            true => json_text(&json!({ "suites": found })),
            false => list_text(&entry, &found),
        })?;
        return Ok(Exit::Pass);
    };
    let digest = match &args.digest {
        Some(digest) => Digest::parse(digest).map_err(failure)?,
        None => only_one(&places, &source.registry, &entry)?,
    };
    let packed = pack(&fetched(&places, &source.registry, &entry, &digest)?)?;
    let bench = packed.suite.write(out).map_err(failure)?;
    output::print(&match args.places.json {
        true => json_text(&json!({ "suite": digest, "bench": bench.display().to_string() })),
        false => format!(
            "wrote the suite {digest} ({}) into {}\n  its bench is {}\n",
            packed.size_text(),
            out.display(),
            bench.display()
        ),
    })?;
    Ok(Exit::Pass)
}

fn list_text(entry: &Entry, found: &[Digest]) -> String {
    let mut text = format!("{} of {}\n", counted(found.len(), "suite"), entry.name);
    found.iter().for_each(|digest| text.push_str(&format!("  {digest}\n")));
    text
}

/// A suite as it travels, with its digest.
pub(super) struct Packed {
    pub(super) digest: Digest,
    pub(super) suite: Suite,
}

impl Packed {
    /// How large it is.
    pub(super) fn size_text(&self) -> String {
        format!("{}, {}", counted(self.suite.count(), "file"), bytes_text(self.suite.bytes()))
    }
}

/// A bench of one's own, with every file that it leads to.
///
/// # Errors
/// When it cannot be read, or would not be the same bench elsewhere.
pub(super) fn pack(bench_path: &Path) -> Result<Packed, Failure> {
    let (bench, noted) = read(bench_path, Notes::default())?;
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::usage(format!(
            "{}: it cannot travel with its plugin, so that nobody could run it again: {why}",
            bench_path.display()
        ))
    };
    if let Some(problem) = noted.problems.first() {
        return Err(cannot(problem));
    }
    let own = absolute(&bench_file(bench_path)?).map_err(Failure::run)?;
    let holds_all = |folder: &&Path| noted.files.keys().all(|file| file.starts_with(folder));
    let common = own.ancestors().skip(1).find(holds_all).unwrap_or(Path::new("/"));
    if common.parent().is_none() {
        return Err(cannot(&"its files have no folder in common but the root of the disk"));
    }
    let way = |file: &Path| path_from(common, file);
    let files = noted.files.into_iter().map(|(file, bytes)| (way(&file), bytes)).collect();
    let suite = Suite::new(way(&own), files).map_err(|error| cannot(&error))?;
    Ok(Packed { digest: Digest::parse(&bench.digest).map_err(failure)?, suite })
}

/// The bench of a suite that travels with a plugin, fetched where it is not at hand.
///
/// # Errors
/// When it is not to be had, is another one than its digest says, or leads out of itself.
pub(super) fn fetched(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
    digest: &Digest,
) -> Result<PathBuf, Failure> {
    if let Some(bench) = places.suites.bench(digest).map_err(failure)?
        && check(places, &bench, digest).is_ok()
    {
        return Ok(bench);
    }
    if places.is_offline() {
        return Err(Failure::usage(format!(
            "the suite {digest} was never fetched\n  fix: ask once without --offline"
        )));
    }
    let suite = registry.suite(&Repository::of(&entry.name), digest).map_err(failure)?;
    let bench = places.suites.keep(digest, &suite).map_err(failure)?;
    check(places, &bench, digest).map_err(|problem| {
        Failure::usage(format!(
            "{registry}: what {} has as its suite {digest} is refused: {problem}",
            entry.name
        ))
    })?;
    Ok(bench)
}

/// The one suite of a plugin.
///
/// # Errors
/// When it has none, or several, or no registry is to be asked.
pub(super) fn only_one(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
) -> Result<Digest, Failure> {
    let name = &entry.name;
    let mut found = suites(places, registry, entry)?;
    match (found.pop(), found.is_empty()) {
        (Some(digest), true) => Ok(digest),
        (None, _) => Err(Failure::usage(format!(
            "{name} has no suite in {registry}\n  fix: --suite BENCH names one of your own, and --push \
             leaves it there"
        ))),
        (Some(last), false) => {
            found.push(last);
            let list = list_text(entry, &found);
            Err(Failure::usage(format!(
                "which suite is meant nobody can tell: {list}  fix: give the digest of one of them"
            )))
        }
    }
}

/// The suites of a plugin.
fn suites(places: &Places, registry: &Registry, entry: &Entry) -> Result<Vec<Digest>, Failure> {
    match places.is_offline() {
        false => registry.suites(&Repository::of(&entry.name)).map_err(failure),
        true => Err(Failure::usage(
            "which suites there are says the registry alone\n  fix: give the digest of one that was \
             fetched before, or leave --offline out",
        )),
    }
}

/// Holds the files of a suite on the disk against its digest.
fn check(places: &Places, bench: &Path, digest: &Digest) -> Result<(), String> {
    let notes = Notes::inside(&places.suites.folder(digest)).map_err(|error| error.to_string())?;
    let (read, noted) = read(bench, notes).map_err(|failure| failure.message)?;
    match (noted.problems.first(), read.digest == digest.as_str()) {
        (Some(problem), _) => Err(problem.clone()),
        (None, true) => Ok(()),
        (None, false) => Err(format!("it is another one, {}", read.digest)),
    }
}

fn read(bench_path: &Path, notes: Notes) -> Result<(Bench, Noted), Failure> {
    let overrides = Overrides { notes: Some(notes.clone()), ..Overrides::default() };
    let bench = Bench::load(Some(bench_path), &overrides)?;
    Ok((bench, notes.take()))
}
