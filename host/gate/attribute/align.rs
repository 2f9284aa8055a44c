//! Which session, which step and which part of a prompt of one run is which of the other.

use std::collections::BTreeMap;

use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::Instant;

use super::waits::end_of;
use crate::slip::Session;
use crate::step::Step;

/// What stands at a place of two sequences laid over each other: a place of the first, of the
/// second, or of both.
pub(super) type Row = (Option<usize>, Option<usize>);

/// Lays two sequences over each other so that the sum of the scores of all pairs is greatest, in
/// the order of both. A pair without a score is none; among equals the earlier pair is taken.
///
/// `same` tells of pairs that could score no better: those at the beginnings and the ends are paired
/// without a search, which makes two sequences that are nearly equal cheap.
pub(super) fn align(
    before: usize,
    now: usize,
    same: impl Fn(usize, usize) -> bool,
    score: impl Fn(usize, usize) -> Option<u32>,
) -> Vec<Row> {
    let shorter = before.min(now);
    let head = (0..shorter).take_while(|place| same(*place, *place)).count();
    let tail = (1..=shorter - head).take_while(|back| same(before - back, now - back)).count();
    let (rows, columns) = (before - head - tail, now - head - tail);
    let best = best_sums(rows, columns, |row, column| score(head + row, head + column));
    let mut aligned: Vec<Row> = (0..head).map(|place| (Some(place), Some(place))).collect();
    let (mut row, mut column) = (0, 0);
    while row < rows || column < columns {
        let sum = |row: usize, column: usize| best[row * (columns + 1) + column];
        let here = sum(row, column);
        let inside = row < rows && column < columns;
        let paired = inside
            && score(head + row, head + column)
                .is_some_and(|score| here == u64::from(score) + sum(row + 1, column + 1));
        let (step_row, step_column) = match paired {
            true => (true, true),
            // What was there before stands above what replaces it.
            false if row < rows && sum(row + 1, column) == here => (true, false),
            false => (false, true),
        };
        aligned.push((step_row.then_some(head + row), step_column.then_some(head + column)));
        row += usize::from(step_row);
        column += usize::from(step_column);
    }
    aligned.extend((1..=tail).rev().map(|back| (Some(before - back), Some(now - back))));
    aligned
}

/// The greatest sum that the rest of both sequences can have, from each pair of places on.
fn best_sums(rows: usize, columns: usize, score: impl Fn(usize, usize) -> Option<u32>) -> Vec<u64> {
    let width = columns + 1;
    let mut best = vec![0u64; (rows + 1) * width];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let pair = score(row, column)
                .map_or(0, |score| u64::from(score) + best[(row + 1) * width + column + 1]);
            let apart = best[(row + 1) * width + column].max(best[row * width + column + 1]);
            best[row * width + column] = pair.max(apart);
        }
    }
    best
}

/// Pairs sessions by task and occurrence. Sessions that only `before` has stand after the one they
/// followed there.
pub(super) fn align_sessions(before: &[Session], now: &[Session]) -> Vec<Row> {
    let mut places: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for (place, name) in named(before).enumerate() {
        places.insert(name, place);
    }
    let mut paired = vec![None; before.len()];
    let mut rows: Vec<Row> = Vec::with_capacity(now.len());
    for (place, name) in named(now).enumerate() {
        let other = places.get(&name).copied();
        if let Some(other) = other {
            paired[other] = Some(place);
        }
        rows.push((other, Some(place)));
    }
    let mut with_missing: Vec<Row> = Vec::with_capacity(rows.len());
    let mut missing_after: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    let mut last = None;
    for (place, pair) in paired.iter().enumerate() {
        match pair {
            Some(_) => last = Some(place),
            None => missing_after.entry(last).or_default().push(place),
        }
    }
    let mut add_missing = |after: Option<usize>, rows: &mut Vec<Row>| {
        let missing = missing_after.remove(&after).unwrap_or_default();
        rows.extend(missing.into_iter().map(|place| (Some(place), None)));
    };
    add_missing(None, &mut with_missing);
    for row in rows {
        with_missing.push(row);
        if row.0.is_some() {
            add_missing(row.0, &mut with_missing);
        }
    }
    with_missing
}

/// The sessions' tasks, each with its occurrence.
fn named(sessions: &[Session]) -> impl Iterator<Item = (&str, usize)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    sessions.iter().map(move |session| {
        let occurrence = seen.entry(&session.task).or_default();
        *occurrence += 1;
        (session.task.as_str(), *occurrence)
    })
}

