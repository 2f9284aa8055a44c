//! Missing tools, and `timeslip build --setup`: whole installations or none.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::fake_tools::{Bench, PYTHON_BUILD, component, script};
use crate::place::Ran;

/// A Python that makes environments whose pip does what a script says, and then notes what it has
/// installed, a componentize-py among it.
fn fake_python(bench: &Bench, pip: &str) {
    let place = bench.place.path("");
    let python = bench.place.path("bin/python3");
    let component = bench.place.path("sdk/component.wasm");
    let text = format!(
        r#"case "$2" in
venv)
    mkdir -p "$3/bin" "$3/lib/python3.14/site-packages"
    cp "$0" "$3/bin/python"
    ;;
pip)
    home=$(dirname "$(dirname "$0")")
    {pip}
    mkdir "$home/lib/python3.14/site-packages/componentize_py-0.25.1.dist-info"
    printf '#!%s\n' "$home/bin/python" >"$home/bin/componentize-py"
    chmod +x "$home/bin/componentize-py"
    ;;
*)
    while [ $# -gt 0 ]; do
        case $1 in --output) cp '{}' "$2" ;; esac
        shift
    done
    ;;
esac"#,
        component.display()
    );
    script(&python, &text);
    std::fs::remove_file(place.join("bin/componentize-py")).unwrap();
}

/// The program with no other tools than the bench's own and the system's plainest.
fn bare(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = bench.command(arguments);
    let plain = bench.place.path("plain");
    std::fs::create_dir_all(&plain).unwrap();
    for tool in ["sh", "cat", "cp", "mkdir", "chmod", "dirname", "sleep", "grep"] {
        let found = std::env::var("PATH").unwrap();
        let found = std::env::split_paths(&found).map(|folder| folder.join(tool));
        let found = found.into_iter().find(|file| file.is_file()).unwrap();
        let _ = std::os::unix::fs::symlink(found, plain.join(tool));
    }
    let path = format!("{}:{}", bench.place.path("bin").display(), plain.display());
    command.env("PATH", path).env("XDG_CACHE_HOME", bench.place.path("cache"));
    command.env_remove("TIMESLIP_WASM_TOOLCHAIN");
    command
}

fn run(mut command: Command) -> Ran {
    Ran::from(command.output().expect("the program can be started"))
}

/// The names in the folder of tools.
fn tools(bench: &Bench) -> Vec<String> {
    let entries = std::fs::read_dir(bench.place.path("tools")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_missing_tool_is_told_with_what_installs_it_in_every_language() {
    for language in ["rust", "python", "javascript", "typescript", "c", "go", "zig"] {
        let bench = Bench::new(&PYTHON_BUILD.replace("python", language));
        std::fs::remove_file(bench.place.path("bin/componentize-py")).unwrap();
        for file in ["agent.js", "agent.ts", "main.zig", "main.c"] {
            bench.place.write(&format!("source/{file}"), "");
        }
        let message = run(bare(&bench, &["build"])).failed(2);
        insta::assert_snapshot!(format!("missing_{language}"), bench.place.anonymous(&message));
        for base in ["cargo", "python3", "npm"] {
            script(&bench.place.path("bin").join(base), "exit 1");
        }
        let message = run(bare(&bench, &["build"])).failed(2);
        assert!(!message.contains("first: install"), "{message}");
        assert!(message.contains("`timeslip build --setup` does"), "{message}");
    }
    let engine = "language = \"javascript\"\nengine = \"starlingmonkey\"";
    let bench = Bench::new(&PYTHON_BUILD.replace("language = \"python\"", engine));
    bench.place.write("source/agent.js", "");
    let message = run(bare(&bench, &["build"])).failed(2);
    assert!(message.contains("@bytecodealliance/componentize-js@0.23.0"), "{message}");
}

#[test]
fn setup_without_the_language_itself_says_how_one_gets_it() {
    for language in ["rust", "python", "javascript"] {
        let bench = Bench::new(&PYTHON_BUILD.replace("python", language));
        let message = run(bare(&bench, &["build", "--setup"])).failed(2);
        insta::assert_snapshot!(format!("base_{language}"), message);
        assert!(tools(&bench).is_empty());
    }
}

#[test]
fn setup_installs_once_and_builds() {
    let bench = Bench::new(PYTHON_BUILD);
    fake_python(&bench, "echo installing >&2");
    run(bare(&bench, &["build"])).failed(2);
    let ran = run(bare(&bench, &["build", "--setup"]));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.contains("installing\n"), "{ran:#?}");
    assert_eq!(std::fs::read(bench.place.path("build/agent.wasm")).unwrap(), component());
    assert_eq!(tools(&bench), ["python"]);
    let script = bench.place.read("tools/python/bin/componentize-py");
    let python = bench.place.path("tools/python/bin/python");
    assert_eq!(script, format!("#!{}\n", python.display()), "it knows its place");
    let again = run(bare(&bench, &["build", "--setup"]));
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(again.stderr.contains("componentize-py 0.25.1 is already in"), "{again:#?}");
    run(bare(&bench, &["build"])).passed();
}

#[test]
fn a_setup_that_fails_or_is_interrupted_leaves_nothing() {
    let bench = Bench::new(PYTHON_BUILD);
    fake_python(&bench, "echo 'no such package' >&2; exit 3");
    let message = run(bare(&bench, &["build", "--setup"])).failed(2);
    assert!(message.starts_with("no such package\nerror: this command failed"), "{message}");
    assert!(tools(&bench).is_empty(), "{:?}", tools(&bench));

    let bench = Bench::new(PYTHON_BUILD);
    fake_python(&bench, "echo begun >\"$home/../../begun\"; sleep 60");
    let mut command = bare(&bench, &["build", "--setup"]);
    let child = command.process_group(0).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !bench.place.path("begun").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the setup does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(ran.failed(1).contains("interrupted"));
    assert!(tools(&bench).is_empty(), "{:?}", tools(&bench));
}

#[test]
fn two_setups_at_once_leave_one_whole_installation() {
    let bench = Bench::new(PYTHON_BUILD);
    fake_python(&bench, "sleep 0.3");
    let start = || {
        let mut command = bare(&bench, &["build", "--setup"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let setups = [start(), start(), start()];
    for setup in setups {
        let ran = Ran::from(setup.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    assert_eq!(tools(&bench), ["python"]);
    run(bare(&bench, &["build"])).passed();
}
