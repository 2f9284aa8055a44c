//! That an explanation is what the engine does, and what it looks like.

use timeslip_timeline::backend::{Backend, CallId, Submission};
use timeslip_timeline::time::{Instant, Span};

use super::{Explanation, OperatingPoint, explain};
use crate::catalogue::{Catalogue, ProfileKind};
use crate::deployment::Deployment;
use crate::engine::ModelledMachine;
use crate::examples::{Small, Ways, chat, drain, served};
use crate::profile::{Policy, Preemption, Routing, Sending, Status};

const ONE: OperatingPoint = OperatingPoint { input_tokens: 1, context_tokens: 1, batch: 1 };

fn deployed(machine: &str, model: &str) -> Deployment {
    Catalogue::built_in().deploy(machine, Some(model)).unwrap()
}

pub(super) fn explained(machine: &str, model: &str, point: OperatingPoint) -> Explanation {
    explain(&deployed(machine, model), &point)
}

/// The screen without the digest, which changes with every word of a profile, and without the names
/// of the estimates at its end.
pub(super) fn screen(explanation: &Explanation) -> String {
    let screen = explanation.to_string().replace(&explanation.digest, "DIGEST");
    let names = screen.find("ESTIMATES").and_then(|at| Some(at + screen[at..].find('\n')?));
    screen[..names.unwrap_or(screen.len())].to_owned()
}

/// Every machine with every model that it names, but for those that were cancelled.
fn all() -> Vec<Deployment> {
    let catalogue = Catalogue::built_in();
    let mut deployments = Vec::new();
    for name in catalogue.names(ProfileKind::Machine) {
        let machine = catalogue.machine(name).unwrap();
        if catalogue.status(&machine).unwrap() == Some(Status::Cancelled) {
            continue;
        }
        for serving in machine.serves {
            deployments.push(catalogue.deploy(name, Some(&serving.model)).unwrap());
        }
    }
    deployments
}

fn served_by(deployment: &Deployment, chats: &[(u64, u64)]) -> Vec<(Instant, Span, Span)> {
    let mut machine = ModelledMachine::new(deployment.clone());
    for (call, (input, output)) in chats.iter().enumerate() {
        let model = deployment.model.name.as_str().into();
        let work = Submission { model, ..chat(*input, *output) };
        machine.submit(Instant::ZERO, CallId(call as u64), work);
    }
    let completions = drain(&mut machine);
    let figures = |call| {
        let (end, reply) = served(&completions, call);
        let first = reply.timing.time_to_first_token;
        (end, first, reply.timing.end_to_end() - first)
    };
    (0..chats.len() as u64).map(figures).collect()
}

#[test]
fn the_first_token_is_explained_as_the_engine_times_it() {
    // The last is read in three chunks.
    for input_tokens in [1, 1_000, 20_000] {
        for deployment in all() {
            let input_tokens = input_tokens.min(deployment.model.context_tokens - 2);
            let point = OperatingPoint { input_tokens, context_tokens: 1, batch: 1 };
            let explained = explain(&deployment, &point).first_token;
            let timed = served_by(&deployment, &[(input_tokens, 1)])[0].1;
            assert_eq!(explained.total, timed, "{} {}", deployment.machine, deployment.model.name);
            let parts =
                [explained.front_end, explained.prefill, explained.transfer, explained.decode];
            assert_eq!(parts.into_iter().sum::<Span>(), timed);
        }
    }
}

#[test]
fn what_is_sent_while_a_prompt_is_read_is_explained_as_the_engine_times_it() {
    let ways = Ways { sends: Sending::PerLayer, ..Ways::default() };
    let small = Small { split: true, layers: 4, ways, ..Small::default() };
    // Reading is the shorter, and then the longer.
    for (tokens_per_step, input_tokens, left) in [(64, 96, 96), (1, 8, 4)] {
        let small = Small { tokens_per_step, calls_per_step: 1, ..small };
        let point = OperatingPoint { input_tokens, ..ONE };
        let explained = explain(&small.deployment(), &point).first_token;
        assert_eq!(explained.transfer, Span::from_millis(left));
        assert_eq!(explained.total, served_by(&small.deployment(), &[(input_tokens, 1)])[0].1);
    }
}

