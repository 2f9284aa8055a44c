//! A bench whose tools are scripts: they copy a component that is there already.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::place::{Place, Ran, repository};

/// How the bench's agent is built.
pub(super) const PYTHON_BUILD: &str = "[build]\nlanguage = \"python\"\nkind = \"agent\"\nsource = \
                                       \"source\"\noutput = \"build/agent.wasm\"\n\n";

/// A bench with sources and tools.
pub(super) struct Bench {
    /// Its folder.
    pub(super) place: Place,
}

/// An agent that chats as often as its task says.
pub(super) fn component() -> Vec<u8> {
    std::fs::read(repository().join("tests/guests/prebuilt/probe-agent.wasm")).unwrap()
}

impl Bench {
    /// A bench with these tables of how it is built.
    pub(super) fn new(build: &str) -> Bench {
        let place = Place::new();
        place.write(
            "timeslip.toml",
            format!(
                "name = \"sample\"\nmachines = [\"h200-8\"]\n\n{build}[agent]\ncomponent = \
                 \"build/agent.wasm\"\nmodels = [\"*\"]\n\n[words]\nkind = \"synthetic\"\n\
                 output_tokens = {{ fixed = 20 }}\n\n[[task]]\nname = \"one\"\ninput = \"chat 1\"\n"
            ),
        );
        place.write("source/app.py", "print('first')\n");
        place.write("sdk/timeslip.py", "");
        place.write("sdk/component.wasm", component());
        let copy = format!("cat '{}'", place.path("sdk/component.wasm").display());
        fake_compiler(&place, "componentize-py", &copy);
        Bench { place }
    }

    /// The program, to be run beside the bench, with the bench's tools before all others.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.place.path("bin").display()));
        command.env("TIMESLIP_TOOLS", self.place.path("tools"));
        command
    }

    /// Runs the program beside the bench.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the program can be started"))
    }
}

/// Puts a script among the tools.
pub(super) fn script(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Puts a compiler among the tools: it writes what a command prints to the file after `--output`,
/// and fails on sources with a mistake.
pub(super) fn fake_compiler(place: &Place, name: &str, print: &str) {
    let text = format!(
        "if grep -q 'mistake' '{}'; then\n  echo 'app.py:1: there is a mistake here' >&2\n  exit 1\n\
         fi\nwhile [ $# -gt 0 ]; do\n  case $1 in --output) {print} >\"$2\" ;; esac\n  shift\ndone",
        place.path("source/app.py").display()
    );
    script(&place.path("bin").join(name), &text);
}
