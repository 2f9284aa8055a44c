//! Machines of measured layers, held against what real engines did with the same load.
//!
//! LLMServingSim publishes, for a few cards, what each layer of a model takes there, and logs of
//! vLLM 0.19 on the same cards (its `profiler/perf` and `bench/examples`, commit 5daddb2).

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;
use timeslip_timeline::backend::{Backend, CallId, CompletionEvent, Served};
use timeslip_timeline::time::{Instant, Span};

use crate::catalogue::Catalogue;
use crate::deployment::Deployment;
use crate::engine::ModelledMachine;
use crate::examples::{chat, drain, known, part};

/// What an engine was started with, and where its measurements lie.
struct Engine {
    folder: &'static str,
    tensor_parallel: u64,
    model: &'static str,
    calls_per_step: u64,
    /// Where the engine's log says how many there are.
    kv_blocks: Option<u64>,
}

const RTX_4090: Engine = Engine {
    folder: "RTX4090_Llama-3.1-8B",
    tensor_parallel: 1,
    model: "llama-3.1-8b",
    calls_per_step: 256,
    kv_blocks: Some(2588),
};

const RTX_PRO_6000: Engine = Engine {
    folder: "RTXPRO6000_Qwen3-32B",
    tensor_parallel: 2,
    model: "qwen3-32b",
    calls_per_step: 128,
    kv_blocks: None,
};

const LLAMA: &str = "
context_tokens = 131072
hidden = 4096
vocabulary = 128256
tied_embeddings = false
[[layers]]
count = 32
dense_width = 14336
grouped = { heads = 32, kv_heads = 8, head_width = 128 }
";

const QWEN: &str = "
context_tokens = 40960
hidden = 5120
vocabulary = 151936
tied_embeddings = false
[[layers]]
count = 64
dense_width = 25600
grouped = { heads = 64, kv_heads = 8, head_width = 128 }
";

impl Engine {
    fn measurements(&self) -> PathBuf {
        let shared = "../../../shared/data/validation/vllm_requests";
        Path::new(env!("CARGO_MANIFEST_DIR")).join(shared).join(self.folder)
    }

    fn table(&self, name: &str) -> PathBuf {
        self.measurements().join(format!("profile_tp{}_{name}.csv", self.tensor_parallel))
    }

