//! From a path on the command line to a bench: a file, a folder with one, a bare component, or the
//! built-in example.

use std::path::{Path, PathBuf};

use super::Bench;
use super::file::{AgentTable, BenchFile, TaskTable, WordsTable};
use super::files::{BenchFolder, RevisionFolder, tidy};
use super::notes::Notes;
use super::recording::RecordingFile;
use super::resolve::resolve;
use super::text::TomlText;
use crate::built_in;
use crate::exit::Failure;
use crate::live::args::LiveArgs;

/// The names of a bench in a folder, the first that is there.
const BENCH_FILES: [&str; 2] = ["timeslip.toml", "bench.toml"];

/// The built-in example's bench in its folder.
const EXAMPLE_FILE: &str = "bench.toml";

/// The largest bench file that is read, in bytes.
const BENCH_BYTES_MAX: u64 = 256 << 20;

/// The machine of a run that names none.
pub(crate) const DEFAULT_MACHINE: &str = "rubin-groq3";

/// What the command line says in place of the bench.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `MACHINE` or `MACHINE:MODEL`.
    pub(crate) on: Vec<String>,
    /// A task in place of the bench's.
    pub(crate) task: Option<String>,
    /// The one of the bench's tasks that is done.
    pub(crate) only: Option<String>,
    /// How many sessions.
    pub(crate) sessions: Option<usize>,
    /// The most at once.
    pub(crate) at_once: Option<usize>,
    /// Sessions that start per second.
    pub(crate) rate_per_second: Option<f64>,
    /// The shape of the gaps between them.
    pub(crate) burstiness: Option<f64>,
    /// From the end of a session to the start of the next, in seconds.
    pub(crate) think_seconds: Option<f64>,
    /// A trace by whose instants sessions start.
    pub(crate) arrivals: Option<PathBuf>,
    /// The seed.
    pub(crate) seed: Option<u64>,
    /// A folder of profiles.
    pub(crate) profiles: Option<PathBuf>,
    /// A real server.
    pub(crate) live: LiveArgs,
    /// Where is noted what the bench leads to.
    pub(crate) notes: Option<Notes>,
}

impl Bench {
    /// Reads a bench and everything it leads to; without a path, that of the folder that the program
    /// runs in, or the built-in example.
    ///
    /// # Errors
    /// When anything of it is missing or wrong, naming the file, the line and the fix.
    pub(crate) fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Bench, Failure> {
        let path = bench_of_here(path).map(|path| bench_file(&path)).transpose()?;
        if let Some(path) = path.as_deref().filter(|path| !is_component(path)) {
            let text = read_text(path, overrides)?;
            if let Some(recording) = RecordingFile::in_text(&text)? {
                return recording.bench(path, &text, overrides);
            }
        }
        let BenchSource { file, text, folder } = BenchSource::read(path.as_deref(), overrides)?;
        resolve(file, &text, &folder, overrides)
    }

    /// Reads a bench as it was at another revision: `bench` is its file from the repository's root,
    /// and `tree` holds the revision's files.
    ///
    /// # Errors
    /// As for [`Bench::load`].
    pub(crate) fn load_at_revision(
        tree: &Path,
        root: &Path,
        bench: &Path,
        overrides: &Overrides,
    ) -> Result<Bench, Failure> {
        let path = tree.join(bench);
        let folder = BenchFolder::AtRevision(RevisionFolder {
            tree: tree.to_owned(),
            root: root.to_owned(),
            inside: bench.parent().unwrap_or(Path::new("")).to_owned(),
        });
        let text = TomlText::read(&path)?;
        if let Some(recording) = RecordingFile::in_text(&text)? {
            return recording.bench(&path, &text, overrides);
        }
        resolve(text.parse()?, &text, &folder, overrides)
    }
}

/// A bench as it is written, and where its paths lead.
pub(super) struct BenchSource {
    /// What it says.
    pub(super) file: BenchFile,
    /// Its text, for places; empty where the command line says it all.
    pub(super) text: TomlText,
    /// What its paths start from.
    pub(super) folder: BenchFolder,
}

