//! Says in plain words what a change is.

use timeslip_timeline::time::Span;

use super::found::{Label, Subject, Waited};
use super::group::Group;
use super::lay::{Laid, PART_KINDS};
use super::outcome::{ANSWERED, GIVEN_UP};
use crate::slip::PromptPartKind;
use crate::step::{Step, ToolStep};
use crate::verdict::ChangeKind;

/// A change in one line.
pub(super) fn headline(group: &Group) -> String {
    let place = || match group.places.len() {
        1 => group.places.keys().next().map_or(String::new(), |place| format!(" {place}")),
        _ => String::new(),
    };
    match (&group.subject, group.kind) {
        (Subject::Step(label), ChangeKind::StepAdded) => {
            format!("{} added{}", label.plain(), place())
        }
        (Subject::Step(label), ChangeKind::StepRemoved) => {
            let was = if place().is_empty() { "" } else { "; it was" };
            format!("{} removed{was}{}", label.plain(), place())
        }
        (Subject::Step(label), _) => takes(label, group),
        (Subject::Waits(label, waited), _) => waits(label, waited),
        (Subject::Parts(kind, _), ChangeKind::PromptCache) => cache(*kind, group),
        (Subject::Parts(kind, _), _) => parts(*kind, group),
        (Subject::Prompt, _) => {
            format!("prompts {} by {}", grew(group.amount), tokens_a_chat(group))
        }
        (Subject::Words, _) => "the words in prompts differ, with the same length".to_owned(),
        (Subject::Reply(_), _) => reply(group),
        (Subject::Agent, _) => computes(group, &place()),
        (Subject::Outcome(label, before, now), _) => {
            let (now, before) = (outcome(now), outcome(before));
            format!("{} ends with {now}, and with {before} before", label.plain())
        }
        (Subject::Server(before, now), _) => format!("chats go to {now}, and to {before} before"),
        (Subject::Sessions(new), _) => {
            let change = if *new { "added" } else { "removed" };
            format!("{} {change}", counted(group.occurrences, "session"))
        }
        (Subject::Others, _) => others(group),
        (Subject::Quiet, _) => "what remains".to_owned(),
    }
}

/// What stands behind a change, a line each.
pub(super) fn details(group: &Group, laid: &Laid<'_>) -> Vec<String> {
    if let Subject::Sessions(_) = group.subject {
        return vec![tasks(group, laid)];
    }
    let mut details = Vec::new();
    if group.places.len() > 1 {
        let mut places: Vec<(&String, &u64)> = group.places.iter().collect();
        places.sort_by_key(|(place, count)| (std::cmp::Reverse(**count), *place));
        let named =
            places.iter().take(PLACES_MAX).map(|(place, times)| format!("{place}: {times}"));
        details.push(named.collect::<Vec<_>>().join("; "));
    }
    let in_all = match group.kind {
        ChangeKind::Prompt | ChangeKind::Reply if group.occurrences > 1 => {
            Some(format!("{} tokens in all", signed(group.amount)))
        }
        ChangeKind::Tool | ChangeKind::Waiting if group.occurrences > 1 => {
            Some(format!("{} in all", more_time(group.amount)))
        }
        _ => None,
    };
    details.extend(in_all);
    if group.kind == ChangeKind::Tool {
        details.extend(tool_details(group, laid));
    }
    details
}

fn outcome(word: &str) -> String {
    match word {
        ANSWERED | GIVEN_UP => word.to_owned(),
        error => format!("the error {error}"),
    }
}

/// The tasks of new or missing sessions.
fn tasks(group: &Group, laid: &Laid<'_>) -> String {
    let mut tasks: Vec<&str> = group.sessions.iter().map(|place| laid.task(*place)).collect();
    tasks.dedup();
    let more = match tasks.len().checked_sub(TASKS_MAX) {
        None | Some(0) => String::new(),
        Some(more) => format!(", and {} more", count(more as u64)),
    };
    tasks.truncate(TASKS_MAX);
    format!("tasks: {}{more}", tasks.join(", "))
}

/// The most tasks that one line names.
const TASKS_MAX: usize = 10;

/// The most places that one line names.
const PLACES_MAX: usize = 4;

impl Label {
    pub(super) fn plain(&self) -> String {
        match self {
            Label::Chat => "chat".to_owned(),
            Label::Tool(name) => format!("tool {name}"),
            Label::User => "question to the user".to_owned(),
            Label::Sleep => "sleep".to_owned(),
            Label::End => "session".to_owned(),
        }
    }

