//! The figures of a machine's serving software, on the chip of a pool.

use crate::cost::{HostWork, SoftwareTimes};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::profile::SoftwareOn;

/// Reads a figure of the software, `otherwise` where it says nothing.
///
/// # Errors
/// [`MachineError::UnknownFigure`] when nobody publishes it.
pub(crate) fn software_figure(
    software: SoftwareOn<'_>,
    key: &str,
    otherwise: f64,
    ledger: &Ledger,
) -> Result<f64, MachineError> {
    match software.figure(key) {
        Some((figure, key)) => ledger.need(figure, software.name(), &key),
        None => Ok(otherwise),
    }
}

/// What the software does to the time of steps. The machine's own `host_step_seconds`, where it has
/// them, stand in for the software's.
///
/// # Errors
/// As for [`software_figure`].
pub(crate) fn software_times(
    software: SoftwareOn<'_>,
    host_step_seconds: Option<f64>,
    ledger: &Ledger,
) -> Result<SoftwareTimes, MachineError> {
    let figure = |key, otherwise| software_figure(software, key, otherwise, ledger);
    Ok(SoftwareTimes {
        host: HostWork {
            step_seconds: match host_step_seconds {
                Some(seconds) => seconds,
                None => figure("host_step_seconds", 0.0)?,
            },
            call_seconds: figure("host_call_seconds", 0.0)?,
            fixed_seconds: figure("host_fixed_seconds", 0.0)?,
        },
        kernel_factor: figure("kernel_factor", 1.0)?,
        expert_factor: figure("expert_factor", 1.0)?,
        prefill_factor: figure("prefill_factor", 1.0)?,
        prefill_layer_seconds: figure("prefill_layer_seconds", 0.0)?,
    })
}
