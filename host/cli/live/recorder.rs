//! The cassettes of a run while it is recorded: each step is appended as soon as it is over.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use timeslip_timeline::backend::SessionId;
use timeslip_timeline::http::Fetch;
use timeslip_timeline::record::Step;
use timeslip_words::cassette::{Cassette, CassetteRecorder, Header};

use crate::exit::Failure;
use crate::output;
use crate::tool_cast::ServerTools;

/// Held while somebody records into a folder.
const LOCK_FILE: &str = ".recording";

/// Records the sessions of a run, each into a cassette of its own.
pub(crate) struct Recorders {
    sessions: Vec<SessionRecorder>,
    failed: Arc<OnceLock<String>>,
    /// Steps that were written.
    written: u64,
    lock: FolderLock,
}

struct SessionRecorder {
    path: PathBuf,
    recorder: CassetteRecorder,
}

/// A folder that nobody else records into.
struct FolderLock {
    path: PathBuf,
    _file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Recorders {
    /// Goes on with the cassettes of these files, one for each session, and begins those that are
    /// not there. Chats that failed by what may pass are taken out, so that they are asked again.
    ///
    /// # Errors
    /// When a cassette cannot be read or written, or somebody else records into its folder.
    pub(crate) fn open(
        files: Vec<(PathBuf, Header)>,
    ) -> Result<(Recorders, Vec<Arc<Cassette>>), Failure> {
        let folder = files.first().and_then(|(path, _)| path.parent()).unwrap_or(Path::new("."));
        let lock = lock_folder(folder)?;
        let mut cassettes = Vec::with_capacity(files.len());
        let mut sessions = Vec::with_capacity(files.len());
        for (path, header) in files {
            let cassette = begun(&path, header)?;
            let recorder = CassetteRecorder::after(&cassette);
            cassettes.push(Arc::new(cassette));
            sessions.push(SessionRecorder { path, recorder });
        }
        Ok((Recorders { sessions, failed: Arc::default(), written: 0, lock }, cassettes))
    }

    /// Set once a cassette could not be written: why. What is asked after that would be lost.
    pub(crate) fn failed(&self) -> Arc<OnceLock<String>> {
        self.failed.clone()
    }

    /// Takes the MCP servers whose tools are used, before anything is asked of them.
    ///
    /// # Errors
    /// When one of them is not what it was when it was recorded.
    pub(crate) fn servers(&mut self, servers: &[ServerTools]) -> Result<(), Failure> {
        for session in &mut self.sessions {
            for ServerTools { name, definitions } in servers {
                let text = session.recorder.server(name, definitions).map_err(|error| {
                    let fix = "record the bench into another folder";
                    Failure::usage(format!("{}: {error}\n  fix: {fix}", session.path.display()))
                })?;
                append(&session.path, text).map_err(Failure::run)?;
            }
        }
        Ok(())
    }

    /// Takes a step that is over.
    pub(crate) fn step(&mut self, session: SessionId, step: &Step) {
        self.append(session, |recorder| recorder.step(step));
    }

    /// Takes a fetch of a tool that is over or was given up.
    pub(crate) fn fetch(&mut self, session: SessionId, fetch: &Fetch) {
        self.append(session, |recorder| recorder.fetch(fetch));
    }

    fn append(&mut self, session: SessionId, text: impl FnOnce(&mut CassetteRecorder) -> &str) {
        let Some(session) = self.sessions.get_mut(session.0 as usize) else {
            return;
        };
        if self.failed.get().is_some() {
            return;
        }
        let text = text(&mut session.recorder);
        if text.is_empty() {
            return;
        }
        match append(&session.path, text) {
            Ok(()) => self.written += 1,
            Err(problem) => drop(self.failed.set(problem)),
        }
    }

    /// Ends the recording, and says how many steps were written.
    ///
    /// # Errors
    /// When something could not be written.
    pub(crate) fn finish(self) -> Result<u64, Failure> {
        drop(self.lock);
        match self.failed.get() {
            None => Ok(self.written),
            Some(problem) => Err(Failure::run(format!(
                "{problem}\n  what was recorded before is whole; the same command goes on with it"
            ))),
        }
    }
}

/// Appends whole lines to a cassette.
fn append(path: &Path, text: &str) -> Result<(), String> {
    let appended = OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    appended.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn lock_folder(folder: &Path) -> Result<FolderLock, Failure> {
    let path = folder.join(LOCK_FILE);
    let shown = path.display();
    let file = File::create(&path)
        .map_err(|error| Failure::run(format!("cannot write {shown}: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { path, _file: file }),
        Err(_) => Err(Failure::run(format!(
            "somebody else records into {} now\n  fix: wait for it, or give another folder",
            folder.display()
        ))),
    }
}

/// The cassette of a file as it is gone on with: whole lines alone, no failure that may pass.
fn begun(path: &Path, header: Header) -> Result<Cassette, Failure> {
    if !path.exists() {
        let mut recorder = CassetteRecorder::new(header);
        output::write_file(path, recorder.beginning().as_bytes())?;
    }
    let (cassette, bytes) = read(path)?;
    let failures = cassette.passing_failures();
    // The last line may be whole but for its end, and the next one would be written behind it.
    let is_ended = bytes.ends_with(b"\n");
    if failures.is_empty() && !cassette.is_cut_off() && is_ended {
        return Ok(cassette);
    }
    // An error adds no message, so no other line counts on its being there.
    let lines = bytes[..cassette.whole_bytes()].split_inclusive(|byte| *byte == b'\n');
    let kept = lines.zip(1..).filter(|(_, number)| !failures.contains(number));
    let mut kept: Vec<u8> = kept.flat_map(|(line, _)| line).copied().collect();
    if !kept.ends_with(b"\n") {
        kept.push(b'\n');
    }
    output::write_file(path, &kept)?;
    read(path).map(|(cassette, _)| cassette)
}

fn read(path: &Path) -> Result<(Cassette, Vec<u8>), Failure> {
    let shown = path.display().to_string();
    let bytes = fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read the cassette {shown}: {error}")))?;
    let cassette = Cassette::parse(&shown, &bytes).map_err(Failure::usage)?;
    Ok((cassette, bytes))
}

#[cfg(test)]
mod tests {
    use timeslip_words::cassette::{KeyPart, SCHEMA, TokenSource};

    use super::*;

    #[test]
    fn a_cassette_is_gone_on_with_from_its_last_whole_line() {
        let header = Header {
            schema: SCHEMA.to_owned(),
            name: "one".to_owned(),
            recorded_model: None,
            source: "a test".to_owned(),
            key: vec![KeyPart::Messages],
            tokens: TokenSource::Recorded,
            rewrites: Vec::new(),
            redacted: true,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.jsonl");
        begun(&path, header.clone()).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let message = "{\"kind\":\"message\",\"role\":\"user\",\"content\":\"Hello\"}";
        // Cut inside a line, and cut just before the line's end.
        for (rest, expected) in [(&message[..30], String::new()), (message, format!("{message}\n"))]
        {
            fs::write(&path, format!("{whole}{rest}")).unwrap();
            assert!(!begun(&path, header.clone()).unwrap().is_cut_off());
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{whole}{expected}"));
        }
    }
}
