//! Figures of chips and of serving software, fitted to measured rows.
//!
//! A fit moves [`knobs`], figures of profiles that are not published and were not measured by
//! themselves, from where measured kernels put them (their priors) towards what serving rows say,
//! each as far as its spread lets it. Two stages follow each other: what a step takes, from times
//! per output token, and what precedes the first token, from times to it. A fit that
//! leaves out all rows of one model says how well the figures do on models that nobody measured.

mod apply;
mod descent;
mod knobs;
mod least_squares;
mod solve;
mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use timeslip_sim::catalogue::Catalogue;

pub use apply::{applied, edited};
use descent::{Descent, Observed};
pub use knobs::{Knob, Stage, knobs};
pub use least_squares::{LeastSquares, Logs, Movable, Predicts, Weighing};

use crate::measure;
use crate::predict::Plan;
use crate::row::{Metric, Row};
use crate::scenario::{AskedWork, Groups, Load, Scenario};

/// Fitted figures, by their full names (`chip h200 achieved.weight_read_fraction`).
pub type Values = BTreeMap<String, f64>;

/// A fit to all rows, and one to the rows of all other models for each model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Fitted to all rows.
    pub all: Values,
    /// By the model that was left out.
    pub without: BTreeMap<String, Values>,
}

/// Passes over the knobs of one stage.
const PASSES: usize = 6;
/// Those over all knobs together, which a fit ends with.
const LAST_PASSES: usize = 3;

const BOTH: [Stage; 2] = [Stage::Steps, Stage::FirstToken];

/// Fits the knobs to the rows, and, where it is asked to leave out models, to those of all others for
/// each; `progress` is told of what is done.
pub fn fit(
    catalogue: &Catalogue,
    rows: Vec<Row>,
    leaves_out: bool,
    threads: usize,
    progress: &mut dyn FnMut(&str),
) -> Fit {
    let knobs = knobs();
    let (scenarios, observed) = observations(catalogue, rows);
    let priors: Vec<f64> = knobs.iter().map(|knob| knob.prior).collect();
    let descent = Descent { catalogue, knobs: &knobs, scenarios: &scenarios, threads };
    let all = stages(&descent, &observed, &priors);
    progress("all rows");
    let mut models: Vec<&str> = scenarios.iter().map(|asked| &*asked.serving.model).collect();
    models.sort_unstable();
    models.dedup();
    models.retain(|_| leaves_out);
    let mut without = BTreeMap::new();
    for model in models {
        let others = observed.iter().filter(|row| scenarios[row.scenario].serving.model != model);
        let others: Vec<Observed> = others.copied().collect();
        let values = stages(&descent, &others, &priors);
        without.insert(model.to_owned(), named(&knobs, &values));
        progress(model);
    }
    Fit { all: named(&knobs, &all), without }
}

/// One stage, the other, and both together; always from the priors, so that a fit which leaves a model
/// out knows nothing of it.
fn stages(descent: &Descent<'_>, observed: &[Observed], priors: &[f64]) -> Vec<f64> {
    let steps = descent.run(&[Stage::Steps], observed, priors.to_vec(), PASSES);
    let first_token = descent.run(&[Stage::FirstToken], observed, steps, PASSES);
    descent.run(&BOTH, observed, first_token, LAST_PASSES)
}

fn named(knobs: &[Knob], values: &[f64]) -> Values {
    let rounded = values.iter().map(|value| apply::rounded(*value));
    knobs.iter().map(Knob::name).zip(rounded).collect()
}

/// What was measured, each scenario once: the median of its rows.
fn observations(catalogue: &Catalogue, rows: Vec<Row>) -> (Vec<Scenario>, Vec<Observed>) {
    let measured: Vec<Vec<(Metric, f64)>> = rows.iter().map(|row| row.measured.clone()).collect();
    let plan = Plan::of(catalogue, rows);
    let mut by_scenario: BTreeMap<(usize, Metric), Vec<f64>> = BTreeMap::new();
    for (place, measured) in plan.stated_places().zip(measured) {
        let Some(place) = place else {
            continue;
        };
        for (metric, milliseconds) in measured {
            by_scenario.entry((place, metric)).or_default().push(milliseconds);
        }
    }
    let scenarios = plan.scenarios().to_vec();
    let observed = by_scenario.into_iter().filter_map(|((scenario, metric), mut values)| {
        values.sort_by(f64::total_cmp);
        let seconds = values[values.len() / 2] / 1e3;
        let stage = match metric {
            Metric::Tpot => Stage::Steps,
            Metric::Ttft if is_quick(&scenarios[scenario]) => Stage::FirstToken,
            Metric::Ttft | Metric::Step => return None,
        };
        Some(Observed { scenario, stage, log_seconds: libm::log(seconds) })
    });
    let observed = observed.collect();
    (scenarios, observed)
}

/// Prompts for each chat at once that a fit serves: fewer than were measured, and weighted alike.
const FIT_WAVES: u64 = 4;

/// Chats at once beyond which a load takes too long to serve for each knob.
const QUICK_CHATS: u64 = 64;

fn is_quick(scenario: &Scenario) -> bool {
    match (scenario.groups, scenario.work) {
        (Groups::Together(_), AskedWork::Load(load)) => load.concurrency <= QUICK_CHATS,
        _ => false,
    }
}

/// The seconds to the first token of a load that is served, `None` where it cannot be.
fn first_token_seconds(
    deployment: timeslip_sim::deployment::Deployment,
    load: &Load,
) -> Option<f64> {
    let metrics = measure::serve(deployment, load, FIT_WAVES).ok()?;
    let first = metrics.into_iter().find(|(metric, _)| *metric == Metric::Ttft)?;
    Some(first.1 / 1e3)
}
