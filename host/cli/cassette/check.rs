//! `timeslip cassette check`: whether recordings can be read, and hold no secrets.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use timeslip_report::text::{counted, plain};
use timeslip_words::cassette::{Cassette, Entry, SecretLine, secret_lines};

use super::show::fetches;
use super::{CassetteCheckArgs, cannot_read, lines_listed, print_json};
use crate::exit::{Exit, Failure};
use crate::output;

/// What was found in all files.
#[derive(Debug, Serialize)]
struct Checked {
    files: Vec<CheckedFile>,
    unreadable: usize,
    with_secrets: usize,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
struct CheckedFile {
    file: String,
    /// Why it cannot be read.
    error: Option<String>,
    /// What it holds, if it can be read.
    holds: Option<Holds>,
    /// Lines with what looks like a secret.
    secrets: Vec<usize>,
}

/// What a recording holds.
#[derive(Debug, Serialize)]
struct Holds {
    chats: usize,
    tool_calls: usize,
    answers: usize,
    fetches: usize,
    redacted: bool,
    cut_off: bool,
    /// The lines of chats with a reply whose tokens were not recorded.
    without_tokens: Vec<usize>,
    /// The lines of chats whose times were not recorded.
    without_times: Vec<usize>,
}

/// Checks all files that are named or lie in the folders that are.
pub(super) fn check(args: &CassetteCheckArgs) -> Result<Exit, Failure> {
    let mut paths = Vec::new();
    for path in &args.paths {
        match path.is_dir() {
            true => paths.extend(recordings_in(path)?),
            false => paths.push(path.clone()),
        }
    }
    let files: Vec<CheckedFile> = paths.iter().map(|path| CheckedFile::of(path)).collect();
    let checked = Checked {
        unreadable: files.iter().filter(|file| file.error.is_some()).count(),
        with_secrets: files.iter().filter(|file| !file.secrets.is_empty()).count(),
        files,
    };
    match args.json {
        true => print_json(&checked)?,
        false => output::print(&checked.screen())?,
    }
    Ok(match (checked.unreadable, checked.with_secrets) {
        (0, 0) => Exit::Pass,
        (0, _) => Exit::RunFailed,
        _ => Exit::Usage,
    })
}

/// The files *.jsonl of a folder and of those inside it, by name.
fn recordings_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let failed = |error| Failure::usage(cannot_read(&next, &error));
        for entry in fs::read_dir(&next).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // A link to a folder is not followed, since it may lead back here.
            match entry.file_type().map_err(failed)?.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|ending| ending == "jsonl") => {
                    found.push(path)
                }
                false => {}
            }
        }
    }
    if found.is_empty() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "there is no recording in {folder}: it holds no file *.jsonl\n  fix: name the folder \
             that the recordings are in"
        )));
    }
    found.sort();
    Ok(found)
}

impl CheckedFile {
    fn of(path: &Path) -> CheckedFile {
        let file = path.display().to_string();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = Some(cannot_read(path, &error));
                return CheckedFile { file, error, holds: None, secrets: Vec::new() };
            }
        };
        let secrets = secret_lines(&bytes).iter().map(|SecretLine { line, .. }| *line).collect();
        let cassette = Cassette::parse(&file, &bytes);
        let holds = cassette.as_ref().ok().map(Holds::of);
        CheckedFile { file, error: cassette.err().map(|error| error.to_string()), holds, secrets }
    }

    fn line(&self) -> String {
        let secrets = match self.secrets.as_slice() {
            [] => None,
            lines => Some(format!("looks like a secret: {}", lines_listed(lines))),
        };
        let (told, between) = match (&self.holds, &self.error) {
            (Some(holds), _) => (format!("{}: {}", plain(&self.file), holds.line()), "; "),
            (None, error) => (error.as_deref().map_or_else(String::new, shown_error), "\n  "),
        };
        [Some(told), secrets].into_iter().flatten().collect::<Vec<_>>().join(between)
    }
}

