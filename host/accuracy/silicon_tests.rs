//! Rows that were measured, from file to figures.

use std::path::Path;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::profile::{PredictedTime, ServingMode};

use crate::calibration::Calibration;
use crate::figures::{classes, reasons};
use crate::json::Accuracy;
use crate::markdown::Page;
use crate::predict::{Answer, Outcome, Plan, answer};
use crate::read::read;
use crate::row::Metric;
use crate::{markdown, report};

const HEADER: &str = "id,silicon_data_source,backend,model_path,system,precision,mode,isl,osl,tp_size,\
                      silicon_ttft_ms,silicon_tpot_ms\n";

fn outcomes(file: &str, text: &str) -> Vec<Outcome> {
    let catalogue = Catalogue::built_in();
    let plan = Plan::of(&catalogue, read(file, text).unwrap());
    let answers: Vec<Answer> =
        plan.scenarios().iter().map(|scenario| answer(&catalogue, scenario)).collect();
    plan.outcomes(&answers)
}

/// A few rows of every sort: two that ask the same, one step short of it, and some that nobody can
/// predict.
fn a_few() -> Vec<Outcome> {
    let row = |id: &str, model: &str, system: &str, rest: &str| {
        format!("{id},silicon_concurrency=4,vllm,{model},{system},{rest}\n")
    };
    let (llama, h200) = ("meta-llama/Llama-3.1-8B-Instruct", "h200_sxm");
    let text = HEADER.to_owned()
        + &row("first", llama, h200, "bf16,agg,512,64,1,90,5")
        + &row("again", llama, h200, "bf16,agg,512,64,1,110,6")
        + &row("wider", llama, h200, "bf16,agg,512,64,2,100,4")
        + &row("no chip", llama, "tpu9", "bf16,agg,512,64,1,90,5")
        + &row("no model", "lab/unheard-of", h200, "bf16,agg,512,64,1,90,5")
        + &row("too large", "deepseek-ai/DeepSeek-R1", h200, "fp8,agg,512,64,1,90,5")
        + &row("not measured", llama, h200, "bf16,agg,512,64,1,,")
        + &row("too long", llama, h200, "bf16,agg,99999999,64,1,90,5");
    outcomes("few.csv", &text)
}

#[test]
fn what_can_be_predicted_is_and_the_rest_is_counted_with_its_reason() {
    let outcomes = a_few();
    let by_name = |name: &str| {
        let outcome = outcomes.iter().find(|outcome| outcome.row.id == name);
        &outcome.expect("the row is there").result
    };
    let first = by_name("first").as_ref().unwrap();
    assert_eq!(first.len(), 2);
    let again = by_name("again").as_ref().unwrap();
    assert_eq!(first[0].predicted_ms, again[0].predicted_ms, "one scenario, one prediction");
    let wider = by_name("wider").as_ref().unwrap();
    assert!(wider[1].predicted_ms < first[1].predicted_ms, "two chips write faster than one");
    let why = |name| by_name(name).as_ref().unwrap_err().as_str();
    assert_eq!(why("no chip"), "there is no profile of a chip for system `tpu9`");
    assert_eq!(why("no model"), "there is no profile of the model `lab/unheard-of`");
    assert_eq!(why("too large"), "`deepseek-r1` does not fit 1 × h200 as the row holds it");
    assert_eq!(why("not measured"), "the row states no measured time");
    assert_eq!(why("too long"), "`llama-3.1-8b` there holds no chat of 99999999 + 64 tokens");
    assert_eq!(reasons(&outcomes).iter().map(|(_, rows)| rows).sum::<usize>(), 5);
}

/// Prompts are read by two groups and replies written by one, where another row says so.
#[test]
fn workers_that_a_row_does_not_state_are_those_of_the_one_row_like_it() {
    let header = "id,silicon_data_source,backend,model_path,system,mode,isl,osl,prefill_num_workers,\
                  prefill_tp_size,decode_num_workers,decode_tp_size,silicon_ttft_ms,silicon_tpot_ms\n";
    let row = |id: &str, chats: u64, workers: &str, writers: &str| {
        format!(
            "{id},silicon_concurrency={chats},vllm,meta-llama/Llama-3.1-8B,h200_sxm,disagg,512,64,\
             {workers},1,{writers},1,90,5\n"
        )
    };
    let text = header.to_owned()
        + &row("stated", 8, "2", "1")
        + &row("like it", 8, "", "")
        + &row("another load", 9, "", "");
    let outcomes = outcomes("workers.csv", &text);
    let modes: Vec<&str> = outcomes.iter().map(|outcome| outcome.mode.as_str()).collect();
    assert_eq!(modes, ["disagg", "disagg, workers of a like row", "disagg, workers not stated"]);
    assert_eq!(outcomes[0].scenario, outcomes[1].scenario);
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
}

