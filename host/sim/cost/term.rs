//! The named parts of a step's time.

use std::ops::{Add, AddAssign, Mul};

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
    /// Tokens on their way to the chips of their experts and back.
    Dispatch,
    /// Fixed times of kernels: launches, norms, rounding, routing.
    Kernels,
    /// Fixed time per layer of an LPU: synchronisation.
    Layers,
    /// Activations on their way from stage to stage.
    Stages,
    /// The output matrix.
    Head,
    /// The host's work for the step.
    Host,
    /// A whole step, whose time the machine's profile or a component states.
    Stated,
    /// What the attention group does in the layers, where another does the rest.
    AttentionSide,
    /// What the ffn group does in the layers.
    FfnSide,
    /// Ways between groups that share a step.
    Crossings,
    /// Tokens that are proposed.
    Draft,
}

impl Part {
    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Part::Linear => "linear",
            Part::Attention => "attention",
            Part::Experts => "experts",
            Part::Exchange => "exchange",
            Part::Dispatch => "dispatch",
            Part::Kernels => "kernels",
            Part::Layers => "layers",
            Part::Stages => "stages",
            Part::Head => "head",
            Part::Host => "host",
            Part::Stated => "stated",
            Part::AttentionSide => "attention side",
            Part::FfnSide => "ffn side",
            Part::Crossings => "crossings",
            Part::Draft => "draft",
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
    /// Not known: the time was measured whole.
    Measured,
    /// Not known: a component states the time whole.
    Stated,
}

impl Binds {
    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Binds::Compute => "compute",
            Binds::Memory => "memory",
            Binds::Link => "link",
            Binds::Latency => "latency",
            Binds::Measured => "measured",
            Binds::Stated => "stated",
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
    /// A time that was measured, whatever it is made of.
    pub(crate) fn measured(part: Part, seconds: f64) -> Term {
        Term { binds: Binds::Measured, ..Term::fixed(part, seconds) }
    }

    /// This and another of the same part; the longer says what binds.
    pub(crate) fn and(self, other: Term) -> Term {
        Term {
            part: self.part,
            seconds: self.seconds + other.seconds,
            binds: if other.seconds > self.seconds { other.binds } else { self.binds },
            flops: self.flops + other.flops,
            bytes: self.bytes + other.bytes,
            peak_compute_seconds: self.peak_compute_seconds + other.peak_compute_seconds,
            peak_memory_seconds: self.peak_memory_seconds + other.peak_memory_seconds,
        }
    }

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

/// The time of a step, or of a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepTime {
    /// What it takes.
    pub seconds: f64,
    /// Its operations at the peak rate, for the use of compute.
    pub compute_seconds: f64,
    /// Its reads at the peak rate, for the use of memory.
    pub memory_seconds: f64,
    /// Operations of the group that helps, at the peak rate of its chips.
    pub helper_compute_seconds: f64,
    /// Its reads, likewise.
    pub helper_memory_seconds: f64,
}

impl StepTime {
    /// The same time, in which the chips of the group that helps are used.
    pub(crate) fn by_helper(self) -> StepTime {
        StepTime {
            helper_compute_seconds: self.compute_seconds,
            helper_memory_seconds: self.memory_seconds,
            ..StepTime::only(self.seconds)
        }
    }

    /// A time of which it is not known how far it uses the chips.
    pub(crate) fn only(seconds: f64) -> StepTime {
        StepTime { seconds, ..StepTime::default() }
    }

    /// The time of one term.
    pub(crate) fn of(term: &Term) -> StepTime {
        StepTime {
            seconds: term.seconds,
            compute_seconds: term.peak_compute_seconds,
            memory_seconds: term.peak_memory_seconds,
            ..StepTime::default()
        }
    }
}

impl Add for StepTime {
    type Output = StepTime;

    fn add(self, other: StepTime) -> StepTime {
        StepTime {
            seconds: self.seconds + other.seconds,
            compute_seconds: self.compute_seconds + other.compute_seconds,
            memory_seconds: self.memory_seconds + other.memory_seconds,
            helper_compute_seconds: self.helper_compute_seconds + other.helper_compute_seconds,
            helper_memory_seconds: self.helper_memory_seconds + other.helper_memory_seconds,
        }
    }
}

impl AddAssign for StepTime {
    fn add_assign(&mut self, other: StepTime) {
        *self = *self + other;
    }
}

impl Mul<f64> for StepTime {
    type Output = StepTime;

    fn mul(self, times: f64) -> StepTime {
        StepTime {
            seconds: self.seconds * times,
            compute_seconds: self.compute_seconds * times,
            memory_seconds: self.memory_seconds * times,
            helper_compute_seconds: self.helper_compute_seconds * times,
            helper_memory_seconds: self.helper_memory_seconds * times,
        }
    }
}
