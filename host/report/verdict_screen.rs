//! What `timeslip check` and `timeslip diff` print: the answer, what to do next, and for each run
//! its changes with what they cost, its main figures on both sides and its budgets. The cause
//! stands first, since it is what one looks for.

mod budgets;
mod changes;
mod metrics;

use timeslip_gate::verdict::{Answer, RunVerdict, Verdict};

use crate::phrases::{against, answer_name, finding, findings, mark, next_step, sum};
use crate::style::{Ink, Style};
use crate::text::{plain, without_commands, wrapped};

/// The text of a verdict's screen, with a newline at its end.
///
/// Without [`Style::colour`] it holds no escape sequence, whatever names and messages say, and no
/// line of it is a command to the log of a build service.
pub fn verdict_screen(verdict: &Verdict, style: Style) -> String {
    let file = verdict.bench_file.as_deref();
    let mut blocks = vec![heading(verdict, style)];
    match verdict.runs.as_slice() {
        [run] => blocks.extend(run_blocks(run, file, style)),
        runs => {
            let (quiet, loud): (Vec<_>, Vec<_>) = runs.iter().partition(|run| is_quiet(run));
            for (index, run) in loud.iter().enumerate() {
                let is_told = loud[..index].iter().any(|earlier| fails_alike(earlier, run));
                let mut run_blocks = match is_told {
                    true => vec![changes::costs(&run.changes, style), sum_lines(run, style)],
                    false => run_blocks(run, file, style),
                };
                let mut first = vec![run_line(run, style)];
                first.extend(run_blocks.first_mut().map(std::mem::take).unwrap_or_default());
                blocks.push(first);
                blocks.extend(run_blocks.into_iter().skip(1));
            }
            blocks.push(quiet.into_iter().map(|run| run_line(run, style)).collect());
        }
    }
    blocks.retain(|block| !block.is_empty());
    let blocks: Vec<String> = blocks.into_iter().map(|block| block.join("\n")).collect();
    without_commands(&(blocks.join("\n\n") + "\n"))
}

/// The bench and what it was compared with, the answer, and what to do next.
fn heading(verdict: &Verdict, style: Style) -> Vec<String> {
    let mut parts = vec![plain(&verdict.bench)];
    if let [run] = verdict.runs.as_slice() {
        parts.push(format!("on {}", plain(&run.on)));
        parts.extend(run.against.as_ref().map(|other| format!("against {}", against(other))));
    }
    let text = parts.join(style.sign(" · ", " | "));
    let mut lines: Vec<String> = wrapped(&text, style.columns());
    for line in &mut lines {
        *line = style.paint(Ink::Strong, line);
    }
    let answer = format!("{}: {}", answer_name(verdict.answer), findings(verdict));
    lines.extend(marked(verdict.answer, &answer, style));
    if let Some(step) = next_step(verdict) {
        let step = wrapped(step, style.columns() - MARK);
        lines.extend(step.iter().map(|line| style.paint(Ink::Faint, &format!("  {line}"))));
    }
    lines
}

/// Columns of a mark and the blank after it, but for `ok`, which takes one more.
const MARK: usize = 2;

/// A text behind the mark of an answer, in its colour.
fn marked(answer: Answer, text: &str, style: Style) -> Vec<String> {
    let (unicode, ascii) = mark(answer);
    let text = format!("{} {text}", style.sign(unicode, ascii));
    let lines = wrapped(&style.own(text), style.columns() - MARK);
    let indented = lines.iter().enumerate().map(|(index, line)| match index {
        0 => line.clone(),
        _ => format!("  {line}"),
    });
    indented.map(|line| style.paint(ink(answer), &line)).collect()
}

fn ink(answer: Answer) -> Ink {
    match answer {
        Answer::Pass => Ink::Good,
        Answer::Warn | Answer::Inconclusive | Answer::NoBaseline => Ink::Strong,
        Answer::Fail => Ink::Bad,
    }
}

/// Whether one line says all of a run.
fn is_quiet(run: &RunVerdict) -> bool {
    run.answer == Answer::Pass && run.changes.is_empty() && run.time_difference_ns == 0
}

/// Whether two runs fail by the same changes, of which the second then needs to tell the costs alone.
fn fails_alike(one: &RunVerdict, other: &RunVerdict) -> bool {
    let failing = |run: &RunVerdict| -> Vec<String> {
        let changes = run.changes.iter().filter(|change| change.fails);
        let mut headlines: Vec<String> = changes.map(|change| change.headline.clone()).collect();
        headlines.sort();
        headlines
    };
    let all_budgets_hold =
        |run: &RunVerdict| run.budgets.iter().all(|budget| budget.answer == Answer::Pass);
    let failing_now = failing(other);
    !failing_now.is_empty() && all_budgets_hold(other) && failing(one) == failing_now
}

/// A run in one line: where, against what, and what was found.
fn run_line(run: &RunVerdict, style: Style) -> String {
    let other = match &run.against {
        Some(other) if !is_quiet(run) => format!(" against {}", against(other)),
        _ => String::new(),
    };
    marked(run.answer, &format!("{}{other}: {}", plain(&run.on), finding(run)), style).join("\n")
}

/// A run's changes and what they come to, its figures, its budgets; what says nothing is empty.
fn run_blocks(run: &RunVerdict, file: Option<&str>, style: Style) -> Vec<Vec<String>> {
    let mut causes = changes::changes(&run.changes, style);
    causes.extend(sum_lines(run, style));
    vec![causes, metrics::metrics(&run.metrics, style), budgets::budgets(&run.budgets, file, style)]
}

/// What the changes come to.
fn sum_lines(run: &RunVerdict, style: Style) -> Vec<String> {
    let lines = sum(run).map(|sum| wrapped(&style.own(sum), style.columns())).unwrap_or_default();
    lines.iter().map(|line| style.paint(Ink::Strong, line)).collect()
}

#[cfg(test)]
mod tests;
