//! Tool plugins that fetch over HTTP: granted, scripted, recorded, and played back.

mod pages;

use std::time::Duration;

use serde_json::Value;

use crate::place::{Place, Ran, repository};
use crate::slips::check_independently;
use pages::{Act, Pages, page};

/// A bench whose sessions call the tool `fetch` for these addresses, each `more` times at once.
fn bench(place: &Place, grant: &str, words: &str, inputs: &[&str]) {
    let component = |path: &str| repository().join(path).display().to_string();
    let mut text = format!(
        "name = \"pages\"\nmachines = [\"h200-8\"]\n\n[agent]\ncomponent = '{}'\nmodels = \
         [\"*\"]\n\n[[tool]]\nname = \"web\"\ncomponent = '{}'\n{grant}\n\n[words]\n{words}\n",
        component("tests/guests/prebuilt/probe-agent.wasm"),
        component("plugins/prebuilt/http-fetch.wasm"),
    );
    for (number, input) in inputs.iter().enumerate() {
        text += &format!("[[task]]\nname = \"task-{number}\"\ninput = '{input}'\n");
    }
    place.write("bench.toml", text);
}

const ENDPOINT: &str = "kind = \"endpoint\"";

/// Nobody is chatted with, so nobody need listen there.
const MODEL: [&str; 4] = ["--endpoint", "http://127.0.0.1:9/v1", "--model", "m"];

fn fetching(url: &str) -> String {
    format!("tool fetch {{\"url\":\"{url}\"}}")
}

