//! What helps to find a mistake: `run --log`, `--break-on-error`, and a session once more.

use serde_json::Value;

use crate::place::{Place, repository};

/// The agent whose tasks name what it does.
fn agent() -> String {
    repository().join("agents/sdk/conformance/prebuilt/rust/agent.wasm").display().to_string()
}

/// A bench of that agent with these tasks.
fn bench(tasks: &[&str]) -> Place {
    let place = Place::new();
    let mut text = format!(
        "name = \"three\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 40 }}\n",
        agent()
    );
    for task in tasks {
        text += &format!("[[task]]\nname = \"{task}\"\ninput = \"{task}\"\n");
    }
    place.write("timeslip.toml", text);
    place
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn a_log_has_all_that_was_said() {
    let place = Place::new();
    let plain = place.run(&["run"]).passed();
    let logged = place.run(&["run", "--log", "log.jsonl"]).passed();
    assert_eq!(plain, logged, "a log changes nothing");
    let log = lines(&place.read("log.jsonl"));
    let kinds: Vec<&str> = log.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("session", "end"));
    let of = |kind: &str| log.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    let (chats, tools) = (of("chat"), of("tool"));
    assert_eq!((chats.len(), tools.len()), (4, 4));
    // A message stands in the log once: later prompts say what was added to them.
    let told = tools.iter().find(|tool| tool["tool"] == "calculate").unwrap();
    assert!(told["arguments"]["expression"].is_string(), "{told}");
    assert!(!told["output"].as_str().unwrap().is_empty(), "{told}");
    let answer = of("end")[0]["answer"].as_str().unwrap();
    assert!(plain.contains(answer.split(' ').next().unwrap()), "{answer}");
    let instants: Vec<u64> = log.iter().filter_map(|line| line["at_ns"].as_u64()).collect();
    assert!(instants.is_sorted(), "{instants:?}");
}

#[test]
fn a_log_that_cannot_be_written_leaves_what_was_there() {
    let place = Place::new();
    place.write("log.jsonl", "mine");
    let message = place.run(&["run", "--log", "no-such-folder/log.jsonl"]).failed(1);
    assert!(message.contains("cannot write no-such-folder/log.jsonl"), "{message}");
    #[cfg(target_os = "linux")]
    {
        let message = place.run(&["run", "--log", "/dev/full"]).failed(1);
        assert!(message.contains("/dev/full"), "{message}");
    }
    assert_eq!(place.names(), ["log.jsonl"]);
    place.run(&["run", "--log", "log.jsonl"]).passed();
    assert_eq!(place.names(), ["log.jsonl"], "nothing half-written is left");
}

#[test]
fn a_run_ends_at_the_first_session_that_fails() {
    let place = bench(&["plain-reply", "panic", "plain-reply again"]);
    let ran = place.run(&["run", "--break-on-error"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        ran.stderr.trim_end(),
        "session 1 (panic) failed; all that was said in it is in timeslip-failed.jsonl"
    );
    let log = lines(&place.read("timeslip-failed.jsonl"));
    assert!(log.iter().all(|line| line["session"] == 1), "{log:#?}");
    let crash = log.iter().find(|line| line["kind"] == "log").unwrap();
    assert!(crash["text"].as_str().unwrap().ends_with("a defect"), "{crash}");
    let end = log.last().unwrap();
    assert_eq!((&end["status"], &end["error"]["kind"]), (&"failed".into(), &"trap".into()));

    let passes = bench(&["plain-reply"]);
    passes.run(&["run", "--break-on-error"]).passed();
    assert_eq!(passes.names(), ["timeslip.toml"], "no session failed, so nothing is written");
}

#[test]
fn a_session_of_an_earlier_run_is_done_again() {
    let place = bench(&["plain-reply", "failure"]);
    assert_eq!(place.run(&["run", "--slip", "slip.json"]).code, 1);
    // Without a number it is the first that failed.
    let again = place.run(&["run", "--again", "slip.json", "--log", "again.jsonl"]);
    assert_eq!(again.code, 1, "{again:#?}");
    assert_eq!(again.stderr.trim_end(), "session 1: the session is what it was, to the nanosecond");
    assert!(again.stdout.contains("the task cannot be done"), "{}", again.stdout);
    assert!(lines(&place.read("again.jsonl")).iter().all(|line| line["session"] == 1));

    let slip = place.read("slip.json");
    let first = place.run(&["run", "--again", "slip.json", "--session", "0", "--json"]).passed();
    let first: Value = serde_json::from_str(&first).unwrap();
    let whole: Value = serde_json::from_str(&slip).unwrap();
    assert_eq!(first["sessions"][0], whole["sessions"][0]);
}

#[test]
fn a_session_that_cannot_be_done_again_says_why() {
    let place = bench(&["plain-reply", "failure"]);
    place.run(&["run", "--slip", "slip.json"]);
    let refused =
        |arguments: &[&str]| place.run(&[&["run", "--again"], arguments].concat()).failed(2);
    insta::assert_snapshot!(refused(&["slip.json", "--session", "2"]), @r"error: slip.json has no session 2; it has 2, counted from 0");
    insta::assert_snapshot!(refused(&["no-such.json"]), @r"error: cannot read the slip no-such.json: No such file or directory (os error 2)");
    let text = place.read("timeslip.toml");
    place.write("timeslip.toml", text.replace("name = \"failure\"", "name = \"another\""));
    insta::assert_snapshot!(refused(&["slip.json"]), @r"
    error: slip.json comes from another run: its session 1 did the task failure, not another
      fix: check out what it was made with, or run the bench as it is with --break-on-error
    ");
    place.write("timeslip.toml", text.replace("fixed = 40", "fixed = 41"));
    insta::assert_snapshot!(refused(&["slip.json"]), @r"
    error: slip.json comes from another run: its words are others than the bench's
      fix: check out what it was made with, or run the bench as it is with --break-on-error
    ");
    place.write("timeslip.toml", text.replace("failure", "plain-reply again"));
    place.run(&["run", "--slip", "passes.json"]).passed();
    insta::assert_snapshot!(refused(&["passes.json"]), @r"
    error: no session of passes.json failed
      fix: name one by --session, from 0 to 1
    ");
    place.write("half.json", &place.read("slip.json")[..200]);
    insta::assert_snapshot!(refused(&["half.json"]), @r"error: half.json:9:13: EOF while parsing a value; a slip is what `timeslip run --slip FILE` writes, so write it again rather than edit it");
}
