//! Figures that were planted in logs of our own engine, found again: a law of the whole fit.

use timeslip_sim::catalogue::Catalogue;
use timeslip_timeline::time::{Instant, Span};

use crate::calibration::{CalibrateError, Calibration, Options, calibrate};
use crate::derived::{Provenance, Variant};
use crate::errors::Metric;
use crate::examples::observed;
use crate::fit::Told;
use crate::knobs::{Knob, knobs};
use crate::measurements::Measurements;
use crate::observation::{Observation, Observations};
use crate::prompts::prompts;
use crate::serve::serve;
use crate::split::HeldOut;
use timeslip_sim::profile::Confidence;

const MACHINE: &str = "rtx-pro-6000";
const MODEL: &str = "llama-3.1-8b";

fn provenance() -> Provenance {
    Provenance { source: "a log".to_owned(), date: "2026-11-20".to_owned() }
}

fn options(name: &'static str, threads: usize) -> Options<'static> {
    Options {
        machine: MACHINE,
        model: Some(MODEL),
        name,
        held_out: HeldOut::of(0.2).unwrap(),
        provenance: provenance(),
        threads,
    }
}

/// Requests that come alone, a few at once and in crowds, with short and long prompts.
fn asked() -> Vec<Observation> {
    let mut at = 0;
    let one = |number: u64| {
        let crowd = number % 40;
        at += if crowd < 10 { 2_500 } else { 90 };
        let input =
            40 + 37 * (number * number % 97) + if number.is_multiple_of(7) { 6_000 } else { 0 };
        observed(at, input, 24 + 13 * (number % 11))
    };
    (0..200).map(one).collect()
}

/// The requests with the times of a machine whose knobs have these factors.
fn log_of(planted: &[(&str, f64)], requests: Vec<Observation>) -> Vec<Observation> {
    let catalogue = Catalogue::built_in();
    let machine = catalogue.machine(MACHINE).unwrap();
    let knobs = knobs(&catalogue, MACHINE).unwrap();
    let knob = |name: &str| knobs.iter().find(|knob| knob.name == name).unwrap();
    let moved: Vec<(&Knob, f64)> = planted.iter().map(|(name, by)| (knob(name), *by)).collect();
    let provenance = provenance();
    let variant = Variant {
        catalogue: &catalogue,
        machine: &machine,
        name: "real",
        provenance: &provenance,
        confidence: Confidence::Medium,
    };
    let real = variant.in_catalogue(&moved).unwrap().deploy("real", Some(MODEL)).unwrap();
    let served = serve(&real, &requests, &prompts(&requests));
    let with_times =
        |(request, served): (Observation, Option<timeslip_timeline::backend::Served>)| {
            let timing = served.unwrap().timing;
            Observation {
                time_to_first_token: request
                    .time_to_first_token
                    .map(|_| timing.time_to_first_token),
                end_to_end: timing.end_to_end(),
                ..request
            }
        };
    requests.into_iter().zip(served).map(with_times).collect()
}

fn fit(requests: Vec<Observation>, threads: usize) -> Calibration {
    let measurements = Measurements::Requests(Observations::of(requests));
    let options = options("mine", threads);
    calibrate(&Catalogue::built_in(), &measurements, &options, &mut |_| {}).unwrap()
}

fn factor(fitted: &Calibration, name: &str) -> f64 {
    fitted.knobs.iter().find(|knob| knob.name == name).unwrap().factor
}

/// The median error of a metric in the held-out part, before and after.
fn held_out(fitted: &Calibration, metric: Metric) -> (f64, f64) {
    let row = fitted.errors.iter().find(|row| row.metric == metric && row.held_out).unwrap();
    (row.before.median, row.after.median)
}

/// What reads and what computes show in all times, and are found closely; what precedes the first
/// token has several figures whose sum shows, and each is found less so.
#[test]
fn planted_figures_are_found_again() {
    for (planted, within) in [
        ([("reads of weights", 0.75), ("matrix products", 0.7)].as_slice(), 0.1),
        (&[("front end, each request", 3.0)], 0.2),
    ] {
        let fitted = fit(log_of(planted, asked()), 2);
        for (name, planted) in planted {
            let found = factor(&fitted, name);
            assert!((found / planted - 1.0).abs() < within, "{name}: {found}, planted {planted}");
        }
    }
    let planted =
        [("reads of weights", 0.75), ("matrix products", 0.7), ("front end, each request", 3.0)];
    let fitted = fit(log_of(&planted, asked()), 2);
    for metric in [Metric::TimeToFirstToken, Metric::InterTokenLatency, Metric::EndToEnd] {
        let (before, after) = held_out(&fitted, metric);
        assert!(before > 0.1 && after < 0.02, "{metric:?}: {before} → {after}");
    }
}

#[test]
fn a_log_of_the_machine_as_it_is_moves_nothing() {
    let fitted = fit(log_of(&[], asked()), 2);
    for knob in &fitted.knobs {
        assert!((knob.factor - 1.0).abs() < 1e-6, "{}: {}", knob.name, knob.factor);
    }
    assert_eq!(held_out(&fitted, Metric::EndToEnd), (0.0, 0.0));
}

#[test]
fn what_no_request_shows_stays_where_it_is() {
    // One at a time: no queue, no batch, and one card passes nothing to another.
    let alone = (0..40).map(|number| observed(number * 9_000, 64, 40)).collect();
    let fitted = fit(log_of(&[("reads of weights", 0.75)], alone), 2);
    let told = |name: &str| {
        let knob = fitted.knobs.iter().find(|knob| knob.name == name);
        knob.map(|knob| (knob.told.clone(), knob.factor))
    };
    for name in ["attention over prompts", "attention of replies"] {
        let (told, factor) = told(name).unwrap();
        assert!(told != Told::Fitted && factor == 1.0, "{name}: {told:?}, {factor}");
    }
    let screen = fitted.screen();
    let said = "AS THE PROFILE HAS IT\n";
    let others = screen.split_once(said).unwrap_or_else(|| panic!("no {said} in {screen}")).1;
    assert!(others.contains("attention over prompts: no measured time rests on it"), "{screen}");
    assert_eq!(told("fixed times between chips"), None, "nothing of the model rests on them");
    let (before, after) = held_out(&fitted, Metric::InterTokenLatency);
    assert!(before > 0.1 && after < 0.02, "{before} → {after}");
}

#[test]
fn replies_in_one_piece_are_fitted_by_their_end() {
    let whole = asked().into_iter();
    let whole: Vec<_> =
        whole.map(|request| Observation { time_to_first_token: None, ..request }).collect();
    let fitted = fit(log_of(&[("reads of weights", 0.75)], whole), 2);
    assert!(fitted.errors.iter().all(|row| row.metric == Metric::EndToEnd));
    let (before, after) = held_out(&fitted, Metric::EndToEnd);
    assert!(before > 0.05 && after < 0.02, "{before} → {after}");
}

#[test]
fn what_a_cache_served_is_not_read_again() {
    // Ten conversations, each of which finds all that was said before in the cache.
    let turns = (0..120).map(|number: u64| {
        let (conversation, turn) = (number % 10, number / 10);
        let said = turn * 1_000;
        Observation {
            cached_input_tokens: said / 16 * 16,
            session: Some(conversation.to_string()),
            ..observed(number * 700, said + 960, 40)
        }
    });
    let turns: Vec<Observation> = turns.collect();
    let deployment = Catalogue::built_in().deploy(MACHINE, Some(MODEL)).unwrap();
    let served = serve(&deployment, &turns, &prompts(&turns));
    for (request, served) in turns.iter().zip(served).skip(10) {
        let cached = served.unwrap().usage.cached_input_tokens;
        let off = request.cached_input_tokens.abs_diff(cached);
        assert!(off <= 16, "{} of {request:?}", cached);
    }
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let log = log_of(&[("matrix products", 0.7)], asked().into_iter().take(60).collect());
    assert_eq!(fit(log.clone(), 1), fit(log, 3));
}

#[test]
fn too_few_requests_are_refused() {
    let few = Measurements::Requests(Observations::of(asked().into_iter().take(10).collect()));
    let refused = calibrate(&Catalogue::built_in(), &few, &options("mine", 1), &mut |_| {});
    let Err(CalibrateError::Measurements(message)) = refused else { panic!("{refused:?}") };
    assert!(message.contains("there are 10") && message.contains("fix:"), "{message}");
}

#[test]
fn a_request_that_is_too_long_for_the_model_is_counted_and_left_out() {
    let planted = [("reads of weights", 0.75)];
    let mut requests = log_of(&planted, asked().into_iter().take(60).collect());
    requests.push(Observation {
        asked_at: Instant::from_nanos(1_000_000_000_000),
        end_to_end: Span::from_millis(9),
        ..observed(0, 900_000, 5)
    });
    let fitted = fit(requests, 1);
    assert_eq!(fitted.notes, ["2 measured times have no modelled one and were left out"]);
    let found = factor(&fitted, "reads of weights");
    assert!((found / 0.75 - 1.0).abs() < 0.1, "the others are fitted: {found}");
}
