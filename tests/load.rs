//! Machines under load: replays, sweeps, comparisons and capacities, as a user types them.

use serde_json::Value;

use crate::place::{Place, shared};

/// Bursts of requests on the machine whose steps are stated.
const MADE_UP: &str = "requests=300,input=512..2048,output=20..80,rate=400,burst=0.5";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// All of a replay, as JSON.
fn replayed(place: &Place, arguments: &[&str]) -> Value {
    let mut all = vec!["replay", "--json"];
    all.extend(arguments);
    json(&place.run(&all).passed())
}

#[test]
fn a_made_up_load_gives_the_summary_on_standard_output_and_the_speed_beside_it() {
    let place = Place::new();
    let ran = place.run(&[
        "replay",
        "--generate",
        "requests=2000,input=1024,output=200,every=2ms",
        "--on",
        "fixed-step",
    ]);
    assert!(ran.stderr.contains("requests per second"), "{}", ran.stderr);
    let summary = json(&ran.passed());
    assert_eq!(summary["sessions"], 2000);
    assert_eq!(summary["output_tokens"], 400_000);
    // Each prompt fits a step of 20 ms, which writes the first token; 199 of 5 ms follow at least.
    let shortest = summary["session_e2e_ns"]["min"].as_u64().unwrap();
    assert!(shortest >= 20_000_000 + 199 * 5_000_000, "{shortest}");
    assert_eq!(summary["energy_j"], Value::Null, "there is no such chip");
}

#[test]
fn a_replay_draws_a_screen_and_writes_its_requests() {
    let place = Place::new();
    let arguments = [
        "replay",
        "--generate",
        MADE_UP,
        "--on",
        "fixed-step",
        "--screen",
        "--requests",
        "all.csv",
    ];
    insta::assert_snapshot!(place.run(&arguments).passed());
    let rows = place.read("all.csv");
    assert_eq!(rows.lines().count(), 301);
    let header: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|known| *known == name).unwrap();
    for row in rows.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let nanos = |name: &str| cells[column(name)].parse::<u64>().unwrap();
        let parts = ["queue_ns", "prefill_ns", "transfer_ns", "decode_ns"];
        assert_eq!(parts.map(nanos).iter().sum::<u64>(), nanos("e2e_ns"), "{row}");
    }
}

#[test]
fn nothing_is_lost_under_overload_and_everything_is_counted() {
    let place = Place::new();
    let machine = std::fs::read_to_string(
        crate::place::repository().join("hardware-profiles/machines/fixed-step.toml"),
    );
    let limited = machine.unwrap().replace("name = \"fixed-step\"", "name = \"limited\"").replace(
        "[[pools]]",
        "[scheduler.waiting_calls_max]\nvalue = 40\nsource = \"a test\"\ndate = \"2026\"\n\
         confidence = \"high\"\n\n[scheduler.waiting_seconds_max]\nvalue = 0.5\nsource = \"a test\"\n\
         date = \"2026\"\nconfidence = \"high\"\n\n[[pools]]",
    );
    place.write("profiles/machines/limited.toml", limited);
    let arguments = [
        "--generate",
        "requests=4000,input=4096,output=400,every=1ms",
        "--on",
        "limited",
        "--profiles",
        "profiles",
        "--timeout",
        "20s",
        "--fail",
        "all.1@1s+2s",
    ];
    let all = replayed(&place, &arguments);
    let requests = &all["load"]["requests"];
    let count = |name: &str| requests[name].as_u64().unwrap();
    let ends = ["completed", "rejected", "timed_out", "failed", "given_up", "unfinished"];
    assert_eq!(ends.map(count).iter().sum::<u64>(), 4000, "{requests:#}");
    assert!(count("completed") > 0 && count("rejected") > 0, "{requests:#}");
    let machine = &all["machines"][0];
    let turned_away =
        machine["rejected_full"].as_u64().unwrap() + machine["rejected_late"].as_u64().unwrap();
    assert_eq!(turned_away, count("rejected"));
    assert!(machine["requeued"].as_u64().unwrap() > 0, "{machine:#}");
    assert_eq!(all["summary"]["failed"].as_u64().unwrap(), 4000 - count("completed"));
}