#[test]
fn a_step_is_explained_as_the_engine_times_it() {
    for deployment in all() {
        for batch in [1, 7] {
            // The step that writes the second token looks back at the prompt and the first.
            let context_tokens = 101;
            let point = OperatingPoint { input_tokens: 1, context_tokens, batch };
            let step = explain(&deployment, &point).decode;
            // One group, so that all chats share their steps.
            let mut one = deployment.clone();
            for pool in &mut one.pools {
                let mut alone = (**pool).clone();
                alone.replicas = 1;
                *pool = alone.into();
            }
            // No step under way when the last prompt arrives: all are decoded from the same one on.
            one.link = one.link.map(|link| crate::deployment::DeployedLink {
                bytes_per_second: f64::INFINITY,
                ..link
            });
            let chats = vec![(100, 2); batch as usize];
            let second_token = served_by(&one, &chats)[0].2;
            let explained = Span::from_seconds_f64(step.seconds);
            assert_eq!(explained, second_token, "{} {}", one.machine, one.model.name);
            let sum: f64 = step.terms.iter().map(|term| term.seconds).sum();
            assert_eq!(sum, step.seconds, "the terms are the whole");
        }
    }
}

#[test]
fn the_screen_fits_a_terminal() {
    for deployment in all() {
        let point = OperatingPoint { input_tokens: 20_000, context_tokens: 21_000, batch: 64 };
        let text = explain(&deployment, &point).to_string();
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 100, "{widest}");
    }
}

#[test]
fn counts_of_0_are_taken_as_1() {
    let at = |count| OperatingPoint { input_tokens: count, context_tokens: count, batch: count };
    let nothing = explained("dgx-spark", "gpt-oss-120b", at(0));
    assert_eq!(nothing, explained("dgx-spark", "gpt-oss-120b", at(1)));
}

