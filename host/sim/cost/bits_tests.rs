//! The times of steps to the last bit, on any platform and with any compiler.

use std::fmt::Write as _;

use super::work::Work;
use crate::example_groups::{DENSE, EXPERTS, LATENT, Many, RECURRENT, shared};
use crate::profile::Parallelism;

/// Adds the chats of a step.
type Fill = fn(&mut Work);

const STEPS: [(&str, Fill); 4] = [
    ("one reply", |work| work.add_decode(1_000)),
    ("forty replies", |work| (0..40).for_each(|chat| work.add_decode(500 + 137 * chat))),
    ("a prompt", |work| work.add_prefill(300, 7_001, true)),
    ("a prompt beside replies", |work| {
        work.add_prefill(0, 1_999, false);
        (0..5).for_each(|chat| work.add_decode(2_000 + chat));
    }),
];

/// The snapshot is of `f64::to_bits`. If it differs on another computer or after a change of the
/// compiler, something other than + − × ÷ and the square root has come in, or their order has
/// changed. If the equations changed on purpose, take the new bits over with
/// `INSTA_UPDATE=always cargo test -p timeslip-sim the_bits_of_step_times`.
#[test]
fn the_bits_of_step_times_are_the_committed_ones_unless_the_equations_change_on_purpose() {
    let machines: [(&str, Parallelism, &[&str], &str); 6] = [
        ("dense on one chip", shared(1, 1, 1, 1), &[DENSE], "bf16"),
        ("dense on four chips", shared(4, 1, 1, 1), &[DENSE], "fp8"),
        ("dense in two stages", shared(2, 1, 1, 2), &[DENSE, DENSE], "fp8"),
        ("experts on eight chips", shared(8, 1, 8, 1), &[EXPERTS, DENSE], "mxfp4"),
        ("latent in eight ranks", shared(2, 8, 16, 1), &[LATENT], "fp8"),
        ("states on two chips", shared(2, 1, 1, 1), &[RECURRENT, DENSE], "int4"),
    ];
    let mut lines = String::new();
    for (name, parallel, layers, format) in machines {
        let many = Many { format, ..Many::new(parallel, layers) };
        let deployment = many.deployment();
        for (step, fill) in STEPS {
            let mut work = Work::new(&deployment.model);
            fill(&mut work);
            let seconds = deployment.writer().cost.seconds(&work);
            let bits = seconds.to_bits();
            writeln!(lines, "{name}, {step}: {bits:016x} ({seconds:.3e} s)").unwrap();
        }
    }
    insta::assert_snapshot!(lines);
}
