//! Input that is wrong: the message names file, line and fix, the exit code is 2, and nothing is
//! written.

use crate::place::{Place, repository};

/// A bench that runs, to be spoilt.
fn good() -> String {
    let component = |path: &str| repository().join(path).display().to_string();
    format!(
        "name = \"good\"\nmachines = [\"h200-8\"]\n\n[agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 20 }}\n\n\
         [[task]]\nname = \"one\"\ninput = \"chat 1\"\n",
        component("tests/guests/prebuilt/probe-agent.wasm")
    )
}

/// What is said of a bench after one text in it was replaced.
fn said(from: &str, to: &str) -> String {
    let place = Place::new();
    let good = good();
    assert!(good.contains(from), "{from}");
    place.write("bench.toml", good.replace(from, to));
    let message = place.run(&["run", "bench.toml", "--slip", "slip.json"]).failed(2);
    assert_eq!(place.names(), ["bench.toml"], "nothing is written");
    place.anonymous(&message).replace(&repository().display().to_string(), "REPOSITORY")
}

#[test]
fn the_bench_that_is_spoilt_here_runs() {
    let place = Place::new();
    place.write("bench.toml", good());
    place.run(&["run", "bench.toml"]).passed();
}

#[test]
fn a_bench_that_is_missing_empty_or_no_toml() {
    let place = Place::new();
    let run = |bench: &str| place.run(&["run", bench]).failed(2);
    insta::assert_snapshot!(run("none.toml"));
    place.write("empty.toml", "");
    insta::assert_snapshot!(run("empty.toml"));
    place.write("broken.toml", "name = \"a\nmachines = []\n");
    insta::assert_snapshot!(run("broken.toml"));
    place.write("binary.toml", b"name = \"a\"\n\xff\xfe");
    insta::assert_snapshot!(run("binary.toml"));
}

#[test]
fn a_bench_with_a_wrong_key_or_value() {
    insta::assert_snapshot!(said("models", "modles"));
    insta::assert_snapshot!(said("kind = \"synthetic\"", "kind = \"syntetic\""));
    insta::assert_snapshot!(said("[[task]]\nname = \"one\"\ninput = \"chat 1\"\n", ""));
    insta::assert_snapshot!(said("input = \"chat 1\"\n", ""));
    insta::assert_snapshot!(said("[words]", "[load]\nat_once = 0\n[words]"));
    insta::assert_snapshot!(said("[words]", "[load]\nsessions = 0\n[words]"));
    insta::assert_snapshot!(said("[words]", "[load]\nrate_per_second = -1\n[words]"));
    insta::assert_snapshot!(said("[words]", "[limits]\ndeadline_seconds = 0\n[words]"));
    insta::assert_snapshot!(said("[[task]]", "[[task]]\nname = \"one\"\ninput = \"x\"\n[[task]]"));
}

#[test]
fn an_unknown_machine_or_model_with_the_nearest_name() {
    insta::assert_snapshot!(said("h200-8", "h20-8"));
    insta::assert_snapshot!(said("h200-8", "h200-8:llama-3.3-70"));
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["run", "--on", "rubin-grok3"]).failed(2));
}

#[test]
fn a_component_that_is_missing_cut_off_or_none() {
    let place = Place::new();
    let whole = std::fs::read(repository().join("tests/guests/prebuilt/probe-agent.wasm")).unwrap();
    place.write("cut.wasm", &whole[..whole.len() / 2]);
    place.write("empty.wasm", "");
    place.write("text.wasm", "hello");
    place.write("core.wasm", [0, b'a', b's', b'm', 1, 0, 0, 0]);
    let run = |component: &str| {
        let message = place.run(&["run", component, "--task", "echo"]).failed(2);
        place.anonymous(&message)
    };
    insta::assert_snapshot!(run("none.wasm"));
    insta::assert_snapshot!(run("cut.wasm"));
    insta::assert_snapshot!(run("empty.wasm"));
    insta::assert_snapshot!(run("text.wasm"));
    insta::assert_snapshot!(run("core.wasm"));
}

