//! The words of a server: of a bench, of a script, of cassettes, or filler.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use timeslip_serve::Voice;
use timeslip_timeline::backend::Words;
use timeslip_words::cassette::{Cassette, CassetteWords, Matching, SharedCassettes};
use timeslip_words::script::ScriptWords;
use timeslip_words::synthetic::{Distribution, SyntheticSpec, SyntheticWords};
use timeslip_words::tokenizer::{BUILT_IN_TOKENIZERS, Tokenizer};

use super::args::ServeArgs;
use crate::bench::{LoadedWords, RecordedWords};
use crate::exit::Failure;

/// Words as the server asks them, from many threads and without sessions of a bench.
pub(super) fn voice(words: &LoadedWords, tokenizer: &Arc<Tokenizer>) -> Result<Voice, Failure> {
    let words: Box<dyn Words + Send> = match words {
        LoadedWords::Script(words, _) => words.clone(),
        LoadedWords::Synthetic(words) => words.clone(),
        LoadedWords::Cassette(RecordedWords { cassettes, matching, .. }) => {
            Box::new(SharedCassettes::new(cassettes.clone(), *matching, tokenizer.clone()))
        }
        LoadedWords::Endpoint => {
            return Err(Failure::usage(
                "the words of this bench are those of real servers, which a modelled machine has \
                 not\n  fix: record it by `timeslip record`, and serve the recording",
            ));
        }
    };
    let (counts, counts_prompts) = (tokenizer.clone(), tokenizer.clone());
    Ok(Voice {
        words,
        count: Box::new(move |text| counts.count(text)),
        count_prompt: Box::new(move |request| drop(counts_prompts.prompt_parts(request))),
    })
}

/// What the command line says of words.
pub(super) fn load(
    args: &ServeArgs,
    seed: u64,
    tokenizer: &Arc<Tokenizer>,
) -> Result<LoadedWords, Failure> {
    if let Some(script) = &args.script {
        let shown = script.display().to_string();
        let words = ScriptWords::parse(&shown, &read("--script", script)?, tokenizer.clone());
        return Ok(LoadedWords::Script(Box::new(words.map_err(Failure::usage)?), shown));
    }
    if !args.cassette.is_empty() {
        let matching = if args.by_turns { Matching::Turns } else { Matching::Exact };
        let mut cassettes = Vec::new();
        for file in cassette_files(&args.cassette)? {
            let shown = file.display().to_string();
            let cassette = Cassette::parse(&shown, &read("--cassette", &file)?);
            cassettes.push(Arc::new(cassette.map_err(Failure::usage)?));
        }
        let words = CassetteWords::new(cassettes.clone(), matching, tokenizer.clone());
        return Ok(LoadedWords::Cassette(RecordedWords { words, cassettes, matching }));
    }
    let spec = match args.output_tokens {
        Some(tokens) => {
            SyntheticSpec { output_tokens: Distribution::Fixed(tokens), ..Default::default() }
        }
        None => SyntheticSpec::default(),
    };
    Ok(LoadedWords::Synthetic(Box::new(SyntheticWords::new(spec, seed, tokenizer.clone()))))
}

/// What counts tokens.
pub(super) fn tokenizer(name: Option<&str>) -> Result<Tokenizer, Failure> {
    let name = name.unwrap_or(BUILT_IN_TOKENIZERS[0]);
    if name.ends_with(".json") {
        let bytes = read("--tokenizer", Path::new(name))?;
        return Tokenizer::of_model(name, &bytes).map_err(Failure::usage);
    }
    Tokenizer::built_in(name).map_err(|error| Failure::usage(format!("--tokenizer: {error}")))
}

/// The files themselves, and those of the folders in the order of their names.
fn cassette_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let wrong = |problem: String| {
            let shown = path.display();
            Failure::usage(format!(
                "--cassette: {shown}: {problem}\n  fix: give a folder of .jsonl"
            ))
        };
        let entries = std::fs::read_dir(path).map_err(|error| wrong(error.to_string()))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        if found.is_empty() {
            return Err(wrong("it has no cassette".to_owned()));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

fn read(option: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        Failure::usage(format!("{option}: cannot read {}: {error}", file.display()))
    })
}
