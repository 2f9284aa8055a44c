//! Public traces of real servers. The expected counts are those of the description that lies beside
//! them, or were counted apart.

use timeslip_gate::summary::ErrorFactors;
use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;

use super::*;
use crate::arrivals::Load;
use crate::drive::{ReplayMachine, ReplayOptions, replay};
use crate::hit_rate::HitRate;
use crate::source::Source;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/validation/");

fn trace(file: &str) -> Option<Trace> {
    let Ok(bytes) = std::fs::read(format!("{FOLDER}{file}")) else {
        eprintln!("skipped: {file} is not beside this checkout ({FOLDER})");
        return None;
    };
    Some(Trace::parse(file, &bytes, None).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn mooncake_traces_are_read_whole_and_hit_as_published() {
    let cases = [
        ("traces/mooncake_conversation_trace.jsonl", 12_031, "37.4 %", "36.6 %"),
        ("traces/mooncake_synthetic_trace.jsonl", 3_993, "65.1 %", "64.0 %"),
    ];
    for (file, requests, tokens, blocks) in cases {
        let Some(trace) = trace(file) else { return };
        assert_eq!((trace.format, trace.sessions().len()), (Format::Mooncake, requests));
        assert!(trace.notes.is_empty(), "{:?}", trace.notes);
        let rate = HitRate::of(&trace);
        let percent = |share: Option<f64>| format!("{:.1} %", share.unwrap() * 100.0);
        assert_eq!(percent(rate.of_tokens()), tokens);
        assert_eq!(percent(rate.of_blocks()), blocks);
    }
}

#[test]
fn azure_traces_are_read_whole() {
    let cases = [
        ("traces/AzureLLMInferenceTrace_code.csv", 8_819, 3_400),
        ("traces/AzureLLMInferenceTrace_conv.csv", 19_366, 3_400),
    ];
    for (file, requests, seconds) in cases {
        let Some(trace) = trace(file) else { return };
        assert_eq!((trace.format, trace.sessions().len()), (Format::Azure, requests));
        assert!(trace.notes.is_empty(), "{:?}", trace.notes);
        // An hour, nearly.
        let last = trace.sessions().last().unwrap().arrives_at.as_nanos() / 1_000_000_000;
        assert!((seconds..3_600).contains(&last), "{last}");
    }
}

#[test]
fn logs_of_vllm_give_the_means_that_lie_beside_them() {
    let cases = [
        ("RTX4090_Llama-3.1-8B", "65456.6"),
        ("RTXPRO6000_Llama-3.1-8B", "7097.2"),
        ("RTXPRO6000_Qwen3-30B-A3B-Instruct-2507", "1086.0"),
    ];
    for (folder, first_token_ms) in cases {
        let Some(trace) = trace(&format!("vllm_requests/{folder}/requests.jsonl")) else { return };
        assert_eq!((trace.format, trace.measured.len()), (Format::VllmRequests, 300));
        let times = trace.measured.iter().map(|times| times.time_to_first_token.as_nanos());
        let mean = times.sum::<u64>() as f64 / 300.0 / 1e6;
        assert_eq!(format!("{mean:.1}"), first_token_ms);
    }
}

#[test]
fn a_machine_serves_a_part_of_a_trace_and_its_cache_holds_no_more_than_one_without_limits() {
    let file = "traces/mooncake_conversation_trace.jsonl";
    let Ok(text) = std::fs::read_to_string(format!("{FOLDER}{file}")) else {
        eprintln!("skipped: {file} is not beside this checkout ({FOLDER})");
        return;
    };
    let lines: String = text.split_inclusive('\n').take(200).collect();
    let trace = Trace::parse(file, lines.as_bytes(), None).unwrap();
    let most = HitRate::of(&trace).of_tokens().unwrap();
    let source = Source::Trace { trace: Arc::new(trace), limit: None };
    let deployment = Catalogue::built_in().deploy("h200-8", Some("llama-3.3-70b")).unwrap();
    let mut machines = [ReplayMachine {
        name: "rack".into(),
        model: "llama-3.3-70b".into(),
        error: ErrorFactors::default(),
        backend: Box::new(ModelledMachine::new(deployment)),
    }];
    let options = ReplayOptions::default();
    let outcome = replay(&source, Load::Recorded { speed: 0.1 }, &mut machines, &options);
    assert_eq!((outcome.load.calls.completed, outcome.summary.failed), (200, 0));
    let cached = outcome.load.cached_share.unwrap();
    assert!(cached <= most && cached > most * 0.5, "{cached} of {most}");
}