#[test]
fn what_a_point_asks_in_vain_is_said() {
    let point = OperatingPoint { input_tokens: 131_072, context_tokens: 131_072, batch: 64 };
    let warnings = explained("dgx-spark", "gpt-oss-120b", point).warnings;
    insta::assert_snapshot!(warnings.join("\n"), @r"
    `gpt-oss-120b` takes at most 131,072 tokens of prompt and reply together
    a step takes at most 32 chats
    the KV of only 11 chats of this context fits a group
    ");
}

#[test]
fn rubin_and_groq_explain_themselves() {
    let point = OperatingPoint { input_tokens: 8_000, context_tokens: 8_400, batch: 1 };
    insta::assert_snapshot!(screen(&explained("rubin-groq3", "gemma-4-31b", point)), @r"
    rubin-groq3 serving gemma-4-31b
    profiles DIGEST

    MEMORY of one group of chips
      pool     group            groups   memory  reserved  weights   for KV  chats of 8,400
      prefill  8 × rubin             9  2.30 TB   31.2 GB  30.7 GB  2.24 TB           2,024
      decode   256 × groq3-lpu       1   128 GB       0 B  30.7 GB  97.3 GB             127
      prefill: linear fp8, output fp8; KV 81.9 KB a token and 410 KB in a window of 1,024
      decode: linear fp8, output fp8; KV 41.0 KB a token and 410 KB in a window of 1,024
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing prefix_affinity, preemption recompute; link 2 × 1.60 TB/s, sends
        at_end
      KV tiers: host memory, 4.50 TB for each group, read in 10.0 µs + 2.88 TB/s; BlueField-4 context
        memory, 1.15 PB for all groups, read in 200 µs + 640 GB/s

    READING A PROMPT of 8,000 tokens: one step of 8 × rubin; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     6.20 ms  17.7 %  compute   58.6 T  3.66 GB  9.44 PFLOP/s
      attention  8.38 ms  24.0 %  compute   4.19 T   492 MB  500 TFLOP/s
      exchange   18.4 ms  52.5 %  link              18.1 GB  120 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    1.92 ms   5.5 %  latency                    60 layers × 32.0 µs
      head       13.8 µs   0.0 %  memory     352 M   176 MB  12.8 TB/s
      host        100 µs   0.3 %  latency                    100 µs
      all        35.0 ms

    WRITING A TOKEN of 1 reply with 8,400 tokens of context: one step of 256 × groq3-lpu; FLOP, bytes
      and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     60.0 µs  20.6 %  memory     229 M   114 MB  60 × 999 ns
      attention  1.34 µs   0.5 %  compute   28.1 M  2.98 MB  60 × 22.3 ns
      exchange   66.1 µs  22.8 %  latency           30.8 KB  60 × 1.10 µs
      layers      162 µs  55.8 %  latency                    120 exchanges × 1.35 µs
      head        999 ns   0.3 %  memory    11.0 M  5.51 MB  1 × 999 ns
      all         290 µs

    FIRST TOKEN of a chat that is alone
      front end          30.0 ms
      prefill            35.0 ms
      transfer            477 µs  747 MB
      first decode step   290 µs
      all                65.8 ms

    SPEED
      3,444 tokens/s for one user, 3,444 for one group of 256 × groq3-lpu
      reaches the target of 1,500 tokens/s for one user (2.30 of it)

    BAND around what is said above
      time to the first token: no measurements of rubin, reading and writing apart: between 0.009 and
        35.98 times it
      time per token: no measurements of groq3-lpu, reading and writing apart: between 0.21 and 2.10
        times it

    ESTIMATES that this rests on, 33
    ");
}

#[test]
fn a_machine_on_a_desk_explains_itself() {
    let point = OperatingPoint { input_tokens: 8_000, context_tokens: 8_400, batch: 4 };
    insta::assert_snapshot!(screen(&explained("dgx-spark", "gpt-oss-120b", point)), @r"
    dgx-spark serving gpt-oss-120b
    profiles DIGEST

    MEMORY of one group of chips
      pool  group     groups  memory  reserved  weights   for KV  chats of 8,400
      all   1 × gb10       1  128 GB   8.00 GB  63.0 GB  57.0 GB             181
      all: linear fp8, experts mxfp4, output fp8; KV 36.9 KB a token and 36.9 KB in a window of 128
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing least_outstanding, preemption recompute
      KV tiers: none

    READING A PROMPT of 8,000 tokens: 4 steps of 1 × gb10; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear      157 ms   4.6 %  compute   15.5 T  3.88 GB  98.9 TFLOP/s
      attention   260 ms   7.6 %  compute   9.74 T  1.06 GB  37.5 TFLOP/s
      experts     2.97 s  87.5 %  compute   57.3 T   184 GB  19.3 TFLOP/s
      kernels    4.32 ms   0.1 %  latency                    144 layers × 20.0 µs + 144 × 10.0 µs
      head       3.42 ms   0.1 %  memory    1.16 G   579 MB  169 GB/s
      host        800 µs   0.0 %  latency                    4 × 200 µs
      all         3.40 s

    WRITING A TOKEN of 4 replies with 8,400 tokens of context: one step of 1 × gb10; FLOP, bytes and
      rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     5.72 ms  12.7 %  memory    7.75 G   969 MB  169 GB/s
      attention  7.43 ms  16.5 %  memory    10.1 G  1.26 GB  169 GB/s
      experts    27.0 ms  59.9 %  memory    28.7 G  6.25 GB  232 GB/s
      kernels    1.08 ms   2.4 %  latency                    36 layers × 20.0 µs + 36 × 10.0 µs
      head       3.42 ms   7.6 %  memory    4.63 G   579 MB  169 GB/s
      host        400 µs   0.9 %  latency                    200 µs × √4
      all        45.0 ms

    FIRST TOKEN of a chat that is alone
      front end  20.0 ms
      prefill     3.40 s
      all         3.42 s

    SPEED
      22.2 tokens/s for one user, 88.8 for one group of 1 × gb10
      does not reach the target of 1,500 tokens/s for one user (0.01 of it)

    BAND around what is said above
      time to the first token: no measurements of gb10, reading and writing together: between 0.009 and
        35.98 times it
      time per token: no measurements of gb10, reading and writing together: between 0.21 and 2.10 times
        it

    ESTIMATES that this rests on, 18
    ");
}

#[test]
fn the_estimates_close_the_screen() {
    let explanation = explained("dgx-spark", "gpt-oss-120b", ONE);
    let text = explanation.to_string();
    let (_, names) = text.split_once("ESTIMATES").unwrap();
    insta::assert_snapshot!(names, @r"
    that this rests on, 18
     dgx-spark.front_end_seconds
     dgx-spark.pools.0.host_step_seconds
     dgx-spark.scheduler.calls_per_step
     dgx-spark.scheduler.prefix_cache
     dgx-spark.scheduler.tokens_per_step
     dgx-spark.serves.gpt-oss-120b.routing_concentration
     gb10-cpu.host.ns_per_fuel
     gb10.achieved.attention_fraction
     gb10.achieved.expert_fraction
     gb10.achieved.expert_read_fraction
     gb10.achieved.fp8_matmul_fraction
     gb10.achieved.kv_read_fraction
     gb10.compute.bf16_flops_per_second
     gb10.compute.fp8_flops_per_second
     gb10.latency.expert_seconds
     gb10.latency.layer_seconds
     gb10.memory.reserved_bytes
     gb10.price.usd_per_hour
    ");
}

#[test]
fn a_machine_that_keeps_no_prefixes_says_so() {
    let mut deployment = deployed("dgx-spark", "gpt-oss-120b");
    assert!(explain(&deployment, &ONE).prefix_cache);
    deployment.prefix_cache = false;
    let text = explain(&deployment, &ONE).to_string();
    assert!(text.contains("\n  prefix cache: off\n"), "{text}");
}

#[test]
fn a_machine_without_estimates_says_so() {
    let mut deployment = deployed("dgx-spark", "gpt-oss-120b");
    deployment.estimates.clear();
    let text = explain(&deployment, &ONE).to_string();
    assert!(text.ends_with("\nNothing above rests on an estimate.\n"), "{text}");
}

#[test]
fn how_a_machine_serves_is_said() {
    let ways = Ways {
        policy: Policy::SloAware,
        preemption: Preemption::Swap,
        sends: Sending::PerLayer,
        paths: 3,
        tiers: [1_000, 0],
        waiting_calls_max: Some(9),
        waiting_ms_max: Some(1_500),
        ..Ways::default()
    };
    let deployment = Small { split: true, ways, ..Small::default() }.deployment();
    let explanation = explain(&deployment, &ONE);
    let text = explanation.to_string();
    let serving = text.find("  serving: ").map(|at| &text[at..text.find("\n\nREADING").unwrap()]);
    insta::assert_snapshot!(serving.unwrap(), @r"
      serving: policy slo_aware (first token in 20.0 ms), routing least_outstanding, preemption swap, at
        most 9 chats waiting, waiting at most 1.50 s; link 3 × 16.0 KB/s, sends per_layer
      KV tiers: group, 16.0 KB for each group, read in 1.00 ms + 160 KB/s
    ");
    insta::assert_snapshot!(serde_json::to_string(&explanation.serving).unwrap(), @r#"{"software":null,"policy":"slo_aware","first_token_objective":20000000,"routing":"least_outstanding","preemption":"swap","waiting_calls_max":9,"waiting_max":1500000000,"link":{"paths":3,"sends":"per_layer","bytes_per_second":16000.0},"kv_tiers":[{"name":"group","scope":"group","capacity_bytes":16000.0,"bytes_per_second":160000.0,"latency_seconds":0.001}]}"#);
}

#[test]
fn a_choice_is_said_in_the_word_of_the_file() {
    let says = |word: &str, choice| assert_eq!(serde_json::Value::from(word), choice);
    for policy in [Policy::Fcfs, Policy::ShortestPrompt, Policy::SloAware] {
        says(policy.word(), serde_json::json!(policy));
    }
    for routing in [Routing::RoundRobin, Routing::LeastOutstanding, Routing::PrefixAffinity] {
        says(routing.word(), serde_json::json!(routing));
    }
    for preemption in [Preemption::Recompute, Preemption::Swap] {
        says(preemption.word(), serde_json::json!(preemption));
    }
    for sends in [Sending::AtEnd, Sending::PerLayer] {
        says(sends.word(), serde_json::json!(sends));
    }
}
