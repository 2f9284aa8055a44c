//! Recordings on the command line: read, checked, compared and corrected.

use serde_json::Value;

use crate::place::{Place, Ran, repository};
use crate::slips::slip;

const HEADER: &str = r#"{"kind":"cassette","schema":"timeslip.cassette/1","name":"hello","source":"by hand","key":["messages"]}"#;

/// A recording of one chat, whose user says this.
fn recording(said: &str) -> String {
    [
        HEADER,
        &format!(r#"{{"kind":"message","role":"user","content":"{said}"}}"#),
        r#"{"kind":"chat","messages":[[0,1]],"error":{"kind":"unavailable","message":"busy"}}"#,
        r#"{"kind":"chat","messages":[[0,1]],"reply":{"content":"seven"},"finish_reason":"stop","usage":{"input_tokens":9,"output_tokens":2},"timing":{"asked_at_ns":5,"queue_ns":0,"prefill_ns":20,"decode_ns":10,"ttft_ns":20}}"#,
        "",
    ]
    .join("\n")
}

fn cassette(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["cassette"], arguments].concat())
}

#[test]
fn a_recording_is_shown_as_text_and_as_json() {
    let place = Place::new();
    place.write("a.jsonl", recording("hello 7"));
    insta::assert_snapshot!(cassette(&place, &["show", "a.jsonl"]).passed());
    let json = cassette(&place, &["show", "--json", "a.jsonl"]).passed();
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["entries"][0]["error"], "unavailable: busy");
    let chat = &shown["entries"][1];
    assert_eq!(
        (&chat["kind"], &chat["number"], &chat["follows"]),
        (&"chat".into(), &2.into(), &1.into())
    );
    assert_eq!(chat["reply"]["content"], "seven");
    assert_eq!((&chat["times"]["ttft_ns"], &chat["times"]["e2e_ns"]), (&20.into(), &30.into()));
    assert!(chat["chunks"].is_null(), "what was not recorded is null");
    let missing = cassette(&place, &["show", "b.jsonl"]).failed(2);
    assert!(missing.contains("cannot read the recording b.jsonl"), "{missing}");
}

#[test]
fn recordings_are_checked_before_they_are_committed() {
    let place = Place::new();
    place.write("good/a.jsonl", recording("hello 7"));
    let all_well = cassette(&place, &["check", "good"]).passed();
    assert!(all_well.contains("good/a.jsonl: 2 chats"), "{all_well}");
    place.write("secret/a.jsonl", recording("use ghp_0123456789abcdefghij"));
    let with_secret = cassette(&place, &["check", "good", "secret"]);
    assert_eq!(with_secret.code, 1, "{with_secret:?}");
    assert!(with_secret.stdout.contains("looks like a secret: line 2"), "{with_secret:?}");
    assert!(!with_secret.stdout.contains("ghp_"), "{with_secret:?}");
    place.write("bad.jsonl", "{}\n");
    let unreadable = cassette(&place, &["check", "--json", "bad.jsonl", "none.jsonl", "secret"]);
    assert_eq!(unreadable.code, 2, "{unreadable:?}");
    let checked: Value = serde_json::from_str(&unreadable.stdout).unwrap();
    assert_eq!((&checked["unreadable"], &checked["with_secrets"]), (&2.into(), &1.into()));
}

#[test]
fn two_recordings_are_compared_like_by_diff() {
    let place = Place::new();
    place.write("a.jsonl", recording("hello 7"));
    place.write(
        "slower.jsonl",
        recording("hello 7").replace("\"decode_ns\":10", "\"decode_ns\":50"),
    );
    place.write("other.jsonl", recording("hello 7").replace("seven", "seventy"));
    let equal = cassette(&place, &["diff", "a.jsonl", "slower.jsonl"]).passed();
    assert!(equal.contains("end-to-end 30 ns, now 70 ns (+40 ns)"), "{equal}");
    let different = cassette(&place, &["diff", "a.jsonl", "other.jsonl"]);
    assert_eq!(different.code, 1, "{different:?}");
    assert!(different.stdout.contains("reply      from character 6"), "{different:?}");
    let json = cassette(&place, &["diff", "--json", "a.jsonl", "other.jsonl"]).stdout;
    let compared: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(compared["chats"][1]["reply"]["character"], 6);
}

/// A corrected recording is played, and the run hears what it says now.
#[test]
fn a_corrected_recording_is_played() {
    let place = Place::new();
    let component = repository().join("tests/guests/prebuilt/probe-agent.wasm");
    place.write(
        "bench.toml",
        format!(
            "name = \"hello\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\
             [words]\nkind = \"cassette\"\n[[task]]\nname = \"one\"\ninput = \"chat 1\"\n\
             cassette = \"a.jsonl\"\n",
            component.display()
        ),
    );
    place.write("a.jsonl", recording("hello 7"));
    let edit = ["edit", "a.jsonl", "--drop-failures", "--replace", "hello 7=>hello 1"];
    let told = cassette(&place, &[&edit[..], &["--set-reply", "2=nought"]].concat()).passed();
    assert!(told.contains("took out 1 failed chat: line 3"), "{told}");
    assert_eq!(place.names(), ["a.jsonl", "bench.toml"], "nothing is left beside it");
    let slip = slip(&place.run(&["run", "bench.toml", "--json"]).passed());
    assert_eq!(slip["summary"]["succeeded"], 1);
    let refused = cassette(&place, &["edit", "a.jsonl", "--replace", "hello 7=>x"]).failed(2);
    assert!(refused.contains("no text holds \"hello 7\""), "{refused}");
}

#[test]
fn another_file_takes_the_change_if_one_is_named() {
    let place = Place::new();
    place.write("a.jsonl", recording("use ghp_0123456789abcdefghij"));
    let before = place.read("a.jsonl");
    let arguments = ["edit", "a.jsonl", "--redact", "-o", "b.jsonl", "--json"];
    let told: Value = serde_json::from_str(&cassette(&place, &arguments).passed()).unwrap();
    assert_eq!((&told["file"], &told["redacted"]["lines"][0]), (&"b.jsonl".into(), &2.into()));
    assert_eq!(place.read("a.jsonl"), before);
    cassette(&place, &["check", "b.jsonl"]).passed();
}

#[cfg(unix)]
#[test]
fn what_an_editor_leaves_is_taken_if_it_is_a_recording() {
    let place = Place::new();
    let before = recording("hello 7");
    place.write("a.jsonl", &before);
    let edit = |editor: &str| {
        let mut command = place.command(&["cassette", "edit", "a.jsonl"]);
        command.env_remove("VISUAL").env("EDITOR", editor).env("TMPDIR", place.path(""));
        Ran::from(command.output().unwrap())
    };
    assert!(edit("true").passed().contains("nothing was changed"));
    assert!(edit("false").failed(1).contains("the editor failed"));
    assert!(edit(" ").failed(2).contains("there is no editor"));
    assert_eq!(place.names(), ["a.jsonl"]);
    let spoilt = edit("sed -i s/role/rule/").failed(2);
    assert!(
        spoilt.contains(".jsonl:2") && spoilt.contains("the recording is as it was"),
        "{spoilt}"
    );
    assert_eq!(place.read("a.jsonl"), before);
    assert_eq!(place.names().len(), 2, "the copy is kept");
    assert!(edit("sed -i s/seven/eight/").passed().contains("taken from the editor"));
    assert_eq!(place.read("a.jsonl"), before.replace("seven", "eight"));
}