/// A message whose parts of a file, if there are any, do not act on the terminal.
fn shown_error(message: &str) -> String {
    message.lines().map(plain).collect::<Vec<_>>().join("\n")
}

impl Holds {
    fn of(cassette: &Cassette) -> Holds {
        let entries = cassette.entries();
        let chats = entries.iter().filter_map(|entry| match entry {
            Entry::Chat(exchange) => Some(exchange),
            _ => None,
        });
        let without_tokens =
            chats.clone().filter(|chat| chat.outcome.is_ok() && chat.usage.is_none());
        let without_times = chats.clone().filter(|chat| chat.timing.is_none());
        let counts = cassette.counts();
        Holds {
            chats: counts.chats,
            tool_calls: counts.tool_calls,
            answers: counts.answers,
            fetches: counts.fetches,
            redacted: cassette.header().redacted,
            cut_off: cassette.is_cut_off(),
            without_tokens: without_tokens.map(|chat| chat.line).collect(),
            without_times: without_times.map(|chat| chat.line).collect(),
        }
    }

    fn line(&self) -> String {
        let mut held = vec![
            counted(self.chats as u64, "chat"),
            counted(self.tool_calls as u64, "tool call"),
            counted(self.answers as u64, "answer"),
        ];
        if self.fetches > 0 {
            held.push(fetches(self.fetches));
        }
        let redacted = if self.redacted { "redacted" } else { "not redacted" };
        let mut parts = vec![held.join(", "), redacted.to_owned()];
        for (lines, what) in [(&self.without_tokens, "tokens"), (&self.without_times, "times")] {
            match lines.len() {
                0 => {}
                all if all == self.chats => parts.push(format!("no chat has its {what}")),
                _ => parts.push(format!("without {what}: {}", lines_listed(lines))),
            }
        }
        if self.cut_off {
            parts.push("the last line is cut off and passed over".to_owned());
        }
        parts.join("; ")
    }
}

impl Checked {
    fn screen(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            text += &format!("{}\n", file.line());
        }
        let files = counted(self.files.len() as u64, "recording");
        text += &match (self.unreadable, self.with_secrets) {
            (0, 0) => format!("{files}: all can be read, and nothing looks like a secret\n"),
            (unreadable, secrets) => {
                format!(
                    "{files}: {unreadable} cannot be read, {secrets} with what looks like a secret\n"
                )
            }
        };
        if self.with_secrets > 0 {
            text += "take secrets out with: timeslip cassette edit --redact FILE\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::examples;

    fn checked(text: &str) -> CheckedFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, text).unwrap();
        let mut checked = CheckedFile::of(&path);
        let named = path.display().to_string();
        checked.error = checked.error.map(|error| error.replace(&named, "a.jsonl"));
        checked.file = "a.jsonl".to_owned();
        checked
    }

    #[test]
    fn a_file_is_told_on_one_line() {
        let secret = examples::saying("sk-0123456789abcdefghij");
        let told = [
            checked(&examples::desk()),
            checked(&examples::branches()),
            checked(&secret),
            checked(&secret.replace("\"content\"", "\"contents\"")),
        ];
        let screen = Checked { files: told.into(), unreadable: 1, with_secrets: 2 }.screen();
        assert!(!screen.contains("0123456789"), "{screen}");
        insta::assert_snapshot!(screen);
    }

    #[test]
    fn folders_are_searched_to_their_ends_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let place = |path: &str| folder.path().join(path);
        assert!(recordings_in(folder.path()).unwrap_err().message.contains("no recording"));
        fs::create_dir_all(place("b/c")).unwrap();
        for path in ["z.jsonl", "b/c/a.jsonl", "b/notes.txt", "a.jsonl"] {
            fs::write(place(path), "").unwrap();
        }
        let expected = [place("a.jsonl"), place("b/c/a.jsonl"), place("z.jsonl")];
        assert_eq!(recordings_in(folder.path()).unwrap(), expected);
    }
}
