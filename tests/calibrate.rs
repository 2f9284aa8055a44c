//! Observe, fit, replay: a profile made of what a real endpoint took, as a user makes it.

use serde_json::{Value, json};

use crate::place::{Place, Ran, shared};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A machine whose memory is slower than the built-in one's.
const SLOWER: [(&str, &str); 2] = [
    (
        "profiles/chips/tired.toml",
        "name = \"tired\"\ntitle = \"A tired card\"\ninherits = \"rtx-4090\"\n\
         [achieved.weight_read_fraction]\nvalue = 0.5\nsource = \"a test\"\ndate = \"2026\"\n\
         confidence = \"high\"\n",
    ),
    (
        "profiles/machines/real.toml",
        "name = \"real\"\ntitle = \"A real one\"\nabout = \"For a test.\"\n\
         inherits = \"rtx-4090\"\n[[pools]]\nrole = \"all\"\nchip = \"tired\"\n",
    ),
];

/// Writes a log of requests, as vLLM does, that the slower machine served.
fn observe(place: &Place) {
    for (path, text) in SLOWER {
        place.write(path, text);
    }
    let load = "requests=120,input=64..2048,output=20..80,rate=2,burst=0.5";
    let arguments = ["replay", "--generate", load, "--on", "real", "--profiles", "profiles"];
    place.run(&[arguments.as_slice(), &["--requests", "served.csv"]].concat()).passed();
    let served = place.read("served.csv");
    let mut lines = served.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let log = lines.map(|cells| {
        let whole = |name: &str| {
            let column = header.iter().position(|known| *known == name).unwrap();
            cells[column].parse::<u64>().unwrap()
        };
        let seconds = |nanos: u64| nanos as f64 / 1e9;
        let at = whole("at_ns");
        let line = json!({
            "input_toks": whole("input_tokens"),
            "output_toks": whole("output_tokens"),
            "arrival_time": seconds(at),
            "queued_ts": seconds(at),
            "scheduled_ts": seconds(at),
            "first_token_ts": seconds(at + whole("ttft_ns")),
            "last_token_ts": seconds(at + whole("e2e_ns")),
        });
        format!("{line}\n")
    });
    place.write("log.jsonl", log.collect::<String>());
}

/// The figures of a fit that were moved, by name: before and after.
fn moved(fitted: &Value, name: &str) -> (f64, f64) {
    let knobs = fitted["calibration"]["knobs"].as_array().unwrap().iter();
    let mut figures = knobs.flat_map(|knob| knob["figures"].as_array().unwrap());
    let figure = figures.find(|figure| figure["name"] == name);
    let figure = figure.unwrap_or_else(|| panic!("no {name} in {fitted:#}"));
    (figure["before"].as_f64().unwrap(), figure["after"].as_f64().unwrap())
}

/// The median error of the end-to-end time in the held-out part, before and after.
fn held_out(fitted: &Value) -> (f64, f64) {
    let errors = fitted["calibration"]["errors"].as_array().unwrap().iter();
    let mut of_part = errors.filter(|row| row["held_out"] == true);
    let row = of_part.find(|row| row["metric"] == "end_to_end").unwrap();
    let median = |part: &str| row[part]["median"].as_f64().unwrap();
    (median("before"), median("after"))
}

/// How far a replay of a log is off on a machine: the mean error of the end-to-end time.
fn replayed(place: &Place, log: &str, on: &[&str]) -> f64 {
    let ran = place.run(&[["replay", log, "--json", "--on"].as_slice(), on].concat());
    let error = &parsed(&ran.passed())["measured"]["end_to_end"]["mean_absolute_error"];
    error.as_f64().unwrap()
}

#[test]
fn a_machine_is_fitted_to_its_requests_written_and_replayed() {
    let place = Place::new();
    observe(&place);
    let arguments = ["calibrate", "log.jsonl", "--on", "rtx-4090", "--json"];
    let ran = place.run(&[&arguments[..], &["--write", "mine", "--name", "desk"]].concat());
    let fitted = parsed(&ran.passed());
    let (before, after) = moved(&fitted, "rtx-4090.achieved.weight_read_fraction");
    assert!(before == 0.8 && (after - 0.5).abs() < 0.03, "{before} → {after}");
    let (before, after) = held_out(&fitted);
    assert!(before > 0.2 && after < 0.03, "{before} → {after}");
    assert_eq!(
        fitted["written"],
        json!(["chips/desk-rtx-4090.toml", "software/desk-vllm.toml", "machines/desk.toml"]),
        "{fitted:#}"
    );
    // The chip says where its figure comes from, and everything else comes from the one before.
    let chip = place.read("mine/chips/desk-rtx-4090.toml");
    assert!(chip.contains("inherits = \"rtx-4090\""), "{chip}");
    assert!(
        chip.contains("source = \"log.jsonl (sha256:") && chip.contains("date = \"1970-01-01\"")
    );
    place.run(&["hardware", "validate", "mine"]).passed();
    let fitted = replayed(&place, "log.jsonl", &["desk", "--profiles", "mine"]);
    let as_it_was = replayed(&place, "log.jsonl", &["rtx-4090"]);
    assert!(fitted < 0.03 && as_it_was > 0.2, "{fitted}, as it was {as_it_was}");
    // Nothing of it depends on the threads, and the same file gives the same bytes.
    let again = [&arguments[..], &["--threads", "1"]].concat();
    let again = parsed(&place.run(&again).passed());
    assert_eq!(
        again["calibration"]["errors"],
        parsed(&place.run(&arguments).passed())["calibration"]["errors"]
    );
}

