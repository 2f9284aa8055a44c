//! What is told of recorded fetches of tools, alone and held against those of another recording.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use timeslip_timeline::http::{Fetch, HttpHeader};
use timeslip_timeline::time::Span;
use timeslip_words::cassette::{Cassette, Entry};

use super::diff::{Both, ComparedStep, parting};

/// A fetch.
#[derive(Debug, Serialize)]
pub(super) struct ToldFetch<'c> {
    pub(super) line: usize,
    pub(super) method: &'c str,
    pub(super) url: &'c str,
    pub(super) request_headers: Vec<ToldHeader<'c>>,
    pub(super) request_body: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<ToldHeader<'c>>,
    pub(super) body: Option<String>,
    pub(super) error: Option<String>,
    pub(super) given_up: bool,
    pub(super) asked_at_ns: u64,
    pub(super) took_ns: Span,
}

/// A header.
#[derive(Debug, Serialize)]
pub(super) struct ToldHeader<'c> {
    pub(super) name: &'c str,
    pub(super) value: &'c str,
}

impl<'c> ToldFetch<'c> {
    pub(super) fn of(line: usize, fetch: &'c Fetch) -> ToldFetch<'c> {
        let response = fetch.answer.as_ref().and_then(|answer| answer.as_deref().ok());
        let error = fetch.answer.as_ref().and_then(|answer| answer.as_ref().err());
        ToldFetch {
            line,
            method: &fetch.request.method,
            url: &fetch.request.url,
            request_headers: headers(&fetch.request.headers),
            request_body: body(&fetch.request.body),
            status: response.map(|response| response.status),
            headers: response.map(|response| headers(&response.headers)).unwrap_or_default(),
            body: response.and_then(|response| body(&response.body)),
            error: error.map(ToString::to_string),
            given_up: fetch.answer.is_none(),
            asked_at_ns: fetch.asked_at.as_nanos(),
            took_ns: fetch.took(),
        }
    }
}

fn headers(headers: &[HttpHeader]) -> Vec<ToldHeader<'_>> {
    headers.iter().map(|header| ToldHeader { name: &header.name, value: &header.value }).collect()
}

/// A body as it reads; of one that is no text only its length.
fn body(body: &[u8]) -> Option<String> {
    match std::str::from_utf8(body) {
        Ok("") => None,
        Ok(text) => Some(text.to_owned()),
        Err(_) => Some(format!("({} bytes that are no text)", body.len())),
    }
}

/// The fetches that only one recording has, or with another response. Headers of responses are not
/// looked at: the date alone differs every time.
pub(super) fn differing(before: &Cassette, now: &Cassette) -> Vec<ComparedStep> {
    let mut open: BTreeMap<String, VecDeque<(usize, String)>> = BTreeMap::new();
    for (line, request, outcome) in fetched(now) {
        open.entry(request).or_default().push_back((line, outcome));
    }
    let mut steps = Vec::new();
    for (line, request, outcome) in fetched(before) {
        let other = open.get_mut(&request).and_then(VecDeque::pop_front);
        let texts = other.as_ref().map(|(_, other)| parting(&outcome, other));
        if texts != Some(None) {
            let line = Both { before: Some(line), now: other.map(|(line, _)| line) };
            steps.push(ComparedStep { what: what(&request), line, texts: texts.flatten() });
        }
    }
    for (request, left) in open {
        steps.extend(left.into_iter().map(|(line, _)| ComparedStep {
            what: what(&request),
            line: Both { before: None, now: Some(line) },
            texts: None,
        }));
    }
    steps
}

fn what(request: &str) -> String {
    format!("fetch {}", request.lines().next().unwrap_or_default())
}

/// Each fetch: its line, its request as one text, and what came of it as another.
fn fetched(cassette: &Cassette) -> Vec<(usize, String, String)> {
    let entries = cassette.entries().into_iter();
    let fetches = entries.filter_map(|entry| match entry {
        Entry::Fetch { line, fetch } => Some((line, request_text(fetch), outcome_text(fetch))),
        _ => None,
    });
    fetches.collect()
}

fn request_text(fetch: &Fetch) -> String {
    let request = &fetch.request;
    let header = |header: &HttpHeader| format!("{}: {}", header.name.to_lowercase(), header.value);
    let mut headers: Vec<String> = request.headers.iter().map(header).collect();
    headers.sort();
    let (headers, body) = (headers.join("\n"), String::from_utf8_lossy(&request.body));
    format!("{} {}\n{headers}\n\n{body}", request.method, request.url)
}

fn outcome_text(fetch: &Fetch) -> String {
    match &fetch.answer {
        Some(Ok(response)) => {
            format!("{}\n{}", response.status, String::from_utf8_lossy(&response.body))
        }
        Some(Err(error)) => error.to_string(),
        None => "given up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::examples;

    fn recording(fetches: &[(&str, &str)]) -> Cassette {
        let head = examples::desk().lines().next().unwrap().to_owned();
        let line = |(url, rest): &(&str, &str)| {
            format!(
                "{{\"kind\":\"fetch\",\"method\":\"GET\",\"url\":\"{url}\",{rest},\
                 \"asked_at_ns\":0,\"took_ns\":5}}"
            )
        };
        let lines: Vec<String> = std::iter::once(head).chain(fetches.iter().map(line)).collect();
        examples::parsed(&lines.join("\n"))
    }

    #[test]
    fn fetches_that_differ_are_named_with_their_lines() {
        let page = |body: &str| format!("\"response\":{{\"status\":200,\"body\":\"{body}\"}}");
        let (one, two) = (page("one"), page("two"));
        let failed = "\"error\":{\"kind\":\"failed\",\"message\":\"cut off\"}";
        let before = recording(&[("http://h/a", &one), ("http://h/b", &one), ("http://h/c", &one)]);
        let now = recording(&[("http://h/d", &one), ("http://h/b", &two), ("http://h/a", &one)]);
        let told: Vec<_> = differing(&before, &now)
            .into_iter()
            .map(|step| (step.what, step.line.before, step.line.now, step.texts.is_some()))
            .collect();
        let fetch = |url: &str| format!("fetch GET {url}");
        let expected = [
            (fetch("http://h/b"), Some(3), Some(3), true),
            (fetch("http://h/c"), Some(4), None, false),
            (fetch("http://h/d"), None, Some(2), false),
        ];
        assert_eq!(told, expected);
        let failing = recording(&[("http://h/a", failed)]);
        assert_eq!(differing(&failing, &failing).len(), 0);
    }
}
