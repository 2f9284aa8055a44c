//! What the gate reads and writes: budgets, baselines, reports, histories, and benches with their
//! tasks and components.

use std::path::Path;

use serde_json::Value;

use crate::gate::{Desk, component, first};
use crate::place::{Place, Ran, repository};

#[test]
fn budgets_hold_or_fail_by_their_level() {
    let Some(desk) = Desk::accepted(2, "\"rubin-groq3\"") else { return };
    let text = std::fs::read_to_string(&desk.bench).unwrap();
    let with = |budget: &str| {
        std::fs::write(&desk.bench, format!("{text}\n[[budget]]\n{budget}\n")).unwrap();
        desk.check(&[])
    };
    with("metric = \"session_e2e\"\nstat = \"max\"\nmax = \"1 h\"").passed();
    let failed = with("metric = \"ttft\"\nstat = \"p95\"\nmax = \"1 ms\"");
    assert_eq!(failed.code, 3, "{failed:#?}");
    assert!(failed.stdout.contains("may be at most 1.00 ms"), "{}", failed.stdout);
    with("metric = \"ttft\"\nstat = \"p95\"\nmax = \"1 ms\"\nlevel = \"warn\"").passed();
    with("metric = \"ttft\"\nstat = \"p95\"\nmax = \"1 ms\"\nlevel = \"off\"").passed();
    with("metric = \"model_calls\"\nmax_regress = \"0 %\"").passed();
    let github = with("metric = \"ttft\"\nstat = \"p95\"\nmax = \"1 ms\"");
    assert_eq!(github.code, 3);
    let line = std::fs::read_to_string(&desk.bench).unwrap();
    let line = line.lines().position(|line| line == "[[budget]]").unwrap() + 1;
    let told = desk.check(&["--github"]).stdout;
    assert!(told.contains(&format!("file=airline/bench.toml,line={line}")), "{told}");
}

