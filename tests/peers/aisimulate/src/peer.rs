//! The work on `aisimulate-core`.

use std::collections::VecDeque;
use std::sync::Arc;

use aisimulate_core::engine::{Backend, EngineConfig, TimingModelConfig};
use aisimulate_core::replay::{
    DirectRequest, PerRequestRecord, ProviderSpec, ReplayAdapters, ReplayComposition,
    ReplayEngineConfig, ReplayEngineFactory, ReplayReport, ReplayRuntimeInput, ReplaySpec,
    ReplayTopology, Replayer, WorkerPoolSpec,
};
use timeslip_timeline::time::{Instant, Span};
use uuid::Uuid;

use crate::flat::{FlatComposition, FlatSteps};
use crate::outcome::Outcome;
use crate::workload::{
    BLOCK_TOKENS, CALLS_PER_STEP, DECODE_STEP, PREFILL_STEP, REPLICAS, TOKENS_PER_STEP, Workload,
};

/// How the work is put to the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One replay of as many workers as there are replicas.
    Together,
    /// A replay of one worker for each replica, one after the other.
    Apart,
}

/// The work ready to run with the crate's own step times, with or without a record of each request.
pub(crate) fn timed(workload: &Workload, mode: Mode, records: bool) -> Vec<Replayer> {
    let replays = if mode == Mode::Together { 1 } else { REPLICAS };
    let replay = |first| {
        let spec = spec(REPLICAS / replays, workload.blocks, records);
        let replayer = Replayer::new(spec, ReplayEngineFactory::new()).expect("the work is right");
        let requests = requests(workload, first, replays);
        replayer.with_runtime_input(ReplayRuntimeInput::Requests(requests))
    };
    (0..replays).map(replay).collect()
}

/// Runs what is ready.
pub(crate) fn run<C: ReplayComposition>(replays: Vec<Replayer<C>>) -> Vec<ReplayReport> {
    replays.into_iter().map(|replay| replay.run().expect("the work runs")).collect()
}

/// The work ready to run apart, with records, and with the step times of the workload.
pub(crate) fn exact(workload: &Workload) -> Vec<Replayer<FlatComposition>> {
    let replica = |first| {
        let steps = Arc::new(FlatSteps::default());
        let factory = ReplayEngineFactory::with_timing_model(Arc::clone(&steps) as Arc<_>);
        let spec = spec(1, workload.blocks, true);
        let composition = FlatComposition::new(steps);
        let replayer = Replayer::with_composition(spec, factory, composition);
        let input = ReplayRuntimeInput::Requests(requests(workload, first, REPLICAS));
        replayer.expect("the work is right").with_runtime_input(input)
    };
    (0..REPLICAS).map(replica).collect()
}

/// The outcomes of recorded reports, in the order of the requests.
pub(crate) fn outcomes(reports: &[ReplayReport], count: usize) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::default(); count];
    for record in reports.iter().flat_map(|report| &report.per_request) {
        let uuid: Uuid = record.uuid.parse().expect("records carry the identities given");
        outcomes[uuid.as_u128() as usize - 1] = outcome(record);
    }
    outcomes
}

/// How often a request lost its memory and was admitted again.
pub(crate) fn preempted(reports: &[ReplayReport]) -> usize {
    reports
        .iter()
        .flat_map(|report| &report.per_request)
        .map(|record| record.readmission_count)
        .sum()
}

fn outcome(record: &PerRequestRecord) -> Outcome {
    let known = |time: Option<f64>| instant(time.expect("every request is served whole"));
    assert_eq!(record.output_length, record.requested_output_length, "served whole");
    Outcome {
        arrival: instant(record.arrival_time_ms),
        first_token: known(record.first_token_ms),
        end: known(record.last_token_ms),
    }
}

fn instant(milliseconds: f64) -> Instant {
    Instant::from_nanos((milliseconds * 1e6).round() as u64)
}

fn milliseconds(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// Every request from `first` on at this stride.
fn requests(workload: &Workload, first: usize, stride: usize) -> VecDeque<DirectRequest> {
    let requests = workload.requests.iter().enumerate().skip(first).step_by(stride);
    let direct = requests.map(|(index, request)| DirectRequest {
        // No two prompts share a beginning, and nothing looks at them: prefix caching is off.
        tokens: vec![index as u32; request.input_tokens as usize],
        max_output_tokens: request.output_tokens as usize,
        uuid: Some(Uuid::from_u128(index as u128 + 1)),
        arrival_timestamp_ms: Some(milliseconds(request.arrival.as_nanos())),
        ..DirectRequest::default()
    });
    direct.collect()
}

fn spec(workers: usize, blocks: u64, record_per_request: bool) -> ReplaySpec {
    let of = |span: Span| milliseconds(span.as_nanos());
    let rank = EngineConfig {
        num_gpu_blocks: blocks as usize,
        block_size: BLOCK_TOKENS as usize,
        max_num_seqs: CALLS_PER_STEP as usize,
        max_num_batched_tokens: TOKENS_PER_STEP as usize,
        enable_prefix_caching: false,
        // The crate adds the two where a step reads and writes.
        timing_model: TimingModelConfig::Fixed {
            prefill_ms: of(PREFILL_STEP - DECODE_STEP),
            decode_ms: of(DECODE_STEP),
        },
        ..EngineConfig::for_backend(Backend::Vllm)
    };
    let engine = ReplayEngineConfig { rank, ..ReplayEngineConfig::default() };
    let workers = WorkerPoolSpec { initial_workers: workers, startup_delay_ms: 0.0 };
    let (placement, scaling) = (ProviderSpec::round_robin(), ProviderSpec::no_scaling());
    ReplaySpec {
        version: 1,
        topology: ReplayTopology::Aggregated { workers },
        engine: serde_json::to_value(engine).expect("a configuration is JSON"),
        adapters: ReplayAdapters { placement, scaling },
        max_sim_time_ms: None,
        max_in_flight: None,
        record_per_request,
        sla: Default::default(),
        requests: Vec::new(),
    }
}
