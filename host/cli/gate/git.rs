//! Asking git.

use std::path::Path;
use std::process::Command;

/// What `git ARGUMENTS` prints in a folder, without white space at its ends.
///
/// # Errors
/// What git says, or that it cannot be started.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    run(&mut command)
}

/// What a command prints, without white space at its ends.
///
/// # Errors
/// What it says on standard error, or that it cannot be started.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("git cannot be started: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}