#[test]
fn a_budget_that_cannot_be_read_is_met_with_its_line() {
    let place = Place::new();
    let agent = component("tests/guests/prebuilt/probe-agent.wasm");
    let said = |budget: &str| {
        place.write(
            "timeslip.toml",
            format!(
                "name = \"b\"\n[agent]\ncomponent = '{agent}'\n[words]\nkind = \"synthetic\"\n\
                 output_tokens = {{ fixed = 9 }}\n[[task]]\nname = \"one\"\ninput = \"echo a\"\n\
                 [[budget]]\n{budget}\n"
            ),
        );
        place.run(&["check"]).failed(2)
    };
    insta::assert_snapshot!(said("metric = \"modle_calls\"\nmax = \"1 calls\""), @"error: timeslip.toml:10: unknown metric `modle_calls`; did you mean `model_calls`?");
    insta::assert_snapshot!(said("metric = \"ttft\"\nstat = \"p95\"\nmax = \"200\""), @r#"error: timeslip.toml:10: "200" has no unit; write it like "200 ns" (ns, us, µs, ms, s, min, h)"#);
    insta::assert_snapshot!(said("metric = \"ttft\"\nmax = \"200 ms\""), @r#"error: timeslip.toml:10: `time_to_first_token` has a value for each chat; add `stat = "p95"` or another of min, p50, p90, p95, p99, max, mean"#);
    insta::assert_snapshot!(said("metric = \"ttft\"\nstat = \"p955\"\nmax = \"200 ms\""), @"error: timeslip.toml:10: unknown statistic `p955`; known are min, p50, p90, p95, p99, max, mean");
    insta::assert_snapshot!(said("metric = \"cost\"\nmax = \"3 tokens\""), @r#"error: timeslip.toml:10: "3 tokens" has a unit that does not fit: use USD, usd, $"#);
    insta::assert_snapshot!(said("metric = \"cost\""), @"error: timeslip.toml:10: the budget on `cost` has no limit; add `max`, `min` or `max_regress`");
    insta::assert_snapshot!(said("metric = \"cost\"\nmax = \"$1\"\ntask = \"on\""), @"error: timeslip.toml:10: the bench has no task `on`; did you mean `one`?");
    insta::assert_snapshot!(said("metric = \"cost\"\nmax = \"$1\"\nlevel = \"eror\""), @"error: timeslip.toml:10: unknown level `eror`; it is `off`, `warn` or `error`");
    insta::assert_snapshot!(said("metric = \"cost\"\nmaxx = \"$1\""), @"error: timeslip.toml:12: unknown key `maxx`; did you mean `max`?");
}

#[test]
fn a_baseline_that_cannot_be_read_is_left_alone() {
    let Some(desk) = Desk::accepted(1, "\"rubin-groq3\"") else { return };
    let file = "airline/baselines/airline.rubin-groq3.json";
    let good = desk.place.read(file);
    for (bad, told) in [
        (good.replace("timeslip.slip/1", "timeslip.slip/2"), "has the format timeslip.slip/2"),
        (good[..good.len() / 2].to_owned(), "EOF while parsing"),
        (String::new(), "EOF while parsing"),
        ("[]".to_owned(), "invalid length 0"),
        (good.replacen("\"tool_calls\": ", "\"tool_calls\": 1", 1), "no run leaves such a slip"),
    ] {
        desk.place.write(file, &bad);
        let message = desk.check(&[]).failed(2);
        assert!(message.contains(told) && message.contains(file), "{message}");
        assert_eq!(desk.place.read(file), bad);
    }
}

#[test]
fn two_slips_are_compared_in_the_same_words() {
    let Some(desk) = Desk::new(2, "\"rubin-groq3\"") else { return };
    desk.place.run(&["run", "airline", "--slip", "before.json"]).passed();
    desk.with_agent("airline-desk-twice");
    desk.place.run(&["run", "airline", "--slip", "now.json"]).passed();
    let same = desk.place.run(&["diff", "now.json", "now.json"]).passed();
    assert!(same.contains("no change"), "{same}");
    let differ = desk.place.run(&["diff", "before.json", "now.json", "--json"]);
    assert_eq!(differ.code, 3, "{differ:#?}");
    let verdict: Value = serde_json::from_str(&differ.stdout).unwrap();
    assert_eq!(first(&verdict["runs"][0]).0, "step_added");
    desk.place.run(&["diff", "before.json", "none.json"]).failed(2);
}

#[test]
fn every_report_is_written_and_the_check_keeps_its_code() {
    let Some(desk) = Desk::accepted(2, "\"rubin-groq3\"") else { return };
    desk.with_agent("airline-desk-twice");
    let summary = desk.place.path("summary.md");
    let mut command = desk.place.command(&[
        "check",
        "airline",
        "--github",
        "--markdown",
        "report.md",
        "--junit",
        "junit.xml",
        "--sarif",
        "report.sarif",
        "--bencher",
        "bencher.json",
        "--benchmark-action",
        "action.json",
    ]);
    let ran = Ran::from(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.stdout.contains("::error file=airline/bench.toml,line="), "{}", ran.stdout);
    assert_eq!(std::fs::read_to_string(summary).unwrap(), desk.place.read("report.md"));
    assert!(desk.place.read("junit.xml").contains("<testsuite "));
    for file in ["report.sarif", "bencher.json", "action.json"] {
        serde_json::from_str::<Value>(&desk.place.read(file)).unwrap();
    }
}

#[test]
fn a_bench_begins_with_a_commented_file_that_runs() {
    let place = Place::new();
    place.run(&["init", "new"]).passed();
    let bench = place.read("new/timeslip.toml");
    std::fs::copy(
        component("tests/guests/prebuilt/probe-agent.wasm"),
        place.path("new/agent.wasm"),
    )
    .unwrap();
    let edited = bench.replace("What the agent is asked to do.", "chat 2");
    place.write("new/timeslip.toml", &edited);
    place.run(&["run", "new"]).passed();
    assert_eq!(place.run(&["check", "new"]).code, 4);
    place.run(&["check", "new", "--pending"]).passed();
    place.run(&["accept", "new"]).passed();
    place.run(&["check", "new"]).passed();
    let refused = place.run(&["init", "new"]).failed(2);
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(place.read("new/timeslip.toml"), edited);
    let none = place.run(&["check", "nowhere"]).failed(2);
    assert!(none.contains("cannot read the bench nowhere"), "{none}");
}

#[test]
fn tasks_stand_in_files_and_components_are_pinned() {
    let place = Place::new();
    let agent = repository().join("tests/guests/prebuilt/probe-agent.wasm");
    std::fs::copy(&agent, place.path("agent.wasm")).unwrap();
    place.write("tasks/b.txt", "echo b\n");
    place.write("tasks/a.md", "echo a\n");
    place.write(
        "more.jsonl",
        "{\"name\":\"c\",\"input\":\"echo c\"}\n\n{\"name\":\"d\",\"input\":\"echo d\"}\n",
    );
    let bench = |agent: &str| {
        format!(
            "name = \"b\"\n[agent]\n{agent}\n[words]\nkind = \"synthetic\"\n\
             output_tokens = {{ fixed = 9 }}\n[tasks]\nfolder = \"tasks\"\njsonl = \"more.jsonl\"\n"
        )
    };
    let run = |agent: &str| {
        place.write("timeslip.toml", bench(agent));
        place.run(&["run", ".", "--json"])
    };
    let slip: Value = serde_json::from_str(&run("component = \"agent.wasm\"").passed()).unwrap();
    let tasks: Vec<&str> =
        slip["sessions"].as_array().unwrap().iter().map(|s| s["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["a", "b", "c", "d"]);
    let digest = slip["components"][0]["digest"].as_str().unwrap();
    run(&format!("component = \"agent.wasm\"\ndigest = \"{digest}\"")).passed();
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = run(&format!("component = \"agent.wasm\"\ndigest = \"{other}\"")).failed(2);
    assert!(
        refused.contains("timeslip.toml:4:") && refused.contains("the bench pins"),
        "{refused}"
    );
    let reference = format!("component = \"team:probe@1.0.0\"\ndigest = \"{digest}\"");
    let missing = run(&reference).failed(2);
    assert!(missing.contains("is not here; looked for"), "{missing}");
    let store = place.path(&format!(".timeslip/components/{}.wasm", digest.replace(':', "/")));
    std::fs::create_dir_all(store.parent().unwrap()).unwrap();
    std::fs::copy(&agent, &store).unwrap();
    run(&reference).passed();
    let unpinned = run("component = \"team:probe@1.0.0\"").failed(2);
    assert!(unpinned.contains("is not installed"), "{unpinned}");
    place.write("more.jsonl", "{\"name\":\"c\",\"input\":\"x\"}\n{\"nam\":\"d\"}\n");
    let broken = run("component = \"agent.wasm\"").failed(2);
    assert!(broken.contains("more.jsonl:2:"), "{broken}");
}

#[test]
fn whole_runs_are_measured_on_one_testbed_only() {
    let place = Place::new();
    let agent = component("tests/guests/prebuilt/probe-agent.wasm");
    place.write(
        "timeslip.toml",
        format!(
            "name = \"b\"\n[agent]\ncomponent = '{agent}'\n[words]\nkind = \"synthetic\"\n\
             output_tokens = {{ fixed = 9 }}\n[[task]]\nname = \"one\"\ninput = \"echo a\"\n"
        ),
    );
    let nothing = place.run(&["check", "--wall"]).failed(2);
    assert!(nothing.contains("needs something to compare with"), "{nothing}");
    let saved = place.run(&["check", "--wall", "--pairs", "10", "--save", "wall.json"]).passed();
    assert!(saved.contains("wall.json: 10 runs measured"), "{saved}");
    let ran = place.run(&["check", "--wall", "--pairs", "10", "--with", "wall.json", "--json"]);
    // What a clock says of a busy machine is no matter for a test; that it says something is.
    assert!([0, 3, 4].contains(&ran.code), "{ran:#?}");
    let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(verdict["runs"][0]["metrics"][0]["metric"], "wall_clock_median");
    let mut samples: Value = serde_json::from_str(&place.read("wall.json")).unwrap();
    samples["testbed"]["cores"] = 9999.into();
    place.write("other.json", samples.to_string());
    let refused = place.run(&["check", "--wall", "--with", "other.json"]).failed(4);
    assert!(refused.contains("testbed") && refused.contains("9999"), "{refused}");
}

#[test]
fn figures_are_kept_over_commits() {
    let Some(desk) = Desk::accepted(2, "\"rubin-groq3\"") else { return };
    desk.check(&["--record"]).passed();
    desk.with_agent("airline-desk-twice");
    let ran = desk.check(&["--record"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let history = desk.place.path("airline/timeslip-history.sqlite");
    let history = history.to_str().unwrap();
    let drawn = desk.place.run(&["history", history]).passed();
    assert!(drawn.contains("model_calls"), "{drawn}");
    desk.place.run(&["history", history, "--metric", "model_calls"]).passed();
    desk.place.run(&["history", history, "--html", "history.html"]).passed();
    let html = desk.place.read("history.html");
    assert!(html.contains("<svg") && !html.contains("http://cdn") && !html.contains("<script src"));
    desk.place.run(&["run", "airline", "--slip", "slip.json"]).passed();
    desk.place.run(&["history", "other.sqlite", "--import", "slip.json"]).passed();
    check_damaged(&desk.place, Path::new(history));
}

/// A half-written history is told, and left as it is.
fn check_damaged(place: &Place, history: &Path) {
    let bytes = std::fs::read(history).unwrap();
    place.write("damaged.sqlite", &bytes[..bytes.len() / 3]);
    let before = std::fs::read(place.path("damaged.sqlite")).unwrap();
    let ran = place.run(&["history", "damaged.sqlite"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(ran.stderr.contains("damaged.sqlite"), "{}", ran.stderr);
    assert_eq!(std::fs::read(place.path("damaged.sqlite")).unwrap(), before);
    let missing = place.run(&["history", "none.sqlite"]).failed(2);
    assert!(missing.contains("none.sqlite"), "{missing}");
    assert!(!place.path("none.sqlite").exists());
}