#[test]
fn the_screen_says_what_was_fitted_and_why_the_rest_was_not() {
    let place = Place::new();
    observe(&place);
    let screen =
        place.run(&["calibrate", "log.jsonl", "--on", "rtx-4090", "--write", "mine"]).passed();
    assert!(
        screen
            .starts_with("rtx-4090 serving llama-3.1-8b, fitted to 96 measurements; 24 held out\n")
    );
    for said in [
        "inter-token  held out",
        "reads of weights × 0.6",
        "use it as: --on rtx-4090-fitted --profiles mine",
    ] {
        assert!(screen.contains(said), "{said} in {screen}");
    }
    assert!(screen.lines().all(|line| line.chars().count() <= 100), "{screen}");
}

#[test]
fn what_cannot_be_used_is_told_with_the_fix() {
    let place = Place::new();
    observe(&place);
    let fails = |arguments: &[&str]| -> String {
        let ran: Ran = place.run(&[["calibrate"].as_slice(), arguments].concat());
        ran.failed(2)
    };
    let on = ["log.jsonl", "--on", "rtx-4090"];
    let told = fails(&[&on[..], &["--held-out", "100%"]].concat());
    assert!(told.contains("--held-out 100%: give a part over 0 % and under 100 %"), "{told}");
    let told = fails(&[&on[..], &["--name", "h200-8"]].concat());
    assert!(told.contains("--name h200-8") && told.contains("choose another name"), "{told}");
    let told = fails(&["log.jsonl", "--on", "rtx-4090:llama-3.1-9b"]);
    assert!(told.contains("llama-3.1-9b"), "{told}");
    let told = fails(&["none.jsonl", "--on", "rtx-4090"]);
    assert!(told.contains("cannot read none.jsonl"), "{told}");
    let second = place.read("log.jsonl").replacen("\"output_toks\":", "\"output_tokens\":", 2);
    place.write("wrong.jsonl", second.replacen("\"output_tokens\":", "\"output_toks\":", 1));
    let told = fails(&["wrong.jsonl", "--on", "rtx-4090"]);
    assert!(told.contains("wrong.jsonl:2: the key `output_toks` is missing"), "{told}");
    // What the fitted machine inherits from would not be found there, so nothing is written.
    let write = ["--on", "real", "--profiles", "profiles", "--write", "elsewhere"];
    let told = fails(&[&["log.jsonl"], &write[..]].concat());
    assert!(
        told.contains("--write elsewhere") && told.contains("the folder of --profiles"),
        "{told}"
    );
    assert!(!place.names().contains(&"elsewhere".to_owned()), "{:?}", place.names());
}

/// vLLM 0.19 on a card that was asked for more than it can serve, as LLMServingSim publishes it.
#[test]
fn a_published_log_is_fitted_and_the_part_that_was_held_out_is_predicted() {
    let folder = "data/validation/vllm_requests/RTX4090_Llama-3.1-8B/requests.jsonl";
    let Some(log) = shared(folder) else {
        return;
    };
    let log = log.to_str().unwrap();
    let place = Place::new();
    let arguments = ["calibrate", log, "--on", "rtx-4090", "--json", "--write", "mine"];
    let fitted = parsed(&place.run(&arguments).passed());
    assert_eq!(fitted["file"]["date"], "2026-08-20");
    let (before, after) = held_out(&fitted);
    assert!(after < before && after < 0.03, "{before} → {after}");
    let on = ["rtx-4090-fitted", "--profiles", "mine"];
    let (fitted, as_it_was) = (replayed(&place, log, &on), replayed(&place, log, &["rtx-4090"]));
    assert!(fitted < 0.05 && as_it_was > 0.1, "{fitted}, as it was {as_it_was}");
}
