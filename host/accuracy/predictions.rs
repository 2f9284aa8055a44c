//! Predictions of a file's rows, kept by line: a page of figures can be checked against them without
//! serving each row again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::predict::{Answer, Outcome, Plan};
use crate::row::Metric;

const HEADER: &str = "line,ttft_ms,tpot_ms,step_ms\n";

/// The columns after the line.
const COLUMNS: [Metric; 3] = [Metric::Ttft, Metric::Tpot, Metric::Step];

/// What was predicted, in milliseconds, by the line of the row in its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions(BTreeMap<u64, Vec<(Metric, f64)>>);

impl Predictions {
    /// Of rows; those that were not predicted are left out.
    pub fn of(outcomes: &[Outcome]) -> Predictions {
        let line = |outcome: &Outcome| {
            let compared = outcome.result.as_ref().ok()?.iter();
            let figures = compared.map(|compared| (compared.metric, compared.predicted_ms));
            Some((outcome.row.line, figures.collect()))
        };
        Predictions(outcomes.iter().filter_map(line).collect())
    }

    /// As a CSV file, in which every figure is exact.
    pub fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for (line, figures) in &self.0 {
            let figure = |metric: &Metric| {
                let found = figures.iter().find(|(known, _)| known == metric);
                found.map_or(String::new(), |(_, milliseconds)| milliseconds.to_string())
            };
            let cells: Vec<String> = COLUMNS.iter().map(figure).collect();
            writeln!(text, "{line},{}", cells.join(",")).expect("a string takes all");
        }
        text
    }

    /// Of what [`Predictions::text`] wrote.
    ///
    /// # Errors
    /// Where and what is wrong with the text.
    pub fn read(text: &str) -> Result<Predictions, String> {
        let Some(rest) = text.strip_prefix(HEADER) else {
            return Err(format!("line 1: the header is not `{}`", HEADER.trim()));
        };
        let read = |(index, line): (usize, &str)| {
            read_line(line).ok_or_else(|| format!("line {}: `{line}` is no prediction", index + 2))
        };
        Ok(Predictions(rest.lines().enumerate().map(read).collect::<Result<_, _>>()?))
    }

    /// The figures of the row on a line of its file.
    pub fn of_line(&self, line: u64) -> Option<&[(Metric, f64)]> {
        self.0.get(&line).map(Vec::as_slice)
    }

    /// The rows of a plan with these predictions; `otherwise` says why there is none for a scenario.
    pub fn outcomes(&self, plan: Plan, otherwise: impl Fn(usize) -> Answer) -> Vec<Outcome> {
        let mut answers: Vec<Option<Answer>> = vec![None; plan.scenarios().len()];
        for (line, place) in plan.places() {
            let kept = self.of_line(line).map(|figures| Ok(figures.to_vec()));
            if answers[place].is_none() {
                answers[place] = kept;
            }
        }
        let answers = answers.into_iter().enumerate();
        let answers: Vec<Answer> =
            answers.map(|(place, kept)| kept.unwrap_or_else(|| otherwise(place))).collect();
        plan.outcomes(&answers)
    }
}

fn read_line(line: &str) -> Option<(u64, Vec<(Metric, f64)>)> {
    let mut cells = line.split(',');
    let number = cells.next()?.parse().ok()?;
    let mut figures = Vec::new();
    for metric in COLUMNS {
        let cell = cells.next()?;
        if !cell.is_empty() {
            figures.push((metric, cell.parse().ok().filter(|value: &f64| *value > 0.0)?));
        }
    }
    cells.next().is_none().then_some((number, figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_to_the_bit() {
        let figures = vec![(Metric::Ttft, 1.0 / 3.0), (Metric::Tpot, 12.5)];
        let step = vec![(Metric::Step, 1e-7)];
        let kept = Predictions(BTreeMap::from([(3, figures), (17, step)]));
        assert_eq!(Predictions::read(&kept.text()), Ok(kept));
    }

    #[test]
    fn a_broken_file_is_told_where() {
        let broken = |rest: &str| Predictions::read(&format!("{HEADER}{rest}")).unwrap_err();
        assert_eq!(broken("1,2,3,\n2,x,3,\n"), "line 3: `2,x,3,` is no prediction");
        assert_eq!(broken("1,2\n"), "line 2: `1,2` is no prediction");
        assert_eq!(broken("1,-2,,\n"), "line 2: `1,-2,,` is no prediction");
        assert!(Predictions::read("a,b\n").unwrap_err().starts_with("line 1: the header"));
    }
}
