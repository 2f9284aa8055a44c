//! Rows with what a modelled machine says of them.

use std::collections::BTreeMap;

use timeslip_sim::catalogue::Catalogue;

use crate::band::Band;
use crate::deploy::deploy;
use crate::measure;
use crate::row::{Metric, Row};
use crate::scenario::{AskedWork, Assumption, Scenario};
use crate::workers::StatedGroups;

/// What a machine says of a scenario, in milliseconds; or a short reason why it says nothing.
pub type Answer = Result<Vec<(Metric, f64)>, String>;

/// Rows, and the scenarios they ask, each once.
#[derive(Clone, Debug)]
pub struct Plan {
    rows: Vec<Row>,
    /// For each row its scenario's place, and what had to be assumed.
    asked: Vec<Result<(usize, Option<Assumption>), String>>,
    scenarios: Vec<Scenario>,
}

/// A row and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The row.
    pub row: Row,
    /// Its mode, with what had to be assumed: `disagg, workers not stated`.
    pub mode: String,
    /// The chip's profile; absent where it is not known what the row asks.
    pub chip: Option<String>,
    /// Which rows ask the same; absent where it is not known what the row asks.
    pub scenario: Option<usize>,
    /// Its figures, or a short reason why there are none.
    pub result: Result<Vec<Compared>, String>,
}

/// One figure, predicted and measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Which.
    pub metric: Metric,
    /// In milliseconds.
    pub predicted_ms: f64,
    /// In milliseconds.
    pub measured_ms: f64,
    /// Where nine of ten measurements would be, as factors of the prediction, if that is known.
    pub band: Option<Band>,
}

impl Compared {
    /// How far the prediction is off, as a fraction of the measurement: 0.1 is a tenth too long.
    pub fn error(&self) -> f64 {
        self.predicted_ms / self.measured_ms - 1.0
    }

    /// What the prediction must be multiplied by to be right.
    pub fn factor(&self) -> f64 {
        self.measured_ms / self.predicted_ms
    }
}

impl Plan {
    /// Sees what each row asks.
    pub fn of(catalogue: &Catalogue, rows: Vec<Row>) -> Plan {
        let mut scenarios: Vec<Scenario> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut place = |scenario: Scenario| {
            *places.entry(format!("{scenario:?}")).or_insert_with(|| {
                scenarios.push(scenario);
                scenarios.len() - 1
            })
        };
        let stated = rows.iter().map(|row| match row.measured.is_empty() {
            true => Err("the row states no measured time".to_owned()),
            false => Scenario::of(catalogue, row),
        });
        let stated: Vec<Result<(Scenario, Option<Assumption>), String>> = stated.collect();
        let mut known = StatedGroups::default();
        for (scenario, _) in stated.iter().flatten().filter(|(_, assumed)| assumed.is_none()) {
            known.add(scenario);
        }
        let mut ask = |(scenario, assumption): (Scenario, Option<Assumption>)| {
            let alike = assumption.and_then(|_| known.of_alike(&scenario));
            match alike {
                Some(groups) => {
                    let scenario = Scenario { groups, ..scenario };
                    (place(scenario), Some(Assumption::WorkersOfAlike))
                }
                None => (place(scenario), assumption),
            }
        };
        let asked = stated.into_iter().map(|stated| stated.map(&mut ask)).collect();
        Plan { rows, asked, scenarios }
    }

    /// What is asked.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// For each row its scenario's place, where all that it asks is stated.
    pub(crate) fn stated_places(&self) -> impl Iterator<Item = Option<usize>> {
        self.asked.iter().map(|asked| match asked {
            Ok((place, None)) => Some(*place),
            _ => None,
        })
    }

    /// The lines of the rows that ask something, each with its scenario's place.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u64, usize)> {
        let asked = self.rows.iter().zip(&self.asked);
        asked.filter_map(|(row, asked)| Some((row.line, asked.as_ref().ok()?.0)))
    }

    /// The places of the scenarios, those that take longest first, so that threads which take them in
    /// this order are done at about the same time.
    pub fn longest_first(&self) -> Vec<usize> {
        let chats = |place: &usize| match self.scenarios[*place].work {
            AskedWork::Load(load) => load.concurrency,
            AskedWork::Step(_) => 0,
        };
        let mut places: Vec<usize> = (0..self.scenarios.len()).collect();
        places.sort_by_key(|place| std::cmp::Reverse(chats(place)));
        places
    }

    /// The rows with the answers to [`Plan::scenarios`], in their order.
    pub fn outcomes(self, answers: &[Answer]) -> Vec<Outcome> {
        let scenarios = self.scenarios;
        let outcome = |(row, asked): (Row, Result<(usize, Option<Assumption>), String>)| {
            let (scenario, assumption, result) = match asked {
                Ok((place, assumption)) => {
                    let compared = answers[place].as_ref().map(|said| compared(&row, said));
                    (Some(place), assumption, compared.map_err(String::clone))
                }
                Err(reason) => (None, None, Err(reason)),
            };
            let mode = match assumption {
                Some(assumption) => format!("{}, {}", row.mode(), assumption.word()),
                None => row.mode().to_owned(),
            };
            let chip = scenario.map(|place| scenarios[place].chip.clone());
            Outcome { row, mode, chip, scenario, result }
        };
        self.rows.into_iter().zip(self.asked).map(outcome).collect()
    }
}

fn compared(row: &Row, said: &[(Metric, f64)]) -> Vec<Compared> {
    let with = |(metric, measured_ms): &(Metric, f64)| {
        let predicted = said.iter().find(|(said, _)| said == metric);
        predicted.map(|(metric, predicted_ms)| Compared {
            metric: *metric,
            predicted_ms: *predicted_ms,
            measured_ms: *measured_ms,
            band: None,
        })
    };
    row.measured.iter().filter_map(with).collect()
}

/// What a modelled machine says of a scenario, to the microsecond.
///
/// # Errors
/// A short reason, when it cannot serve it.
pub fn answer(catalogue: &Catalogue, scenario: &Scenario) -> Answer {
    let deployment = deploy(catalogue, scenario)?;
    let metrics = match &scenario.work {
        AskedWork::Load(load) => measure::serve(deployment, load, measure::WAVES)?,
        AskedWork::Step(step) => measure::step(&deployment, step),
    };
    let to_the_microsecond = |milliseconds: f64| (milliseconds * 1e3).round() / 1e3;
    Ok(metrics.into_iter().map(|(metric, value)| (metric, to_the_microsecond(value))).collect())
}
