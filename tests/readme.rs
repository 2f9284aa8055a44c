//! The README's commands, run as a stranger would, and their outputs held against what it shows.
//!
//! Every line `$ COMMAND` of a block marked `console` is run by a shell in a copy of the files that
//! the README speaks of; a line that ends in `\` goes on in the next. What follows up to the next
//! command is its output, byte for byte. `UPDATE_README=1 cargo test readme` writes the outputs
//! anew, to be read before they are committed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{Place, repository, shared};

/// What stands in the README before a block that needs recorded data beside the repository.
const NEEDS_RECORDINGS: &str = "<!-- needs recordings -->";

/// The folder of the recordings.
const RECORDINGS: &str = "data/tau-bench-airline";

/// The folders and files that the README's commands use.
const USED: [&str; 8] = [
    "agents/hardware-guide",
    "agents/prebuilt",
    "agents/react-researcher/documents",
    "agents/supervisor/rust",
    "agents/supervisor/script.toml",
    "plugins/memory",
    "plugins/prebuilt",
    "hardware-profiles",
];

#[test]
fn the_readme_shows_what_its_commands_print() {
    let path = repository().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let place = Place::new();
    for path in USED {
        copy(&repository().join(path), &place.path(path));
    }
    let mut commands = 0;
    let printed = with_outputs(&readme, |command| {
        commands += 1;
        run(&place, command)
    });
    assert!(commands >= 5, "the README has {commands} commands");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, printed).unwrap();
    } else {
        let difference = first_difference(&readme, &printed);
        assert!(readme == printed, "UPDATE_README=1 cargo test readme: {difference}");
    }
}

/// The README with what its commands print now.
fn with_outputs(readme: &str, mut run: impl FnMut(&str) -> String) -> String {
    let has_recordings = shared(RECORDINGS).is_some();
    let mut printed = String::new();
    let mut lines = readme.lines().peekable();
    let mut skips = false;
    while let Some(line) = lines.next() {
        printed += line;
        printed += "\n";
        skips |= line == NEEDS_RECORDINGS && !has_recordings;
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next_if(|line| *line != "```") {
            let Some(first) = line.strip_prefix("$ ").filter(|_| !skips) else {
                // The output of before, or a block that cannot be run here.
                if skips {
                    printed += &format!("{line}\n");
                }
                continue;
            };
            let mut command = first.to_owned();
            printed += &format!("{line}\n");
            while command.ends_with('\\') {
                let more = lines.next().expect("a command goes on");
                printed += &format!("{more}\n");
                command.push('\n');
                command += more;
            }
            printed += &run(&command);
        }
        skips = false;
    }
    printed
}

/// Runs a command as it stands in the README, with the program of this build.
fn run(place: &Place, command: &str) -> String {
    let command = command.replace("cargo run --release -- ", "timeslip ");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_timeslip"));
    let mut path = vec![program.parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]);
    shell.env("PATH", std::env::join_paths(path).unwrap());
    if let Some(recordings) = shared(RECORDINGS) {
        shell.env("TAU", recordings.canonicalize().unwrap());
    }
    place.prepare(&mut shell);
    let output = shell.output().expect("a shell can be started");
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// Copies a folder with all that is in it, or a file.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        copy(&path, &to.join(path.file_name().unwrap()));
    }
}

fn first_difference(shown: &str, printed: &str) -> String {
    let mut pairs = shown.lines().zip(printed.lines()).enumerate();
    let differs = pairs.find(|(_, (shown, printed))| shown != printed);
    differs.map_or_else(
        || "one is longer".to_owned(),
        |(index, (shown, printed))| {
            format!("line {}\n  shown:   {shown}\n  printed: {printed}", index + 1)
        },
    )
}
