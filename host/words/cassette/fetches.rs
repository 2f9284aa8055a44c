//! Recorded fetches: what makes two of them the same, and the search for one.

use timeslip_timeline::backend::{SessionWords, WordsError};
use timeslip_timeline::http::{Fetch, FetchSaid, HttpHeader, HttpRequest};
use xxhash_rust::xxh3::Xxh3;

use super::Cassette;
use super::fetch_lines::{FetchLine, played};
use super::fetch_miss::fetch_miss;
use super::key::Key;
use super::words::{CassetteWords, Matching};
use crate::redact::redacted_http_request;

/// A `fetch` line.
#[derive(Clone, Debug)]
pub(super) struct RecordedFetch {
    pub(super) line: usize,
    pub(super) fetch: Fetch,
}

/// The key of a request over HTTP: its method, its address, its headers in any order and its body.
pub(super) fn key_of_fetch(request: &HttpRequest) -> Key {
    let mut hasher = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(request.method.as_bytes());
    add(request.url.as_bytes());
    add(header_text(&request.headers).as_bytes());
    add(&request.body);
    hasher.digest128()
}

/// Headers as one text, whatever their order and the case of their names.
pub(super) fn header_text(headers: &[HttpHeader]) -> String {
    let line = |header: &HttpHeader| format!("{}: {}", header.name.to_lowercase(), header.value);
    let mut lines: Vec<String> = headers.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

impl Cassette {
    /// The key of a request, as it would stand in the cassette.
    pub(super) fn key_of_fetch(&self, request: &HttpRequest) -> Key {
        match self.header.redacted {
            true => key_of_fetch(&redacted_http_request(request)),
            false => key_of_fetch(request),
        }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What is wrong with it, and the fix.
    pub(super) fn add_fetch_line(
        &mut self,
        line: usize,
        written: FetchLine,
    ) -> Result<(), (String, String)> {
        let fetch = written.fetch()?;
        let key = self.key_of_fetch(&fetch.request);
        // Lines stand in the order in which answers came, and equal requests that were under way at once
        // are asked again in the order in which they were asked.
        let places = self.fetches_by_key.entry(key).or_default();
        let is_earlier = |place: &usize| self.fetches[*place].fetch.asked_at <= fetch.asked_at;
        places.insert(places.partition_point(is_earlier), self.fetches.len());
        self.fetches.push(RecordedFetch { line, fetch });
        Ok(())
    }
}

impl CassetteWords {
    /// What was recorded for this request over HTTP, once more than the session has asked for it;
    /// `None` where nothing was.
    ///
    /// # Errors
    /// When the session's task has no cassette.
    pub fn recorded_fetch(
        &mut self,
        session: &SessionWords,
        request: &HttpRequest,
    ) -> Result<Option<FetchSaid>, WordsError> {
        let cassette = self.cassette_of(session)?;
        let key = cassette.key_of_fetch(request);
        let recorded = cassette.fetches_by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let again = recorded.last().filter(|_| self.matching() == Matching::Turns);
        let played_so_far = self.fetches_played(session.session);
        let count = played_so_far.entry(key).or_default();
        let Some(place) = recorded.get(*count).or(again) else {
            return Ok(None);
        };
        *count += 1;
        let fetch = &cassette.fetches[*place].fetch;
        Ok(Some(FetchSaid::Answered { answer: played(fetch), after: fetch.took() }))
    }

    /// Why a request over HTTP has no answer here.
    pub(super) fn miss_of_fetch(
        &self,
        session: &SessionWords,
        request: &HttpRequest,
    ) -> WordsError {
        match self.cassette_of(session) {
            Ok(cassette) if cassette.header.redacted => {
                fetch_miss(&cassette, &redacted_http_request(request))
            }
            Ok(cassette) => fetch_miss(&cassette, request),
            Err(error) => error,
        }
    }
}
