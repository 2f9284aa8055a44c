//! Steps of stated times in `aisimulate-core`: 20 ms with any token of a prompt, 5 ms without.
//!
//! The crate asks a timing model for the time of reading and for that of writing, and adds the two.
//! So a step that does both has to answer the second question with nothing, and must know that the
//! first belonged to the same step. The questions of one step follow each other at once; between
//! steps of one worker that end in a token the crate tells its placement policy of a first or of a
//! last token. With several workers in one replay this would not do: their steps begin at one
//! instant with nothing told between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aisimulate_core::engine::TimingModel;
use aisimulate_core::replay::loadgen::ReplayRequestPayload;
use aisimulate_core::replay::{
    AggregatedRoundRobinPlacement, NoEngineEvents, NoReplayMetadata, Placement, PlacementEffects,
    PlacementPolicy, PoolRoundRobinPlacement, ReplayComposition, RoundRobinComposition,
    WorkerTopology,
};
use anyhow::Result;
use timeslip_timeline::time::Span;
use uuid::Uuid;

use crate::workload::{DECODE_STEP, PREFILL_STEP};

/// The times of the steps of one worker.
#[derive(Debug, Default)]
pub(crate) struct FlatSteps {
    /// Whether the step that is being asked about reads.
    reads: AtomicBool,
}

impl FlatSteps {
    fn end_step(&self) {
        self.reads.store(false, Ordering::Relaxed);
    }
}

fn milliseconds(span: Span) -> f64 {
    span.as_nanos() as f64 / 1e6
}

impl TimingModel for FlatSteps {
    fn prefill_batch_validation_can_fail(&self) -> bool {
        false
    }

    fn prefill_prediction_can_fail(&self) -> bool {
        false
    }

    fn predict_prefill_ms(&self, _batch: usize, _mean: usize, _prefix: usize) -> Result<f64> {
        self.reads.store(true, Ordering::Relaxed);
        Ok(milliseconds(PREFILL_STEP))
    }

    fn predict_decode_ms(
        &self,
        _batch: usize,
        _kv: usize,
        _mean: usize,
        _all: usize,
    ) -> Result<f64> {
        match self.reads.swap(false, Ordering::Relaxed) {
            true => Ok(0.0),
            false => Ok(milliseconds(DECODE_STEP)),
        }
    }
}

/// The crate's own placement in turn, which also tells the times of steps that one is over.
pub(crate) struct FlatComposition {
    steps: Arc<FlatSteps>,
    inner: RoundRobinComposition,
}

impl FlatComposition {
    /// Of the worker with these times.
    pub(crate) fn new(steps: Arc<FlatSteps>) -> FlatComposition {
        FlatComposition { steps, inner: RoundRobinComposition }
    }
}

impl ReplayComposition for FlatComposition {
    type Metadata = NoReplayMetadata;
    type Observation = NoEngineEvents;
    type AggregatedPlacement = FlatPlacement;
    type DisaggregatedPlacement = PoolRoundRobinPlacement<()>;

    fn create_aggregated_placement(
        &mut self,
        dp_size: u32,
        topology: Vec<WorkerTopology>,
    ) -> Result<FlatPlacement> {
        let inner = self.inner.create_aggregated_placement(dp_size, topology)?;
        Ok(FlatPlacement { steps: Arc::clone(&self.steps), inner })
    }

    fn create_disaggregated_placements(
        &mut self,
        prefill_dp: u32,
        prefill: Vec<WorkerTopology>,
        decode_dp: u32,
        decode: Vec<WorkerTopology>,
    ) -> Result<(PoolRoundRobinPlacement<()>, PoolRoundRobinPlacement<()>)> {
        self.inner.create_disaggregated_placements(prefill_dp, prefill, decode_dp, decode)
    }
}

/// See [`FlatComposition`].
pub(crate) struct FlatPlacement {
    steps: Arc<FlatSteps>,
    inner: AggregatedRoundRobinPlacement<()>,
}

type Placed = Result<Vec<Placement>>;
type Request = ReplayRequestPayload;

/// The crate's own placement, seen as the policy for this crate's requests.
fn policy(
    inner: &mut AggregatedRoundRobinPlacement<()>,
) -> &mut dyn PlacementPolicy<Request, Metadata = (), Observation = ()> {
    inner
}

impl PlacementPolicy<Request> for FlatPlacement {
    type Metadata = ();
    type Observation = ();

    fn place(
        &mut self,
        request: &Request,
        metadata: (),
        session: Option<String>,
        now_ms: f64,
    ) -> Result<PlacementEffects> {
        policy(&mut self.inner).place(request, metadata, session, now_ms)
    }

    fn observe(&mut self, observation: (), now_ms: f64) -> Placed {
        policy(&mut self.inner).observe(observation, now_ms)
    }

    fn cancel_pending(&mut self, request: Uuid) -> bool {
        policy(&mut self.inner).cancel_pending(request)
    }

    fn request_terminal(&mut self, request: Uuid, now_ms: f64) -> Placed {
        self.steps.end_step();
        policy(&mut self.inner).request_terminal(request, now_ms)
    }

    fn prefill_completed(&mut self, request: Uuid, now_ms: f64) -> Placed {
        self.steps.end_step();
        policy(&mut self.inner).prefill_completed(request, now_ms)
    }

    fn pending_count(&self) -> usize {
        PlacementPolicy::<Request>::pending_count(&self.inner)
    }

    fn worker_ready(&mut self, worker: WorkerTopology, now_ms: f64) -> Placed {
        policy(&mut self.inner).worker_ready(worker, now_ms)
    }

    fn worker_draining(&mut self, worker: WorkerTopology, now_ms: f64) -> Placed {
        policy(&mut self.inner).worker_draining(worker, now_ms)
    }

    fn worker_removed(&mut self, worker: WorkerTopology, now_ms: f64) -> Placed {
        policy(&mut self.inner).worker_removed(worker, now_ms)
    }

    fn topology_settled(&mut self, now_ms: f64) -> Placed {
        policy(&mut self.inner).topology_settled(now_ms)
    }
}
