//! A slip in the formats of other programs: traces, spans, metrics and tables.
//!
//! Everything is made from the slip alone, and holds its numbers: what is unknown is left out or
//! empty, never 0.

pub mod csv;
pub mod otlp;
pub mod parquet;
pub mod prometheus;
pub mod trace;

mod rows;
mod tracks;

#[cfg(test)]
mod tests;
