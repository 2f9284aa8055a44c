//! `timeslip dev`: builds and runs a bench whenever a file changes, and shows what that did.

use std::path::{Path, PathBuf};

use timeslip_gate::slip::{SessionStatus, Slip};
use timeslip_gate::verdict::Against;
use timeslip_report::{Style, verdict_screen};

use super::args::DevArgs;
use super::build::sentence;
use super::make::make;
use super::watch::{Snapshot, Watched};
use crate::bench::{Bench, Builds, Overrides};
use crate::exit::{Exit, Failure};
use crate::gate::{Before, judge, verdict};
use crate::interrupt;
use crate::output;
use crate::progress::Progress;
use crate::run::{available_threads, screen};
use crate::stage::{Extent, Outcome, deploy, run_deployed};

/// Builds and runs, and goes on doing so until an interruption.
pub(crate) fn dev(args: &DevArgs) -> Result<Exit, Failure> {
    interrupt::watch();
    let mut development = Development::begin(args)?;
    let mut seen = development.watched.look();
    let mut turn = development.turn();
    if args.once {
        return turn;
    }
    loop {
        show(&turn);
        seen = development.widened(seen);
        if !interrupt::happened() {
            eprintln!("watching for changes; Ctrl-C ends it");
        }
        let Some(now) = development.watched.changed(&seen) else {
            return Ok(Exit::Pass);
        };
        development.note(&now.since(&seen));
        // What changes from here on is seen at the next look.
        seen = now;
        turn = development.turn();
    }
}

/// A mistake is shown, and may be mended.
fn show(turn: &Result<Exit, Failure>) {
    if let Err(failure) = turn
        && !interrupt::happened()
    {
        eprintln!("error: {failure}");
    }
}

/// A bench that is being worked on.
struct Development<'a> {
    args: &'a DevArgs,
    /// What is built, as the bench last said it.
    builds: Builds,
    /// Whether each component must be built; all of them where the bench may have changed that.
    is_stale: Vec<bool>,
    watched: Watched,
    /// The last run.
    before: Option<Slip>,
}

impl<'a> Development<'a> {
    fn begin(args: &'a DevArgs) -> Result<Development<'a>, Failure> {
        let builds = Builds::read(&args.bench)?;
        Ok(Development {
            args,
            is_stale: vec![true; builds.tables.len()],
            watched: watched(&builds),
            builds,
            before: None,
        })
    }

    /// Notes which components changed files belong to.
    fn note(&mut self, changed: &[PathBuf]) {
        let here = self.builds.home().canonicalize().unwrap_or_default();
        let name = |path: &PathBuf| path.strip_prefix(&here).unwrap_or(path).display().to_string();
        let names: Vec<String> = changed.iter().map(name).collect();
        eprintln!("changed: {}", names.join(", "));
        for (index, stale) in self.is_stale.iter_mut().enumerate() {
            *stale |= changed.iter().any(|path| self.builds.is_made_of(index, path));
        }
    }

    /// Watches what the bench leads to now, in place of what it led to when the turn began. What
    /// changed since then is still to be seen.
    fn widened(&mut self, seen: Snapshot) -> Snapshot {
        let watched = watched(&self.builds);
        if watched == self.watched {
            return seen;
        }
        self.watched = watched;
        self.watched.look().with_times_of(&seen)
    }

    /// Builds what must be built, runs the bench, and shows it.
    fn turn(&mut self) -> Result<Exit, Failure> {
        let builds = Builds::read(&self.args.bench)?;
        if builds.tables != self.builds.tables {
            self.is_stale = vec![true; builds.tables.len()];
        }
        self.builds = builds;
        for index in 0..self.is_stale.len() {
            if self.is_stale[index] {
                eprintln!("{}", sentence(&make(&self.builds, index, false)?));
                self.is_stale[index] = false;
            }
        }
        let overrides = Overrides { on: self.args.on.clone(), ..Overrides::default() };
        let bench = Bench::load(Some(&self.args.bench), &overrides)?;
        self.run(&bench)
    }

    fn run(&mut self, bench: &Bench) -> Result<Exit, Failure> {
        let deployments = deploy(bench, &bench.machines)?;
        let mut progress = Progress::new(bench.sessions);
        let outcome = run_deployed(
            bench,
            deployments.clone(),
            &Extent::of(bench),
            available_threads(),
            &mut |ended, now| progress.session_ended(ended, now),
        )?;
        drop(progress);
        let failed = |slip: &Slip| {
            slip.sessions.iter().any(|session| session.status == SessionStatus::Failed)
        };
        let exit = if failed(&outcome.slip) { Exit::RunFailed } else { Exit::Pass };
        match self.before.take() {
            None => self.show_run(bench, &outcome)?,
            Some(before) if before.to_json() == outcome.slip.to_json() => {
                output::print("nothing changed: the run gives the same slip as before\n")?;
            }
            Some(before) => {
                if exit == Exit::RunFailed {
                    self.show_run(bench, &outcome)?;
                }
                let before = Before {
                    against: Against::Slip { file: "the run before".to_owned() },
                    slip: before,
                };
                let names: Vec<&str> =
                    outcome.slip.machines.iter().map(|machine| machine.name.as_str()).collect();
                let on = names.join("+");
                let run = judge(&bench.gate, on, Some(&before), &outcome.slip, &deployments)?;
                let verdict = verdict(bench.name.clone(), None, vec![run]);
                output::print(&verdict_screen(&verdict, self.style()))?;
            }
        }
        self.before = Some(outcome.slip);
        Ok(exit)
    }

    fn show_run(&self, bench: &Bench, outcome: &Outcome) -> Result<(), Failure> {
        output::print(&screen(bench, outcome, &bench.words.note(), self.style()))
    }

    fn style(&self) -> Style {
        Style { width: output::width(), colour: output::is_coloured(), ascii: self.args.ascii }
    }
}

/// The bench's folder, and what its components are made of.
fn watched(builds: &Builds) -> Watched {
    let real = |path: &Path| path.canonicalize().ok();
    let own = builds.home();
    let sources = builds.tables.iter().flat_map(|table| [&table.source, &table.sdk]);
    let sources = sources.filter_map(|path| real(&own.join(path)));
    let mut roots: Vec<PathBuf> = real(own).into_iter().chain(sources).collect();
    roots.dedup();
    let outputs = builds.tables.iter().filter_map(|table| {
        let output = std::path::absolute(own.join(&table.output)).ok()?;
        Some(real(output.parent()?)?.join(output.file_name()?))
    });
    Watched { made: outputs.collect(), roots }
}
