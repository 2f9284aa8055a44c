//! `timeslip capacity`: the most sessions that a machine holds under objectives.

use serde_json::json;
use timeslip_report::text::{dollars, rate};
use timeslip_sim::deployment::Deployment;

use super::args::CapacityArgs;
use super::figures::Figures;
use super::objectives::Objectives;
use super::runs::{LoadChoice, deploy_each, run_once};
use super::sweep_screen::{shown, span};
use super::workload::Workload;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::parallel::in_parallel;
use crate::run::available_threads;
use crate::table::columns;

/// How many sessions run for each that is there at once, so that the beginning, at which all start
/// together, does not decide.
const SESSIONS_FOR_EACH: u64 = 4;

/// What a machine holds.
struct Capacity {
    machine: String,
    digest: String,
    estimated: bool,
    /// The most sessions at once under which everything holds, and its figures; `None` where even
    /// one is too much.
    holds: Option<(u64, Figures)>,
    /// The fewest sessions that were seen to be too many, and the objective that they miss; `None`
    /// where the most that were tried still hold.
    misses: Option<(u64, &'static str)>,
    /// Everything that was tried, in its order.
    tried: Vec<u64>,
}

/// Searches for the capacity of every machine and prints them.
pub(crate) fn capacity(args: &CapacityArgs) -> Result<Exit, Failure> {
    let objectives = Objectives::parse(&args.slo, "--slo")?;
    if args.most == 0 {
        return Err(Failure::usage("--most 0: at least one session is tried"));
    }
    let workload = Workload::load(&args.workload)?;
    let deployments = deploy_each(workload.catalogue(), &args.on)?;
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let found = in_parallel(deployments.len(), threads, |index| {
        Search { args, objectives, workload: &workload, deployment: &deployments[index] }.run()
    });
    let found = found.into_iter().collect::<Result<Vec<Capacity>, Failure>>()?;
    match args.json {
        true => output::print(&as_json(args, &workload, &found))?,
        false => output::print(&screen(args, &workload, &found))?,
    }
    Ok(Exit::Pass)
}

/// A search on one machine.
struct Search<'a> {
    args: &'a CapacityArgs,
    objectives: Objectives,
    workload: &'a Workload,
    deployment: &'a Deployment,
}

impl Search<'_> {
    fn run(&self) -> Result<Capacity, Failure> {
        let mut found = Capacity {
            machine: format!("{}:{}", self.deployment.machine, self.deployment.model.name),
            digest: self.deployment.digest.clone(),
            estimated: self.deployment.estimated(),
            holds: None,
            misses: None,
            tried: Vec::new(),
        };
        let mut next = 1;
        while found.misses.is_none() {
            self.attempt(next, &mut found)?;
            if next == self.args.most {
                break;
            }
            next = (2 * next).min(self.args.most);
        }
        while let Some((too_many, _)) = found.misses {
            let holds = found.holds.as_ref().map_or(0, |(sessions, _)| *sessions);
            if too_many - holds <= 1 {
                break;
            }
            self.attempt(holds + (too_many - holds) / 2, &mut found)?;
        }
        Ok(found)
    }

    fn attempt(&self, at_once: u64, found: &mut Capacity) -> Result<(), Failure> {
        found.tried.push(at_once);
        let sessions = self.workload.sessions().max(SESSIONS_FOR_EACH.saturating_mul(at_once));
        let load = LoadChoice::AtOnce(at_once);
        let ran = run_once(self.workload, self.deployment, sessions, load)?;
        let e2e = ran.request_e2e_ns.as_ref();
        match self.objectives.missed_by(&ran.summary, e2e, self.args.at) {
            Some(missed) => found.misses = Some((at_once, missed)),
            None => found.holds = Some((at_once, Figures::of(&ran))),
        }
        Ok(())
    }
}

fn as_json(args: &CapacityArgs, workload: &Workload, found: &[Capacity]) -> String {
    let machines: Vec<_> = found
        .iter()
        .map(|capacity| {
            json!({
                "machine": capacity.machine,
                "digest": capacity.digest,
                "estimated": capacity.estimated,
                "sessions_at_once": capacity.holds.as_ref().map_or(0, |(sessions, _)| *sessions),
                "figures": capacity.holds.as_ref().map(|(_, figures)| figures),
                "misses": capacity.misses.map(|(sessions, objective)| json!({
                    "sessions_at_once": sessions,
                    "objective": objective,
                })),
                "tried": capacity.tried,
            })
        })
        .collect();
    let all = json!({ "workload": workload.name(), "slo": args.slo, "machines": machines });
    format!("{all:#}\n")
}

fn screen(args: &CapacityArgs, workload: &Workload, found: &[Capacity]) -> String {
    let heading = [
        "MACHINE",
        "SESSIONS AT ONCE",
        "THEN MISSES",
        "TTFT P95",
        "TOKENS/S/USER",
        "TOKENS/S",
        "$/M TOKENS",
    ];
    let mut rows = vec![heading.map(str::to_owned)];
    for capacity in found {
        let figures = capacity.holds.as_ref().map(|(_, figures)| figures);
        let sessions = match (&capacity.holds, capacity.misses) {
            (Some((sessions, _)), Some(_)) => sessions.to_string(),
            (Some((sessions, _)), None) => format!("{sessions} or more"),
            (None, _) => "none".to_owned(),
        };
        let of = |value: fn(&Figures) -> Option<f64>| figures.and_then(value);
        rows.push([
            format!("{}{}", if capacity.estimated { "~" } else { "" }, capacity.machine),
            sessions,
            capacity.misses.map_or(String::new(), |(_, objective)| objective.to_owned()),
            span(figures.and_then(|figures| figures.ttft_p95_ns)),
            shown(of(|figures| figures.tokens_per_second_per_user), rate),
            shown(of(|figures| figures.output_tokens_per_second), rate),
            shown(of(|figures| figures.usd_per_million_output_tokens), dollars),
        ]);
    }
    let mut text = format!("{} under {}\n\n{}", workload.name(), args.slo, columns(&rows));
    if found.iter().any(|capacity| capacity.estimated) {
        text += "\nMachines with ~ rest on estimates: `timeslip hardware show` names them.\n";
    }
    text
}
