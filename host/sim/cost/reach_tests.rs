//! Steps of models that select what they look back at, compress it, or keep a state instead.

use proptest::prelude::*;

use super::model::{StepModel, WritingSteps};
use super::term::Part;
use super::work::Work;
use crate::catalogue::ProfileKind;
use crate::deployment::Deployment;
use crate::examples::{MODEL, Small};

/// Bytes that the small chip reads in a second.
const BANDWIDTH: f64 = 1.3e6;

const LATENT: &str = "latent = { heads = 2, query_rank = 2, kv_rank = 4, rope_width = 2, \
                      nope_width = 2, value_width = 2 }";
const INDEX: &str = "index = { heads = 1, width = 3, top_k = TOP_K }";
const COMPRESSED: &str = "compressed = { heads = 1, head_width = 4, query_rank = 2, \
                          output_groups = 1, output_rank = 2, window = 8, ratio = 4, \
                          index = { heads = 1, width = 2, top_k = 5 } }";
const MAMBA: &str = "mamba = { heads = 2, head_width = 2, state_width = 4, groups = 1, \
                     convolution = 4 }";

/// The small machine, whose chip reads 1.3e6 bytes a second, with layers of these kinds.
fn deployment(layers: &[&str]) -> Deployment {
    let beginning = MODEL.split("[[layers]]").next().expect("the model has layers");
    let groups: String =
        layers.iter().map(|kind| format!("[[layers]]\ncount = 1\n{kind}\n")).collect();
    let small = Small { uneven: true, ..Small::default() };
    let catalogue = small.catalogue();
    let text = format!("{beginning}{groups}");
    catalogue.with_text(ProfileKind::Model, "small-model", text).deploy("small", None).unwrap()
}

fn latent_with_index(top_k: u64) -> String {
    let index = INDEX.replace("TOP_K", &top_k.to_string());
    LATENT.replace(" }", &format!(", {index} }}"))
}

fn attention_seconds(deployment: &Deployment, work: &Work) -> f64 {
    let mut seconds = None;
    deployment.writer().cost.terms(work, &mut |term| {
        if term.part == Part::Attention {
            seconds = Some(term.seconds);
        }
    });
    seconds.expect("a step has attention")
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

proptest! {
    /// Where the index selects all there is, it adds itself and saves nothing.
    #[test]
    fn selecting_all_costs_the_index_alone(context in 1u64..9_000, proposed in 0u64..4) {
        let (dense, indexed) = (deployment(&[LATENT]), deployment(&[&latent_with_index(10_000)]));
        let seconds = |deployment: &Deployment| {
            let mut work = Work::new(&deployment.model);
            work.add_drafted(context, proposed);
            attention_seconds(deployment, &work)
        };
        let read = (context + proposed) as f64;
        let index = 2.0 * 3.0 * read / BANDWIDTH;
        prop_assert!(close(seconds(&indexed), seconds(&dense) + index));
    }

    /// Tokens that are read at once select their own, so that what one saves, many do not.
    #[test]
    fn a_prompt_reads_what_any_of_its_tokens_selects(past in 0u64..2_000, new in 1u64..300) {
        let deployment = deployment(&[&latent_with_index(7)]);
        let mut work = Work::new(&deployment.model);
        work.add_prefill(past, new, false);
        let read = past.min(7 * new) + new;
        let bytes = 2.0 * (6.0 * read as f64 + 3.0 * (past + new) as f64);
        prop_assert!(close(attention_seconds(&deployment, &work), bytes / BANDWIDTH));
    }

    #[test]
    fn a_series_of_steps_is_timed_as_each_of_them(
        contexts in proptest::collection::vec(1u64..60, 1..6),
    ) {
        let deployment = deployment(&[&latent_with_index(17), MAMBA, COMPRESSED]);
        let cost: &StepModel = &deployment.writer().cost;
        let mut work = Work::new(&deployment.model);
        contexts.iter().for_each(|context| work.add_decode(*context));
        let mut series = WritingSteps::default();
        cost.begin_writing(&work, &mut series);
        let until = |context: &u64| work.steps_until_a_limit(*context);
        let steps = contexts.iter().map(until).min().map_or(0, |steps| steps.min(50));
        for step in 0..steps {
            let mut alone = Work::new(&deployment.model);
            contexts.iter().for_each(|context| alone.add_decode(*context + step));
            let (summed, walked) = (series.time(cost, &work), cost.time(&alone));
            prop_assert_eq!(summed.seconds.to_bits(), walked.seconds.to_bits());
            prop_assert_eq!(summed, walked);
            work.advance();
        }
    }
}

/// Of 40 tokens, 8 are looked at one by one; of the spans of four, five are selected, by a look at
/// all ten.
#[test]
fn compressed_attention_reads_its_window_its_spans_and_its_index() {
    let deployment = deployment(&[COMPRESSED]);
    let mut work = Work::new(&deployment.model);
    work.add_decode(40);
    let values = 8.0 * 4.0 + 5.0 * 4.0 + 10.0 * 2.0;
    assert!(close(attention_seconds(&deployment, &work), 2.0 * values / BANDWIDTH));
}

/// A state of 16 values in 32 bits, and the last three tokens' 12 values in 16.
#[test]
fn a_state_is_read_and_written_once_a_step_however_far_a_chat_has_come() {
    let with_state = deployment(&[LATENT, MAMBA]);
    let placement = &with_state.writer().placement;
    let state = 4.0 * 16.0 + 2.0 * 3.0 * 12.0;
    assert_eq!(placement.state_bytes, state);
    let seconds = |contexts: &[u64]| {
        let mut work = Work::new(&with_state.model);
        contexts.iter().for_each(|context| work.add_decode(*context));
        attention_seconds(&with_state, &work)
    };
    let latents = |tokens: f64| 2.0 * 6.0 * tokens / BANDWIDTH;
    assert!(close(seconds(&[10]), latents(10.0) + 2.0 * state / BANDWIDTH));
    assert!(close(seconds(&[10, 500]), latents(510.0) + 4.0 * state / BANDWIDTH));
    assert_eq!(with_state.transfer_bytes(100), 2.0 * 6.0 * 100.0 + state);
    // A block is 16 tokens of 12 bytes, and what others share of a prompt has no state.
    assert_eq!([0, 1, 16].map(|tokens| placement.blocks_for(tokens)), [0, 2, 2]);
    assert_eq!([0, 1, 16].map(|tokens| placement.shared_blocks_for(tokens)), [0, 1, 1]);
}
