//! A folder of its own for each test, and the program run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of recorded data beside the repository; a test that needs it is skipped without, and
/// says so.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let shared = repository().join("../shared").join(path);
    if shared.exists() {
        return Some(shared);
    }
    eprintln!("skipped: this test needs {}, which is not here", shared.display());
    None
}

/// A folder that is removed at the end, with a cache of compiled components that tests share.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file of the place, with the folders above it.
    pub(crate) fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// The names in the place, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program, to be run in this place.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_timeslip"));
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    /// Sets the folder and the environment of a command that is to be run in this place.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env_remove("COLUMNS")
            .env_remove("RUST_BACKTRACE")
            // What the user of this computer has installed is no part of a test.
            .env("XDG_DATA_HOME", self.folder.path().join("data-home"))
            .env("TIMESLIP_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("components"));
    }

    /// Runs the program in this place.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the program can be started"))
    }

    /// Replaces this place's own path, which differs from run to run, in a text that is compared.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace(&folder, "PLACE")
    }
}

impl Ran {
    /// The output of a command that must have passed.
    pub(crate) fn passed(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }

    /// The message of a command that must have ended with this code.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:#?}");
        self.stderr
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ran {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
