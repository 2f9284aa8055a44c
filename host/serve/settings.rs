//! How a server is to behave.

use std::net::SocketAddr;
use std::time::Duration;

use crate::faults::Fault;

/// How a server is to behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many times as fast as the computer's clock modelled time passes.
    pub speed: f64,
    /// Keys, one of which a request must have; none for an open server.
    pub keys: Vec<String>,
    /// Faults on purpose.
    pub faults: Vec<Fault>,
    /// The seed of the faults.
    pub seed: u64,
    /// Threads beside the one that moves the machines.
    pub threads: usize,
    /// What one client may take.
    pub limits: Limits,
}

/// What clients may take.
///
/// Memory is bounded by these: a connection holds its buffers (16 KiB or so once it has sent
/// something), a request in flight its body, its prompt and its reply, and a stream one frame.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of all bodies that are being read or answered.
    pub bodies_bytes: usize,
    /// From the first byte of a request's head to its last.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// Without any request on a connection.
    pub idle_timeout: Duration,
    /// While a client takes nothing of what is written.
    pub write_timeout: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Requests that are being answered.
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 16 << 20,
            bodies_bytes: 256 << 20,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            connections: 16_384,
            in_flight: 4_096,
        }
    }
}