    /// A folder of profiles for this engine; `None` where the measurements are not there.
    fn profiles(&self) -> Option<TempDir> {
        if !self.table("dense").exists() {
            eprintln!("skipped: {} is not there", self.table("dense").display());
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for name in ["dense", "attention", "per_sequence"] {
            let text = fs::read_to_string(self.table(name)).unwrap();
            write(&format!("machines/measured/{name}.csv"), &text);
        }
        let body = if self.model == "qwen3-32b" { QWEN } else { LLAMA };
        let head = format!("name = \"{0}\"\ntitle = \"{0}\"\n", self.model);
        let source =
            "[provenance]\nsource = \"config.json\"\ndate = \"2025\"\nconfidence = \"high\"";
        let (figures, layers) = body.split_at(body.find("[[layers]]").unwrap());
        write(
            &format!("models/{}.toml", self.model),
            &format!("{head}{figures}{source}\n{layers}"),
        );
        write("chips/card.toml", &card());
        write("machines/measured.toml", &self.machine_text());
        Some(folder)
    }

    fn machine_text(&self) -> String {
        let [none, one, group] =
            [0, 1, self.tensor_parallel].map(|count| known(&count.to_string()));
        let blocks = self.kv_blocks.map(|blocks| known(&blocks.to_string()));
        let blocks = blocks.map_or(String::new(), |blocks| format!("kv_blocks = {blocks}\n"));
        let calls = known(&self.calls_per_step.to_string());
        format!(
            "name = \"measured\"\ntitle = \"Measured\"\nabout = \"Measured layer by layer.\"\n\
             host_cpu = \"vera-cpu\"\ndefault_model = \"{model}\"\nfront_end_seconds = {none}\n\
             [scheduler]\ntokens_per_step = {tokens}\ncalls_per_step = {calls}\n\
             plans_ahead = {ahead}\n\
             [[pools]]\nrole = \"all\"\nchip = \"card\"\nchips = {group}\n\
             tensor_parallel = {group}\nreplicas = {one}\nhost_step_seconds = {none}\n\
             [pools.layer_profile]\ndense = \"measured/dense.csv\"\n\
             attention = \"measured/attention.csv\"\nper_sequence = \"measured/per_sequence.csv\"\n\
             {blocks}source = \"LLMServingSim\"\ndate = \"2026-04\"\nconfidence = \"high\"\n\
             [[serves]]\nmodel = \"{model}\"\nlinear = \"bf16\"\nhead = \"bf16\"\nkv = \"bf16\"\n",
            model = self.model,
            tokens = known("2048"),
            ahead = known("true"),
        )
    }

    fn deployment(&self) -> Option<Deployment> {
        let folder = self.profiles()?;
        let catalogue = Catalogue::built_in().with_folder(folder.path()).unwrap();
        Some(catalogue.deploy("measured", None).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The engine's log; `None` where it is not there.
    fn log(&self) -> Option<Vec<Logged>> {
        let file = self.measurements().join("requests.jsonl");
        let Ok(text) = fs::read_to_string(&file) else {
            eprintln!("skipped: {} is not there", file.display());
            return None;
        };
        Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

/// A card of which no rate matters here: its memory and the link to its neighbour, as LLMServingSim
/// has them for two RTX PRO 6000 over PCIe. An all-reduce there crosses the link twice.
fn card() -> String {
    let unknown = "{ unknown = true, source = \"a test\", date = \"2026-11\" }";
    let achieved = ["attention", "expert", "weight_read", "expert_read", "kv_read"]
        .map(|name| format!("{name}_fraction = {unknown}\n"));
    let power = ["idle", "compute", "memory", "limit"];
    let power = power.map(|name| format!("{name}_watts = {unknown}\n"));
    format!(
        "name = \"card\"\ntitle = \"A card\"\nkind = \"gpu\"\n\
         compute.bf16_flops_per_second = {unknown}\n\
         [memory]\ncapacity_bytes = {capacity}\nreserved_bytes = {reserved}\n\
         bandwidth_bytes_per_second = {bandwidth}\nformats = [\"bf16\"]\n\
         [achieved]\n{achieved}\
         [latency]\nlayer_seconds = {unknown}\n\
         [scale_up]\ndomain_chips = {chips}\nbandwidth_bytes_per_second = {link}\n\
         achieved_fraction = {one}\ncollective_seconds = {twice}\n\
         [power]\n{power}[price]\nusd_per_hour = {unknown}\n",
        capacity = known("96e9"),
        reserved = known("9.6e9"),
        bandwidth = known("1597e9"),
        chips = known("2"),
        link = known("16e9"),
        one = known("1"),
        twice = known("40e-6"),
        achieved = achieved.concat(),
        power = power.concat(),
    )
}

/// A request in an engine's log; times in seconds, arrivals on another clock than the rest.
#[derive(Debug, Deserialize)]
struct Logged {
    input_toks: u64,
    output_toks: u64,
    arrival_time: f64,
    queued_ts: f64,
    first_token_ts: f64,
    last_token_ts: f64,
}

/// Times to the first token and per token after it, in milliseconds.
#[derive(Default)]
struct Times {
    first: Vec<f64>,
    rest: Vec<f64>,
}

impl Times {
    fn of_log(log: &[Logged]) -> Times {
        // The request that was taken up fastest sets the clocks against each other.
        let apart = log.iter().map(|request| request.queued_ts - request.arrival_time);
        let apart = apart.fold(f64::INFINITY, f64::min);
        let mut times = Times::default();
        for request in log {
            let arrived = request.arrival_time + apart;
            let after = request.last_token_ts - request.first_token_ts;
            times.first.push((request.first_token_ts - arrived) * 1e3);
            times.rest.push(after * 1e3 / (request.output_toks - 1) as f64);
        }
        times
    }

    /// Serves the log's requests as they arrived, each with a prompt of its own.
    fn of_machine(deployment: Deployment, log: &[Logged]) -> Times {
        let model = deployment.model.name.as_str().into();
        let mut machine = ModelledMachine::new(deployment);
        let began = log[0].arrival_time;
        for (call, request) in (0..).zip(log) {
            let mut work = chat(request.input_toks, request.output_toks);
            work.model = std::sync::Arc::clone(&model);
            let tokens = work.tokens.as_mut().expect("a chat has tokens");
            tokens.prompt = [part(call, request.input_toks)].into();
            let at = Span::from_seconds_f64(request.arrival_time - began);
            machine.submit(Instant::ZERO + at, CallId(call), work);
        }
        let mut times = Times::default();
        for completion in drain(&mut machine) {
            let CompletionEvent::Served(Served { usage, timing, .. }) = completion.event else {
                panic!("{completion:?}");
            };
            let after = timing.end_to_end() - timing.time_to_first_token;
            times.first.push(timing.time_to_first_token.as_seconds_f64() * 1e3);
            times.rest.push(after.as_seconds_f64() * 1e3 / (usage.output_tokens - 1) as f64);
        }
        eprintln!("preempted {} times", machine.counts().preempted);
        times
    }
}

/// Mean, median, 90th and 99th percentile.
fn figures(values: &[f64]) -> [f64; 4] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    [mean, quantile(50), quantile(90), quantile(99)]
}

/// The relative error of the mean, told with those of the quantiles.
fn error(what: &str, modelled: &[f64], measured: &[f64]) -> f64 {
    let (modelled, measured) = (figures(modelled), figures(measured));
    let errors: Vec<f64> =
        modelled.iter().zip(measured).map(|(one, two)| one / two - 1.0).collect();
    for (name, index) in [("mean", 0), ("median", 1), ("p90", 2), ("p99", 3)] {
        eprintln!(
            "{what} {name}: {:.1} ms, measured {:.1}, error {:+.1} %",
            modelled[index],
            measured[index],
            errors[index] * 100.0
        );
    }
    errors[0]
}

/// Three hundred requests at ten a second, more than the card can serve: KV memory is full for most
/// of the run, so that chats wait a minute, and the engine takes memory from one for another.
#[test]
fn a_card_under_overload_serves_as_vllm_did_on_it() {
    let (Some(deployment), Some(log)) = (RTX_4090.deployment(), RTX_4090.log()) else {
        return;
    };
    let (modelled, measured) = (Times::of_machine(deployment, &log), Times::of_log(&log));
    let first = error("TTFT", &modelled.first, &measured.first);
    let rest = error("TPOT", &modelled.rest, &measured.rest);
    assert!(first.abs() < 0.10, "time to the first token");
    assert!(rest.abs() < 0.05, "time per token after it");
}

/// A group of two cards: the tables hold no all-reduces, which the cards' link adds.
#[test]
fn two_cards_are_timed_with_the_link_between_them() {
    let Some(deployment) = RTX_PRO_6000.deployment() else {
        return;
    };
    let placement = &deployment.pools[0].placement;
    // Of 2 × 86.4 GB, 65.5 GB are weights, and a token has 256 KiB of KV.
    assert_eq!((placement.block_tokens, placement.blocks), (16, 25_576));
    let Some(log) = RTX_PRO_6000.log() else {
        return;
    };
    let (modelled, measured) = (Times::of_machine(deployment, &log), Times::of_log(&log));
    error("TTFT", &modelled.first, &measured.first);
    error("TPOT", &modelled.rest, &measured.rest);
}