#[test]
fn a_slip_becomes_many_sessions_and_says_what_it_cannot_know() {
    let place = Place::new();
    place.run(&["run", "--slip", "one.json"]).passed();
    let once = replayed(&place, &["one.json", "--on", "rubin-groq3"]);
    let slip = json(&place.read("one.json"));
    assert_eq!(once["summary"], slip["summary"], "on its own machine it is the same run");
    let many =
        replayed(&place, &["one.json", "--sessions", "500", "--at-once", "20", "--on", "h200-8"]);
    assert_eq!(many["summary"]["sessions"], 500);
    assert_eq!(many["load"]["requests"]["completed"], 2000);
    assert!(many["load"]["requests_at_once_max"].as_u64().unwrap() <= 20);
    let notes = many["notes"].to_string();
    assert!(notes.contains("is not known"), "{notes}");
}

#[test]
fn traces_of_others_are_replayed() {
    let Some(traces) = shared("data/validation/traces") else { return };
    let place = Place::new();
    let of = |name: &str| traces.join(name).display().to_string();
    let conversation = of("mooncake_conversation_trace.jsonl");
    let all = replayed(&place, &[&conversation, "--on", "vera-rubin-nvl72"]);
    assert_eq!(all["load"]["requests"]["completed"], 12_031);
    let most = all["infinite_cache_share"].as_f64().unwrap();
    assert!((most - 0.374).abs() < 0.000_5, "{most}");
    let cached = all["load"]["cached_share"].as_f64().unwrap();
    assert!(cached > 0.9 * most && cached <= most, "{cached} of at most {most}");
    let synthetic = of("mooncake_synthetic_trace.jsonl");
    let all = replayed(&place, &[&synthetic, "--on", "vera-rubin-nvl72", "--sessions", "3993"]);
    assert!((all["infinite_cache_share"].as_f64().unwrap() - 0.651).abs() < 0.000_5);
    let azure = of("AzureLLMInferenceTrace_code.csv");
    let all = replayed(&place, &[&azure, "--on", "h200-8", "--sessions", "500", "--speed", "2"]);
    assert_eq!(all["load"]["requests"]["completed"], 500);
}

#[test]
fn machines_stand_side_by_side() {
    let place = Place::new();
    let arguments =
        ["compare", "--on", "rubin-groq3", "--on", "h200-8", "--sessions", "6", "--at-once", "3"];
    let screen = place.run(&arguments).passed();
    insta::assert_snapshot!(screen);
    let one_thread = place.run(&[&arguments[..], &["--threads", "1"]].concat()).passed();
    assert_eq!(screen, one_thread);
}

#[test]
fn a_capacity_holds_and_one_session_more_does_not() {
    let place = Place::new();
    let spec = "sessions=40,calls=2,input=1000,output=100,gap=100ms";
    let arguments = [
        "capacity",
        "--generate",
        spec,
        "--slo",
        "inter_token=7ms",
        "--on",
        "fixed-step",
        "--json",
    ];
    let found = json(&place.run(&arguments).passed());
    let machine = &found["machines"][0];
    let holds = machine["sessions_at_once"].as_u64().unwrap();
    assert_eq!(machine["misses"]["sessions_at_once"].as_u64().unwrap(), holds + 1);
    assert_eq!(machine["misses"]["objective"], "inter_token");
    assert!(machine["figures"]["inter_token_p95_ns"].as_u64().unwrap() <= 7_000_000);
    insta::assert_snapshot!(place.run(&arguments[..7]).passed());
}

