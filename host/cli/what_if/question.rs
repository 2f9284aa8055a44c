//! A slip that is replayed on its machines with a change.

use std::path::Path;

use serde::Serialize;
use timeslip_gate::slip::{Machine, Slip};
use timeslip_gate::summary::{ErrorFactors, Summary};
use timeslip_replay::drive::{ReplayMachine, ReplayOptions, replay};
use timeslip_replay::slip_source::SlipSource;
use timeslip_replay::source::Source;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::backend::MachineTotals;

use super::change::Change;
use crate::exit::Failure;

/// A slip, and where its machines are looked up.
pub(super) struct Question<'a> {
    /// The slip.
    pub(super) slip: &'a Slip,
    catalogue: Catalogue,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// The end-to-end times of all sessions, added up.
    pub(super) sessions_ns: u64,
    /// End-to-end time of a session.
    pub(super) session_p50_ns: Option<u64>,
    /// End-to-end time of a session.
    pub(super) session_p95_ns: Option<u64>,
    /// Time to first token.
    pub(super) ttft_p50_ns: Option<u64>,
    /// What one user sees.
    pub(super) tokens_per_second_per_user: Option<f64>,
    /// From the first session's start to the last one's end.
    pub(super) makespan_ns: u64,
    /// Joules of all chats.
    pub(super) energy_j: Option<f64>,
    /// Dollars of all chats.
    pub(super) cost_usd: Option<f64>,
    /// Dollars of all chips for the whole time.
    pub(super) machines_usd: Option<f64>,
}

impl Figures {
    fn of(summary: &Summary, machines: &[MachineTotals]) -> Figures {
        Figures {
            sessions_ns: summary.time_share_ns.total(),
            session_p50_ns: summary.session_e2e_ns.map(|spread| spread.p50),
            session_p95_ns: summary.session_e2e_ns.map(|spread| spread.p95),
            ttft_p50_ns: summary.time_to_first_token_ns.map(|spread| spread.p50),
            tokens_per_second_per_user: summary
                .output_token_throughput_per_user
                .map(|spread| spread.p50),
            makespan_ns: summary.makespan_ns,
            energy_j: summary.energy_j,
            cost_usd: summary.cost_usd,
            machines_usd: machines.iter().map(|totals| totals.cost_usd).sum(),
        }
    }
}

impl<'a> Question<'a> {
    /// A question about a slip, whose machines must be here as they were.
    ///
    /// # Errors
    /// When a machine is a real server, is not here, or has another profile.
    pub(super) fn new(
        slip: &'a Slip,
        catalogue: Catalogue,
        file: &Path,
    ) -> Result<Question<'a>, Failure> {
        for machine in &slip.machines {
            let wrong = |problem: String| {
                Failure::usage(format!(
                    "{}: it was run on `{}`, which {problem}",
                    file.display(),
                    machine.name
                ))
            };
            let Some(digest) = &machine.digest else {
                return Err(wrong(
                    "is no modelled machine, so nothing can be run again in virtual time\n  fix: \
                     record the bench by `timeslip record`, and run the recording on a machine"
                        .to_owned(),
                ));
            };
            let deployed = catalogue.deploy(&machine.name, Some(&machine.model));
            let deployed = deployed.map_err(|error| {
                wrong(format!("is not here: {error}\n  fix: give its profiles by --profiles"))
            })?;
            if deployed.digest != *digest {
                let fix = "fix: give its profiles by --profiles, or run the bench again";
                return Err(wrong(format!("has another profile here\n  {fix}")));
            }
        }
        Ok(Question { slip, catalogue })
    }

    /// Runs the slip again with a change.
    ///
    /// # Errors
    /// When a changed machine cannot be used, or fails.
    pub(super) fn ask(&self, change: &Change) -> Result<Figures, Failure> {
        let catalogue = self
            .variants(change)
            .into_iter()
            .fold(self.catalogue.clone(), |catalogue, (name, text)| {
                catalogue.with_text(ProfileKind::Machine, &name, text)
            });
        let machines = self.slip.machines.iter();
        let machines = machines.map(|machine| deployed(&catalogue, machine, change));
        let deployments = machines.collect::<Result<Vec<Deployment>, Failure>>()?;
        let both = self.slip.machines.iter().zip(deployments);
        let mut machines: Vec<ReplayMachine> = both
            .map(|(machine, deployment)| ReplayMachine {
                name: machine.name.as_str().into(),
                model: machine.model.as_str().into(),
                error: ErrorFactors::default(),
                backend: Box::new(ModelledMachine::new(deployment)),
            })
            .collect();
        let source = SlipSource::at_speeds(self.slip, &change.speeds);
        let load = source.recorded_load();
        let options = ReplayOptions {
            seed: self.slip.seed,
            target_tokens_per_second: self.slip.summary.target_tokens_per_second,
            ..ReplayOptions::default()
        };
        let outcome = replay(&Source::Slip(source), load, &mut machines, &options);
        match machines.iter().find_map(|machine| machine.backend.failure()) {
            Some(failure) => Err(Failure::usage(failure)),
            None => Ok(Figures::of(&outcome.summary, &outcome.machines)),
        }
    }

    /// The profiles of machines that a change asks for: each a name and a text.
    pub(super) fn variants(&self, change: &Change) -> Vec<(String, String)> {
        if !change.is_of_machines() {
            return Vec::new();
        }
        let machines = self.slip.machines.iter();
        machines.map(|machine| (variant_name(machine), self.text(machine, change))).collect()
    }

    /// A profile that inherits from a machine's, and says what is changed.
    fn text(&self, machine: &Machine, change: &Change) -> String {
        let provenance =
            "source = \"timeslip what-if\", date = \"2026\", confidence = \"estimate\"";
        let mut text =
            format!("inherits = \"{}\"\nname = \"{}\"\n", machine.name, variant_name(machine));
        if let Some(is_on) = change.prefix_cache {
            text += &format!("\n[scheduler]\nprefix_cache = {{ value = {is_on}, {provenance} }}\n");
        }
        let has_link = self.has_link(machine);
        let speeds = [
            ("prefill", change.prefill),
            ("decode", change.decode),
            ("transfer", if has_link { change.transfer } else { 1.0 }),
        ];
        let speeds = speeds.into_iter().filter(|(_, speed)| *speed != 1.0);
        let speeds: Vec<String> = speeds
            .map(|(stage, speed)| format!("{stage} = {{ value = {speed:?}, {provenance} }}\n"))
            .collect();
        if !speeds.is_empty() {
            text += &format!("\n[speed]\n{}", speeds.concat());
        }
        text
    }

    fn has_link(&self, machine: &Machine) -> bool {
        self.catalogue.machine(&machine.name).is_ok_and(|profile| profile.link.is_some())
    }
}

fn variant_name(machine: &Machine) -> String {
    format!("{}-what-if", machine.name)
}

fn deployed(
    catalogue: &Catalogue,
    machine: &Machine,
    change: &Change,
) -> Result<Deployment, Failure> {
    let name = match change.is_of_machines() {
        true => variant_name(machine),
        false => machine.name.clone(),
    };
    let deployment = catalogue.deploy(&name, Some(&machine.model)).map_err(Failure::usage)?;
    deployment.scaled(change.copies, change.copies).map_err(Failure::usage)
}
