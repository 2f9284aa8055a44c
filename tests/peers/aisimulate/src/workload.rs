//! The work that both sides get.

use timeslip_timeline::chance::Chance;
use timeslip_timeline::time::{Instant, Span};

/// Replicas, each with a queue of its own; requests go to them in turn.
pub(crate) const REPLICAS: usize = 4;
/// The most requests of one step.
pub(crate) const CALLS_PER_STEP: u64 = 256;
/// The most tokens of one step.
pub(crate) const TOKENS_PER_STEP: u64 = 8_192;
/// Tokens of one block of KV.
pub(crate) const BLOCK_TOKENS: u64 = 64;
/// Blocks of KV of one replica.
pub(crate) const BLOCKS: u64 = 20_000;
/// A step that reads any token of a prompt.
pub(crate) const PREFILL_STEP: Span = Span::from_millis(20);
/// A step that only writes.
pub(crate) const DECODE_STEP: Span = Span::from_millis(5);

const REQUESTS: u64 = 20_000;
const SEED: u64 = 1;

/// Arrivals lie on this grid: 1/64 ms is a whole number of nanoseconds and is exact in binary, so
/// that the floating-point milliseconds of the peer and our whole nanoseconds name equal instants.
const GRID_NANOS: u64 = 15_625;

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// When it comes.
    pub(crate) arrival: Instant,
    /// Tokens of its prompt, which no other request shares.
    pub(crate) input_tokens: u64,
    /// Tokens of its reply.
    pub(crate) output_tokens: u64,
}

/// Requests in the order of their arrival, and the memory they have to share.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// What it is called on screen.
    pub(crate) name: &'static str,
    /// Blocks of KV of one replica.
    pub(crate) blocks: u64,
    /// The requests.
    pub(crate) requests: Vec<Request>,
}

impl Workload {
    /// All workloads, the plainest first.
    pub(crate) fn all() -> Vec<Workload> {
        let drawn = |name, blocks, requests, rate, input_tokens| {
            let requests = drawn(requests, rate, input_tokens);
            Workload { name, blocks, requests }
        };
        vec![
            Workload { name: "even", blocks: BLOCKS, requests: even() },
            drawn("drawn", BLOCKS, REQUESTS, 200.0, [64, 4_096]),
            // More requests come than fit in memory, so they wait for it and lose it.
            drawn("scarce", BLOCKS / 10, REQUESTS, 120.0, [64, 4_096]),
            // More still, so that what is lost and read again is itself split over steps.
            drawn("scarcer", BLOCKS / 20, REQUESTS, 200.0, [64, 12_288]),
            // Prompts that take up to five steps.
            drawn("long", BLOCKS / 20, REQUESTS / 4, 20.0, [64, 32_768]),
        ]
    }
}

/// Equal requests, one every 2 ms.
fn even() -> Vec<Request> {
    let request = |index| Request {
        arrival: Instant::ZERO + Span::from_millis(2 * index),
        input_tokens: 1_024,
        output_tokens: 200,
    };
    (0..REQUESTS).map(request).collect()
}

/// Requests of drawn lengths that come as a Poisson process does, up to the grid.
fn drawn(requests: u64, rate_per_second: f64, input_tokens: [u64; 2]) -> Vec<Request> {
    let mut gaps = Chance::new(SEED, "arrivals", 0);
    let mut lengths = Chance::new(SEED, "lengths", 0);
    let mut seconds = 0.0;
    let mut request = || {
        seconds += gaps.next_exponential(rate_per_second);
        let grid = Span::from_seconds_f64(seconds).as_nanos() / GRID_NANOS * GRID_NANOS;
        Request {
            arrival: Instant::from_nanos(grid),
            input_tokens: lengths.next_between(input_tokens[0], input_tokens[1]),
            output_tokens: lengths.next_between(1, 400),
        }
    };
    (0..requests).map(|_| request()).collect()
}
