//! The named parts of a step's time.

use serde::Serialize;

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Matrices that every token passes.
    Linear,
    /// Attention over cached tokens and over the prompt.
    Attention,
    /// Experts that tokens are routed to.
    Experts,
    /// All-reduces, or exchanges between LPUs.
    Exchange,
    /// Fixed time per layer: launches, norms, routing, synchronisation.
    Layers,
    /// The output matrix.
    Head,
    /// The host's work for the step.
    Host,
}

impl Part {
    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Part::Linear => "linear",
            Part::Attention => "attention",
            Part::Experts => "experts",
            Part::Exchange => "exchange",
            Part::Layers => "layers",
            Part::Head => "head",
            Part::Host => "host",
        }
    }
}

/// What a part's time is made of, chiefly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Binds {
    /// Arithmetic.
    Compute,
    /// Reading memory.
    Memory,
    /// Bytes on links.
    Link,
    /// Fixed times.
    Latency,
}

impl Binds {
    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Binds::Compute => "compute",
            Binds::Memory => "memory",
            Binds::Link => "link",
            Binds::Latency => "latency",
        }
    }
}

/// One part of a step's time, and what it was computed from, per chip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Which part.
    pub part: Part,
    /// Its time.
    pub seconds: f64,
    /// What binds it.
    pub binds: Binds,
    /// Operations on each chip that takes part.
    pub flops: f64,
    /// Bytes read on each such chip, or sent by it.
    pub bytes: f64,
    /// The operations' time at the peak rate, for the use of compute.
    #[serde(skip)]
    pub peak_compute_seconds: f64,
    /// The read bytes' time at the peak rate, for the use of memory.
    #[serde(skip)]
    pub peak_memory_seconds: f64,
}

impl Term {
    /// A time that depends on no operations and no bytes.
    pub(crate) fn fixed(part: Part, seconds: f64) -> Term {
        Term {
            part,
            seconds,
            binds: Binds::Latency,
            flops: 0.0,
            bytes: 0.0,
            peak_compute_seconds: 0.0,
            peak_memory_seconds: 0.0,
        }
    }
}