    pub(super) fn with_article(&self) -> String {
        match self {
            Label::Tool(_) => format!("the {}", self.plain()),
            Label::End => "the end of the session".to_owned(),
            _ => format!("a {}", self.plain()),
        }
    }
}

/// A whole number with commas: `12,600`.
pub(crate) fn count(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 sessions`.
pub(crate) fn counted(number: impl Into<u128>, what: &str) -> String {
    let number = number.into();
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}

/// `12.3 ms more`.
pub(super) fn more_time(nanos: i128) -> String {
    let span = Span::from_nanos(u64::try_from(nanos.unsigned_abs()).unwrap_or(u64::MAX));
    format!("{span} {}", if nanos < 0 { "less" } else { "more" })
}

fn signed(number: i128) -> String {
    let more = if number < 0 { "fewer" } else { "more" };
    format!("{} {more}", count(number.unsigned_abs()))
}

fn grew(amount: i128) -> &'static str {
    if amount < 0 { "shrank" } else { "grew" }
}

/// A sum as each occurrence's part of it, to the nearest.
fn each(sum: u128, group: &Group) -> u128 {
    let occurrences = u128::from(group.occurrences.max(1));
    (sum + occurrences / 2) / occurrences
}

fn each_time(sum: u128, group: &Group) -> Span {
    Span::from_nanos(u64::try_from(each(sum, group)).unwrap_or(u64::MAX))
}

fn tokens_a_chat(group: &Group) -> String {
    let tokens = each(group.amount.unsigned_abs(), group);
    format!("{} a chat", counted(tokens, "token"))
}

fn takes(label: &Label, group: &Group) -> String {
    if each(group.amount.unsigned_abs(), group) == 0 {
        return format!("{} takes another time, some more and some less", label.with_article());
    }
    let more = if group.amount < 0 { "less" } else { "more" };
    let change = each_time(group.amount.unsigned_abs(), group);
    let before = each_time(group.before, group);
    match label {
        Label::User => format!("the user takes {change} {more} to answer ({before} before)"),
        Label::Sleep => format!("a sleep is {change} {} ({before} before)", longer(group.amount)),
        Label::Chat => format!("a chat that fails takes {change} {more} ({before} before)"),
        _ => format!("{} takes {change} {more} a call ({before} before)", label.plain()),
    }
}

fn longer(amount: i128) -> &'static str {
    if amount < 0 { "shorter" } else { "longer" }
}

fn waits(label: &Label, waited: &[Waited]) -> String {
    let of = |now: bool| waited.iter().find(|waited| waited.now == now).map(|w| w.step.plain());
    let who = match label {
        Label::End => "the end of the session".to_owned(),
        other => other.plain(),
    };
    match (of(true), of(false)) {
        (Some(now), None) => format!("{who} now waits for {now}; they overlapped before"),
        (None, Some(before)) => format!("{who} no longer waits for {before}; they overlap now"),
        (Some(now), Some(before)) => format!("{who} waits for {now}, and for {before} before"),
        (None, None) => format!("{who} waits for other steps than before"),
    }
}

fn parts(kind: usize, group: &Group) -> String {
    if each(group.amount.unsigned_abs(), group) == 0 {
        let what = match PART_KINDS[kind] {
            PromptPartKind::Tools => "lists of tools",
            PromptPartKind::System => "system prompts",
            PromptPartKind::User => "the user's words",
            PromptPartKind::Assistant => "earlier replies",
            PromptPartKind::Tool => "tool outputs",
        };
        return format!("{what} in prompts differ, some longer and some shorter");
    }
    let grew = grew(group.amount);
    let by = tokens_a_chat(group);
    let more = if group.amount < 0 { "fewer or shorter" } else { "more or longer" };
    match PART_KINDS[kind] {
        PromptPartKind::Tools => {
            format!("the list of tools {grew} by {}", by.trim_end_matches(" a chat"))
        }
        PromptPartKind::System => {
            format!("the system prompt {grew} by {}", by.trim_end_matches(" a chat"))
        }
        PromptPartKind::User => format!("the user's words in prompts {grew} by {by}"),
        PromptPartKind::Assistant => {
            format!("prompts {grew} by {by}, since earlier replies are {more}")
        }
        PromptPartKind::Tool => format!("prompts {grew} by {by}, since tool outputs are {more}"),
    }
}

fn cache(kind: usize, group: &Group) -> String {
    let (message, whole) = match PART_KINDS[kind] {
        PromptPartKind::Tools => ("list of tools", "the list of tools differs"),
        PromptPartKind::System => ("system message", "the system prompt differs"),
        PromptPartKind::User => ("user's words", "the user's words differ"),
        PromptPartKind::Assistant => ("model's replies", "the model's earlier replies differ"),
        PromptPartKind::Tool => ("tool outputs", "tool outputs differ"),
    };
    let tokens = counted(group.amount.unsigned_abs(), "token");
    match group.amount {
        0 => format!("{whole}, with the same length"),
        lost if lost < 0 => {
            format!("the cache of prompts is lost from the {message} on: {tokens} are read again")
        }
        _ => format!("the cache of prompts serves the {message} again: {tokens} are not read"),
    }
}

fn reply(group: &Group) -> String {
    let tokens = counted(each(group.amount.unsigned_abs(), group), "token");
    let before = count(each(group.before, group));
    let (what, before) = match group.occurrences {
        1 => ("a reply is", format!("{before} before")),
        _ => ("replies are", format!("{before} before, on average")),
    };
    format!("{what} {tokens} {} ({before})", longer(group.amount))
}

fn computes(group: &Group, place: &str) -> String {
    match group.occurrences {
        1 => format!("the agent computes {}{place}", more_time(group.amount)),
        times => {
            format!("the agent computes {} in all, {} times", more_time(group.amount), count(times))
        }
    }
}

fn others(group: &Group) -> String {
    let what = match group.kind {
        ChangeKind::Reply => "replies of another length",
        ChangeKind::Prompt => "differences of prompts",
        ChangeKind::Tool => "tools that take another time",
        ChangeKind::StepAdded => "steps added",
        ChangeKind::StepRemoved => "steps removed",
        ChangeKind::Order => "steps that wait for others than before",
        ChangeKind::Outcome => "steps or sessions that end otherwise",
        _ => "differences",
    };
    let in_all = match group.kind {
        ChangeKind::Reply | ChangeKind::Prompt => {
            format!(", {} tokens in all", signed(group.amount))
        }
        ChangeKind::Tool => format!(", {} in all", more_time(group.amount)),
        _ => String::new(),
    };
    let number = match group.kind {
        ChangeKind::Tool => group.merged.len() as u64,
        _ => group.occurrences,
    };
    format!("{} other {what}{in_all}", count(number))
}

/// What a tool's time is made of, on both sides.
fn tool_details(group: &Group, laid: &Laid<'_>) -> Vec<String> {
    let mut compute = 0;
    let mut wait = 0;
    let mut fetches = 0;
    let mut has_fetches = false;
    for undoing in &group.undoings {
        let rows = &laid.rows[undoing.session];
        let row = undoing.step.map(|step| rows.steps[step]);
        let (Some((Some(before), Some(now))), (Some(first), Some(second))) = (row, rows.sessions)
        else {
            continue;
        };
        let was = tool(&laid.slips.before.sessions[first].steps[before]);
        let is = tool(&laid.slips.now.sessions[second].steps[now]);
        if let (Some(was), Some(is)) = (was, is) {
            compute += i128::from(is.compute_ns) - i128::from(was.compute_ns);
            wait += i128::from(is.wait_ns) - i128::from(was.wait_ns);
            fetches += fetching(is) - fetching(was);
            has_fetches |= !is.fetches.is_empty() || !was.fetches.is_empty();
        }
    }
    let fetches = match has_fetches {
        true => format!("; fetching over HTTP, one fetch after another: {}", more_time(fetches)),
        false => String::new(),
    };
    vec![format!("computing: {}; waiting: {}{fetches}", more_time(compute), more_time(wait))]
}

/// The time of all that a tool fetched, as if nothing of it overlapped.
fn fetching(tool: &ToolStep) -> i128 {
    tool.fetches.iter().map(|fetch| i128::from(fetch.took_ns)).sum()
}

fn tool(step: &Step) -> Option<&ToolStep> {
    match step {
        Step::Tool(tool) => Some(tool),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        assert_eq!([0u64, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1u64, "session"), "1 session");
        assert_eq!(more_time(-12_300_000), "12.3 ms less");
        assert_eq!(signed(-3), "3 fewer");
    }
}