#[test]
fn a_component_of_another_world_or_version() {
    let agent = repository().join("tests/guests/prebuilt/probe-agent.wasm").display().to_string();
    let tool = repository().join("tests/guests/prebuilt/probe-tool.wasm").display().to_string();
    insta::assert_snapshot!(said(&agent, &tool));
    let mount = |component: &str| format!("[[tool]]\ncomponent = '{component}'\n[words]");
    insta::assert_snapshot!(said("[words]", &mount(&agent)));
    let place = Place::new();
    let other_version = r#"(component
        (import "timeslip:agent/session@0.2.0" (instance (export "now" (func (result u64)))))
        (core module $m (func (export "run")))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    place.write("newer.wasm", wat::parse_str(other_version).unwrap());
    insta::assert_snapshot!(place.run(&["run", "newer.wasm", "--task", "x"]).failed(2));
    let imports = |import| other_version.replace("timeslip:agent/session@0.2.0", import);
    let wasi = imports("wasi:clocks/monotonic-clock@0.3.0");
    place.write("wasi.wasm", wat::parse_str(wasi).unwrap());
    let http = imports("wasi:http/outgoing-handler@0.2.0");
    place.write("http.wasm", wat::parse_str(http).unwrap());
    let unknown =
        other_version.replace("timeslip:agent/session@0.2.0", "timeslip:agent/memory@0.1.0");
    place.write("unknown.wasm", wat::parse_str(unknown).unwrap());
    insta::assert_snapshot!(place.run(&["run", "unknown.wasm", "--task", "x"]).failed(2));
    insta::assert_snapshot!(place.run(&["run", "wasi.wasm", "--task", "x"]).failed(2));
    insta::assert_snapshot!(place.run(&["run", "newer.wasm"]).failed(2));
    insta::assert_snapshot!(place.run(&["run", "http.wasm", "--task", "x"]).failed(2));
}

#[test]
fn a_cassette_that_cannot_be_read() {
    let words = |cassette: &str| {
        let place = Place::new();
        let bench = good()
            .replace("kind = \"synthetic\"\noutput_tokens = { fixed = 20 }", "kind = \"cassette\"")
            .replace("input = \"chat 1\"", "input = \"chat 1\"\ncassette = \"a.jsonl\"");
        place.write("bench.toml", bench);
        if !cassette.is_empty() {
            place.write("a.jsonl", cassette);
        }
        place.run(&["run", "bench.toml"])
    };
    let header = r#"{"kind":"cassette","schema":"timeslip.cassette/1","source":"by hand","key":["messages"]}"#;
    insta::assert_snapshot!(words("").failed(2));
    insta::assert_snapshot!(words("{}\n").failed(2));
    insta::assert_snapshot!(words(&header.replace("cassette/1", "cassette/2")).failed(2));
    insta::assert_snapshot!(words(&header[..40]).failed(2));
    // A line that was cut off while it was written takes nothing from those before it.
    let cut_off = words(&format!("{header}\n{{\"kind\":\"chat\",\"mess"));
    assert!(cut_off.stdout.contains("1 cut off, played up to there"), "{cut_off:#?}");
}

#[test]
fn a_request_that_no_cassette_holds_shows_the_closest_and_the_difference() {
    let place = Place::new();
    let bench = good()
        .replace("kind = \"synthetic\"\noutput_tokens = { fixed = 20 }", "kind = \"cassette\"")
        .replace("input = \"chat 1\"", "input = \"chat 1\"\ncassette = \"a.jsonl\"");
    place.write("bench.toml", bench);
    let cassette = concat!(
        r#"{"kind":"cassette","schema":"timeslip.cassette/1","source":"by hand","key":["messages"]}"#,
        "\n",
        r#"{"kind":"message","role":"user","content":"hello 7"}"#,
        "\n",
        r#"{"kind":"chat","messages":[[0,1]],"reply":{"content":"seven"},"finish_reason":"stop"}"#,
        "\n",
    );
    place.write("a.jsonl", cassette);
    let ran = place.run(&["run", "bench.toml", "--json"]);
    assert_eq!(ran.code, 1, "a miss fails the session, and so the run");
    let slip: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let error = &slip["sessions"][0]["error"];
    assert_eq!(error["kind"], "cassette_miss");
    insta::assert_snapshot!(error["message"].as_str().unwrap());
}

#[test]
fn recordings_that_cannot_be_imported() {
    let place = Place::new();
    let agent = repository().join("agents/prebuilt/airline-service.wasm").display().to_string();
    let import = |text: &str| {
        place.write("recording.json", text);
        let ran = place.run(&[
            "import",
            "openai-messages",
            "recording.json",
            "-o",
            "out",
            "--agent",
            &agent,
        ]);
        assert!(!place.path("out").exists(), "nothing is written");
        ran.failed(2)
    };
    insta::assert_snapshot!(import(""));
    insta::assert_snapshot!(import("{\"a\": 1}"));
    insta::assert_snapshot!(import("[[{\"role\":\"user\",\"content\":\"hi\"}"));
    insta::assert_snapshot!(import("[[{\"role\":\"usr\",\"content\":\"hi\"}]]"));
}

#[test]
fn a_slip_that_cannot_be_written_fails_the_run() {
    let place = Place::new();
    let message = place.run(&["run", "--slip", "none/slip.json"]).failed(1);
    assert!(message.contains("none/slip.json"), "{message}");
    assert!(place.names().is_empty());
}
