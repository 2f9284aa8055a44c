//! `timeslip record`: runs a bench on a real server and keeps what it replies.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use timeslip_words::cassette::{CassetteWords, Header, KeyPart, Matching, SCHEMA, TokenSource};

use super::args::RecordArgs;
use super::recorder::Recorders;
use crate::bench::{
    Bench, RECORDING_FILE, RecordedSession, RecordingFile, bench_file, bench_of_here, path_from,
};
use crate::exit::{Exit, Failure};
use crate::machines::{PlacedMachine, RECORDED};
use crate::output;
use crate::run::{Recording, perform};
use crate::servers::asks_servers;

/// The folder of the cassettes in a recording.
pub(crate) const CASSETTES: &str = "cassettes";

/// What stands above a recording's keys.
const ABOUT: &str = "\
# A recording: the bench that it leads to, with the words that a real server said.\n\
# Written by `timeslip record`, which goes on with it when it is given the same bench again.\n";

/// Records a bench and reports the run.
pub(crate) fn record(args: &RecordArgs) -> Result<Exit, Failure> {
    #[cfg(feature = "local")]
    let (run, _server) = crate::run::with_local_server(&args.run)?;
    #[cfg(feature = "local")]
    let args = &RecordArgs { run, ..args.clone() };
    if args.run.debug.again.is_some() {
        return Err(Failure::usage(
            "--again runs a session of an earlier run, and nothing of it is recorded\n  fix: leave \
             it out, or use `timeslip run`",
        ));
    }
    let bench = Bench::load(args.run.bench.as_deref(), &args.run.overrides())?;
    if bench.is_recording {
        return Err(Failure::usage(
            "this bench is a recording itself\n  fix: go on with it by `timeslip run … \
             --on-miss record`, or name the bench that was recorded",
        ));
    }
    perform(&args.run, &bench, None, |bench, machines| {
        if !asks_servers(bench, machines) {
            return Err(Failure::usage(
                "nothing here is a real server, so there is nothing to record\n  fix: add \
                 --endpoint URL, or an [[endpoint]] to the bench and to its `machines`",
            ));
        }
        begin(args, bench, machines).map(Some)
    })
}

/// Writes the recording's file, and opens its cassettes.
fn begin(
    args: &RecordArgs,
    bench: &Bench,
    machines: &[PlacedMachine],
) -> Result<Recording, Failure> {
    let folder = &args.output;
    let cassettes = folder.join(CASSETTES);
    fs::create_dir_all(&cassettes)
        .map_err(|error| Failure::run(format!("cannot make {}: {error}", cassettes.display())))?;
    let file = recording_file(args, bench, machines)?;
    write_or_go_on(&folder.join(RECORDING_FILE), &file)?;
    let files = file
        .session
        .iter()
        .map(|session| (folder.join(&session.cassette), header(&session.name, machines)));
    let (recorders, cassettes) = Recorders::open(files.collect())?;
    let (tasks, tokenizer) = (bench.tasks.len(), bench.tokenizer.clone());
    let words = CassetteWords::in_rounds(tasks, cassettes, Matching::Exact, tokenizer);
    let told = format!("recorded in {0}; play it back: timeslip run {0}", folder.display());
    Ok(Recording { recorders, words, told })
}

fn recording_file(
    args: &RecordArgs,
    bench: &Bench,
    machines: &[PlacedMachine],
) -> Result<RecordingFile, Failure> {
    let mut models = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut session = Vec::with_capacity(bench.sessions);
    let fresh: Vec<&PlacedMachine> =
        machines.iter().filter(|machine| models.insert(machine.model().to_owned())).collect();
    for number in 0..bench.sessions {
        let task = &bench.tasks[number % bench.tasks.len()].name;
        let round = number / bench.tasks.len();
        let name = unique(&mut names, task, round);
        session.push(RecordedSession {
            cassette: format!("{CASSETTES}/{}.jsonl", file_name(&name)),
            name,
            task: task.to_string(),
            input: args.run.task.clone(),
        });
    }
    let recorded = bench_of_here(args.run.bench.as_deref());
    Ok(RecordingFile {
        built_in: recorded.is_none(),
        recording_of: recorded.map(|bench| way(&args.output, &bench)).transpose()?,
        seed: bench.seed,
        machines: fresh.iter().map(|one| format!("{RECORDED}:{}", one.model())).collect(),
        session,
    })
}

