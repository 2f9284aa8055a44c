//! What the built-in machines say, held against what was measured and published. A miss is stated
//! here rather than fitted away.

use std::collections::BTreeMap;
use std::path::Path;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, PlannedTokens, ReplyLength, Submission,
};
use timeslip_timeline::time::Instant;

use crate::catalogue::Catalogue;
use crate::engine::ModelledMachine;
use crate::examples::chat;
use crate::explain::{Explanation, OperatingPoint, explain};

fn at_batch_1(machine: &str, model: &str, context_tokens: u64) -> Explanation {
    let deployment = Catalogue::built_in().deploy(machine, Some(model)).unwrap();
    let input_tokens = context_tokens;
    explain(&deployment, &OperatingPoint { input_tokens, context_tokens, batch: 1 })
}

fn assert_near(what: &str, modelled: f64, measured: f64, tolerance: f64) {
    let error = modelled / measured - 1.0;
    eprintln!("{what}: {modelled:.1}, measured {measured}, error {:+.1} %", error * 100.0);
    assert!(error.abs() <= tolerance, "{what}: {modelled} against {measured}");
}

/// Artificial Analysis on an LPX that NVIDIA ran, 20 to 24 August 2026 (NVIDIA developer blog, "How
/// Groq 3 LPX Unlocks Ultrafast Interactivity at Long Context"; The Register). The layer's
/// synchronisation is calibrated on the first point, so only the second is a check. Whether
/// speculative decoding was on is not known.
#[test]
fn groq_3_lpx_writes_gemma_4_31b_as_fast_as_was_measured() {
    let speed = |context| at_batch_1("rubin-groq3", "gemma-4-31b", context).tokens_per_second_per_user;
    assert_near("LPX, Gemma-4-31B, 100,000 tokens of context", speed(100_000), 3_431.0, 0.01);
    assert_near("LPX, Gemma-4-31B, 10,000 tokens of context", speed(10_000), 3_382.0, 0.05);
}

/// llama.cpp benchmark threads on DGX Spark, October 2025 to March 2026.
#[test]
fn dgx_spark_writes_gpt_oss_120b_as_fast_as_was_measured() {
    let speed = at_batch_1("dgx-spark", "gpt-oss-120b", 512).tokens_per_second_per_user;
    assert_near("DGX Spark, gpt-oss-120b", speed, 57.5, 0.25);
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
        "deepseek-ai/DeepSeek-R1" => "deepseek-r1",
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

/// Keeps as many chats at once in the machine as the row says, three rounds of them, and gives the
/// mean milliseconds to the first token and per token after it.
fn serve(catalogue: &Catalogue, row: &Row) -> (f64, f64) {
    let mut machine = ModelledMachine::new(catalogue.deploy("h200-8", Some(row.model)).unwrap());
    let total = 3 * row.at_once;
    let submit = |machine: &mut ModelledMachine, at: Instant, call: u64| {
        let tokens = PlannedTokens {
            input_tokens: row.input_tokens,
            max_output_tokens: None,
            reply: ReplyLength::of(row.output_tokens),
        };
        let work = Submission { model: row.model.into(), tokens: Some(tokens), ..chat(1, 1) };
        machine.submit(at, CallId(call), work);
    };
    for call in 0..row.at_once {
        submit(&mut machine, Instant::ZERO, call);
    }
    let mut asked = row.at_once;
    let (mut first, mut rest, mut counted) = (0.0, 0.0, 0.0);
    while let Some(Completion { at, event, call }) = machine.next(None) {
        let CompletionEvent::Served(served) = event else { panic!("{event:?}") };
        if asked < total {
            submit(&mut machine, at, asked);
            asked += 1;
        }
        // The first round begins all at once, which a measurement warms up past.
        if call.0 >= row.at_once {
            let to_first = served.timing.time_to_first_token;
            let after = served.timing.end_to_end() - to_first;
            first += to_first.as_seconds_f64() * 1e3;
            rest += after.as_seconds_f64() * 1e3 / (row.output_tokens - 1) as f64;
            counted += 1.0;
        }
    }
    (first / counted, rest / counted)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Serving rows that AIConfigurator publishes (21 August 2026). No figure of `h200` is fitted to
/// them by this test; the bounds say how far off the machine is today.
#[test]
fn eight_h200_serve_about_as_fast_as_was_measured() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/validation/silicon/silicon_sample.csv");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: {} is not there", file.display());
        return;
    };
    let catalogue = Catalogue::built_in();
    let mut errors: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    // Long replies of many chats take long to step through and say little that others do not.
    let rows = rows(&text).into_iter().filter(|row| row.at_once * row.output_tokens <= 70_000);
    for row in rows {
        let (first, rest) = serve(&catalogue, &row);
        let first_error = first / row.time_to_first_token_ms - 1.0;
        let rest_error = rest / row.time_per_output_token_ms - 1.0;
        if std::env::var_os("ROWS").is_some() { eprintln!("{} {} {} x{}: {:.0} vs {:.0} | {:.2} vs {:.2}", row.model, row.input_tokens, row.output_tokens, row.at_once, first, row.time_to_first_token_ms, rest, row.time_per_output_token_ms); }
        for model in [row.model, "all"] {
            let (firsts, rests) = errors.entry(model).or_default();
            firsts.push(first_error);
            rests.push(rest_error);
        }
    }
    for (model, (firsts, rests)) in &mut errors {
        let bias = (median(firsts) * 100.0, median(rests) * 100.0);
        let absolute = |values: &[f64]| median(&mut values.iter().map(|v| v.abs()).collect::<Vec<_>>());
        eprintln!(
            "h200-8, {model}: {} rows; median error of TTFT {:.0} % ({:+.0} %), of TPOT {:.0} % ({:+.0} %)",
            firsts.len(),
            absolute(firsts) * 100.0,
            bias.0,
            absolute(rests) * 100.0,
            bias.1
        );
    }
}
