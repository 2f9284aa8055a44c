//! Where measurements of a machine's times would be, as slips and screens hold it.

use timeslip_gate::slip::{MachineBands, TimeBand};
use timeslip_report::bands::{NINE_OF_TEN, bands_line};
use timeslip_sim::bands::PredictionBand;
use timeslip_sim::deployment::Deployment;

/// The bands of a deployment.
pub(crate) fn machine_bands(deployment: &Deployment) -> MachineBands {
    let band = |band: &PredictionBand| TimeBand {
        low: band.low,
        high: band.high,
        rows: band.rows,
        class: band.class.clone(),
    };
    MachineBands {
        first_token: band(&deployment.bands.first_token),
        output_token: band(&deployment.bands.output_token),
    }
}

/// A line for each machine; one for a machine that is there more than once.
pub(crate) fn bands_text<'a>(deployments: impl IntoIterator<Item = &'a Deployment>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for deployment in deployments {
        let line = bands_line(&deployment.machine, &machine_bands(deployment));
        let line = format!("{NINE_OF_TEN} {line}\n");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}
