//! Files that a bench grants for writing: what a session writes stays its own, until the user asks
//! for it.

use crate::place::{Place, Ran, repository};

/// A folder `data` with two files, and an agent that changes it through WASI.
fn place(grant: &str, more: &str) -> Place {
    let place = Place::new();
    let guest = repository().join("tests/guests/wasi/writer.wat");
    place.write("writer.wasm", wat::parse_file(guest).unwrap());
    place.write("data/a", "old");
    place.write("data/b", "kept");
    let bench = format!(
        "name = \"files\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = \"writer.wasm\"\n{grant}\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 40 }}\n{more}\n[[task]]\nname = \"edit / it\"\ninput = \"x\"\n"
    );
    place.write("bench.toml", bench);
    place
}

const WRITES: &str = "files = \"data\"\nwrite = true";

fn passed(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.run(arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

fn data(place: &Place) -> (String, bool, bool) {
    (place.read("data/a"), place.path("data/b").exists(), place.path("data/made").exists())
}

#[test]
fn what_sessions_write_reaches_no_disk_and_no_other_session() {
    let place = place(WRITES, "[load]\nsessions = 3");
    let ran = passed(&place, &["run", "bench.toml"]);
    assert_eq!(ran.stdout.matches("  done\n").count(), 3, "{}", ran.stdout);
    assert_eq!(data(&place), ("old".to_owned(), true, false));
}

#[test]
fn a_grant_without_write_is_for_reading() {
    let place = place("files = \"data\"", "");
    let ran = passed(&place, &["run", "bench.toml"]);
    assert!(ran.stdout.contains("code 33"), "{}", ran.stdout);
}

#[test]
fn kept_files_lie_by_session_and_task() {
    let place = place(WRITES, "[load]\nsessions = 2");
    let ran = passed(&place, &["run", "bench.toml", "--keep-files", "kept"]);
    assert!(ran.stderr.contains("the files of 2 sessions are kept in kept"), "{}", ran.stderr);
    for session in ["0-edit___it", "1-edit___it"] {
        assert_eq!(place.read(&format!("kept/{session}/data/a")), "new");
        assert!(place.path(&format!("kept/{session}/data/made")).is_dir());
        assert_eq!(place.read(&format!("kept/{session}/removed.txt")), "data/b\n");
    }
    assert_eq!(data(&place), ("old".to_owned(), true, false));
    let again = place.run(&["run", "bench.toml", "--keep-files", "kept"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("the folder kept is not empty"), "{}", again.stderr);
}

#[test]
fn one_session_is_saved_into_its_folder() {
    let place = place(WRITES, "");
    let ran = passed(&place, &["run", "bench.toml", "--save"]);
    assert!(ran.stderr.contains("2 files saved in data"), "{}", ran.stderr);
    assert_eq!(data(&place), ("new".to_owned(), false, true));
}

#[test]
fn what_cannot_be_saved_is_refused_before_the_run() {
    let refused = |place: &Place, arguments: &[&str]| {
        let ran = place.run(&[&["run", "bench.toml"], arguments].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        ran.stderr
    };
    let many = place(WRITES, "[load]\nsessions = 2");
    assert!(refused(&many, &["--save"]).contains("this run has 2 sessions"));
    let reads = place("files = \"data\"", "");
    assert!(refused(&reads, &["--save"]).contains("add `write = true` beside `files`"));
    let nothing = place("write = true", "");
    assert!(refused(&nothing, &[]).contains("add `files = \"FOLDER\"` beside it"));
}

#[test]
fn the_files_of_a_session_that_is_done_again_are_its_own() {
    let place = place(WRITES, "[load]\nsessions = 3");
    passed(&place, &["run", "bench.toml", "--slip", "slip.json"]);
    let again = ["run", "bench.toml", "--again", "slip.json", "--session", "1"];
    let ran = passed(&place, &[&again[..], &["--keep-files", "kept"]].concat());
    assert!(ran.stderr.contains("the files of 1 sessions are kept in kept"), "{}", ran.stderr);
    let kept = std::fs::read_dir(place.path("kept")).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["1-edit___it"]);
    assert_eq!(place.read("kept/1-edit___it/data/a"), "new");
    assert_eq!(data(&place), ("old".to_owned(), true, false));
    passed(&place, &[&again[..], &["--save"]].concat());
    assert_eq!(data(&place), ("new".to_owned(), false, true));
}

#[test]
fn a_grant_that_leads_out_or_into_another_one_is_refused_by_its_line() {
    let said = |place: &Place, more: &[&str]| {
        let ran = place.run(&[&["run", "bench.toml"], more].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        place.anonymous(&ran.stderr)
    };
    let tool = |files: &str| {
        let tool = repository().join("tests/guests/prebuilt/probe-tool.wasm");
        format!("[[tool]]\ncomponent = '{}'\nfiles = \"{files}\"", tool.display())
    };
    let nested = place(WRITES, &tool("data/deep"));
    nested.write("data/deep/c", "");
    let file = place(WRITES, &tool("data/a"));
    let missing = place(WRITES, &tool("dat"));
    let taken = place(WRITES, "");
    let mut told = [
        said(&nested, &[]),
        said(&file, &[]),
        said(&missing, &[]),
        said(&taken, &["--keep-files", "data/a"]),
    ]
    .concat();
    #[cfg(unix)]
    {
        let escape = place(WRITES, "");
        std::os::unix::fs::symlink("..", escape.path("data/up")).unwrap();
        told += &said(&escape, &["--save"]);
    }
    #[cfg(unix)]
    insta::assert_snapshot!(told);
    assert_eq!(data(&taken), ("old".to_owned(), true, false));
}

#[test]
fn a_grant_for_writing_is_another_bench_than_one_for_reading() {
    let digest = |grant: &str| {
        let ran = passed(&place(grant, ""), &["run", "bench.toml", "--json"]);
        let slip: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        slip["bench"]["digest"].to_string()
    };
    assert_ne!(digest("files = \"data\""), digest(WRITES));
    assert_eq!(digest("files = \"data\""), digest("files = \"data\"\nwrite = false"));
}
