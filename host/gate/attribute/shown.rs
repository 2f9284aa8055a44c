//! Comparisons for tests, as a person reads them.

use super::hand_made::{Calculable, Do, doing, machine, machines, part, prompt, slip};
use super::{Attribution, NamedMachine, attribute};
use crate::slip::{PromptPart, PromptPartKind, Slip};
use crate::tolerance::Tolerance;

/// What a person reads of all changes.
fn shown(attribution: &Attribution) -> String {
    let mut text = String::new();
    for change in &attribution.changes {
        let cost = &change.cost;
        let verdict = if change.fails { "fails" } else { "passes" };
        text += &format!("{:?}: {}\n", change.kind, change.headline);
        for detail in &change.details {
            text += &format!("    {detail}\n");
        }
        text += &format!(
            "    {:+} ns, calls {:+} {:+}, tokens {:+} ({:+} cached) {:+}: {verdict}, {}\n",
            cost.time_ns,
            cost.model_calls,
            cost.tool_calls,
            cost.input_tokens,
            cost.cached_input_tokens,
            cost.output_tokens,
            change.reason
        );
    }
    if !attribution.exact {
        text += "not exact\n";
    }
    text
}

pub(super) fn compare_on(
    before: &Slip,
    now: &Slip,
    machines: &mut dyn FnMut() -> Vec<NamedMachine>,
) -> String {
    shown(&attribute(before, now, machines, &Tolerance::default()))
}

pub(super) fn compare(before: &Slip, now: &Slip) -> String {
    compare_on(before, now, &mut machines)
}

/// Two runs of one task.
pub(super) fn of_deeds(before: &[Do], now: &[Do]) -> String {
    compare(&slip(vec![doing("refund", 0, before)]), &slip(vec![doing("refund", 0, now)]))
}

pub(super) fn chat() -> Do {
    Do::Chat(prompt(), 5)
}

/// The prompt with what followed on it: a reply and the output of a tool.
pub(super) fn longer_prompt() -> Vec<PromptPart> {
    let mut prompt = prompt();
    prompt.push(part(PromptPartKind::Assistant, "look it up", 5));
    prompt.push(part(PromptPartKind::Tool, "it is blue", 40));
    prompt
}

pub(super) fn conversation() -> Vec<Do> {
    let mut last = longer_prompt();
    last.push(part(PromptPartKind::Assistant, "blue", 3));
    last.push(part(PromptPartKind::User, "thanks", 7));
    let (first, second) = (Do::Chat(prompt(), 5), Do::Chat(longer_prompt(), 3));
    vec![first, Do::Tool("get_user", 200), second, Do::User(900), Do::Chat(last, 4)]
}

/// A machine that keeps what it has read.
pub(super) fn with_a_cache() -> Vec<NamedMachine> {
    vec![machine(Calculable::with_a_cache())]
}
