//! What the time of one term follows from, in a few words.

use crate::cost::{Binds, Exchanges, Part, SplitCost, SramCost, StepCost, StepModel, Term};
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
        Part::Layers => layers(cost, steps as f64),
        Part::Host => host(cost.host_step_seconds, steps, calls),
    }
}

fn split(cost: &SplitCost, term: &Term, steps: u64, calls: u64) -> String {
    let layers = steps as f64 * cost.attention.layers();
    let side = |fixed: f64| {
        let layer = seconds(term.seconds / layers);
        format!("{} × {layer}, {} fixed", whole(layers), seconds(fixed))
    };
    match term.part {
        Part::AttentionSide => side(cost.attention_fixed_seconds()),
        Part::FfnSide => side(cost.ffn_fixed_seconds()),
        Part::Pipeline => {
            format!("the ffn group serves {} groups", whole(cost.attention_groups))
        }
        Part::Crossings => format!(
            "{} × {} + {}/s",
            whole(2.0 * layers),
            seconds(cost.link.latency_seconds),
            bytes(cost.link.bytes_per_second)
        ),
        Part::Host => host(cost.host_step_seconds(), steps, calls),
        _ => rate(term),
    }
}

fn sram(cost: &SramCost, term: &Term, steps: u64, calls: u64) -> String {
    let layers = steps as f64 * cost.layer_count();
    let each = |times: f64| format!("{} × {}", whole(times), seconds(term.seconds / times));
    match term.part {
        Part::Head => each(steps as f64),
        Part::Host => host(cost.host_step_seconds, steps, calls),
        Part::Pipeline => {
            "behind the slowest of ".to_owned() + &whole(cost.stages as f64) + " stages"
        }
        Part::Layers => {
            let exchanges = cost.layers.iter().map(|layers| layers.count * layers.exchanges);
            let exchanges = steps as f64 * exchanges.sum::<f64>();
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
    let layers = steps * cost.layers();
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

fn layers(cost: &StepCost, steps: f64) -> String {
    let all = format!("{} layers × {}", whole(steps * cost.layers()), seconds(cost.layer_seconds));
    match cost.expert_layer_seconds > 0.0 {
        true => format!(
            "{all} + {} × {}",
            whole(steps * cost.expert_layers()),
            seconds(cost.expert_layer_seconds)
        ),
        false => all,
    }
}

fn host(step_seconds: f64, steps: u64, calls: u64) -> String {
    let mut factors = seconds(step_seconds);
    if calls > 1 {
        factors += &format!(" × √{}", count(calls));
    }
    match steps {
        1 => factors,
        steps => format!("{} × {factors}", count(steps)),
    }
}

fn whole(value: f64) -> String {
    count(value as u64)
}