impl BenchSource {
    /// Reads a bench's file, what stands for a bare component, or without a path the built-in
    /// example.
    pub(super) fn read(path: Option<&Path>, overrides: &Overrides) -> Result<BenchSource, Failure> {
        let Some(path) = path else {
            let folder = BenchFolder::BuiltIn(built_in::EXAMPLE_FOLDER);
            let bytes = folder.read(EXAMPLE_FILE).map_err(Failure::run)?;
            let text = TomlText::new(folder.shown(EXAMPLE_FILE), bytes)?;
            return Ok(BenchSource { file: text.parse()?, text, folder });
        };
        let home = path.parent().unwrap_or(Path::new("")).to_owned();
        let folder = match &overrides.notes {
            Some(notes) => BenchFolder::Noted(home, notes.clone()),
            None => BenchFolder::Disk(home),
        };
        if is_component(path) {
            let text = TomlText { file: path.display().to_string(), text: String::new() };
            return Ok(BenchSource { file: bare_component(path, overrides)?, text, folder });
        }
        let text = read_text(path, overrides)?;
        Ok(BenchSource { file: text.parse()?, text, folder })
    }
}

impl TomlText {
    /// Reads a bench's file.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub(super) fn read(path: &Path) -> Result<TomlText, Failure> {
        TomlText::new(path.display().to_string(), read_bench(path)?)
    }
}

/// Reads a bench's file, and notes it where that is asked for.
fn read_text(path: &Path, overrides: &Overrides) -> Result<TomlText, Failure> {
    let Some(notes) = &overrides.notes else { return TomlText::read(path) };
    notes.check_inside(path).map_err(|error| {
        Failure::usage(format!("cannot read the bench {}: {error}", path.display()))
    })?;
    let text = TomlText::read(path)?;
    notes.file(path, text.text.as_bytes());
    Ok(text)
}

fn is_component(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("wasm" | "wat"))
}

/// The bench that is meant: the one that is named, else the one of the folder that the program runs
/// in. Without either it is the built-in example.
pub(crate) fn bench_of_here(named: Option<&Path>) -> Option<PathBuf> {
    let here = BENCH_FILES.iter().map(Path::new).find(|file| file.is_file());
    named.or(here).map(Path::to_owned)
}

/// The bench's file: the path itself, or what a folder has.
///
/// # Errors
/// When a folder has no bench.
pub(crate) fn bench_file(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let candidates = BENCH_FILES.map(|name| tidy(&path.join(name)));
    let [first, _] = &candidates;
    candidates.iter().find(|candidate| candidate.is_file()).cloned().ok_or_else(|| {
        Failure::usage(format!(
            "the folder {} has no bench: neither {} is there\n  fix: `timeslip init {}` writes {}",
            path.display(),
            BENCH_FILES.join(" nor "),
            path.display(),
            first.display()
        ))
    })
}

fn read_bench(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let length = std::fs::metadata(path).map(|metadata| metadata.len());
    let read = length.and_then(|length| match length <= BENCH_BYTES_MAX {
        true => std::fs::read(path),
        false => Err(std::io::Error::other("it is larger than 256 MiB, so it is no bench")),
    });
    read.map_err(|error| {
        let fix = "give the path of a bench file, of a folder with a timeslip.toml, or of an agent's \
                   .wasm; `timeslip run` alone runs the bench of this folder, or else the built-in \
                   example";
        Failure::usage(format!("cannot read the bench {shown}: {error}\n  fix: {fix}"))
    })
}

/// A bench around a bare agent: it may ask the run's models, and gets filler for replies.
fn bare_component(path: &Path, overrides: &Overrides) -> Result<BenchFile, Failure> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if overrides.task.is_none() {
        return Err(Failure::usage(format!(
            "{} is a component, and a component alone has no task\n  fix: add --task TEXT, or \
             write a bench that names it under [agent]",
            path.display()
        )));
    }
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("component");
    Ok(BenchFile {
        name: name.to_owned(),
        about: None,
        machines: Vec::new(),
        profiles: None,
        seed: 0,
        target_tokens_per_second: None,
        agent: AgentTable {
            component: file_name.to_owned(),
            tools: None,
            digest: None,
            models: vec!["*".to_owned()],
            files: None,
            write: false,
            config: Default::default(),
        },
        endpoint: Vec::new(),
        tool: Vec::new(),
        words: WordsTable::Synthetic(Default::default()),
        tokenizer: None,
        task: Vec::<TaskTable>::new(),
        tasks: None,
        load: Default::default(),
        routing: Default::default(),
        limits: Default::default(),
        check: Default::default(),
        budget: Vec::new(),
        build: Vec::new(),
    })
}
