//! The built-in example: what a stranger sees first.

use crate::place::Place;

#[test]
fn the_example_runs_without_anything_and_prints_its_timetable() {
    let place = Place::new();
    let screen = place.run(&["run"]).passed();
    insta::assert_snapshot!(screen);
    assert!(place.names().is_empty(), "nothing is written that was not asked for");
}

#[test]
fn the_same_run_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    let run = |threads: &str| {
        let arguments =
            ["run", "--json", "--sessions", "12", "--at-once", "12", "--threads", threads];
        place.run(&arguments).passed()
    };
    let once = run("1");
    assert_eq!(once, run("1"));
    assert_eq!(once, run("2"));
    assert_eq!(once, run("7"));
}

#[test]
fn another_machine_gives_other_times_and_the_same_words() {
    let place = Place::new();
    let run = |machine: &str| {
        let slip = place.run(&["run", "--json", "--on", machine]).passed();
        serde_json::from_str::<serde_json::Value>(&slip).unwrap()
    };
    let machines = ["rubin-groq3", "vera-rubin-nvl72", "h200-8", "dgx-spark"];
    let slips: Vec<_> = machines.iter().map(|machine| run(machine)).collect();
    let mut times: Vec<u64> =
        slips.iter().map(|slip| slip["sessions"][0]["e2e_ns"].as_u64().unwrap()).collect();
    for slip in &slips {
        assert_eq!(slip["summary"]["output_tokens"], slips[0]["summary"]["output_tokens"]);
        assert_eq!(slip["summary"]["model_calls"], slips[0]["summary"]["model_calls"]);
    }
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), machines.len(), "four machines, four times: {times:?}");
}

#[test]
fn the_example_as_a_file_of_the_repository_is_the_one_built_in() {
    let place = Place::new();
    let bench = crate::place::repository().join("agents/hardware-guide");
    let built_in = place.run(&["run", "--json"]).passed();
    let from_files = place.run(&["run", bench.to_str().unwrap(), "--json"]).passed();
    assert_eq!(built_in, from_files);
}

#[test]
fn two_machines_stand_under_one_run() {
    let place = Place::new();
    let arguments =
        ["run", "--json", "--on", "h200-8:llama-3.3-70b", "--on", "dgx-spark:gpt-oss-120b"];
    let slip: serde_json::Value = serde_json::from_str(&place.run(&arguments).passed()).unwrap();
    let machines: Vec<&str> =
        slip["machines"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(machines, ["h200-8", "dgx-spark"]);
    assert_eq!(slip["sessions"][0]["steps"][0]["machine"], "h200-8", "the first serves by default");
    let twice = ["run", "--on", "h200-8:llama-3.3-70b", "--on", "vera-rubin-nvl72:llama-3.3-70b"];
    let message = place.run(&twice).failed(2);
    assert!(message.contains("both serve `llama-3.3-70b`"), "{message}");
}
