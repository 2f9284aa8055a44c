//! Recordings as observations: what a real server took for each chat.

use std::path::{Path, PathBuf};

use timeslip_calibrate::observation::{Observation, Observations};
use timeslip_timeline::time::Span;
use timeslip_words::cassette::{Cassette, Entry, RecordedExchange};

use crate::exit::Failure;
use crate::live::record::CASSETTES;

/// The cassettes that a path leads to: of a recording's folder, or itself. None where it is neither.
pub(super) fn cassettes_at(path: &Path) -> Result<Option<Vec<PathBuf>>, Failure> {
    if !path.is_dir() {
        return Ok(is_cassette(path).then(|| vec![path.to_owned()]));
    }
    let inside = path.join(CASSETTES);
    let folder = if inside.is_dir() { &inside } else { path };
    let cannot =
        |error| Failure::usage(format!("cannot read the folder {}: {error}", folder.display()));
    let mut cassettes = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if is_cassette(&path) {
            cassettes.push(path);
        }
    }
    cassettes.sort();
    match cassettes.is_empty() {
        true => Err(Failure::usage(format!(
            "the folder {} has no recording in it\n  fix: `timeslip record` makes one",
            path.display()
        ))),
        false => Ok(Some(cassettes)),
    }
}

/// Whether a file begins as a cassette does.
fn is_cassette(path: &Path) -> bool {
    use std::io::Read;
    let mut beginning = [0; 64];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut beginning));
    let text = String::from_utf8_lossy(&beginning[..read.unwrap_or(0)]).replace(' ', "");
    text.starts_with("{\"kind\":\"cassette\"")
}

/// The chats of cassettes, and the bytes of them all.
pub(super) fn read(cassettes: &[PathBuf]) -> Result<(Observations, Vec<u8>), Failure> {
    let mut all = Vec::new();
    let mut requests = Vec::new();
    let mut left_out = 0;
    for path in cassettes {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::usage(format!("cannot read {shown}: {error}")))?;
        let cassette = Cassette::parse(&shown, &bytes).map_err(Failure::usage)?;
        for entry in cassette.entries() {
            let Entry::Chat(chat) = entry else {
                continue;
            };
            match observation(&chat, &shown) {
                Some(observation) => requests.push(observation),
                None => left_out += 1,
            }
        }
        all.extend(bytes);
    }
    let mut observations = Observations::of(requests);
    observations.notes.push("times include the way to the server and back".to_owned());
    if left_out > 0 {
        let note = format!("{left_out} chats without a reply, tokens or times were left out");
        observations.notes.push(note);
    }
    Ok((observations, all))
}

/// A chat from when its answered request was sent: what it waited for before was not the server's.
fn observation(chat: &RecordedExchange<'_>, session: &str) -> Option<Observation> {
    let (asked_at, timing) = chat.timing?;
    let usage = chat.usage.filter(|_| chat.outcome.is_ok())?;
    let was_streamed = !chat.observed.chunks.is_empty();
    let after_queue = |span: Span| span.saturating_sub(timing.queue);
    Some(Observation {
        asked_at: asked_at + timing.queue,
        input_tokens: usage.input_tokens,
        cached_input_tokens: usage.cached_input_tokens,
        output_tokens: usage.output_tokens,
        time_to_first_token: was_streamed.then(|| after_queue(timing.time_to_first_token)),
        end_to_end: after_queue(timing.end_to_end()),
        session: Some(session.to_owned()),
    })
}
