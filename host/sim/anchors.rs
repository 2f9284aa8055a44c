//! What the built-in machines say, held against what was measured and published. A miss is stated
//! here rather than fitted away.

use std::collections::BTreeMap;
use std::path::Path;

use timeslip_timeline::backend::{Backend, CallId, Completion, CompletionEvent, Submission};
use timeslip_timeline::time::Instant;

use crate::catalogue::Catalogue;
use crate::engine::ModelledMachine;
use crate::examples::chat;
use crate::explain::{Explanation, OperatingPoint, explain};

pub(crate) fn at_batch_1(machine: &str, model: &str, context_tokens: u64) -> Explanation {
    let deployment = Catalogue::built_in().deploy(machine, Some(model)).unwrap();
    let input_tokens = context_tokens;
    explain(&deployment, &OperatingPoint { input_tokens, context_tokens, batch: 1 })
}

pub(crate) fn assert_near(what: &str, modelled: f64, measured: f64, tolerance: f64) {
    let error = modelled / measured - 1.0;
    eprintln!("{what}: {modelled:.1}, measured {measured}, error {:+.1} %", error * 100.0);
    assert!(error.abs() <= tolerance, "{what}: {modelled} against {measured}");
}

/// EE Times on Galaxy Blackhole, 28 April 2026. The fixed times of a layer are calibrated on this
/// point. Whether tokens were proposed there is not known.
#[test]
fn galaxy_blackhole_writes_deepseek_r1_as_fast_as_was_measured() {
    let speed = at_batch_1("galaxy-blackhole", "deepseek-r1", 512).tokens_per_second_per_user;
    assert_near("Galaxy Blackhole, DeepSeek-R1", speed, 255.0, 0.05);
}

/// One row of measured serving.
struct Row {
    model: &'static str,
    input_tokens: u64,
    output_tokens: u64,
    at_once: u64,
    time_to_first_token_ms: f64,
    time_per_output_token_ms: f64,
}

/// The rows of eight H200 as one tensor-parallel group, the way `h200-8` serves.
fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    lines.filter_map(|line| row(&heading.iter().copied().zip(line.split(',')).collect())).collect()
}

fn row(cells: &BTreeMap<&str, &str>) -> Option<Row> {
    let is = |key: &str, value: &str| cells.get(key) == Some(&value);
    let one_group = is("tp_size", "8") && is("pp_size", "1") && is("attention_dp_size", "1");
    if !(is("system", "h200_sxm") && is("mode", "agg") && one_group) {
        return None;
    }
    let model = match *cells.get("model_path")? {
        "meta-llama/Llama-3.1-70B" => "llama-3.3-70b",
        "openai/gpt-oss-120b" => "gpt-oss-120b",
        // Of one shape, and the measurements' names say R1.
        "deepseek-ai/DeepSeek-R1" | "deepseek-ai/DeepSeek-V3" => "deepseek-r1",
        _ => return None,
    };
    let (_, at_once) = cells.get("silicon_data_source")?.split_once("silicon_concurrency=")?;
    Some(Row {
        model,
        input_tokens: cells.get("isl")?.parse().ok()?,
        output_tokens: cells.get("osl")?.parse().ok()?,
        at_once: at_once.split(';').next()?.trim().parse().ok()?,
        time_to_first_token_ms: cells.get("silicon_ttft_ms")?.parse().ok()?,
        time_per_output_token_ms: cells.get("silicon_tpot_ms")?.parse().ok()?,
    })
}