#[test]
fn the_screen_fits_a_terminal() {
    let screen = report::screen("few.csv", &a_few(), true);
    let wide: Vec<&str> = screen.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:?}");
    insta::assert_snapshot!(screen);
}

#[test]
fn the_page_and_the_json_hold_what_the_screen_shows() {
    let outcomes = a_few();
    let command = "timeslip hardware accuracy few.csv";
    let page = Page { file: "few.csv", command, outcomes: &outcomes, fitted: None };
    let page = markdown::page(&page);
    insta::assert_snapshot!(page);
    let json = serde_json::to_value(Accuracy::of("few.csv", &outcomes)).unwrap();
    assert_eq!((&json["rows"], &json["predicted"]), (&8.into(), &3.into()));
    let row = &json["by_row"][0];
    assert_eq!(row["measured_ttft_ms"], 90.0);
    assert!(row["ttft_error"].is_number() && row["ttft_band"].is_null());
    assert!(json["by_row"][3]["not_predicted"].is_string());
    assert!(json["by_row"][3].get("predicted_ttft_ms").is_none());
}

/// What is written is a file of bands: without what had to be assumed, and with the chip's own name.
#[test]
fn bands_are_written_by_chip_mode_and_metric() {
    let bands = Calibration::of(&a_few()).measured_bands().unwrap();
    assert_eq!(bands.flaws(), Vec::<String>::new());
    let class = |class: &timeslip_sim::profile::ClassBand| {
        (class.chip.clone(), class.mode, class.metric, class.rows)
    };
    let classes: Vec<_> = bands.classes.iter().map(class).collect();
    let of = |metric| ("h200".to_owned(), ServingMode::Agg, metric, 3);
    assert_eq!(classes, [of(PredictedTime::Ttft), of(PredictedTime::Tpot)]);
    // Three rows say nothing of their own.
    assert_eq!(bands.classes[0].high, bands.unseen.ttft.high);
    let none = Calibration::of(&[]).measured_bands();
    assert_eq!(none, Err("no TTFT was predicted and measured".to_owned()));
}

/// The published rows, where they are: every tenth of serving, and all steps.
fn published(file: &str, every: usize) -> Option<Vec<Outcome>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/validation").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let kept =
        text.lines().enumerate().filter(|(index, _)| *index == 0 || (*index - 1) % every == 0);
    let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
    Some(outcomes(file, &kept.join("\n")))
}

#[test]
fn published_serving_is_read_and_predicted() {
    let every = std::env::var("EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(20);
    let Some(outcomes) = published("silicon/silicon_sample.csv", every) else { return };
    eprintln!("{}", report::screen("silicon_sample.csv", &outcomes, false));
    let predicted = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    assert!(predicted * 10 >= outcomes.len(), "{predicted} of {}", outcomes.len());
    let classes = classes(&outcomes);
    let tpot = classes[0].errors[&Metric::Tpot].median;
    assert!(tpot < 0.5, "the median error of TPOT is {tpot}");
    let held = Calibration::of(&outcomes).held_out.part().unwrap();
    assert!(held > 0.8, "bands hold {held} of rows that they were not made from");
}

#[test]
fn published_steps_are_read_and_predicted_or_counted() {
    let Some(outcomes) = published("vera_rubin/vr_nvl72_glm52_measured.csv", 1) else { return };
    eprintln!("{}", report::screen("vr_nvl72_glm52_measured.csv", &outcomes, true));
    for outcome in &outcomes {
        match &outcome.result {
            Ok(compared) => {
                assert_eq!(compared[0].metric, Metric::Step);
                let error = compared[0].error();
                assert!(error.abs() < 0.05, "{}: {error:.3}", outcome.row.id);
            }
            Err(reason) => assert!(reason.contains("GLM-5.2"), "{reason}"),
        }
    }
}