/// The way from the recording's folder to the bench.
fn way(folder: &Path, bench: &Path) -> Result<String, Failure> {
    let absolute = |path: &Path| {
        let found = path.canonicalize();
        found.map_err(|error| Failure::run(format!("cannot find {}: {error}", path.display())))
    };
    Ok(path_from(&absolute(folder)?, &absolute(&bench_file(bench)?)?))
}

/// A session's name: the task's, with a number from the second round on.
fn unique(names: &mut BTreeSet<String>, task: &str, round: usize) -> String {
    let first = match round {
        0 => task.to_owned(),
        _ => format!("{task}-{}", round + 1),
    };
    let others = (1..).map(|number| format!("{first}-{number}"));
    let free = std::iter::once(first.clone()).chain(others).find(|name| !names.contains(name));
    let name = free.expect("of endless names one is free");
    names.insert(name.clone());
    name
}

/// A name that every file system takes, and that another name does not have.
fn file_name(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let kept: String = name.chars().map(|one| if plain(one) { one } else { '-' }).collect();
    let is_same = kept == name && kept.len() <= 100;
    match is_same {
        true => kept,
        // Two names may look alike without what was replaced.
        false => {
            let digest = timeslip_runtime::engine::component_digest(name.as_bytes());
            let short: String = digest.trim_start_matches("sha256:").chars().take(8).collect();
            format!("{}-{short}", kept.chars().take(80).collect::<String>())
        }
    }
}

/// Writes the recording's file, or makes sure that the one that is there says the same.
fn write_or_go_on(path: &PathBuf, file: &RecordingFile) -> Result<(), Failure> {
    let text = toml::to_string(file).expect("texts and numbers are always TOML");
    let text = format!("{ABOUT}{text}");
    if !path.exists() {
        return output::write_file(path, text.as_bytes());
    }
    let there = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    match toml::from_str::<RecordingFile>(&there) {
        Ok(there) if there == *file => Ok(()),
        _ => Err(Failure::usage(format!(
            "{} is of another bench, of other sessions, or of another model\n  fix: give another \
             folder by -o, or remove this one",
            path.display()
        ))),
    }
}

/// The first line of a new cassette.
fn header(session: &str, machines: &[PlacedMachine]) -> Header {
    let live = machines.iter().find_map(|machine| match machine {
        PlacedMachine::Live(machine) => Some(machine),
        _ => None,
    });
    let server = live.map_or("MCP servers", |machine| machine.client.server());
    Header {
        schema: SCHEMA.to_owned(),
        name: session.to_owned(),
        recorded_model: live.map(|machine| machine.model.clone()),
        source: format!("recorded from {server} by timeslip {}", env!("CARGO_PKG_VERSION")),
        key: vec![KeyPart::Messages, KeyPart::Model, KeyPart::Tools, KeyPart::Options],
        tokens: TokenSource::Recorded,
        rewrites: Vec::new(),
        redacted: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_task_have_names_and_files_of_their_own() {
        let mut names = BTreeSet::new();
        let mut named = |task, round| unique(&mut names, task, round);
        assert_eq!([named("a", 0), named("a-2", 0), named("a", 1)], ["a", "a-2", "a-2-1"]);
        assert_eq!(file_name("plain-name_1"), "plain-name_1");
        assert_ne!(file_name("ä/b"), file_name("ö/b"));
        assert!(file_name("../../x").starts_with("------x-"));
    }
}