/// Lays the steps of two sessions over each other: steps pair with their like, chats with those
/// that read and say most nearly the same.
pub(super) fn align_steps(before: &Session, now: &Session, moves: Moves) -> Vec<Row> {
    let prompts = [before, now].map(prompts_of);
    let score = |row: usize, column: usize| match (&before.steps[row], &now.steps[column]) {
        (Step::Chat(first), Step::Chat(second)) => {
            let alike = alike(&prompts[0][row], &prompts[1][column]);
            let reply = u32::from(first.output_tokens == second.output_tokens)
                + u32::from(first.finish_reason == second.finish_reason);
            Some(WHOLE + alike + reply * (WHOLE / 5))
        }
        (Step::Tool(first), Step::Tool(second)) if first.tool == second.tool => {
            let equal = first.compute_ns == second.compute_ns && first.ok == second.ok;
            Some(2 * WHOLE + if equal { 2 * WHOLE / 5 } else { 0 })
        }
        (Step::User(_), Step::User(_)) => Some(2 * WHOLE + 2 * WHOLE / 5),
        (Step::Sleep(first), Step::Sleep(second)) => {
            let equal = first.e2e_ns == second.e2e_ns;
            Some(2 * WHOLE + if equal { 2 * WHOLE / 5 } else { 0 })
        }
        _ => None,
    };
    let same = |row: usize, column: usize| {
        let best = 2 * WHOLE + 2 * WHOLE / 5;
        score(row, column).is_some_and(|score| score >= best)
    };
    let rows = align(before.steps.len(), now.steps.len(), same, score);
    match moves {
        Moves::Paired => pair_moved(rows, before, now, &prompts),
        Moves::Apart => rows,
    }
}

/// What becomes of a step that stands in another place than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    /// It is one step, which waits for others than before.
    Paired,
    /// It is a step that is gone and one that is new.
    Apart,
}

/// Pairs a step that seems gone with one that seems new, where they are the same step in another
/// place among steps that one of the runs has beside it. So a call that no longer overlaps another
/// has moved, and is not one call less and one more. The pair stands where the step is now.
fn pair_moved(
    mut rows: Vec<Row>,
    before: &Session,
    now: &Session,
    prompts: &[Vec<Vec<&str>>; 2],
) -> Vec<Row> {
    let is_same = |first: usize, second: usize| match (&before.steps[first], &now.steps[second]) {
        (Step::Chat(was), Step::Chat(is)) => {
            was.output_tokens == is.output_tokens && prompts[0][first] == prompts[1][second]
        }
        (Step::Tool(was), Step::Tool(is)) => was.tool == is.tool && was.ok == is.ok,
        _ => false,
    };
    let mut place = 0;
    while place < rows.len() {
        if let (None, Some(new)) = rows[place] {
            let gone = (0..rows.len()).filter(|other| {
                matches!(rows[*other], (Some(gone), None) if is_same(gone, new)
                    && runs_beside(&rows, *other, place, before, now))
            });
            if let Some(other) = gone.min_by_key(|other| other.abs_diff(place)) {
                rows[place].0 = rows[other].0;
                rows.remove(other);
                continue;
            }
        }
        place += 1;
    }
    rows
}

/// Whether the step of before at one row, or that of now at another, runs beside every step between
/// the two that both runs have: then neither run makes one of them wait for the other in a way that
/// the other run reverses.
fn runs_beside(rows: &[Row], gone: usize, new: usize, before: &Session, now: &Session) -> bool {
    let beside = |steps: &[Step], one: usize, other: usize| {
        let (one, other) = (&steps[one], &steps[other]);
        let starts = |step: &Step| Instant::from_nanos(step.at_ns());
        starts(one) < end_of(other) && starts(other) < end_of(one)
    };
    let (Some(was), Some(is)) = (rows[gone].0, rows[new].1) else {
        return false;
    };
    let between = &rows[gone.min(new) + 1..gone.max(new)];
    between.iter().all(|row| match *row {
        (Some(first), Some(second)) => {
            beside(&before.steps, was, first) || beside(&now.steps, is, second)
        }
        _ => true,
    })
}

/// The score of a pair that is equal in one respect.
const WHOLE: u32 = 1000;

