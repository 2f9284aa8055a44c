//! What differs between two prompts: which kinds of parts are longer, and what a cache of prompts
//! no longer knows.

use std::collections::BTreeSet;

use timeslip_timeline::conversation::PromptPart;

use super::found::{Found, Subject};
use super::journal::ChatWork;
use super::lay::{PART_KINDS, chat_of};
use super::mixed::{Attributes, MixedStep, Pair, Undoing};
use crate::slip::PromptPartKind;
use crate::verdict::ChangeKind;

/// Two chats that are one step.
pub(super) struct Chats<'a> {
    pub(super) step: &'a MixedStep,
    /// Tokens of the prompts that a cache served.
    pub(super) cached: Pair<u64>,
    /// Names the step.
    pub(super) undoing: Undoing,
}

/// A prompt that lost its cache counts as long as before when its length differs by at most this
/// part: a date or a name that was put in, which costs what it spoils and not what it adds.
const NEARLY_THE_SAME: u64 = 50;

/// Finds the differences of two prompts, one for each kind of part.
pub(super) fn find(chats: Chats<'_>, found: &mut Vec<Found>) {
    let work = chats.step.work.as_ref().map(|work| work.as_ref());
    let Some((was, is)) = work.both() else {
        return;
    };
    let Some(before) = chat_of(&was.work) else {
        return;
    };
    let mut first = true;
    for kind in 0..PART_KINDS.len() {
        let Some(one) = difference(&chats, kind) else {
            continue;
        };
        let cause = first_kind_that_differs(chats.step) == Some(Attributes::parts(kind));
        found.push(classed(one, kind, cause, &chats, before));
        first = false;
    }
    if was.rest_of_prompt != is.rest_of_prompt {
        let undoing = Undoing { attributes: Attributes::REST_OF_PROMPT, ..chats.undoing };
        let one = Found::new(ChangeKind::Prompt, Subject::Prompt, undoing);
        let amount = is.rest_of_prompt.saturating_sub(was.rest_of_prompt);
        let before = if first { before.input_tokens } else { was.rest_of_prompt.unsigned_abs() };
        found.push(Found { amount, before, ..one });
    }
}

/// The difference of the parts of a kind, if there is any.
fn difference(chats: &Chats<'_>, kind: usize) -> Option<Found> {
    let attribute = Attributes::parts(kind);
    let parts = || chats.step.parts.iter().filter(|part| part.attribute == attribute);
    parts().find(|part| part.part.before != part.part.now)?;
    let sum = |side: fn(&Pair<Option<PromptPart>>) -> Option<PromptPart>| {
        parts().filter_map(|part| side(&part.part)).fold(0u64, |s, p| s.saturating_add(p.tokens))
    };
    let (was, is) = (sum(|pair| pair.before), sum(|pair| pair.now));
    let undoing = Undoing { attributes: attribute, ..chats.undoing };
    Some(Found::new(ChangeKind::Prompt, Subject::Parts(kind, 0), undoing).by(was, is))
}

fn first_kind_that_differs(step: &MixedStep) -> Option<Attributes> {
    step.parts.iter().find(|part| part.part.before != part.part.now).map(|part| part.attribute)
}

/// Says whether it is the length of the parts that matters, or their being others.
fn classed(one: Found, kind: usize, is_first: bool, chats: &Chats<'_>, before: &ChatWork) -> Found {
    let cache = chats.cached.now.cmp(&chats.cached.before);
    let nearly = one.amount.unsigned_abs() <= before.input_tokens / NEARLY_THE_SAME;
    let lost = cache.is_lt() && nearly && is_first;
    // Tools and instructions are the same in all prompts of a bench; the rest is each one's own.
    let of_the_bench = matches!(PART_KINDS[kind], PromptPartKind::Tools | PromptPartKind::System);
    if lost || (one.amount == 0 && (of_the_bench || (is_first && cache.is_ne()))) {
        let before = chats.cached.before;
        let amount = chats.cached.now.wrapping_sub(before) as i64;
        return Found { kind: ChangeKind::PromptCache, amount, before, ..one };
    }
    if one.amount == 0 {
        return Found { kind: ChangeKind::PromptCache, subject: Subject::Words, ..one };
    }
    let tokens = if of_the_bench { one.amount } else { 0 };
    Found { subject: Subject::Parts(kind, tokens), is_nearly_equal: nearly && is_first, ..one }
}

/// Where what was put into some prompts spoils a cache, it is the same thing in prompts that no
/// cache would have served: the first ones.
pub(super) fn put_with_lost_caches(found: &mut [Found]) {
    let lost = |one: &Found| match one.subject {
        Subject::Parts(kind, _) if one.kind == ChangeKind::PromptCache => {
            (one.amount < 0).then_some(kind)
        }
        _ => None,
    };
    let lost: BTreeSet<usize> = found.iter().filter_map(lost).collect();
    for one in found.iter_mut().filter(|one| one.is_nearly_equal) {
        if let Subject::Parts(kind, _) = one.subject
            && lost.contains(&kind)
        {
            (one.kind, one.subject) = (ChangeKind::PromptCache, Subject::Parts(kind, 0));
            (one.amount, one.before) = (0, 0);
        }
    }
}
