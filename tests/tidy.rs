//! The style that can be checked by counting: files up to 400 lines, functions up to 70, nothing
//! that names the place it was written in.

use std::path::Path;
use std::process::Command;

use crate::place::repository;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// The files of the repository with this ending, as git lists them; a fresh file counts too.
fn files(ending: &str) -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(repository())
        .output()
        .expect("git is installed");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files = listed.lines().filter(|file| file.ends_with(ending));
    files.filter(|file| repository().join(file).is_file()).map(str::to_owned).collect()
}

fn text(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

#[test]
fn files_are_short() {
    let long: Vec<String> = files(".rs")
        .into_iter()
        .map(|file| (text(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .map(|(lines, file)| format!("{file} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split these by idea:\n{}", long.join("\n"));
}

/// A file that no `mod` names is compiled by nobody, and its tests run nowhere.
#[test]
fn every_file_belongs_to_a_crate() {
    let sources: Vec<String> = files(".rs");
    let texts: Vec<String> = sources.iter().map(|file| text(file)).collect();
    let manifests: String = files("Cargo.toml").iter().map(|file| text(file)).collect();
    let is_named = |stem: &str| {
        let (named, placed) = (format!("mod {stem};"), format!("path = \"{stem}.rs\""));
        texts.iter().any(|text| text.contains(&named) || text.contains(&placed))
    };
    let lonely = sources.iter().filter(|file| {
        let stem = Path::new(file).file_stem().unwrap().to_string_lossy();
        !matches!(&*stem, "mod" | "lib" | "main" | "build")
            && !is_named(&stem)
            && !manifests.contains(&format!("{stem}.rs\""))
            && !manifests.contains(&format!("name = \"{stem}\""))
    });
    let lonely: Vec<&String> = lonely.collect();
    assert!(lonely.is_empty(), "name these in a `mod`, or delete them: {lonely:?}");
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for file in files(".rs") {
        for (line, name, length) in functions(&text(&file)) {
            if length > FUNCTION_LINES_MAX {
                long.push(format!("{file}:{line}: {name} has {length} lines"));
            }
        }
    }
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}

/// The functions of a formatted file: line, name and number of lines. `rustfmt` puts the closing
/// brace of an item below the beginning of its first line.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let words = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "];
        let mut rest = trimmed;
        while let Some(after) = words.iter().find_map(|word| rest.strip_prefix(word)) {
            rest = after;
        }
        let Some(signature) = rest.strip_prefix("fn ") else {
            continue;
        };
        let indent = &line[..line.len() - trimmed.len()];
        let closing = format!("{indent}}}");
        let ends_signature = |line: &&&str| line.ends_with('{') || line.ends_with(';');
        let signature_end = lines[index..].iter().find(ends_signature);
        if signature_end.is_some_and(|line| line.ends_with(';')) {
            // A trait's function without a body.
            continue;
        }
        let Some(end) = lines[index..].iter().position(|line| *line == closing) else {
            continue;
        };
        let name = signature.split(['(', '<']).next().unwrap_or_default().to_owned();
        let length = end + 1 - quoted_lines(&lines[index..index + end]);
        found.push((index + 1, name, length));
    }
    found
}

/// Lines of raw text inside code, such as the screens that tests expect: they are no statements.
fn quoted_lines(lines: &[&str]) -> usize {
    let mut closing: Option<String> = None;
    let mut count = 0;
    for line in lines {
        match &closing {
            Some(close) if line.trim_start().starts_with(close.as_str()) => closing = None,
            Some(_) => count += 1,
            None => closing = opened(line),
        }
    }
    count
}

/// What closes a raw text that a line opens at its end: the quote, and as many signs as before.
fn opened(line: &str) -> Option<String> {
    let signs = line.strip_suffix('"')?;
    let before = signs.trim_end_matches('#');
    before.ends_with('r').then(|| format!("\"{}", &signs[before.len()..]))
}

#[test]
fn the_counting_of_functions_sees_what_it_should() {
    let text = "pub(crate) async fn a() {\n    x\n}\nimpl B {\n    fn c(&self) {\n    }\n}\n";
    assert_eq!(functions(text), [(1, "a".to_owned(), 3), (5, "c".to_owned(), 2)]);
    assert_eq!(functions("trait T {\n    fn a(\n        &self,\n    );\n}\n"), []);
    for (open, close) in [("r\"", "\""), ("r#\"", "\"#"), ("r###\"", "\"###")] {
        let text =
            format!("fn a() {{\n    x!(b, @{open}\n    1\n    2\n    {close});\n    c\n}}\n");
        assert_eq!(functions(&text), [(1, "a".to_owned(), 5)], "{text}");
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Written in parts, so that this file does not find itself.
    let unwanted =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for ending in
        [".rs", ".toml", ".md", ".wit", ".sh", "agents/build", "agents/toolchain", ".ci/run"]
    {
        for file in files(ending) {
            for (index, line) in text(&file).lines().enumerate() {
                if unwanted.iter().any(|word| names(line, word)) {
                    found.push(format!("{file}:{}: {line}", index + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a line holds a word that is not the middle of a longer path.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric()))
}

#[test]
fn the_simulator_and_the_loop_stay_apart_from_what_they_may_not_know() {
    let forbidden = [
        ("host/timeline", ["wasmtime", "tokio", "timeslip-sim"].as_slice()),
        ("host/sim", ["wasmtime", "tokio", "reqwest", "timeslip-runtime"].as_slice()),
        ("host/runtime", ["timeslip-sim", "timeslip-words", "tokio", "reqwest"].as_slice()),
        ("host/words", ["wasmtime", "timeslip-sim", "timeslip-runtime"].as_slice()),
        (
            "host/live",
            ["wasmtime", "timeslip-sim", "timeslip-runtime", "timeslip-words", "timeslip-gate"]
                .as_slice(),
        ),
        (
            "host/mcp",
            ["wasmtime", "timeslip-sim", "timeslip-runtime", "timeslip-words", "timeslip-live"]
                .as_slice(),
        ),
        ("host/gate", ["wasmtime", "timeslip-sim", "timeslip-runtime"].as_slice()),
        ("host/report", ["wasmtime", "timeslip-sim", "timeslip-runtime"].as_slice()),
        ("host/history", ["wasmtime", "timeslip-sim", "timeslip-runtime", "tokio"].as_slice()),
        ("host/accuracy", ["wasmtime", "timeslip-runtime", "timeslip-replay", "tokio"].as_slice()),
        ("host/calibrate", ["wasmtime", "timeslip-runtime", "timeslip-words", "tokio"].as_slice()),
        (
            "host/serve",
            ["wasmtime", "timeslip-sim", "timeslip-runtime", "timeslip-words", "timeslip-gate"]
                .as_slice(),
        ),
        ("host/replay", ["wasmtime", "timeslip-sim", "timeslip-runtime", "tokio"].as_slice()),
        ("host/market", ["wasmtime", "timeslip-"].as_slice()),
    ];
    for (room, names) in forbidden {
        let manifest =
            std::fs::read_to_string(Path::new(repository()).join(room).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for name in names {
            let named = dependencies.lines().any(|line| line.starts_with(name));
            assert!(!named, "{room} must not depend on {name}");
        }
    }
}
