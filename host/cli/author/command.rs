//! Running a language's own tools: what they print is shown as it is, on standard error, since
//! standard output carries results alone.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant as WallInstant};

use crate::exit::Failure;
use crate::interrupt;

/// How long a tool may take to end by itself after an interruption.
const GRACE: Duration = Duration::from_secs(3);

/// The longest pause between two looks at a tool that runs.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// A command of another program.
pub(super) struct Step {
    command: Command,
    input: &'static str,
    note: Option<String>,
}

impl Step {
    /// A program that is run in a folder.
    pub(super) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Step {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Step { command, input: "", note: None }
    }

    /// Adds an argument.
    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Step {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(super) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Step {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Step {
        self.command.env(name, value);
        self
    }

    /// Adds a line to the message of its failure.
    pub(super) fn note(mut self, note: String) -> Step {
        self.note = Some(note);
        self
    }

    /// Gives it a text on standard input.
    pub(super) fn input(mut self, text: &'static str) -> Step {
        self.command.stdin(Stdio::piped());
        self.input = text;
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started, or fails: with the command.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        self.command.stdout(io::stderr());
        let child = self.start()?;
        self.end(child).map(drop)
    }

    /// Runs it to its end, and gives what it printed on standard output.
    ///
    /// # Errors
    /// As [`Step::run`].
    pub(super) fn output(mut self) -> Result<String, Failure> {
        let (ended, printed) = self.captured()?;
        ended.map(|()| printed)
    }

    /// Runs it to its end, and shows what it printed on standard output only if it fails: for tools
    /// that tell of their progress there.
    ///
    /// # Errors
    /// As [`Step::run`].
    pub(super) fn run_quietly(mut self) -> Result<(), Failure> {
        let (ended, printed) = self.captured()?;
        if ended.is_err() {
            eprint!("{printed}");
        }
        ended
    }

    /// How it ended, and what it printed on standard output.
    fn captured(&mut self) -> Result<(Result<(), Failure>, String), Failure> {
        self.command.stdout(Stdio::piped());
        let mut child = self.start()?;
        let mut pipe = child.stdout.take().expect("standard output was piped");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).map(|_| bytes)
        });
        let ended = self.end(child);
        let bytes = reader.join().expect("reading does not panic").map_err(Failure::run)?;
        Ok((ended, String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn start(&mut self) -> Result<Child, Failure> {
        let mut child = self.command.spawn().map_err(|error| {
            Failure::usage(format!("cannot start {}: {error}", line(&self.command)))
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            let text = self.input;
            // A command that ends before it has read everything says why itself.
            std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        }
        Ok(child)
    }

    /// Waits for its end.
    fn end(&self, child: Child) -> Result<(), Failure> {
        let status = wait(child)
            .map_err(|error| Failure::run(format!("cannot wait for a command: {error}")))?;
        if status.code().is_none() {
            // What ended it was mostly sent to this program as well, which hears of it on a thread of
            // its own.
            std::thread::sleep(SIGNAL_TRAVELS);
        }
        interrupt::check()?;
        match status.success() {
            true => Ok(()),
            false => {
                let how = status.code().map_or_else(
                    || "was ended by a signal".to_owned(),
                    |code| format!("failed with exit code {code}"),
                );
                let note = self.note.iter().map(|note| format!("\n  {note}")).collect::<String>();
                let line = line(&self.command);
                Err(Failure::usage(format!("this command {how}:\n  {line}{note}")))
            }
        }
    }
}

/// How long a signal that ended a tool may take to be heard here.
const SIGNAL_TRAVELS: Duration = Duration::from_millis(200);

/// Waits for a tool. The terminal tells it of Ctrl-C itself; what ends this program otherwise does
/// not, so it is ended here after a while.
fn wait(mut child: Child) -> io::Result<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    let mut interrupted: Option<WallInstant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::happened()
            && interrupted.get_or_insert_with(WallInstant::now).elapsed() > GRACE
        {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:@,+%~\\".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Looks for a program in the folders of `PATH`.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = match cfg!(windows) {
        true => vec![format!("{program}.exe"), format!("{program}.cmd")],
        false => vec![program.to_owned()],
    };
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|file| is_program(file))
}

/// Whether a file can be run.
pub(super) fn is_program(file: &Path) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    metadata.is_file() && may_run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        let shown = |word: &str| quoted(OsStr::new(word));
        assert_eq!(shown("a/b-c_1.wasm"), "a/b-c_1.wasm");
        assert_eq!(shown("a b"), "'a b'");
        assert_eq!(shown(""), "''");
        assert_eq!(shown("it's"), "'it'\\''s'");
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_command_is_named_and_a_passing_one_gives_its_output() {
        let shell = |script: &str| Step::new("sh", Path::new(".")).args(["-c", script]);
        assert_eq!(shell("echo hello").output().unwrap(), "hello\n");
        let failure = shell("exit 7").run().unwrap_err();
        assert_eq!(failure.message, "this command failed with exit code 7:\n  sh -c 'exit 7'");
        let failure = Step::new("no-such-program-here", Path::new(".")).run().unwrap_err();
        assert!(failure.message.starts_with("cannot start no-such-program-here: "), "{failure}");
    }
}
