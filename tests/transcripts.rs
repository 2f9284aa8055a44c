//! What was said in a run, for whoever looks for a mistake: `--log`, `--break-on-error` and `--again`.

use std::process::Stdio;

use serde_json::Value;

use crate::place::{Place, Ran, repository};

/// A place with a bench of probes, one task a line.
fn place(lines: &[&str], more: &str) -> Place {
    let place = Place::new();
    write_bench(&place, "bench.toml", lines, more);
    place
}

fn write_bench(place: &Place, file: &str, lines: &[&str], more: &str) {
    let component = |name: &str| repository().join(format!("tests/guests/prebuilt/{name}.wasm"));
    let mut bench = format!(
        "name = \"probes\"\nmachines = [\"h200-8\"]\n\
         [agent]\ncomponent = '{}'\nmodels = [\"*\"]\n[[tool]]\ncomponent = '{}'\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 40 }}\n{more}\n",
        component("probe-agent").display(),
        component("probe-tool").display(),
    );
    for (index, line) in lines.iter().enumerate() {
        let input = toml::Value::String((*line).to_owned());
        bench += &format!("[[task]]\nname = \"task-{index}\"\ninput = {input}\n");
    }
    place.write(file, bench);
}

/// Runs the bench of a place with these arguments behind.
fn run(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["run", "bench.toml"], arguments].concat())
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A line in short: what it is, its step, and what was brought.
fn short(line: &Value) -> String {
    let brought = ["reply", "output", "answer", "error", "text", "name"];
    let brought =
        brought.iter().find_map(|key| line.get(key).map(|value| format!("{key} {value}")));
    let step = line.get("step").map(Value::to_string).unwrap_or_default();
    let (session, kind) = (&line["session"], line["kind"].as_str().unwrap());
    let text = format!("{session} {kind} {step} {}\n", brought.unwrap_or_default());
    text.chars().take(110).collect::<String>().trim_end().to_owned() + "\n"
}

const MANY_KINDS: [&str; 5] =
    ["tool echo {\"text\":\"a\"}", "mixed", "log 2", "ask Who is there?", "tool fail"];

#[test]
fn a_transcript_holds_every_step_and_its_end_whatever_the_threads() {
    let place = place(&MANY_KINDS, "[load]\nat_once = 5");
    let log = |threads: &str| {
        let ran = run(&place, &["--log", "log.jsonl", "--json", "--threads", threads]);
        (ran.code, ran.stdout, place.read("log.jsonl"))
    };
    let (code, slip, log_of_one) = log("1");
    assert_eq!(code, 1, "two of the tasks fail");
    for threads in ["2", "5"] {
        assert_eq!(log(threads), (code, slip.clone(), log_of_one.clone()), "{threads} threads");
    }
    let slip: Value = serde_json::from_str(&slip).unwrap();
    let lines = lines(&log_of_one);
    for line in lines.iter().filter(|line| line.get("step").is_some()) {
        let step = &slip["sessions"][line["session"].as_u64().unwrap() as usize]["steps"]
            [line["step"].as_u64().unwrap() as usize];
        for key in ["kind", "at_ns", "e2e_ns"] {
            assert_eq!(line[key], step[key], "{line}");
        }
    }
    let shown: String = lines.iter().map(short).collect();
    insta::assert_snapshot!(shown);
}