/// The digests of each chat's prompt.
fn prompts_of(session: &Session) -> Vec<Vec<&str>> {
    let parts = &session.prompt_parts;
    let digest = |place: usize| parts.get(place).map(|part| part.digest.as_str());
    let prompt = |step: &Step| match step {
        Step::Chat(chat) => chat.prompt.places().filter_map(digest).collect(),
        _ => Vec::new(),
    };
    session.steps.iter().map(prompt).collect()
}

/// How much of two prompts is the same, of [`WHOLE`]: seven tenths for equal parts, in any order,
/// and three for an equal number of parts, which holds where every word differs.
fn alike(first: &[&str], second: &[&str]) -> u32 {
    let longer = first.len().max(second.len());
    if longer == 0 {
        return WHOLE;
    }
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    first.iter().for_each(|digest| *counts.entry(digest).or_default() += 1);
    let shared = second.iter().filter(|digest| {
        counts.get_mut(**digest).is_some_and(|left| {
            *left -= 1;
            *left >= 0
        })
    });
    let shorter = first.len().min(second.len());
    let of_ten = |parts: usize, tenths: usize| WHOLE as usize * tenths * parts / (10 * longer);
    // At most the whole.
    (of_ten(shared.count(), 7) + of_ten(shorter, 3)) as u32
}

/// Lays the parts of two prompts over each other: equal parts first, then parts of one kind.
pub(super) fn align_parts(before: &[PromptPart], now: &[PromptPart]) -> Vec<Row> {
    let same = |row: usize, column: usize| before[row] == now[column];
    let score = |row: usize, column: usize| match (before[row], now[column]) {
        (first, second) if first == second => Some(WHOLE),
        (first, second) if first.kind == second.kind => Some(WHOLE / 4),
        _ => None,
    };
    align(before.len(), now.len(), same, score)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attribute::hand_made::{session, sleep, tool};

    fn letters(before: &str, now: &str) -> String {
        let (before, now) = (before.as_bytes(), now.as_bytes());
        let same = |row: usize, column: usize| before[row] == now[column];
        let score = |row: usize, column: usize| same(row, column).then_some(1);
        let rows = align(before.len(), now.len(), same, score);
        let shown = rows.into_iter().map(|row| match row {
            (Some(place), Some(_)) => (before[place] as char).to_string(),
            (Some(place), None) => format!("-{}", before[place] as char),
            (None, Some(place)) => format!("+{}", now[place] as char),
            (None, None) => unreachable!(),
        });
        shown.collect()
    }

    #[test]
    fn what_is_new_or_gone_stands_between_what_stayed() {
        assert_eq!(letters("abc", "abc"), "abc");
        assert_eq!(letters("abcd", "axbd"), "a+xb-cd");
        assert_eq!(letters("", "ab"), "+a+b");
        assert_eq!(letters("aa", "a"), "a-a");
        assert_eq!(letters("ab", "cd"), "-a-b+c+d");
    }

    #[test]
    fn sessions_pair_by_task_and_occurrence() {
        let named = |tasks: &str| -> Vec<Session> {
            tasks.chars().map(|task| session(&task.to_string(), 0, 0, Vec::new())).collect()
        };
        let rows = align_sessions(&named("xabay"), &named("baac"));
        let expected = [
            (Some(0), None),
            (Some(2), Some(0)),
            (Some(1), Some(1)),
            (Some(3), Some(2)),
            (Some(4), None),
            (None, Some(3)),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn of_equal_tools_the_one_that_computes_the_same_pairs() {
        let before = session("t", 0, 30, vec![tool("a", 0, 7), sleep(7, 1)]);
        let now = session("t", 0, 30, vec![tool("a", 0, 9), tool("a", 9, 7), sleep(16, 1)]);
        let rows = align_steps(&before, &now, Moves::Paired);
        assert_eq!(rows, [(None, Some(0)), (Some(0), Some(1)), (Some(1), Some(2))]);
    }

    proptest! {
        #[test]
        fn every_place_stands_once_and_in_order(before in "[abc]{0,12}", now in "[abc]{0,12}") {
            let shown = letters(&before, &now);
            let without = |sign: char, shown: &str| {
                let mut text = String::new();
                let mut letters = shown.chars();
                while let Some(letter) = letters.next() {
                    match letter {
                        '+' | '-' => {
                            let next = letters.next().unwrap();
                            text.extend((letter != sign).then_some(next));
                        }
                        _ => text.push(letter),
                    }
                }
                text
            };
            prop_assert_eq!(without('+', &shown), before);
            prop_assert_eq!(without('-', &shown), now);
        }
    }
}
