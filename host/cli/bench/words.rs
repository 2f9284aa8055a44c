//! The words of a bench: read from their files, with the tokenizer that counts them.

use std::sync::Arc;

use timeslip_gate::slip::{WordsKind, WordsUsed};
use timeslip_timeline::backend::Words;
use timeslip_words::cassette::{Cassette, CassetteWords, Matching};
use timeslip_words::live::NoWords;
use timeslip_words::script::ScriptWords;
use timeslip_words::synthetic::SyntheticWords;
use timeslip_words::tokenizer::{BUILT_IN_TOKENIZERS, Tokenizer};

use super::file::{BenchFile, MatchingKey, WordsTable};
use super::resolve::Reader;
use crate::exit::Failure;

/// Words, ready to be spoken.
pub(crate) enum LoadedWords {
    /// Rules written by hand, and their file.
    Script(Box<ScriptWords>, String),
    /// Recordings.
    Cassette(RecordedWords),
    /// Filler of drawn lengths.
    Synthetic(Box<SyntheticWords>),
    /// None: real servers have theirs.
    Endpoint,
}

/// Recordings, one for each task.
pub(crate) struct RecordedWords {
    /// What plays them.
    pub(crate) words: CassetteWords,
    /// The recordings.
    pub(crate) cassettes: Vec<Arc<Cassette>>,
    /// When they answer.
    pub(crate) matching: Matching,
}

/// Which recording each task plays.
pub(super) enum TaskCassettes {
    /// What each task says, by the task's name.
    OfTasks(Vec<(String, Option<String>)>),
    /// `--task` replaced the tasks.
    GivenOnCommandLine,
}

impl LoadedWords {
    /// What stands in the slip.
    pub(crate) fn used(&self) -> WordsUsed {
        let (kind, digest) = match self {
            LoadedWords::Script(words, _) => (WordsKind::Script, words.digest()),
            LoadedWords::Cassette(recorded) => (WordsKind::Cassette, recorded.words.digest()),
            LoadedWords::Synthetic(words) => (WordsKind::Synthetic, words.digest()),
            LoadedWords::Endpoint => {
                return WordsUsed { kind: WordsKind::Endpoint, digest: None };
            }
        };
        WordsUsed { kind, digest: Some(format!("sha256:{digest}")) }
    }

    /// Where the replies come from, for the screen.
    pub(crate) fn note(&self) -> String {
        match self {
            LoadedWords::Script(_, file) => format!("scripted by hand ({file}); no model replied"),
            LoadedWords::Cassette(RecordedWords { cassettes, matching, .. }) => {
                let count = cassettes.len();
                let plural = if count == 1 { "recording" } else { "recordings" };
                let source = cassettes.first().map(|cassette| cassette.header().source.as_str());
                let source = source.map(|source| format!(": {source}")).unwrap_or_default();
                let turns = match matching {
                    Matching::Exact => "",
                    Matching::Turns => {
                        "; found by what was said, so the recorded model may not have read the \
                         agent's instructions of now"
                    }
                };
                let cut_off = match cassettes.iter().filter(|one| one.is_cut_off()).count() {
                    0 => String::new(),
                    cut => format!("; {cut} cut off, played up to there"),
                };
                format!("{count} {plural}{source}{turns}{cut_off}")
            }
            LoadedWords::Endpoint => "none; real servers have their own".to_owned(),
            LoadedWords::Synthetic(_) => {
                "filler of drawn lengths; no model replied, and the texts mean nothing".to_owned()
            }
        }
    }

    /// A maker of replies to whom nothing has been said yet: one for each run.
    pub(crate) fn begin(&self) -> Box<dyn Words> {
        match self {
            LoadedWords::Script(words, _) => words.clone(),
            LoadedWords::Cassette(recorded) => Box::new(recorded.words.clone()),
            LoadedWords::Synthetic(words) => words.clone(),
            LoadedWords::Endpoint => Box::new(NoWords),
        }
    }