/// Serves a row the way InferenceX measured it (its `benchmark_serving`, `--random-range-ratio 0.8`,
/// ten prompts for each chat at once, no wait between them): prompts and replies are of four fifths
/// to all of the row's length, so that chats do not march in step, and a new one comes when one is
/// done. Gives the mean milliseconds to the first token and per token after it.
fn serve(catalogue: &Catalogue, row: &Row) -> (f64, f64) {
    let mut machine = ModelledMachine::new(catalogue.deploy("h200-8", Some(row.model)).unwrap());
    let lengths: Vec<(u64, u64)> = Lengths(1).of(row).take(10 * row.at_once as usize).collect();
    let submit = |machine: &mut ModelledMachine, at: Instant, call: usize| {
        let (input_tokens, output_tokens) = lengths[call];
        let work = Submission { model: row.model.into(), ..chat(input_tokens, output_tokens) };
        machine.submit(at, CallId(call as u64), work);
    };
    let mut asked = row.at_once as usize;
    for call in 0..asked {
        submit(&mut machine, Instant::ZERO, call);
    }
    let (mut first, mut rest) = (0.0, 0.0);
    while let Some(Completion { at, event, .. }) = machine.next(None) {
        let CompletionEvent::Served(served) = event else { panic!("{event:?}") };
        if asked < lengths.len() {
            submit(&mut machine, at, asked);
            asked += 1;
        }
        let to_first = served.timing.time_to_first_token;
        let after = served.timing.end_to_end() - to_first;
        first += to_first.as_seconds_f64() * 1e3;
        rest += after.as_seconds_f64() * 1e3 / (served.usage.output_tokens - 1) as f64;
    }
    (first / lengths.len() as f64, rest / lengths.len() as f64)
}

/// Numbers that look random and are always the same (Steele and others, SplitMix64).
struct Lengths(u64);

impl Lengths {
    fn of(mut self, row: &Row) -> impl Iterator<Item = (u64, u64)> {
        let (input, output) = (row.input_tokens, row.output_tokens);
        std::iter::from_fn(move || Some((self.near(input), self.near(output))))
    }

    /// From four fifths of `most` to `most`.
    fn near(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let least = most * 4 / 5;
        least + (z ^ (z >> 31)) % (most - least + 1)
    }
}

/// How far off the machine is today in the middle of all rows of a model, with a little room.
struct Bounds {
    model: &'static str,
    rows: usize,
    first_token: f64,
    output_token: f64,
}

/// DeepSeek R1 begins too early here: half of its rows are of SGLang, whose front end takes 0.2 s by
/// the same fit, where `h200-8` has 0.06 s for any software.
const BOUNDS: [Bounds; 3] = [
    Bounds { model: "llama-3.3-70b", rows: 25, first_token: 0.20, output_token: 0.14 },
    Bounds { model: "gpt-oss-120b", rows: 34, first_token: 0.42, output_token: 0.12 },
    Bounds { model: "deepseek-r1", rows: 80, first_token: 0.56, output_token: 0.16 },
];

/// Serving rows that AIConfigurator publishes (21 August 2026), all that stand for eight H200 as one
/// group. The fixed times of `h200` per layer and per step rest on a fit to rows like these, so this
/// is a check of the whole rather than of each figure.
#[test]
fn eight_h200_serve_about_as_fast_as_was_measured() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/validation/silicon/silicon_sample.csv");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: {} is not there", file.display());
        return;
    };
    let errors = errors(&rows(&text));
    for bounds in BOUNDS {
        let (firsts, rests) = &errors[bounds.model];
        eprintln!(
            "h200-8, {}: {} rows; median error of TTFT {:.0} % ({:+.0} %), of TPOT {:.0} % ({:+.0} %)",
            bounds.model,
            firsts.len(),
            median_size(firsts) * 100.0,
            median(firsts) * 100.0,
            median_size(rests) * 100.0,
            median(rests) * 100.0,
        );
        assert!(firsts.len() >= bounds.rows, "rows of {} are missing", bounds.model);
        assert!(median_size(firsts) <= bounds.first_token, "TTFT of {}", bounds.model);
        assert!(median_size(rests) <= bounds.output_token, "TPOT of {}", bounds.model);
    }
}

/// By model: the errors of the time to the first token, and of the time per token after it.
fn errors(rows: &[Row]) -> BTreeMap<&'static str, (Vec<f64>, Vec<f64>)> {
    let catalogue = Catalogue::built_in();
    let mut errors: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    // Many rows are the same load on other serving software.
    let mut modelled = BTreeMap::new();
    for row in rows {
        let load = (row.model, row.input_tokens, row.output_tokens, row.at_once);
        let (first, rest) = *modelled.entry(load).or_insert_with(|| serve(&catalogue, row));
        let (firsts, rests) = errors.entry(row.model).or_default();
        firsts.push(first / row.time_to_first_token_ms - 1.0);
        rests.push(rest / row.time_per_output_token_ms - 1.0);
    }
    errors
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn median_size(errors: &[f64]) -> f64 {
    median(&errors.iter().map(|error| error.abs()).collect::<Vec<_>>())
}
