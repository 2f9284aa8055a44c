//! Says why a request over HTTP is not in a cassette: the closest recorded one and what differs.

use timeslip_timeline::backend::WordsError;
use timeslip_timeline::http::HttpRequest;

use super::Cassette;
use super::fetches::{RecordedFetch, header_text};
use super::miss::{counted_times, miss};
use crate::difference::{Difference, likeness};

const ADVICE: &str = "Record the session again, or bring the tool back to what was recorded. No \
                      response is made up.";

/// A request that a cassette does not hold, or holds less often than it was made.
pub(super) fn fetch_miss(cassette: &Cassette, request: &HttpRequest) -> WordsError {
    let file = &cassette.file;
    let asked = format!("{} {}", request.method, request.url);
    let recorded = cassette.fetches_by_key.get(&cassette.key_of_fetch(request));
    if let Some(places) = recorded {
        let times = counted_times(places.len());
        return miss(format!(
            "{asked} is fetched once more than {file} holds it, which is only {times}.\n{ADVICE}"
        ));
    }
    let head = format!("the fetch of {asked} is not in {file}.");
    match closest(cassette, request) {
        None => miss(format!("{head}\nThe cassette holds no fetch at all.\n{ADVICE}")),
        Some(RecordedFetch { line, fetch }) => {
            let told = differences(&fetch.request, request);
            miss(format!("{head}\nThe closest recorded fetch is on line {line}. {told}\n{ADVICE}"))
        }
    }
}

/// The recorded fetch whose address is most alike; of equal ones that with the same method, then the
/// earlier one.
fn closest<'c>(cassette: &'c Cassette, asked: &HttpRequest) -> Option<&'c RecordedFetch> {
    let alike = |recorded: &&RecordedFetch| {
        let request = &recorded.fetch.request;
        let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        (
            likeness(&request.url, &asked.url),
            request.method == asked.method,
            likeness(&text(&request.body), &text(&asked.body)),
        )
    };
    // Of equally alike ones `max_by_key` takes the last, hence the reversal.
    cassette.fetches.iter().rev().max_by_key(alike)
}

/// Each part of two requests that differs.
pub(super) fn differences(recorded: &HttpRequest, asked: &HttpRequest) -> String {
    let body = |request: &HttpRequest| String::from_utf8_lossy(&request.body).into_owned();
    let parts = [
        ("method", recorded.method.clone(), asked.method.clone()),
        ("address", recorded.url.clone(), asked.url.clone()),
        ("headers", header_text(&recorded.headers), header_text(&asked.headers)),
        ("body", body(recorded), body(asked)),
    ];
    let told = parts.iter().filter_map(|(name, recorded, asked)| {
        let difference = Difference::between(recorded, asked)?;
        Some(format!("The {name} differs; {difference}"))
    });
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => "The bytes of the body differ, which is no text.".to_owned(),
        false => told.join("\n"),
    }
}
