//! What holds of chains of SRAM chips, whatever their model and however many chats.

use proptest::prelude::*;

use super::*;
use crate::catalogue::{Catalogue, ProfileKind};
use crate::cost::StepModel;
use crate::deployment::Deployment;

fn deployment(machine: &str) -> Deployment {
    Catalogue::built_in().deploy(machine, None).unwrap()
}

fn cost(deployment: &Deployment) -> &SramCost {
    match &deployment.writer().cost {
        StepModel::Sram(cost) => cost,
        other => panic!("not a chain: {other:?}"),
    }
}

fn writing(deployment: &Deployment, chats: u64, context: u64) -> Work {
    let mut work = Work::new(&deployment.model);
    (0..chats).for_each(|_| work.add_decode(context));
    work
}

/// Reads, hops, reach and synchronisation of one layer by hand: llama-3.1-8b in eight bits is
/// 8.03e9 bytes on 64 chips, a layer of 218e6 stands on 1.74 of them.
#[test]
fn a_chat_alone_waits_for_every_layer() {
    let deployment = deployment("groqrack");
    let cost = cost(&deployment);
    let layer = &cost.layers[0];
    assert!((layer.chips - 64.0 * 218.1 / 8_030.0).abs() < 0.01, "{}", layer.chips);
    assert_eq!((layer.exchanges, layer.hops), (2.0, 1.0));
    let terms = cost.layer(0, &writing(&deployment, 1, 1), 1);
    let seconds: f64 = terms.iter().map(|term| term.seconds).sum();
    let read = 218.1e6 / layer.chips / (80e12 * 0.8);
    // KV stands on a 32nd of 64 chips, and is not much at this context.
    let passed = 3.0 * 0.6e-6 + 3.0 * 4096.0 * 2.0 / (240e9 * 0.9);
    assert!((seconds - read - passed - 2.0 * cost.sync_seconds).abs() < 0.01e-6, "{seconds}");
    let whole = cost.time(&writing(&deployment, 1, 1)).seconds;
    let head = cost.head_term(1.0).seconds;
    assert!((whole - 32.0 * seconds - head - cost.return_seconds).abs() < 1e-9, "{whole}");
}

/// Chats fill the chain: as many as there are stages wait no longer than one that is alone, but for
/// what the slowest stage, the output matrix, is longer than the others.
#[test]
fn chats_in_other_layers_cost_nothing() {
    let deployment = deployment("groqrack-9");
    let cost = cost(&deployment);
    assert_eq!(cost.stages, 80);
    let seconds = |chats| cost.time(&writing(&deployment, chats, 100)).seconds;
    assert!((seconds(40) / seconds(1) - 1.0).abs() < 1e-9);
    assert!(seconds(160) > 1.02 * seconds(1), "{} {}", seconds(160), seconds(1));
    // A step of many more chats divides over the layers, and each of these does more.
    assert!(seconds(1_600) < 20.0 * seconds(1));
}

/// The pieces of a prompt follow one another, so that reading 2,000 tokens takes far less than
/// 2,000 steps, and no less than the last piece's way.
#[test]
fn a_prompt_goes_through_in_pieces() {
    let deployment = deployment("groqrack-9");
    let cost = cost(&deployment);
    let reading = |tokens| {
        let mut work = Work::new(&deployment.model);
        work.add_prefill(0, tokens, true);
        cost.time(&work).seconds
    };
    let one = cost.time(&writing(&deployment, 1, 1)).seconds;
    assert!(reading(1) > 0.99 * one && reading(2_000) > one);
    assert!(reading(2_000) < 20.0 * one, "{} {one}", reading(2_000));
}

/// The way back from the last chip to the first spans all racks: nobody published how far it is.
#[test]
fn a_reach_beyond_what_is_published_is_an_estimate() {
    let key = "groq3-lpu.exchange.reach_seconds_by_bytes beyond its last point".to_owned();
    for (machine, is_beyond) in [("rubin-groq3-8", false), ("rubin-groq3-16", true)] {
        let deployment = deployment(machine);
        assert_eq!(deployment.estimates.contains(&key), is_beyond, "{machine}");
    }
    // 0.45 µs for each 256 GB, from 2.95 µs at 1,152.
    let back = cost(&deployment("rubin-groq3-16")).return_seconds;
    assert!((back * 1e6 - 2.95 - 0.45 * (2_048.0 - 1_152.0) / 256.0).abs() < 1e-9, "{back}");
}

/// A rack of Groq's, which keeps KV in eight bits, with a model of layers of these kinds.
fn rack(layers: &[&str]) -> Deployment {
    let catalogue = Catalogue::built_in();
    let text = catalogue.text(ProfileKind::Model, "llama-3.1-8b").unwrap();
    let beginning = text.split("[[layers]]").next().expect("the model has layers");
    let groups: String =
        layers.iter().map(|kind| format!("[[layers]]\ncount = 32\n{kind}\n")).collect();
    let text = format!("{beginning}{groups}");
    let catalogue = catalogue.clone().with_text(ProfileKind::Model, "llama-3.1-8b", text);
    catalogue.deploy("groqrack", None).unwrap()
}

