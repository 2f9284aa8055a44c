//! What tools fetch from real servers: responses, times, limits, and giving up.

use std::sync::Arc;

use timeslip_timeline::backend::SessionId;
use timeslip_timeline::http::{
    FetchId, Fetcher, HttpAnswer, HttpError, HttpHeader, HttpRequest, HttpResponse,
};
use timeslip_timeline::pace::Pace;
use timeslip_timeline::time::{Instant, Span};

use crate::endpoint::LiveRun;
use crate::fetch::FetchLimits;
use crate::fetcher::LiveFetcher;
use crate::loopback::{Act, Loopback, answer, head, send};
use crate::pace::WallPace;

/// A server of these scripts, and who asks it under a clock of its own.
struct Bench {
    server: Loopback,
    run: LiveRun,
    fetcher: LiveFetcher,
    pace: WallPace,
    asked: u64,
}

impl Bench {
    fn new(scripts: Vec<Vec<Act>>) -> Bench {
        let run = LiveRun::start().unwrap();
        let server = run.wait_for(Loopback::start(scripts));
        let (pace, fetcher) = (run.pace(), run.fetcher().within(limits()));
        Bench { server, run, fetcher, pace, asked: 0 }
    }

    fn request(&self) -> HttpRequest {
        HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}/page?q=1", self.server.base_url),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn begin(&mut self, at: Instant, request: HttpRequest) -> FetchId {
        let id = FetchId { session: SessionId(0), number: self.asked };
        self.asked += 1;
        self.fetcher.begin(at, id, Arc::new(request));
        id
    }

    /// Asks now, waits for what comes, and says how long that took.
    fn fetched(&mut self, request: HttpRequest) -> (Span, HttpAnswer) {
        let asked = self.begin(Instant::ZERO, request);
        let at = self.pace.next_instant(Instant::ZERO, None).expect("something comes");
        let (id, answer) = self.fetcher.next(at).expect("it is there");
        assert_eq!(id, asked);
        (at.since(Instant::ZERO), answer)
    }
}

fn limits() -> FetchLimits {
    FetchLimits {
        connect: Span::from_millis(2_000),
        whole: Span::from_millis(700),
        body_bytes: 1 << 16,
    }
}

fn text(answer: &HttpAnswer) -> String {
    match answer {
        Ok(response) => String::from_utf8_lossy(&response.body).into_owned(),
        Err(error) => error.to_string(),
    }
}

fn header<'r>(response: &'r HttpResponse, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|header| header.name == name);
    found.map(|header| header.value.as_str())
}

#[test]
fn a_response_comes_whole_with_its_status_and_headers_in_its_own_time() {
    let slow = vec![
        head("404 Not Found", "text/plain", "ETag: \"7\"\r\nx-two: a\r\n"),
        Act::Wait(60),
        send("not "),
        Act::Wait(60),
        send("here"),
    ];
    let mut bench = Bench::new(vec![slow]);
    let header_of_ours = HttpHeader { name: "X-Mine".to_owned(), value: "yes".to_owned() };
    let coding = HttpHeader { name: "accept-encoding".to_owned(), value: "gzip".to_owned() };
    let request = HttpRequest {
        method: "POST".to_owned(),
        headers: vec![header_of_ours, coding],
        body: b"n=1".to_vec(),
        ..bench.request()
    };
    let (took, answer) = bench.fetched(request);
    assert_eq!(text(&answer), "not here");
    let response = answer.unwrap();
    assert_eq!((response.status, header(&response, "etag")), (404, Some("\"7\"")));
    assert_eq!(header(&response, "connection"), None);
    assert!(took >= Span::from_millis(110) && took < Span::from_millis(650), "{took}");
    let seen = bench.server.requests().concat();
    assert!(seen.starts_with("POST /v1/page?q=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-mine: yes\r\n") && seen.ends_with("\r\n\r\nn=1"), "{seen}");
    assert!(seen.contains("accept-encoding: identity") && !seen.contains("gzip"), "{seen}");
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = answer("302 Found", "location: http://127.0.0.1:9/\r\n", "");
    let (_, answer) = {
        let mut bench = Bench::new(vec![elsewhere]);
        let request = bench.request();
        bench.fetched(request)
    };
    let response = answer.unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(header(&response, "location"), Some("http://127.0.0.1:9/"));
}

#[test]
fn what_is_too_slow_too_large_packed_or_cut_off_is_an_error() {
    let packed = answer("200 OK", "content-encoding: gzip\r\n", "xx");
    let huge = vec![head("200 OK", "text/plain", ""), Act::SendForever(vec![b'a'; 4096])];
    let hangs = vec![head("200 OK", "text/plain", ""), send("a"), Act::Hang];
    let cut = vec![send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), Act::Reset];
    for (script, is_timeout, told) in [
        (packed, false, "packed the body by \"gzip\""),
        (huge, false, "larger than the limit of 65536 bytes"),
        (hangs, true, "no whole response within 700 ms"),
        (cut, false, "4 bytes"),
    ] {
        let mut bench = Bench::new(vec![script]);
        let request = bench.request();
        let (_, answer) = bench.fetched(request);
        assert!(text(&answer).contains(told), "{}", text(&answer));
        assert_eq!(matches!(answer, Err(HttpError::Timeout(_))), is_timeout, "{told}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_address() {
    let mut bench = Bench::new(vec![Vec::new()]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/?key=s3cr3t");
    let request = HttpRequest { url, ..bench.request() };
    let (_, answer) = bench.fetched(request);
    assert!(matches!(answer, Err(HttpError::Failed(_))), "{answer:?}");
    assert!(!text(&answer).contains("s3cr3t"), "{}", text(&answer));
}

#[test]
fn fetches_overlap_and_what_is_given_up_or_played_keeps_nobody_waiting() {
    let slow = |text: &str| vec![head("200 OK", "text/plain", ""), Act::Wait(120), send(text)];
    let mut bench = Bench::new(vec![slow("one"), slow("one"), vec![Act::Hang]]);
    let (first, second) = (bench.request(), bench.request());
    let asked = [bench.begin(Instant::ZERO, first), bench.begin(Instant::ZERO, second)];
    let (mut at, mut came) = (Instant::ZERO, Vec::new());
    while came.len() < asked.len() {
        at = bench.pace.next_instant(at, None).expect("both answer");
        while let Some((id, answer)) = bench.fetcher.next(at) {
            assert_eq!(text(&answer), "one");
            came.push(id);
        }
    }
    came.sort_unstable();
    assert_eq!(came, asked);
    assert!(at < Instant::ZERO + Span::from_millis(220), "they overlap: {at:?}");

    let hung = bench.request();
    let hung = bench.begin(at, hung);
    bench.fetcher.cancel(hung);
    let recorded = FetchId { session: SessionId(0), number: 9 };
    let hour = at + Span::from_millis(3_600_000);
    bench.fetcher.play(hour, recorded, Err(HttpError::Timeout("as recorded".to_owned())));
    assert_eq!(bench.pace.next_instant(at, None), Some(hour), "nobody waits an hour");
    let (id, answer) = bench.fetcher.next(hour).unwrap();
    assert_eq!((id, text(&answer).as_str()), (recorded, "timeout: as recorded"));
    assert_eq!(bench.pace.next_instant(hour, None), None);
    drop(bench.run);
}
