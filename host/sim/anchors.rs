//! What the built-in machines say, held against what was measured and published. A miss is stated
//! here rather than fitted away.

use crate::catalogue::Catalogue;
use crate::explain::{Explanation, OperatingPoint, explain};

pub(crate) fn at_batch_1(machine: &str, model: &str, context_tokens: u64) -> Explanation {
    let deployment = Catalogue::built_in().deploy(machine, Some(model)).unwrap();
    let input_tokens = context_tokens;
    explain(&deployment, &OperatingPoint { input_tokens, context_tokens, batch: 1 })
}

pub(crate) fn assert_near(what: &str, modelled: f64, measured: f64, tolerance: f64) {
    let error = modelled / measured - 1.0;
    eprintln!("{what}: {modelled:.1}, measured {measured}, error {:+.1} %", error * 100.0);
    assert!(error.abs() <= tolerance, "{what}: {modelled} against {measured}");
}

/// EE Times on Galaxy Blackhole, 28 April 2026. The fixed times of a layer are calibrated on this
/// point. Whether tokens were proposed there is not known.
#[test]
fn galaxy_blackhole_writes_deepseek_r1_as_fast_as_was_measured() {
    let speed = at_batch_1("galaxy-blackhole", "deepseek-r1", 512).tokens_per_second_per_user;
    assert_near("Galaxy Blackhole, DeepSeek-R1", speed, 255.0, 0.05);
}
