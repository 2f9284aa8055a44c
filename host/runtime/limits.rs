//! What one component instance may use.

use std::time::Duration;

/// What one component instance may use. There is no `Default`, so that no store is ever made with
/// limits that nobody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, all memories of the instance together, in bytes.
    pub memory_bytes: usize,
    /// Elements of one table; all tables of the instance have up to eight times as many.
    pub table_elements: usize,
    /// Fuel, which is roughly one WebAssembly instruction each, over the instance's whole life.
    pub fuel: u64,
    /// Wall-clock time of one burst. Only a backstop: fuel ends an endless loop long before, and a
    /// session that is ended by this is reported as the host's failure, not as a timing.
    pub burst_wall_time: Duration,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Bytes that one call may carry from the guest to the host.
    pub boundary_bytes: usize,
    /// Lines and spans in the journal.
    pub journal_lines: u64,
    /// Bytes in the journal.
    pub journal_bytes: u64,
    /// Bytes that a session may write over a granted folder.
    pub written_bytes: u64,
}

impl Limits {
    /// What `timeslip run` gives every instance unless the bench says otherwise.
    pub const fn standard() -> Limits {
        Limits {
            memory_bytes: 256 << 20,
            table_elements: 20_000,
            fuel: 10_000_000_000,
            burst_wall_time: Duration::from_secs(30),
            host_calls: 10_000_000,
            boundary_bytes: 16 << 20,
            journal_lines: 100_000,
            journal_bytes: 16 << 20,
            written_bytes: 64 << 20,
        }
    }
}