/// The slip that a command printed, which holds all laws, whether its sessions succeeded or not.
fn slip(ran: &Ran) -> Value {
    assert!(ran.code <= 1, "{ran:#?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slip.json");
    std::fs::write(&path, &ran.stdout).unwrap();
    check_independently(&path);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn step(slip: &Value, session: usize) -> &Value {
    &slip["sessions"][session]["steps"][0]
}

fn error(slip: &Value, session: usize) -> &str {
    slip["sessions"][session]["error"]["message"].as_str().unwrap_or_default()
}

#[test]
fn a_script_says_what_servers_give_and_how_long_that_takes() {
    let place = Place::new();
    place.write(
        "script.toml",
        "[[reply]]\nsay = \"x\"\n[[http]]\nurl = \"https://example.org/docs/*\"\nheaders = { \
         content-type = \"text/html\" }\nbody = \"<h1>Docs</h1><p>of Ada &amp; Bob\"\n\
         latency_ms = 120\n",
    );
    let inputs = [
        fetching("https://example.org/docs/one?api_key=s3cr3t"),
        fetching("https://example.org/secret"),
        fetching("https://example.org/docs/../secret"),
        "tools-parallel 2 fetch {\"url\":\"https://example.org/docs/two\"}".to_owned(),
        fetching("https://other.example/"),
    ];
    let words = "kind = \"script\"\nfile = \"script.toml\"";
    let grant = "http = [\"https://example.org/docs/*\", \"https://other.example\"]";
    bench(&place, grant, words, &inputs.each_ref().map(String::as_str));
    let ran = place.run(&["run", "bench.toml", "--json"]);
    let slip = slip(&ran);
    assert_eq!(place.run(&["run", "bench.toml", "--json", "--threads", "1"]).stdout, ran.stdout);
    let tool = step(&slip, 0);
    let fetch = &tool["fetches"][0];
    assert_eq!(fetch["took_ns"], 120_000_000);
    assert_eq!((&fetch["method"], &fetch["status"]), (&"GET".into(), &200.into()));
    assert_eq!(fetch["url"], "https://example.org/docs/one?api_key=<redacted>");
    // All that it waits for is the page.
    assert_eq!(tool["wait_ns"], 120_000_000);
    for session in [1, 2] {
        let told = error(&slip, session);
        assert!(told.contains("no grant for https://example.org/secret: add"), "{told}");
        assert_eq!(step(&slip, session)["fetches"], Value::Null, "nothing was asked");
    }
    let steps = slip["sessions"][3]["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["fetches"].as_array().unwrap().len() == 1), "{steps:?}");
    let e2e = slip["sessions"][3]["e2e_ns"].as_u64().unwrap();
    assert!(e2e < 200_000_000, "fetches of two calls overlap: {e2e}");
    let told = error(&slip, 4);
    assert!(told.contains("no [[http]] of script.toml fits GET https://other.example/"), "{told}");
    assert_eq!(slip["sessions"][4]["error"]["kind"], "script_error");

    let task = place.run(&["run", "bench.toml", "--task", &inputs[0]]).passed();
    assert!(task.contains("Docs") && task.contains("of Ada & Bob"), "{task}");
}

#[test]
fn a_grant_that_cannot_be_read_is_met_with_its_line() {
    let place = Place::new();
    for (grant, told) in [
        (
            "http = [\"https://*.example.org/\"]",
            "bench.toml:11: `https://*.example.org/` has a `*`",
        ),
        (
            "http = [\"https://example.org\"]\nhttp_methods = [\"post\"]",
            "bench.toml:12: `post` is no",
        ),
        ("http_method = [\"POST\"]", "bench.toml:11: unknown key `http_method`; did you mean"),
    ] {
        bench(&place, grant, ENDPOINT, &["list"]);
        let message = place.run(&["run", "bench.toml"]).failed(2);
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_grant_stands_in_the_digest_of_its_bench() {
    let place = Place::new();
    let words = "kind = \"synthetic\"\noutput_tokens = { fixed = 2 }";
    let digest = |grant: &str| {
        bench(&place, grant, words, &["list"]);
        let slip = slip(&place.run(&["run", "bench.toml", "--json"]));
        slip["bench"]["digest"].as_str().unwrap().to_owned()
    };
    let bare = digest("");
    let granted = digest("http = [\"http://h\"]");
    assert_ne!(bare, granted);
    assert_ne!(granted, digest("http = [\"http://h\"]\nhttp_methods = [\"POST\"]"));
    assert_eq!(bare, digest("http = []"));

    bench(&place, "http = [\"http://h\"]", words, &[&fetching("http://h/")]);
    let refused = slip(&place.run(&["run", "bench.toml", "--json"]));
    assert!(error(&refused, 0).contains("these words hold no responses"), "{refused}");
}

/// Pages for a recording: slow, failing, redirecting, binary, secret.
fn pages() -> Pages {
    Pages::start(|path| match path {
        "/slow" => vec![
            Act::Send(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<p>half"
                    .to_vec(),
            ),
            Act::Pause(Duration::from_millis(150)),
            Act::Send(b"</p><p>whole".to_vec()),
        ],
        "/missing" => page("404 Not Found", "content-type: text/plain\r\n", b"not here"),
        "/moved" => page("302 Found", "location: /slow\r\ncontent-type: text/plain\r\n", b"/slow"),
        "/image" => page("200 OK", "content-type: image/png\r\n", b"\x89PNG\xff\x00"),
        "/cut" => vec![Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf".to_vec())],
        "/huge" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec()),
            Act::Endless(vec![b'a'; 1 << 16]),
        ],
        _ => page(
            "200 OK",
            "content-type: text/plain\r\nset-cookie: id=c00kies3cr3t\r\n",
            b"key sk-proj-0123456789abcdefghij",
        ),
    })
}

#[test]
fn what_was_fetched_is_played_back_on_a_modelled_machine_in_its_recorded_time() {
    let pages = pages();
    let place = Place::new();
    let paths = ["slow", "missing", "moved", "image", "cut", "huge", "secret?token=t0ps3cr3t"];
    let inputs = paths.map(|path| fetching(&format!("{}/{path}", pages.url)));
    let grant = format!("http = [\"{}\"]", pages.url);
    bench(&place, &grant, ENDPOINT, &inputs.each_ref().map(String::as_str));
    let record = [&["record", "bench.toml", "-o", "rec", "--json"][..], &MODEL].concat();
    let recorded = slip(&place.run(&record));
    assert_eq!(pages.asked().len(), paths.len(), "no redirect is followed");
    assert!(error(&recorded, 4).contains("failed: "), "{recorded}");
    assert!(error(&recorded, 5).contains("larger than the limit of 8388608 bytes"), "{recorded}");

    let ran = place.run(&["run", "rec", "--on", "h200-8", "--json"]);
    let replayed = slip(&ran);
    let again = place.run(&["run", "rec", "--on", "h200-8", "--json", "--threads", "1"]);
    assert_eq!(again.stdout, ran.stdout, "the same slip, byte for byte");
    assert_eq!(pages.asked().len(), paths.len(), "nothing is asked again");
    for session in 0..paths.len() {
        let [was, is] = [&recorded, &replayed].map(|slip| &step(slip, session)["fetches"][0]);
        for key in ["method", "url", "status", "error", "took_ns"] {
            assert_eq!(was[key], is[key], "{session}: {key}");
        }
        assert_eq!(error(&recorded, session), error(&replayed, session));
    }
    let slow = step(&replayed, 0)["fetches"][0]["took_ns"].as_u64().unwrap();
    assert!((150_000_000..5_000_000_000).contains(&slow), "{slow}");
    assert_eq!(step(&replayed, 0)["wait_ns"].as_u64().unwrap(), slow);

    // Going on asks nothing either, and writes nothing.
    let cassette = |number: usize| place.read(&format!("rec/cassettes/task-{number}.jsonl"));
    let before: Vec<String> = (0..paths.len()).map(cassette).collect();
    slip(&place.run(&record));
    assert_eq!((0..paths.len()).map(cassette).collect::<Vec<_>>(), before);
    assert_eq!(pages.asked().len(), paths.len());
    // What the agent itself says stands in the tool's arguments; the fetch is without it.
    let all = before.concat();
    let fetches: String = all.lines().filter(|line| line.contains("\"kind\":\"fetch\"")).collect();
    assert!(fetches.contains("/secret?token=<redacted>"), "{fetches}");
    for (text, secret) in [(&fetches, "t0ps3cr3t"), (&all, "c00kies3cr3t"), (&all, "sk-proj")] {
        assert!(!text.contains(secret), "{secret} was kept");
    }
    assert!(before[3].contains("\"body_base64\":\"iVBOR/8A\""), "{}", before[3]);
}

#[test]
fn a_request_that_was_not_recorded_ends_its_session_with_the_closest_one() {
    let pages = pages();
    let place = Place::new();
    let grant = format!("http = [\"{}\"]", pages.url);
    bench(&place, &grant, ENDPOINT, &[&fetching(&format!("{}/missing", pages.url))]);
    let record = [&["record", "bench.toml", "-o", "rec", "--json"][..], &MODEL].concat();
    slip(&place.run(&record));
    // The same task and other bytes of the agent's request: the recording is found by its task.
    let other = fetching(&format!("{}/missing?page=2", pages.url));
    bench(&place, &grant, ENDPOINT, &[&other]);
    let missed = slip(&place.run(&["run", "rec", "--on", "h200-8", "--json"]));
    assert_eq!(missed["sessions"][0]["error"]["kind"], "cassette_miss");
    let told = error(&missed, 0).replace(&pages.url, "http://SERVER");
    assert!(told.contains("the fetch of GET http://SERVER/missing?page=2 is not in"), "{told}");
    assert!(told.contains("on line 2. The address differs; first difference at"), "{told}");

    // With a server the miss is asked and kept.
    let going_on = ["run", "rec", "--on-miss", "record", "--json"];
    let asked = slip(&place.run(&[&going_on[..], &MODEL].concat()));
    assert_eq!(step(&asked, 0)["fetches"][0]["status"], 200, "{asked}");
    assert_eq!(pages.asked().len(), 2);
    let kept = slip(&place.run(&["run", "rec", "--on", "h200-8", "--json"]));
    assert_eq!(step(&kept, 0)["fetches"][0]["status"], 200);

    let file = "rec/cassettes/task-0.jsonl";
    let shown = place.run(&["cassette", "show", file]).passed();
    assert!(shown.contains("2 fetches of tools") && shown.contains("404, text/plain"), "{shown}");
    let checked = place.run(&["cassette", "check", file]).passed();
    assert!(checked.contains("2 fetches") && checked.contains("nothing looks like"), "{checked}");
}
