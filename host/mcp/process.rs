//! A server's program while it runs: in a group of processes of its own, which ends with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::error::ServerError;

/// What is kept of what a program writes to its standard error.
const SAID_BYTES_MAX: usize = 2048;

/// What of the environment a program gets without being asked for.
const ENVIRONMENT: [&str; 5] = ["PATH", "HOME", "TMPDIR", "SystemRoot", "USERPROFILE"];

/// The groups of all programs that run.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// A program that runs. Dropping it ends the whole group.
pub(crate) struct ServerProcess {
    child: Child,
    group: Option<u32>,
    said: Arc<Mutex<Vec<u8>>>,
}

impl ServerProcess {
    /// Starts a program, with nothing of the environment but what a program needs to be found and
    /// what is named.
    pub(crate) fn start(
        program: &str,
        arguments: &[String],
        environment: &[String],
        folder: &Path,
    ) -> Result<(ServerProcess, ChildStdout, ChildStdin), ServerError> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for name in environment {
            let missing = || ServerError::Environment { name: name.clone() };
            command.env(name, std::env::var_os(name).ok_or_else(missing)?);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let started = command.spawn();
        let mut child = started.map_err(|error| ServerError::Start {
            program: program.to_owned(),
            reason: error.to_string(),
        })?;
        let group = child.id();
        groups().extend(group);
        let said = Arc::default();
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(keep_the_last(errors, Arc::clone(&said)));
        }
        let output = child.stdout.take().expect("it was piped");
        let input = child.stdin.take().expect("it was piped");
        Ok((ServerProcess { child, group, said }, output, input))
    }

    /// What it wrote to its standard error last, as the end of a message.
    pub(crate) fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.is_empty() {
            true => String::new(),
            false => format!("; it said last: {}", lines.join(" | ")),
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            kill(group);
            groups().remove(&group);
        }
        // Where there are no groups, the program itself.
        let _ = self.child.start_kill();
    }
}

/// Ends all programs that run, before the process itself is ended.
pub fn end_all() {
    for group in groups().iter() {
        kill(*group);
    }
}

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;
    if let Ok(group) = i32::try_from(group) {
        // A group that has ended by itself needs no ending.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn kill(_group: u32) {}

/// Reads what a program writes to its standard error, since it would wait otherwise.
async fn keep_the_last(mut errors: ChildStderr, said: Arc<Mutex<Vec<u8>>>) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = errors.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(&piece[..length]);
        let over = said.len().saturating_sub(SAID_BYTES_MAX);
        said.drain(..over);
    }
}