const COMPRESSED: &str = "compressed = { heads = 8, head_width = 64, query_rank = 64, \
                          output_groups = 1, output_rank = 64, window = 8, ratio = 4, \
                          index = { heads = 2, width = 32, top_k = 5 } }";
const MAMBA: &str = "mamba = { heads = 8, head_width = 64, state_width = 64, groups = 1, \
                     convolution = 4 }\ndense_width = 1024";

/// Bytes of attention in one layer, over all of its chips.
fn attention_bytes(cost: &SramCost, index: usize, work: &Work, pieces: u64) -> f64 {
    cost.layer(index, work, pieces)[1].bytes * cost.layers[index].kv_chips
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

/// Of 40 tokens, 8 are looked at one by one; of the spans of four, five are selected, by a look at
/// all ten. A state of 32,768 values in 32 bits and the last three tokens' 640 in 16 is read and
/// written.
#[test]
fn layers_read_what_they_look_back_at_and_the_states_that_they_keep() {
    let deployment = rack(&[COMPRESSED, MAMBA]);
    let cost = cost(&deployment);
    let values = 8.0 * 64.0 + 5.0 * 64.0 + 10.0 * 32.0;
    let state = 4.0 * 32_768.0 + 2.0 * 3.0 * 640.0;
    for chats in [1, 12] {
        let work = writing(&deployment, chats, 40);
        let chats = chats as f64;
        assert!(close(attention_bytes(cost, 0, &work, 1), chats * values));
        assert!(close(attention_bytes(cost, 1, &work, 1), chats * 2.0 * state));
    }
    let many = writing(&deployment, 12, 40);
    assert!(close(attention_bytes(cost, 1, &many, 4), 3.0 * 2.0 * state));
    // Each piece of a prompt goes on from the state that the one before left.
    let mut prompt = Work::new(&deployment.model);
    prompt.add_prefill(0, 600, true);
    assert!(close(attention_bytes(cost, 1, &prompt, 4), 2.0 * state));
    // One after what mixes tokens, and one after the feed-forward part.
    assert_eq!([0, 1].map(|index| cost.layers[index].exchanges), [1.0, 2.0]);
}

#[test]
fn a_model_that_is_larger_than_all_sram_is_refused_with_the_smallest_count() {
    let catalogue = Catalogue::built_in();
    let text = catalogue.text(ProfileKind::Machine, "cerebras-cs3").unwrap();
    let text = text.replace("llama-3.1-8b", "llama-3.3-70b");
    let catalogue = catalogue.clone().with_text(ProfileKind::Machine, "cerebras-cs3", text);
    insta::assert_snapshot!(catalogue.deploy("cerebras-cs3", None).unwrap_err(), @"`llama-3.3-70b` does not fit the pool of `cerebras-cs3`: its weights take 141 GB as held there, and 1 × wse-3 give 1 × (44.0 GB − 0 B reserved) = 44.0 GB. The smallest group that holds it is 4 × wse-3");
}

proptest! {
    /// More chats never make a step shorter, and the time of a step never less than its slowest
    /// stage is busy.
    #[test]
    fn no_stage_is_in_two_chats_at_once(chats in 1u64..400, context in 1u64..3_000) {
        for machine in ["groqrack-9", "cerebras-cs3", "rubin-groq3"] {
            let deployment = deployment(machine);
            let cost = cost(&deployment);
            let work = writing(&deployment, chats, context);
            let seconds = cost.time(&work).seconds;
            let fewer = cost.time(&writing(&deployment, chats - chats / 2, context)).seconds;
            prop_assert!(seconds >= fewer * (1.0 - 1e-12), "{} {} {}", machine, seconds, fewer);
            let most = work.calls.min(cost.stages);
            let least = [1, most].map(|pieces| pieces as f64 * cost.pieces(&work, pieces).slowest);
            prop_assert!(seconds >= least[0].min(least[1]) * (1.0 - 1e-12));
            prop_assert!(cost.time(&work).memory_seconds <= seconds);
        }
    }

    #[test]
    fn the_terms_are_the_whole(chats in 0u64..200, tokens in 1u64..5_000) {
        let deployment = deployment("rubin-groq3");
        let mut work = writing(&deployment, chats, 100);
        work.add_prefill(0, tokens, true);
        let mut sum = 0.0;
        cost(&deployment).terms(&work, &mut |term| sum += term.seconds);
        prop_assert_eq!(sum, cost(&deployment).time(&work).seconds);
    }
}