#[test]
fn the_first_failure_ends_the_run_and_is_written_alone() {
    // The others run when the third fails, and are stopped at the same instant.
    let place = place(&["chat 3", "chat 2", "trap", "chat 1"], "[load]\nat_once = 4");
    let ran = run(&place, &["--break-on-error", "--slip", "slip.json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let told = "session 2 (task-2) failed; all that was said in it is in timeslip-failed.jsonl\n";
    assert_eq!(ran.stderr, told);
    assert!(ran.stdout.contains("✗ task-2 (session 2, the slowest): trap"), "{}", ran.stdout);
    let lines = lines(&place.read("timeslip-failed.jsonl"));
    assert!(lines.iter().all(|line| line["session"] == 2), "{lines:#?}");
    let end = lines.last().unwrap();
    assert_eq!((&end["kind"], &end["error"]["kind"]), (&"end".into(), &"trap".into()));
    let again = run(&place, &["--again", "slip.json"]);
    assert_eq!(again.stderr, "session 2: the session is what it was, to the nanosecond\n");
    let calm = self::place(&["echo a"], "");
    run(&calm, &["--break-on-error"]).passed();
    assert_eq!(calm.names(), ["bench.toml"], "nothing failed, so nothing is written");
}

#[test]
fn a_session_is_done_again_from_its_slip() {
    let place = place(&["chat 2", "tool fail", "mixed"], "[load]\nat_once = 2");
    let whole = run(&place, &["--slip", "slip.json", "--log", "whole.jsonl", "--seed", "7"]);
    assert_eq!(whole.code, 1);
    let again = |arguments: &[&str]| {
        let files = ["--again", "slip.json", "--log", "one.jsonl", "--slip", "one.json"];
        let ran = run(&place, &[&files, arguments].concat());
        let slip: Value = serde_json::from_str(&place.read("one.json")).unwrap();
        (ran.code, ran.stderr, slip["sessions"].clone(), place.read("one.jsonl"))
    };
    let slip: Value = serde_json::from_str(&place.read("slip.json")).unwrap();
    let log = place.read("whole.jsonl");
    // The first that failed, where none is named.
    for (session, arguments) in [(1, &[][..]), (0, &["--session", "0"]), (2, &["--session", "2"])] {
        let (code, told, sessions, one) = again(arguments);
        assert_eq!(code, i32::from(session == 1));
        assert!(told.ends_with(": the session is what it was, to the nanosecond\n"), "{told}");
        assert_eq!(sessions, Value::Array(vec![slip["sessions"][session].clone()]));
        let own = format!("\"session\":{session},");
        let own: String = log.split_inclusive('\n').filter(|line| line.contains(&own)).collect();
        assert_eq!(one, own);
    }
    let (_, told, ..) = again(&["--session", "0", "--on", "rubin-groq3"]);
    assert!(told.contains("is not what it was; the machines are others"), "{told}");
}

#[test]
fn a_slip_that_is_not_of_this_bench_is_refused() {
    let place = place(&["chat 1", "fail"], "");
    assert_eq!(run(&place, &["--slip", "slip.json"]).code, 1);
    let slip = place.read("slip.json");
    place.write("empty.json", "");
    place.write("cut.json", &slip[..slip.len() / 2]);
    place.write("calm.json", slip.replace("\"status\":\"failed\"", "\"status\":\"ok\""));
    let bands = "\"h200-8\",\"digest\"";
    assert!(slip.contains(bands), "{slip}");
    let real = "\"h200-8\",\"endpoint\":\"http://127.0.0.1:1/v1\",\"digest\"";
    place.write("real.json", slip.replace(bands, real));
    write_bench(&place, "tasks.toml", &["chat 1"], "");
    write_bench(&place, "input.toml", &["chat 2", "fail"], "");
    let tool = repository().join("plugins/prebuilt/calculator.wasm").display().to_string();
    write_bench(
        &place,
        "more.toml",
        &["chat 1", "fail"],
        &format!("[[tool]]\ncomponent = '{tool}'"),
    );
    let bench = place.read("bench.toml");
    let blocking = bench.replace("probe-tool.wasm", "probe-tool-blocking.wasm");
    place.write("tool.toml", blocking.replace("[[tool]]", "[[tool]]\nname = \"probe-tool\""));
    place.write("named.toml", bench.replace("[[tool]]", "[[tool]]\nname = \"mine\""));
    place.write("words.toml", bench.replace("fixed = 40", "fixed = 41"));
    let said = |bench: &str, arguments: &[&str]| {
        let message = place.run(&[&["run", bench, "--again"], arguments].concat()).failed(2);
        // Digests are long, and another build has others.
        let message = message.lines().map(|line| match line.find("sha256:") {
            Some(digest) => &line[..digest],
            None => line,
        });
        message.map(|line| line.to_owned() + "\n").collect::<String>()
    };
    let told = [
        said("bench.toml", &["none.json"]),
        said("bench.toml", &["empty.json"]),
        said("bench.toml", &["cut.json"]),
        said("bench.toml", &["calm.json"]),
        said("bench.toml", &["real.json"]),
        said("bench.toml", &["slip.json", "--session", "2"]),
        said("bench.toml", &["slip.json", "--seed", "1"]),
        said("bench.toml", &["slip.json", "--on-miss", "record"]),
        said("tasks.toml", &["slip.json"]),
        said("more.toml", &["slip.json"]),
        said("tool.toml", &["slip.json"]),
        said("named.toml", &["slip.json"]),
        said("words.toml", &["slip.json"]),
    ];
    insta::assert_snapshot!(told.join("\n"));
    let other_input = place.run(&["run", "input.toml", "--again", "slip.json", "--session", "0"]);
    let told = "is not what it was; the bench says something else, or was run with other sessions";
    assert!(other_input.stderr.contains(told), "{}", other_input.stderr);
}

#[test]
fn a_place_that_takes_no_transcript_is_named() {
    let place = place(&["echo a"], "");
    let said = |code: i32, arguments: &[&str]| run(&place, arguments).failed(code);
    std::fs::create_dir(place.path("folder")).unwrap();
    insta::assert_snapshot!(
        [
            said(1, &["--log", "none/log.jsonl"]),
            said(1, &["--log", "folder"]),
            said(2, &["--log", "one", "--slip", "./one"]),
        ]
        .concat()
    );
    assert_eq!(place.names(), ["bench.toml", "folder"], "nothing ran, and nothing is written");
    if cfg!(target_os = "linux") {
        let full = run(&place, &["--log", "/dev/full"]);
        assert_eq!((full.code, full.stdout.contains("✓ task-0")), (1, true), "{full:#?}");
        assert!(full.stderr.contains("cannot write /dev/full: No space left"), "{}", full.stderr);
    }
}

#[test]
fn two_runs_that_write_one_transcript_leave_one_of_them_whole() {
    let place = place(&["chat 9", "big-log 2", "fail"], "");
    let seeds = ["1", "2", "3", "4"];
    let alone = seeds.map(|seed| {
        run(&place, &["--log", "log.jsonl", "--seed", seed]);
        place.read("log.jsonl")
    });
    let together = seeds.map(|seed| {
        place
            .command(&["run", "bench.toml", "--log", "log.jsonl", "--seed", seed])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    });
    for mut one in together {
        one.wait().unwrap();
    }
    let log = place.read("log.jsonl");
    assert!(alone.contains(&log), "{} bytes", log.len());
    assert_eq!(place.names(), ["bench.toml", "log.jsonl"]);
}
