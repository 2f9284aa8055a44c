//! What serving software adds to the time of the chips: the host's work, and slower kernels.

/// The host's work for a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct HostWork {
    /// Multiplied by √(chats).
    pub(crate) step_seconds: f64,
    /// Multiplied by the chats.
    pub(crate) call_seconds: f64,
    /// Whatever is in it.
    pub(crate) fixed_seconds: f64,
}

impl HostWork {
    /// Of a step of so many chats.
    pub(crate) fn seconds(&self, calls: f64) -> f64 {
        self.step_seconds * calls.sqrt() + self.call_seconds * calls + self.fixed_seconds
    }

    /// Whether no step asks anything of the host.
    pub(crate) fn is_none(&self) -> bool {
        *self == HostWork::default()
    }

    /// That of both, one after the other.
    pub(crate) fn and(&self, other: &HostWork) -> HostWork {
        HostWork {
            step_seconds: self.step_seconds + other.step_seconds,
            call_seconds: self.call_seconds + other.call_seconds,
            fixed_seconds: self.fixed_seconds + other.fixed_seconds,
        }
    }
}

/// What serving software does to the time of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SoftwareTimes {
    pub(crate) host: HostWork,
    /// Over the fixed times of kernels.
    pub(crate) kernel_factor: f64,
    /// Over those of experts, besides.
    pub(crate) expert_factor: f64,
    /// Over the time that the arithmetic of prompts takes.
    pub(crate) prefill_factor: f64,
    /// Of each layer in a step that reads prompts.
    pub(crate) prefill_layer_seconds: f64,
}

impl Default for SoftwareTimes {
    /// The chips' own times.
    fn default() -> SoftwareTimes {
        SoftwareTimes {
            host: HostWork::default(),
            kernel_factor: 1.0,
            expert_factor: 1.0,
            prefill_factor: 1.0,
            prefill_layer_seconds: 0.0,
        }
    }
}
