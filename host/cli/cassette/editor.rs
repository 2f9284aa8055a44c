//! A recording in the user's own editor.

use std::env;
use std::fs;
use std::io::Write;
use std::process::Command;

use tempfile::TempPath;
use timeslip_words::cassette::Cassette;

use crate::exit::Failure;

/// What the user's editor makes of a recording; `None` where it is left as it was.
///
/// # Errors
/// When there is no editor, when it fails, and when what it leaves is no recording: the copy is kept
/// then, and named.
pub(super) fn in_editor(bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let mut named = ["VISUAL", "EDITOR"].iter().filter_map(|name| env::var(name).ok());
    let editor = named.find(|editor| !editor.trim().is_empty()).ok_or_else(|| {
        Failure::usage(
            "no change is named, and there is no editor\n  fix: set EDITOR, or name a change: \
             --replace, --set-reply, --drop-failures or --redact",
        )
    })?;
    let copy = copy_of(bytes)?;
    run(&editor, &copy)?;
    let changed = fs::read(&copy).map_err(|error| {
        Failure::run(format!("cannot read what the editor wrote to {}: {error}", copy.display()))
    })?;
    match fault_of(&copy, &changed) {
        _ if changed == bytes => Ok(None),
        None => Ok(Some(changed)),
        Some(fault) => Err(kept(copy, &fault)),
    }
}

fn copy_of(bytes: &[u8]) -> Result<TempPath, Failure> {
    let made = tempfile::Builder::new().prefix("timeslip-").suffix(".jsonl").tempfile();
    let written = made.and_then(|mut file| {
        file.write_all(bytes)?;
        Ok(file.into_temp_path())
    });
    written.map_err(|error| Failure::run(format!("cannot make a copy for the editor: {error}")))
}

/// Runs an editor, which may come with options of its own: `code --wait`.
fn run(editor: &str, copy: &TempPath) -> Result<(), Failure> {
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let ended = Command::new(program).args(words).arg(copy).status();
    let ended = ended
        .map_err(|error| Failure::usage(format!("cannot start the editor {editor}: {error}")))?;
    match ended.success() {
        true => Ok(()),
        false => Err(Failure::run(format!("the editor failed ({ended}); nothing was changed"))),
    }
}

/// What is wrong with a recording. A last line that is no JSON is taken for a recorder's that was
/// stopped elsewhere; here it is a mistake.
fn fault_of(copy: &TempPath, bytes: &[u8]) -> Option<String> {
    let file = copy.display().to_string();
    match Cassette::parse(&file, bytes) {
        Err(error) => Some(error.to_string()),
        Ok(cassette) if cassette.is_cut_off() => {
            let line = String::from_utf8_lossy(bytes).lines().count();
            Some(format!("{file}:{line}: the last line is cut off\n  fix: complete or delete it"))
        }
        Ok(_) => None,
    }
}

fn kept(copy: TempPath, fault: &str) -> Failure {
    let kept = copy.keep();
    let told = match kept {
        Ok(path) => format!("what you wrote is in {}", path.display()),
        Err(error) => format!("what you wrote could not be kept: {error}"),
    };
    Failure::usage(format!("{fault}\n  the recording is as it was; {told}"))
}