    /// Those of a run of one task, by its place, and with a seed of its own.
    pub(crate) fn for_one(
        &self,
        task: Option<usize>,
        seed: u64,
        tokenizer: &Arc<Tokenizer>,
    ) -> LoadedWords {
        match self {
            LoadedWords::Script(words, file) => LoadedWords::Script(words.clone(), file.clone()),
            LoadedWords::Synthetic(words) => LoadedWords::Synthetic(Box::new(words.seeded(seed))),
            LoadedWords::Cassette(recorded) => {
                let cassettes: Vec<Arc<Cassette>> = task
                    .and_then(|task| recorded.cassettes.get(task))
                    .cloned()
                    .into_iter()
                    .collect();
                let matching = recorded.matching;
                let words = CassetteWords::new(cassettes.clone(), matching, tokenizer.clone());
                LoadedWords::Cassette(RecordedWords { words, cassettes, matching })
            }
            LoadedWords::Endpoint => LoadedWords::Endpoint,
        }
    }

    /// The recording of a task, if there is one.
    pub(crate) fn cassette(&self, task_index: usize) -> Option<&Arc<Cassette>> {
        match self {
            LoadedWords::Cassette(recorded) => recorded.cassettes.get(task_index),
            _ => None,
        }
    }
}

/// Reads the words that a bench names.
pub(super) fn load_words(
    file: &BenchFile,
    reader: &Reader<'_>,
    seed: u64,
    cassettes: TaskCassettes,
    tokenizer: Arc<Tokenizer>,
) -> Result<LoadedWords, Failure> {
    match &file.words {
        WordsTable::Script(table) => {
            let bytes = reader.bytes("the script", &table.file)?;
            let shown = reader.folder.shown(&table.file);
            let words = ScriptWords::parse(&shown, &bytes, tokenizer).map_err(Failure::usage)?;
            Ok(LoadedWords::Script(Box::new(words), shown))
        }
        WordsTable::Synthetic(spec) => {
            let words = SyntheticWords::new(spec.clone(), seed, tokenizer);
            Ok(LoadedWords::Synthetic(Box::new(words)))
        }
        WordsTable::Cassette(table) => {
            let cassettes = read_cassettes(cassettes, reader)?;
            let matching = match table.matching {
                MatchingKey::Exact => Matching::Exact,
                MatchingKey::Turns => Matching::Turns,
            };
            let words = CassetteWords::new(cassettes.clone(), matching, tokenizer);
            Ok(LoadedWords::Cassette(RecordedWords { words, cassettes, matching }))
        }
        WordsTable::Endpoint => Ok(LoadedWords::Endpoint),
    }
}

/// Reads what counts tokens.
pub(super) fn load_tokenizer(
    name: Option<&str>,
    reader: &Reader<'_>,
) -> Result<Tokenizer, Failure> {
    let name = name.unwrap_or(BUILT_IN_TOKENIZERS[0]);
    if name.ends_with(".json") {
        let bytes = reader.bytes("the tokenizer", name)?;
        return Tokenizer::of_model(&reader.folder.shown(name), &bytes).map_err(Failure::usage);
    }
    Tokenizer::built_in(name)
        .map_err(|error| Failure::usage(format!("{}: {error}", reader.text.place_of(name))))
}

fn read_cassettes(
    cassettes: TaskCassettes,
    reader: &Reader<'_>,
) -> Result<Vec<Arc<Cassette>>, Failure> {
    let TaskCassettes::OfTasks(paths) = cassettes else {
        return Err(Failure::usage(format!(
            "--task gives a task that no cassette of {} holds\n  fix: leave --task out, or give \
             the bench words of kind `script` or `synthetic`",
            reader.text.file
        )));
    };
    let mut read = Vec::with_capacity(paths.len());
    for (task, path) in &paths {
        let Some(path) = path else {
            return Err(Failure::usage(format!(
                "{}: the task `{task}` names no cassette; add `cassette = \"PATH\"` to it",
                reader.text.place_of(task),
            )));
        };
        let bytes = reader.bytes("the cassette", path)?;
        let cassette =
            Cassette::parse(&reader.folder.shown(path), &bytes).map_err(Failure::usage)?;
        read.push(Arc::new(cassette));
    }
    Ok(read)
}