const SWEEP: [&str; 10] = [
    "sweep",
    "--generate",
    "requests=400,input=1024,output=64",
    "--on",
    "fixed-step",
    "--racks",
    "1,2",
    "--concurrency",
    "4,16,64",
    "--json",
];

#[test]
fn a_sweep_is_the_same_on_any_threads_and_marks_its_frontier() {
    let place = Place::new();
    let all = place.run(&SWEEP).passed();
    assert_eq!(all, place.run(&[&SWEEP[..], &["--threads", "1"]].concat()).passed());
    let points = json(&all)["points"].as_array().unwrap().clone();
    assert_eq!(points.len(), 6);
    assert!(points.iter().any(|point| point["on_chip_frontier"] == true));
    assert!(points.iter().any(|point| point["on_chip_frontier"] == false));
    insta::assert_snapshot!(place.run(&SWEEP[..9]).passed());
    let csv = place.run(&[&SWEEP[..9], &["--csv"]].concat()).passed();
    let widths: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(widths.len() == 7 && widths.iter().all(|width| *width == widths[0]), "{csv}");
}

#[test]
fn a_sweep_that_was_cut_off_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    let sweep = |file: &str| place.run(&[&SWEEP[..], &["-o", file]].concat());
    let all = sweep("whole.jsonl").passed();
    let whole = place.read("whole.jsonl");
    let lines: Vec<&str> = whole.lines().collect();
    // Cut off after two points that finished out of their order, while the third was written.
    let cut = format!("{}\n{}\n{}\n{}", lines[0], lines[4], lines[2], &lines[5][..40]);
    place.write("cut.jsonl", cut);
    let again = sweep("cut.jsonl");
    assert!(again.stderr.contains("2 of 6 points were finished before"), "{}", again.stderr);
    assert_eq!(again.passed(), all);
    assert_eq!(place.read("cut.jsonl"), whole);
    // Killed at whatever moment that comes.
    let mut killed = place.command(&[&SWEEP[..], &["-o", "killed.jsonl"]].concat());
    let mut child = killed.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(15));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sweep("killed.jsonl").passed(), all);
    assert_eq!(place.read("killed.jsonl"), whole);
}

#[test]
fn what_cannot_be_used_is_told_with_the_fix() {
    let place = Place::new();
    place.write("bad.csv", "arrival_s,input_tokens,output_tokens\n0,10,5\n1,ten,5\n");
    place.write("empty.jsonl", "");
    place.write("other.jsonl", "not a sweep\n");
    let mut told = String::new();
    let cases: [&[&str]; 16] = [
        &["replay", "bad.csv", "--on", "fixed-step"],
        &["replay", "empty.jsonl", "--on", "fixed-step"],
        &["replay", "none.jsonl", "--on", "fixed-step"],
        &["replay", "--generate", "request=5", "--on", "fixed-step"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-stop"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-step", "--fail", "all.9@1s"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-step", "--fail", "h200-8/all.0@1s"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-step", "--fail", "all@1s"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-step", "--slo", "tfft=1s"],
        &["replay", "--generate", MADE_UP, "--on", "fixed-step", "--timeout", "5"],
        &["replay", "bad.csv", "--format", "mooncak", "--on", "fixed-step"],
        &["sweep", "--generate", MADE_UP, "--on", "h200-8", "--prefill-decode", "1:2"],
        &["sweep", "--generate", MADE_UP, "--on", "rubin-groq3", "--prefill-decode", "1-2"],
        &["sweep", "--generate", MADE_UP, "--on", "h200-8", "-o", "other.jsonl"],
        &["compare", "--on", "h200-8"],
        &["capacity", "--on", "h200-8", "--slo", "ttft"],
    ];
    for arguments in cases {
        let message = place.run(arguments).failed(2);
        told += &format!("$ timeslip {}\n{message}\n", arguments.join(" "));
    }
    assert_eq!(place.read("other.jsonl"), "not a sweep\n", "it is left as it is");
    insta::assert_snapshot!(told);
}
