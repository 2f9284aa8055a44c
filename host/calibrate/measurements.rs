//! What was measured, and what a modelled machine makes of the same.

use timeslip_sim::deployment::Deployment;
use timeslip_timeline::backend::Served;

use crate::errors::{Measured, Metric};
use crate::layers::LayerRows;
use crate::observation::{Observation, Observations};
use crate::prompts::{Prompt, prompts};
use crate::serve::serve;
use crate::split::HeldOut;

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Measurements {
    /// Requests that an endpoint served.
    Requests(Observations),
    /// Layers that were timed by themselves.
    Layers(LayerRows),
}

impl Measurements {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Measurements::Requests(observed) => observed.requests.len(),
            Measurements::Layers(layers) => layers.rows.len(),
        }
    }

    /// When they were measured, as far as the file says it.
    pub fn date(&self) -> Option<&str> {
        match self {
            Measurements::Requests(observed) => observed.date.as_deref(),
            Measurements::Layers(layers) => Some(&layers.date),
        }
    }

    /// What a person should know of the reading.
    pub fn notes(&self) -> &[String] {
        match self {
            Measurements::Requests(observed) => &observed.notes,
            Measurements::Layers(layers) => &layers.notes,
        }
    }

    /// Which of them are held out.
    pub fn held_out(&self, held_out: HeldOut) -> Vec<bool> {
        match self {
            Measurements::Requests(observed) => held_out.of_requests(observed.requests.len()),
            Measurements::Layers(layers) => held_out.of_rows(layers.rows.len()),
        }
    }
}

/// Measurements with all that is needed to predict them again and again.
#[derive(Clone, Debug)]
pub(crate) struct Predictable<'a> {
    measurements: &'a Measurements,
    prompts: Vec<Prompt>,
}

impl<'a> Predictable<'a> {
    pub(crate) fn of(measurements: &'a Measurements) -> Predictable<'a> {
        let prompts = match measurements {
            Measurements::Requests(observed) => prompts(&observed.requests),
            Measurements::Layers(_) => Vec::new(),
        };
        Predictable { measurements, prompts }
    }

    /// The times that were measured.
    pub(crate) fn measured(&self, held_out: &[bool]) -> Vec<Measured> {
        match self.measurements {
            Measurements::Requests(observed) => {
                let of_request = |(request, held_out): (&Observation, &bool)| {
                    let times = times_of(request);
                    let is_held_out = *held_out;
                    times.map(move |(metric, seconds, is_fitted)| Measured {
                        metric,
                        seconds,
                        is_fitted,
                        is_held_out,
                    })
                };
                observed.requests.iter().zip(held_out).flat_map(of_request).collect()
            }
            Measurements::Layers(layers) => {
                let rows = layers.rows.iter().zip(held_out);
                let of_row = |(row, held_out): (&crate::layers::LayerRow, &bool)| Measured {
                    metric: Metric::Layer,
                    seconds: row.seconds,
                    is_fitted: true,
                    is_held_out: *held_out,
                };
                rows.map(of_row).collect()
            }
        }
    }

    /// The same times, in the same order, of a modelled machine; `None` where it has none.
    pub(crate) fn modelled(&self, deployment: &Deployment) -> Vec<Option<f64>> {
        match self.measurements {
            Measurements::Requests(observed) => {
                let served = serve(deployment, &observed.requests, &self.prompts);
                let of_request = |(request, served): (&Observation, Option<Served>)| {
                    let served = served.map(|served| as_observed(request, &served));
                    let modelled: Vec<Option<f64>> = times_of(request)
                        .map(|(metric, ..)| {
                            let of_metric = |(known, seconds, _): (Metric, f64, bool)| {
                                (known == metric).then_some(seconds)
                            };
                            times_of(served.as_ref()?).find_map(of_metric)
                        })
                        .collect();
                    modelled
                };
                observed.requests.iter().zip(served).flat_map(of_request).collect()
            }
            Measurements::Layers(layers) => {
                layers.rows.iter().map(|row| row.modelled_seconds(deployment)).collect()
            }
        }
    }
}

/// A request with the times of a modelled machine. A reply of one token has no token after it, and
/// one that came in one piece none that was seen first.
fn as_observed(request: &Observation, served: &Served) -> Observation {
    let first = served.timing.time_to_first_token;
    Observation {
        time_to_first_token: request.time_to_first_token.map(|_| first),
        end_to_end: served.timing.end_to_end(),
        session: None,
        ..*request
    }
}

/// The times of a request that are over 0, and whether a fit is moved by each.
fn times_of(request: &Observation) -> impl Iterator<Item = (Metric, f64, bool)> + use<> {
    let first = request.time_to_first_token.map(|span| span.as_seconds_f64());
    let times = [
        first.map(|seconds| (Metric::TimeToFirstToken, seconds, true)),
        request.inter_token_seconds().map(|seconds| (Metric::InterTokenLatency, seconds, true)),
        Some((Metric::EndToEnd, request.end_to_end.as_seconds_f64(), first.is_none())),
    ];
    times.into_iter().flatten().filter(|(_, seconds, _)| *seconds > 0.0)
}
