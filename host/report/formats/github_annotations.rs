//! Annotations of GitHub Actions: lines on standard output that put a message beside a line of a
//! file.

use std::fmt::Write;

use timeslip_gate::verdict::{Answer, RunVerdict, Verdict};

use crate::amount::signed_time;
use crate::phrases::{answer_name, facts, finding, next_step, value_and_limit};
use crate::text::plain;

/// The most that GitHub shows of a kind for one step of a job.
const MOST: usize = 10;

/// A message beside a line.
struct Annotation {
    line: u32,
    title: String,
    message: String,
}

/// The annotations of a verdict, a line each: an error for every budget that fails and every change
/// that does, a warning for every budget that warns and every run that could not be compared. Of
/// more than ten of a kind the tenth says how many there are.
pub fn github_annotations(verdict: &Verdict) -> String {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    for run in &verdict.runs {
        let on =
            if verdict.runs.len() > 1 { format!(" on {}", plain(&run.on)) } else { String::new() };
        errors.extend(budgets(run, Answer::Fail, &on));
        errors.extend(changes(run, &on));
        warnings.extend(budgets(run, Answer::Warn, &on));
        if matches!(run.answer, Answer::NoBaseline | Answer::Inconclusive) {
            let next = next_step(verdict).map(|next| format!("\n{next}")).unwrap_or_default();
            let title = format!("{}{on}: {}", plain(&verdict.bench), answer_name(run.answer));
            warnings.push(Annotation { line: 1, title, message: finding(run) + &next });
        }
    }
    let mut out = String::new();
    write_all(&mut out, "error", errors, verdict);
    write_all(&mut out, "warning", warnings, verdict);
    out
}

fn budgets<'a>(
    run: &'a RunVerdict,
    answer: Answer,
    on: &'a str,
) -> impl Iterator<Item = Annotation> + 'a {
    run.budgets.iter().filter(move |budget| budget.answer == answer).map(move |budget| Annotation {
        line: budget.line.unwrap_or(1),
        title: format!("budget{on}: {}", plain(&budget.name)),
        message: format!("{}\n{}", plain(&budget.message), value_and_limit(budget)),
    })
}

fn changes<'a>(run: &'a RunVerdict, on: &'a str) -> impl Iterator<Item = Annotation> + 'a {
    run.changes.iter().filter(|change| change.fails).map(move |change| {
        let time = signed_time(change.cost.time_ns);
        let mut lines = vec![facts(change)];
        lines.extend(change.details.iter().map(|detail| plain(detail)));
        lines.push(format!("fails: {}", plain(&change.reason)));
        Annotation {
            line: 1,
            title: format!("{time}{on}: {}", plain(&change.headline)),
            message: lines.join("\n"),
        }
    })
}

fn write_all(out: &mut String, kind: &str, mut all: Vec<Annotation>, verdict: &Verdict) {
    let file = verdict.bench_file.as_deref();
    if all.len() > MOST {
        let more = all.len() - (MOST - 1);
        all.truncate(MOST - 1);
        all.push(Annotation {
            line: 1,
            title: format!("{}: {more} more of this kind", plain(&verdict.bench)),
            message: "the step's summary and output have them all".to_owned(),
        });
    }
    for Annotation { line, title, message } in all {
        let place = file.map(|file| format!("file={},line={line},", property(&plain(file))));
        let place = place.unwrap_or_default();
        let (title, message) = (property(&title), data(&message));
        writeln!(out, "::{kind} {place}title={title}::{message}").expect("a String takes any text");
    }
}

/// Escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
