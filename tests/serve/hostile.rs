//! Clients that are slow, gone, or mean harm no one else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Answer, Served, post};
use super::{hello, with};
use crate::place::Place;

/// What others must still get, and soon.
fn assert_serves(served: &Served) {
    let began = Instant::now();
    let body = with(hello(), json!({"max_tokens": 2}));
    assert_eq!(served.post("/v1/chat/completions", &body).status, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Reads until the server closes; how long that took.
fn closed_after(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    began.elapsed()
}

#[test]
fn a_client_that_is_gone_frees_the_machine() {
    let place = Place::new();
    let served = Served::start(&place, &["--on", "fixed-step", "--output-tokens", "100000"]);
    for stream in [true, false] {
        let body = with(hello(), json!({"stream": stream})).to_string();
        let mut connection = served.connect();
        connection.write_all(post("/v1/chat/completions", &body, "").as_bytes()).unwrap();
        served.wait_for_metric("vllm:num_requests_running", 1.0);
        if stream {
            connection.read_exact(&mut [0; 100]).unwrap();
        }
        drop(connection);
        served.wait_for_metric("vllm:num_requests_running", 0.0);
    }
    assert_eq!(served.metric("timeslip:requests_cancelled_total"), 2.0);
}

#[test]
fn heads_and_bodies_that_trickle_in_are_given_up() {
    let place = Place::new();
    let arguments = [
        "--on",
        "fixed-step",
        "--output-tokens",
        "4",
        "--head-timeout",
        "300ms",
        "--body-timeout",
        "300ms",
        "--idle-timeout",
        "900ms",
    ];
    let served = Served::start(&place, &arguments);
    let began = Instant::now();
    let mut trickle = served.connect();
    let sent = std::thread::scope(|scope| {
        let mut writer = trickle.try_clone().unwrap();
        scope.spawn(move || {
            for byte in
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-long: aaaaaaaaaaaaaaaaaaaaa"
            {
                if writer.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let mut rest = Vec::new();
        let _ = trickle.read_to_end(&mut rest);
        let took = began.elapsed();
        let _ = trickle.shutdown(Shutdown::Both);
        took
    });
    assert!((250..2500).contains(&sent.as_millis()), "{sent:?}");

    let mut half = served.connect();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    half.write_all(head.as_bytes()).unwrap();
    let answer = Answer::read(half);
    assert_eq!((answer.status, answer.error().0), (408, "body_timeout".to_owned()));

    let idle = closed_after(served.connect());
    assert!((800..5000).contains(&idle.as_millis()), "{idle:?}");
    assert_serves(&served);
}

#[test]
fn a_client_that_takes_nothing_is_cut_off_and_one_that_is_slow_misses_nothing() {
    let place = Place::new();
    let arguments = [
        "--on",
        "fixed-step",
        "--output-tokens",
        "60000",
        "--speed",
        "2000x",
        "--write-timeout",
        "500ms",
    ];
    let served = Served::start(&place, &arguments);
    let body = with(hello(), json!({"stream": true})).to_string();
    let request = post("/v1/chat/completions", &body, "");
    let mut stalled = served.connect();
    stalled.write_all(request.as_bytes()).unwrap();
    // The reply is 12 MB, which no socket holds.
    std::thread::sleep(Duration::from_secs(3));
    let answer = Answer::read(stalled);
    assert!(!answer.is_whole, "it was cut off");
    assert_serves(&served);

    let mut slow = served.connect();
    slow.write_all(request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let answer = Answer::read(slow);
    assert!(answer.is_whole, "{} bytes came", answer.body.len());
    assert_eq!(answer.events().len(), 60_000);
}

#[test]
fn connections_that_say_nothing_are_many_and_harmless() {
    let place = Place::new();
    let arguments = ["--on", "fixed-step", "--output-tokens", "4", "--connections", "1000"];
    let served = Served::start(&place, &arguments);
    let mut idle: Vec<TcpStream> = (0..990).map(|_| served.connect()).collect();
    assert_serves(&served);
    // Beyond what is allowed, a client is told so at once.
    idle.extend((0..20).map(|_| served.connect()));
    let answer = served.get("/health");
    assert!(matches!(answer.status, 503 | 0), "{answer:?}");
    drop(idle);
    let began = Instant::now();
    while served.get("/health").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "places are given back");
    }
}

#[test]
fn more_requests_than_allowed_are_turned_away() {
    let place = Place::new();
    let arguments = ["--on", "fixed-step", "--output-tokens", "400", "--in-flight", "2"];
    let served = Served::start(&place, &arguments);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let ask = || served.post("/v1/chat/completions", &hello()).status;
        let asked: Vec<_> = (0..5).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status: u16| answers.iter().filter(|one| **one == status).count();
    assert_eq!((count(200), count(503)), (2, 3), "{answers:?}");
}
