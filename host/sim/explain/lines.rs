//! What the time of one term follows from, in a few words.

use crate::cost::{
    Binds, Exchanges, HostWork, Part, SplitCost, SramCost, StepCost, StepModel, Term,
};
use crate::text::{bytes, count, quantity, seconds};

/// The rate that was reached, or the fixed times that were added up over `steps` steps.
pub(super) fn basis(model: &StepModel, term: &Term, steps: u64, calls: u64) -> String {
    if term.seconds <= 0.0 && term.bytes > 0.0 {
        return "at the same time as the others".to_owned();
    }
    if term.seconds <= 0.0 {
        return "nothing to do".to_owned();
    }
    let cost = match model {
        StepModel::Roofline(cost) => cost,
        StepModel::Speculative(cost) if !matches!(term.part, Part::Draft | Part::Crossings) => {
            return basis(&cost.verify, term, steps, calls);
        }
        StepModel::Split(cost) => return split(cost, term, steps, calls),
        StepModel::Paced(cost) => {
            return format!("{}; at another pace", basis(&cost.inner, term, steps, calls));
        }
        StepModel::Component(cost) => {
            return format!("stated by a component, {}", cost.about().name);
        }
        StepModel::Sram(cost) => return sram(cost, term, steps, calls),
        _ => return format!("{} × {}", count(steps), seconds(term.seconds / steps as f64)),
    };
    match term.part {
        Part::Stated
        | Part::AttentionSide
        | Part::FfnSide
        | Part::Crossings
        | Part::Draft
        | Part::Pipeline => String::new(),
        Part::Linear | Part::Attention | Part::Experts | Part::Head => rate(term),
        Part::Exchange => exchanges(cost, steps as f64),
        Part::Dispatch => passage(cost, term.part, 2.0 * cost.expert_layers(), steps as f64),
        Part::Stages => passage(cost, term.part, cost.stages as f64 - 1.0, steps as f64),
        Part::Kernels | Part::Layers => layers(cost, steps as f64),
        Part::Host => host(&cost.host, steps, calls as f64 / cost.ranks),
    }
}

fn split(cost: &SplitCost, term: &Term, steps: u64, calls: u64) -> String {
    let (attention_layers, ffn_layers) =
        (cost.attention.mixing_layers(), cost.ffn.feeding_layers());
    let side = |fixed: f64, layers: f64| {
        let layers = steps as f64 * layers;
        let layer = seconds(term.seconds / layers);
        format!("{} × {layer}, {} fixed", whole(layers), seconds(fixed))
    };
    match term.part {
        Part::AttentionSide => side(cost.attention_fixed_seconds(), attention_layers),
        Part::FfnSide => side(cost.ffn_fixed_seconds(), ffn_layers),
        Part::Pipeline => format!("the ffn group serves {} groups", whole(cost.attention_groups)),
        Part::Crossings => format!(
            "{} × {} + {}/s",
            whole(2.0 * steps as f64 * ffn_layers),
            seconds(cost.link.latency_seconds),
            bytes(cost.link.bytes_per_second)
        ),
        Part::Host => {
            let ranks = cost.ffn.ranks();
            match cost.attention.ranks == ranks {
                true => {
                    let both = cost.attention.host.and(&cost.ffn.host());
                    host(&both, steps, calls as f64 / ranks)
                }
                false => format!("{} × {}", count(steps), seconds(term.seconds / steps as f64)),
            }
        }
        _ => rate(term),
    }
}

fn sram(cost: &SramCost, term: &Term, steps: u64, calls: u64) -> String {
    let layers = steps as f64 * cost.layer_count();
    let each = |times: f64| format!("{} × {}", whole(times), seconds(term.seconds / times));
    match term.part {
        Part::Head => each(steps as f64),
        Part::Host => host(&cost.host, steps, calls as f64),
        Part::Pipeline => {
            "behind the slowest of ".to_owned() + &whole(cost.stages as f64) + " stages"
        }
        Part::Layers => {
            let exchanges = steps as f64 * cost.exchange_count();
            format!("{} exchanges × {}", whole(exchanges), seconds(cost.sync_seconds))
        }
        _ => each(layers),
    }
}

fn rate(term: &Term) -> String {
    match term.binds {
        Binds::Compute => format!("{}FLOP/s", quantity(term.flops / term.seconds)),
        _ => format!("{}/s", bytes(term.bytes / term.seconds)),
    }
}

fn exchanges(cost: &StepCost, steps: f64) -> String {
    let layers = steps * cost.exchanging_layers();
    match cost.exchange {
        Exchanges::None => String::new(),
        Exchanges::AllReduce { fixed_seconds, bytes_per_second, .. } => format!(
            "{} all-reduces × {} + {}/s",
            whole(2.0 * layers),
            seconds(fixed_seconds),
            bytes(bytes_per_second)
        ),
    }
}

/// So many ways between chips in each step.
fn passage(cost: &StepCost, part: Part, ways: f64, steps: f64) -> String {
    let Some(passage) = cost.passages.iter().find(|passage| passage.part == part) else {
        return String::new();
    };
    format!(
        "{} × {} + {}/s",
        whole(ways * steps),
        seconds(passage.fixed_seconds / ways),
        bytes(passage.bytes_per_token / passage.seconds_per_token)
    )
}

/// The mean of the fixed times of layers, and of their experts.
fn layers(cost: &StepCost, steps: f64) -> String {
    let (layers, experts) = (cost.mixing_layers(), cost.expert_seconds());
    let mean = (cost.fixed.seconds - experts) / layers;
    let all = format!("{} layers × {}", whole(steps * layers), seconds(mean));
    let with_experts = cost.expert_layers();
    match experts > 0.0 {
        true => {
            format!("{all} + {} × {}", whole(steps * with_experts), seconds(experts / with_experts))
        }
        false => all,
    }
}

fn host(work: &HostWork, steps: u64, calls: f64) -> String {
    let times = |factor: &str| match calls > 1.0 {
        true if calls == calls.floor() => format!(" × {factor}{}", whole(calls)),
        true => format!(" × {factor}{calls:.1}"),
        false => String::new(),
    };
    let parts = [
        (work.step_seconds, times("√")),
        (work.call_seconds, times("")),
        (work.fixed_seconds, String::new()),
    ];
    let parts = parts.iter().filter(|(part, _)| *part > 0.0);
    let parts: Vec<String> =
        parts.map(|(part, times)| format!("{}{times}", seconds(*part))).collect();
    let all = parts.join(" + ");
    match (steps, parts.len()) {
        (1, _) => all,
        (steps, 1) => format!("{} × {all}", count(steps)),
        (steps, _) => format!("{} × ({all})", count(steps)),
    }
}

fn whole(value: f64) -> String {
    count(value as u64)
}
