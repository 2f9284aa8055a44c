//! Writing agents: `timeslip new`, `timeslip build` and `timeslip dev`. Scripts stand in the place of
//! a language's own tools, which take minutes; `tests/languages` runs these.
#![cfg(unix)]

mod dev;
mod fake_tools;
mod setup;

use std::os::unix::fs::PermissionsExt;

use fake_tools::{Bench, PYTHON_BUILD, fake_compiler};

use crate::place::{Place, repository};

/// The languages that `timeslip new` offers, as it says itself.
fn languages(place: &Place) -> Vec<String> {
    let message = place.run(&["new", "a-project"]).failed(2);
    assert!(message.contains("--lang is missing"), "{message}");
    let offers =
        message.lines().filter_map(|line| line.trim().split_once("timeslip new a-project --lang "));
    let languages: Vec<String> = offers.map(|(_, language)| language.to_owned()).collect();
    assert!(!languages.is_empty(), "{message}");
    languages
}

#[test]
fn a_new_project_says_what_to_type_next() {
    let place = Place::new();
    for language in languages(&place) {
        for (kind, option) in [("agent", None), ("tool", Some("--tool"))] {
            let name = format!("my-{language}-{kind}");
            let arguments = ["new", &name, "--lang", &language].into_iter().chain(option);
            let arguments: Vec<&str> = arguments.collect();
            let told = place.run(&arguments).passed();
            insta::assert_snapshot!(format!("new_{language}_{kind}"), told);
            let bench = place.read(&format!("{name}/timeslip.toml"));
            assert!(bench.contains(&format!("name = \"{name}\"")), "{bench}");
            let mode = std::fs::metadata(place.path(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o500, 0o500, "others may be let in by the umask alone");
            let message = place.run(&["run", &name]).failed(2);
            assert!(message.contains("is not built yet"), "{message}");
            assert!(message.contains(&format!("fix: timeslip build {name}\n")), "{message}");
        }
    }
}

#[test]
fn a_project_is_told_as_json_and_never_written_over_another() {
    let place = Place::new();
    let language = &languages(&place)[0];
    let told = place.run(&["new", "deep/one", "--lang", language, "--json"]).passed();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["project"], &told["folder"]), (&"one".into(), &"deep/one".into()));
    let files = told["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file == "sdk/wit/agent/world.wit"), "{files:?}");
    for file in files {
        assert!(place.path("deep/one").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    place.write("deep/one/mine.txt", "mine");
    let message = place.run(&["new", "deep/one", "--lang", language]).failed(2);
    assert!(message.contains("deep/one is there already"), "{message}");
    assert_eq!(place.read("deep/one/mine.txt"), "mine");
    let names: Vec<_> = std::fs::read_dir(place.path("deep")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_project_that_cannot_be_is_refused_with_the_fix() {
    let place = Place::new();
    let said = |arguments: &[&str]| place.run(arguments).failed(2);
    insta::assert_snapshot!(said(&["new", "My Agent", "--lang", "rust"]), @r"
    error: `My Agent` is no project's name: it begins with a letter, and goes on with lower-case letters, digits and single hyphens
      fix: say `my-agent`, or another name
    ");
    insta::assert_snapshot!(said(&["new", "an-agent", "--lang", "pyton"]), @"error: --lang: unknown language `pyton`; did you mean `python`?");
    insta::assert_snapshot!(said(&["new", "an-agent", "--lang", "ts"]), @"error: --lang: unknown language `ts`; did you mean `typescript`?");
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_bench_builds_what_it_names_and_runs_it() {
    let bench = Bench::new(PYTHON_BUILD);
    let message = bench.run(&["run", "."]).failed(2);
    insta::assert_snapshot!(message, @r"
    error: timeslip.toml:8: the agent build/agent.wasm is not built yet
      fix: timeslip build
    ");
    let message = bench.run(&["check"]).failed(2);
    assert!(message.contains("fix: timeslip build\n"), "{message}");
    let ran = bench.run(&["build"]);
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:#?}");
    assert!(ran.stderr.contains("built build/agent.wasm: "), "{ran:#?}");
    let ran = bench.run(&["run", "."]).passed();
    assert_eq!(bench.run(&["run"]).passed(), ran, "the folder's own bench is meant");
    let told = bench.run(&["build", "timeslip.toml", "--json"]).passed();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let component = std::fs::read(bench.place.path("build/agent.wasm")).unwrap();
    assert_eq!(told["bytes"], component.len());
    assert_eq!(
        (&told["language"], &told["output"]),
        (&"python".into(), &"build/agent.wasm".into())
    );
    let slip = bench.run(&["run", ".", "--json"]).passed();
    let slip: serde_json::Value = serde_json::from_str(&slip).unwrap();
    assert_eq!(told["digest"], slip["components"][0]["digest"]);
}

#[test]
fn how_a_component_is_built_is_no_part_of_the_benchs_digest() {
    let digest = |build: &str| {
        let bench = Bench::new(build);
        bench.place.write("build/agent.wasm", fake_tools::component());
        let slip = bench.run(&["run", ".", "--json"]).passed();
        serde_json::from_str::<serde_json::Value>(&slip).unwrap()["bench"].clone()
    };
    assert_eq!(digest(PYTHON_BUILD), digest(""));
}

#[test]
fn a_compilers_error_is_shown_as_it_is_and_its_command_named() {
    let bench = Bench::new(PYTHON_BUILD);
    bench.run(&["build"]).passed();
    let before = std::fs::read(bench.place.path("build/agent.wasm")).unwrap();
    bench.place.write("source/app.py", "a mistake\n");
    let ran = bench.run(&["build"]);
    assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:#?}");
    let (compiler, named) = ran.stderr.split_once("error: ").unwrap();
    assert_eq!(compiler, "app.py:1: there is a mistake here\n");
    assert!(named.starts_with("this command failed with exit code 1:\n"), "{named}");
    assert!(named.contains("/bin/componentize-py"), "{named}");
    assert_eq!(std::fs::read(bench.place.path("build/agent.wasm")).unwrap(), before);
    assert_eq!(bench.place.names(), ["bin", "build", "sdk", "source", "timeslip.toml"]);
    let made: Vec<_> = std::fs::read_dir(bench.place.path("build")).unwrap().collect();
    assert_eq!(made.len(), 1, "{made:?}");
}

#[test]
fn several_components_of_one_bench_are_built_in_turn() {
    let tables = PYTHON_BUILD.replace("[build]", "[[build]]");
    let tool = tables.replace("build/agent.wasm", "build/tool.wasm").replace("agent\"", "tool\"");
    let bench = Bench::new(&(tables + &tool));
    let told = bench.run(&["build", "--json"]).passed();
    let told: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outputs: Vec<_> = told.iter().map(|one| one["output"].as_str().unwrap()).collect();
    assert_eq!(outputs, ["build/agent.wasm", "build/tool.wasm"]);
}

#[test]
fn what_cannot_be_built_is_told_with_its_line() {
    let said = |from: &str, to: &str| {
        assert!(PYTHON_BUILD.contains(from));
        let bench = Bench::new(&PYTHON_BUILD.replace(from, to));
        let message = bench.run(&["build"]).failed(2);
        bench.place.anonymous(&message)
    };
    insta::assert_snapshot!(said("source = \"source\"", "source = \"sauce\""), @r"
    error: timeslip.toml:4: cannot find `source` sauce: No such file or directory (os error 2)
      fix: a path in a bench starts from the bench's own folder
    ");
    insta::assert_snapshot!(said("source = \"source\"", "source = \"sdk\""), @r"
    error: timeslip.toml:4: PLACE/sdk has none of agent.py, app.py, main.py
      fix: let `source` name the first file
    ");
    insta::assert_snapshot!(said("kind =", "engine = \"quickjs\"\nkind ="), @r"
    error: timeslip.toml:4: `engine` is what runs JavaScript and TypeScript, and this is Python
      fix: remove it
    ");
    insta::assert_snapshot!(said("python", "pithon"), @"error: timeslip.toml:5: unknown language `pithon`; did you mean `python`?");
    insta::assert_snapshot!(said(PYTHON_BUILD, ""), @r#"
    error: timeslip.toml has no [build] table, so nothing says how build/agent.wasm is made
      fix: add
        [build]
        language = "python"
        kind = "agent"
        output = "build/agent.wasm"
      or let `timeslip new NAME --lang LANGUAGE` write a project
    "#);
    let bench = Bench::new(PYTHON_BUILD);
    fake_compiler(&bench.place, "componentize-py", "printf text");
    let message = bench.run(&["build"]).failed(2);
    insta::assert_snapshot!(message, @r"
    error: timeslip.toml:4: the Python tools wrote no component; is there another version of them on the PATH?
      fix: `timeslip build --setup` installs componentize-py 0.25.1
    ");
}

#[test]
fn a_bench_of_the_repository_that_has_no_build_table_says_how_one_is_written() {
    let place = Place::new();
    let bench = repository().join("agents/hardware-guide");
    let message = place.run(&["build", bench.to_str().unwrap()]).failed(2);
    assert!(message.contains("has no [build] table"), "{message}");
    assert!(message.contains("timeslip new NAME --lang"), "{message}");
}
