//! The bench that `timeslip record` writes beside its cassettes: it leads to the bench that was
//! recorded, and says which cassette each session plays.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use timeslip_timeline::conversation::nearest;

use super::Bench;
use super::file::{BenchFile, CassetteTable, TaskTable, WordsTable};
use super::files::{BenchFolder, tidy};
use super::load::{BenchSource, Overrides, bench_file};
use super::resolve::{Reader, resolve};
use super::tasks::{COMMAND_LINE_TASK, task_tables};
use super::text::TomlText;
use crate::exit::Failure;

/// The name of the file.
pub(crate) const RECORDING_FILE: &str = "timeslip.toml";

/// The key that tells it from other benches.
const RECORDING_OF: &str = "recording_of";

/// A recording's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordingFile {
    /// The way from its folder to the bench that was recorded; none for the built-in example.
    pub(crate) recording_of: Option<String>,
    /// Whether the built-in example was recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) built_in: bool,
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// What it runs on unless `--on` says otherwise.
    pub(crate) machines: Vec<String>,
    /// The sessions, in the order in which they start.
    pub(crate) session: Vec<RecordedSession>,
}

/// A recorded session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedSession {
    /// Its name in the slip.
    pub(crate) name: String,
    /// The task of the bench.
    pub(crate) task: String,
    /// The task itself, where the command line gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<String>,
    /// Its cassette, from the recording's folder.
    pub(crate) cassette: String,
}

impl RecordingFile {
    /// The recording that a text holds; none where it is another bench.
    ///
    /// # Errors
    /// When it is a recording and cannot be read.
    pub(crate) fn in_text(text: &TomlText) -> Result<Option<RecordingFile>, Failure> {
        let begins = |line: &str| line.starts_with(RECORDING_OF) || line.starts_with("built_in");
        match text.text.lines().any(begins) {
            true => text.parse().map(Some),
            false => Ok(None),
        }
    }

    /// The recorded bench with its recorded words; `path` is the recording's own file.
    ///
    /// # Errors
    /// When the bench, a task or a cassette cannot be read.
    pub(super) fn bench(
        self,
        path: &Path,
        text: &TomlText,
        overrides: &Overrides,
    ) -> Result<Bench, Failure> {
        if overrides.task.is_some() {
            return Err(Failure::usage(format!(
                "--task gives a task that the recording {} does not hold\n  fix: leave --task out, \
                 or run the bench that was recorded",
                text.file
            )));
        }
        let home = path.parent().unwrap_or(Path::new("")).to_owned();
        let source_path = self.source(&home, text)?;
        let given = self.session.iter().find_map(|session| session.input.clone());
        let of_source = Overrides { task: given, ..overrides.clone() };
        let BenchSource { file, text: source, folder } =
            BenchSource::read(source_path.as_deref(), &of_source)?;
        let reader = Reader { text: &source, folder: &folder, builds: &file.build };
        let known = task_tables(&reader, &file)?;
        let tasks: Result<Vec<TaskTable>, Failure> = self
            .session
            .iter()
            .map(|session| self.task(session, &known, &home, &folder, text))
            .collect();
        let file = BenchFile {
            machines: self.machines.clone(),
            seed: self.seed,
            words: WordsTable::Cassette(CassetteTable::default()),
            task: tasks?,
            tasks: None,
            ..file
        };
        let mut file = file;
        file.load.sessions = None;
        let bench = resolve(file, &source, &folder, overrides)?;
        Ok(Bench { is_recording: true, ..bench })
    }

    /// The file of the bench that was recorded.
    ///
    /// # Errors
    /// When it is not where the recording says.
    pub(super) fn source(&self, home: &Path, text: &TomlText) -> Result<Option<PathBuf>, Failure> {
        match &self.recording_of {
            None => Ok(None),
            Some(way) => {
                let source = bench_file(&tidy(&home.join(way)))?;
                match source.is_file() {
                    true => Ok(Some(source)),
                    false => Err(Failure::usage(format!(
                        "{}: the bench that was recorded is not at {}\n  fix: correct \
                         `{RECORDING_OF}`, which starts from the recording's folder",
                        text.place_of(way),
                        source.display()
                    ))),
                }
            }
        }
    }

    fn task(
        &self,
        session: &RecordedSession,
        known: &[TaskTable],
        home: &Path,
        folder: &BenchFolder,
        text: &TomlText,
    ) -> Result<TaskTable, Failure> {
        let table = match &session.input {
            Some(input) => TaskTable {
                name: COMMAND_LINE_TASK.to_owned(),
                input: input.clone(),
                cassette: None,
                tier: None,
                config: Default::default(),
            },
            None => {
                let found = known.iter().find(|task| task.name == session.task);
                found.cloned().ok_or_else(|| unknown_task(session, known, text))?
            }
        };
        let cassette = folder.way_to(&home.join(&session.cassette)).map_err(Failure::run)?;
        Ok(TaskTable { name: session.name.clone(), cassette: Some(cassette), ..table })
    }
}

fn unknown_task(session: &RecordedSession, known: &[TaskTable], text: &TomlText) -> Failure {
    let near = nearest(&session.task, known.iter().map(|task| task.name.as_str()));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Failure::usage(format!(
        "{}: the bench has no task `{}` any more{hint}\n  fix: record it again, or remove the \
         [[session]]",
        text.place_of(&session.task),
        session.task
    ))
}
