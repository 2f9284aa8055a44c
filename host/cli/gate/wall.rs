//! `timeslip check --wall`: how long whole runs take on this machine, base and head in turn.
//!
//! It times the host and the components that really compute, by the wall clock; modelled time has no
//! noise and needs none of this.

use std::path::Path;
use std::time::Instant as WallInstant;

use timeslip_gate::verdict::{Against, Answer, BudgetResult, Level, MetricPair, RunVerdict, Unit};
use timeslip_gate::wall::{
    Testbed, WallAnswer, WallComparison, WallSamples, WallSettings, compare, confirm,
};

use super::args::CheckArgs;
use super::check::{exit_of, shown};
use super::judge::verdict;
use super::reports;
use super::revision::Revision;
use super::runs::Setup;
use crate::bench::Bench;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::stage::run_bench;

/// What head is compared with.
enum Base {
    /// The bench at another revision, measured in turn with head.
    Revision { bench: Box<Bench>, against: Against, _checked_out: Revision },
    /// An earlier measurement.
    Samples { samples: WallSamples, against: Against },
}

/// Measures and compares.
pub(super) fn check_wall(
    args: &CheckArgs,
    file: &Path,
    bench: &Bench,
    setups: &[Setup],
) -> Result<Exit, Failure> {
    if !(args.wall.practical.is_finite() && args.wall.practical > 0.0) {
        return Err(Failure::usage("--practical is a number of percent over 0"));
    }
    if setups.len() > 1 && (args.wall.save.is_some() || args.wall.with.is_some()) {
        return Err(Failure::usage(
            "--save and --with hold the runs of one machine\n  fix: name it by --on",
        ));
    }
    let base = base(args, file)?;
    let mut runs = Vec::new();
    for setup in setups {
        let measured = Measured { args, bench, setup };
        match &base {
            Some(base) => runs.push(measured.against(base)?),
            None => {
                measured.save(&measured.alone()?)?;
                return Ok(Exit::Pass);
            }
        }
    }
    let verdict = verdict(bench.name.clone(), Some(shown(file)), runs);
    reports::report(&args.reports, &verdict, &[])?;
    Ok(exit_of(verdict.answer))
}

fn base(args: &CheckArgs, file: &Path) -> Result<Option<Base>, Failure> {
    if let Some(revision) = &args.against {
        let checked_out = Revision::check_out(file, revision)?;
        let bench = checked_out.load(&args.bench.overrides())?;
        let commit = checked_out.commit().to_owned();
        let against = Against::Revision { revision: revision.clone(), commit };
        return Ok(Some(Base::Revision {
            bench: Box::new(bench),
            against,
            _checked_out: checked_out,
        }));
    }
    if let Some(path) = &args.wall.with {
        let samples = WallSamples::read(path).map_err(Failure::usage)?;
        return Ok(Some(Base::Samples { samples, against: Against::Slip { file: shown(path) } }));
    }
    match &args.wall.save {
        Some(_) => Ok(None),
        None => Err(Failure::usage(
            "--wall needs something to compare with\n  fix: add --against REV, or --save FILE now \
             and --with FILE later",
        )),
    }
}

/// One bench on one group of machines, to be measured.
struct Measured<'a> {
    args: &'a CheckArgs,
    bench: &'a Bench,
    setup: &'a Setup,
}

impl Measured<'_> {
    fn against(&self, base: &Base) -> Result<RunVerdict, Failure> {
        let settings = WallSettings {
            practical_size: self.args.wall.practical / 100.0,
            ..WallSettings::default()
        };
        let compared = || -> Result<WallComparison, Failure> {
            let pairs = match base {
                Base::Revision { bench, .. } => self.in_turn(bench)?,
                Base::Samples { samples, .. } => {
                    let head = self.alone()?;
                    self.save(&head)?;
                    samples.pairs_with(&head).map_err(|error| Failure {
                        exit: Exit::NoAnswer,
                        message: error.to_string(),
                    })?
                }
            };
            Ok(compare(&pairs, &settings, self.bench.seed))
        };
        let first = compared()?;
        // An alarm is raised by two measurements that agree.
        let (comparison, answer) = match first.answer {
            WallAnswer::Slower => {
                let second = compared()?;
                let answer = confirm(&first, &second);
                (second, answer)
            }
            answer => (first, answer),
        };
        Ok(self.verdict(&comparison, answer, base, settings.practical_size))
    }

    /// Base and head in turn, each first in half of the pairs; a run of each warms the caches.
    fn in_turn(&self, base: &Bench) -> Result<Vec<(f64, f64)>, Failure> {
        self.time(base)?;
        self.time(self.bench)?;
        (0..self.args.wall.pairs.get())
            .map(|pair| match pair % 2 {
                0 => {
                    let base = self.time(base)?;
                    Ok((base, self.time(self.bench)?))
                }
                _ => {
                    let head = self.time(self.bench)?;
                    Ok((self.time(base)?, head))
                }
            })
            .collect()
    }

    fn alone(&self) -> Result<WallSamples, Failure> {
        self.time(self.bench)?;
        let seconds: Result<Vec<f64>, Failure> =
            (0..self.args.wall.pairs.get()).map(|_| self.time(self.bench)).collect();
        let testbed = Testbed::of_this_machine();
        Ok(WallSamples::new(testbed, &self.bench.name, &self.setup.name(), seconds?))
    }

    fn save(&self, samples: &WallSamples) -> Result<(), Failure> {
        let Some(file) = &self.args.wall.save else { return Ok(()) };
        output::write_file(file, samples.to_json().as_bytes())?;
        output::print(&format!("{}: {} runs measured\n", shown(file), samples.seconds.len()))
    }

    /// The seconds of a whole run, on one thread so that threads take nothing from each other.
    fn time(&self, bench: &Bench) -> Result<f64, Failure> {
        let began = WallInstant::now();
        run_bench(bench, &self.setup.machines, 1, &mut |_, _| {})?;
        Ok(began.elapsed().as_secs_f64())
    }

    fn verdict(
        &self,
        comparison: &WallComparison,
        answer: WallAnswer,
        base: &Base,
        practical: f64,
    ) -> RunVerdict {
        let answer = match answer {
            WallAnswer::Slower => Answer::Fail,
            WallAnswer::Faster | WallAnswer::Same => Answer::Pass,
            WallAnswer::Inconclusive => Answer::Inconclusive,
        };
        let against = match base {
            Base::Revision { against, .. } | Base::Samples { against, .. } => against.clone(),
        };
        let nanos = |seconds: Option<f64>| seconds.map(|seconds| (seconds * 1e9).round());
        let (before, now) = (nanos(comparison.base_median_s), nanos(comparison.head_median_s));
        let metric = "wall_clock_median".to_owned();
        RunVerdict {
            on: format!("{}, wall clock", self.setup.name()),
            answer,
            against: Some(against),
            metrics: vec![MetricPair {
                metric: metric.clone(),
                unit: Unit::Nanoseconds,
                before,
                now,
                less_is_better: true,
            }],
            changes: Vec::new(),
            time_difference_ns: 0,
            budgets: vec![BudgetResult {
                name: "wall-clock time of a whole run".to_owned(),
                metric,
                stat: None,
                task: None,
                unit: Unit::Nanoseconds,
                level: Level::Error,
                answer,
                value: now,
                before,
                limit: before.map(|before| before * (1.0 + practical)),
                limit_is_most: true,
                message: comparison.sentence(),
                line: None,
            }],
        }
    }
}
