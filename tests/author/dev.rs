//! `timeslip dev`: a loop that a change drives.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::fake_tools::{Bench, PYTHON_BUILD, fake_compiler};
use crate::place::repository;

/// The longest wait for what a change brings.
const PATIENCE: Duration = Duration::from_secs(120);

/// A `timeslip dev` under way; it ends with the test.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(bench: &Bench) -> Dev {
        // One pipe for both streams, so that lines come in the order in which they were printed.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = bench.command(&["dev", "--ascii"]);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().expect("it starts");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Dev { child, lines }
    }

    /// Waits until a line with this text is printed, and gives all lines up to it.
    fn until(&self, text: &str) -> String {
        let begun = Instant::now();
        let mut seen = String::new();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no line with `{text}` came after:\n{seen}"));
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(text) {
                return seen;
            }
        }
    }

    /// Presses Ctrl-C, and gives the exit code.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn once_builds_runs_and_ends_as_the_run_does() {
    let bench = Bench::new(PYTHON_BUILD);
    let ran = bench.run(&["dev", "--once"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.contains("built build/agent.wasm"), "{ran:#?}");
    assert_eq!(ran.stdout, bench.run(&["run", "."]).passed(), "the timetable is that of a run");
    let on = bench.run(&["dev", "--once", "--on", "dgx-spark"]).passed();
    assert!(on.contains("dgx-spark"), "{on}");
    bench.place.write("source/app.py", "a mistake\n");
    let message = bench.run(&["dev", "--once"]).failed(2);
    assert!(message.contains("there is a mistake here"), "{message}");
}

#[test]
fn a_change_is_built_and_run_and_what_it_did_is_shown() {
    let bench = Bench::new(PYTHON_BUILD);
    let dev = Dev::start(&bench);
    let first = dev.until("watching for changes");
    assert!(first.contains("built build/agent.wasm"), "{first}");
    assert!(first.contains("h200-8"), "{first}");

    let text = bench.place.read("timeslip.toml");
    bench.place.write("timeslip.toml", text.replace("chat 1", "chat 3"));
    let longer = dev.until("watching for changes");
    assert!(longer.contains("changed: timeslip.toml"), "{longer}");
    assert!(longer.contains("against the run before"), "{longer}");
    assert!(longer.contains("chat added"), "{longer}");
    assert!(!longer.contains("built build"), "the bench alone changed:\n{longer}");

    bench.place.write("source/app.py", "a mistake\n");
    let broken = dev.until("watching for changes");
    assert!(broken.contains("changed: source/app.py"), "{broken}");
    assert!(broken.contains("app.py:1: there is a mistake here"), "{broken}");

    bench.place.write("source/app.py", "print('mended')\n");
    let mended = dev.until("watching for changes");
    assert!(mended.contains("built build/agent.wasm"), "{mended}");
    assert!(mended.contains("nothing changed"), "{mended}");
    assert_eq!(dev.interrupt(), Some(0));
}

/// The build takes a while, and the sources change while it goes on: they are built once more.
#[test]
fn a_change_during_a_build_is_not_lost() {
    let bench = Bench::new(PYTHON_BUILD);
    let other = repository().join("tests/guests/prebuilt/probe-agent-blocking.wasm");
    let text = format!(
        "if grep -q second '{}'; then cat '{}'; else touch '{}'; sleep 1; cat '{}'; fi",
        bench.place.path("source/app.py").display(),
        other.display(),
        bench.place.path("begun").display(),
        bench.place.path("sdk/component.wasm").display()
    );
    fake_compiler(&bench.place, "componentize-py", &text);
    let dev = Dev::start(&bench);
    let begun = Instant::now();
    while !bench.place.path("begun").exists() {
        assert!(begun.elapsed() < PATIENCE, "the build does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    bench.place.write("source/app.py", "print('second')\n");
    dev.until("changed: ");
    dev.until("built build/agent.wasm");
    dev.until("watching for changes");
    let built = std::fs::read(bench.place.path("build/agent.wasm")).unwrap();
    assert_eq!(built, std::fs::read(other).unwrap());
    assert_eq!(dev.interrupt(), Some(0));
}
