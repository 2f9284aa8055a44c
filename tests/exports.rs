//! Slips for other programs, as a user asks for them.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;
use timeslip_report::exports::otlp::names::CONVENTIONS;

use crate::place::{Place, shared};

#[test]
fn a_run_is_written_in_every_format_and_from_its_slip_it_is_the_same() {
    let place = Place::new();
    let formats = |end: &str| {
        let names = ["trace", "otlp", "csv", "parquet", "prometheus"];
        names.map(|name| [format!("--{name}"), format!("{name}.{end}")]).concat()
    };
    let mut run = vec!["run".to_owned(), "--slip".to_owned(), "run.json".to_owned()];
    run.extend(formats("a"));
    place.run(&run).passed();
    let mut export = vec!["export".to_owned(), "run.json".to_owned()];
    export.extend(formats("b"));
    place.run(&export).passed();
    for name in ["trace", "otlp", "csv", "parquet", "prometheus"] {
        let read = |end: &str| std::fs::read(place.path(&format!("{name}.{end}"))).unwrap();
        assert_eq!(read("a"), read("b"), "{name}");
        assert!(!read("a").is_empty(), "{name}");
    }
    let slip: Value = serde_json::from_str(&place.read("run.json")).unwrap();
    let steps = slip["sessions"][0]["steps"].as_array().unwrap();
    assert_eq!(place.read("csv.a").lines().count(), steps.len() + 1);
    let p50 = slip["summary"]["session_e2e_ns"]["p50"].as_u64().unwrap() as f64 / 1e9;
    let metrics = place.read("prometheus.a");
    assert!(metrics.contains(&format!("stat=\"p50\"}} {p50}\n")), "{metrics}");
}

/// Names with alternatives in braces, as the list of conventions writes them: `a.{b,c.d}`.
fn written_out(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for quoted in text.split('`').skip(1).step_by(2) {
        match quoted.split_once('{') {
            Some((before, rest)) if rest.contains('}') => {
                let (inside, after) = rest.split_once('}').expect("there is one");
                names.extend(inside.split(',').map(|one| format!("{before}{one}{after}")));
            }
            _ => names.push(quoted.to_owned()),
        }
    }
    names
}

#[test]
fn attributes_have_the_names_of_the_conventions() {
    let Some(file) = shared("reference/conventions.md") else { return };
    let known = written_out(&std::fs::read_to_string(file).unwrap());
    for name in CONVENTIONS {
        assert!(known.iter().any(|one| one == name), "{name} is no name of the conventions");
    }
}

/// A collector that answers one request so; returns its address, and what it was sent.
fn collector(status: &'static str) -> (String, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&request);
            let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let head = request.windows(4).position(|four| four == b"\r\n\r\n");
            if let (Some(head), Some(length)) = (head, length)
                && request.len() >= head + 4 + length.trim().parse::<usize>().unwrap()
            {
                break;
            }
            let read = stream.read(&mut buffer).unwrap();
            request.extend(&buffer[..read]);
        }
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        request
    });
    (address, thread)
}

#[test]
fn spans_are_sent_to_a_collector_which_may_refuse_them() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    let (address, thread) = collector("200 OK");
    place.run(&["export", "run.json", "--otlp", &address]).passed();
    let request = thread.join().unwrap();
    let text = String::from_utf8_lossy(&request);
    assert!(text.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{text}");
    assert!(text.contains("Content-Type: application/x-protobuf"), "{text}");
    assert!(text.contains("execute_tool search_profiles"), "{text}");
    let (address, thread) = collector("503 Service Unavailable");
    let told = place.run(&["export", "run.json", "--otlp", &address]).failed(1);
    assert!(told.contains("did not take the spans: 503"), "{told}");
    thread.join().unwrap();
    let told = place.run(&["export", "run.json", "--otlp", "https://a:1"]).failed(2);
    assert!(told.contains("by http:// alone"), "{told}");
    let told = place.run(&["export", "run.json", "--otlp", "http://127.0.0.1:1"]).failed(1);
    assert!(told.contains("cannot be reached"), "{told}");
}

#[test]
fn what_cannot_be_written_is_told_before_anything_runs() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    assert!(place.run(&["export", "run.json"]).failed(2).contains("nothing is asked for"));
    let epoch = ["export", "run.json", "--otlp", "a.json", "--epoch", "yesterday"];
    assert!(place.run(&epoch).failed(2).contains("this is no instant"));
    assert!(place.run(&["run", "--trace", "none/a.json"]).failed(1).contains("no folder"));
    let on_epoch = ["export", "run.json", "--otlp", "a.json", "--epoch", "2026-01-31"];
    place.run(&on_epoch).passed();
    let spans: Value = serde_json::from_str(&place.read("a.json")).unwrap();
    let first = &spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(first["startTimeUnixNano"], "1769817600000000000");
}
