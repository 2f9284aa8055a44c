//! Figures as a profile writes them, and what is wrong with those that are none.

use schemars::JsonSchema;
use serde::Deserialize;

use super::figure::{Choice, Confidence, Curve, Distribution, Figure, Switch, check_provenance};

/// How far the sum of chances may be from 1: they are written with a few digits.
const SUM_TOLERANCE: f64 = 1e-3;

/// A number, and where it comes from; or the statement that it is not published.
#[derive(Deserialize, JsonSchema)]
#[schemars(
    rename = "Figure",
    extend("oneOf" = [
        { "required": ["value", "confidence"], "properties": { "unknown": { "const": false } } },
        { "required": ["unknown"], "properties": { "unknown": { "const": true }, "value": false } },
    ])
)]
#[serde(
    deny_unknown_fields,
    expecting = "a figure: { value = …, source = …, date = …, confidence = … }"
)]
pub(super) struct FigureText {
    /// The number.
    #[schemars(range(min = 0))]
    value: Option<f64>,
    /// `true` in place of a value that nobody publishes.
    #[serde(default)]
    unknown: bool,
    /// Who says so, or where it was looked for.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$"))]
    date: String,
    /// How far to trust it.
    confidence: Option<Confidence>,
    /// What a reader should know besides.
    note: Option<String>,
}

/// Whether serving software does something, and where that is said.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Switch")]
#[serde(
    deny_unknown_fields,
    expecting = "a switch: { value = true or false, source = …, date = …, confidence = … }"
)]
pub(super) struct SwitchText {
    /// Whether it is on.
    value: bool,
    /// Who says so, or where it was looked for.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$"))]
    date: String,
    /// How far to trust it.
    confidence: Confidence,
    /// What a reader should know besides.
    note: Option<String>,
}

/// One of several ways or states, and where that is said.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChoiceOf{T}")]
#[serde(
    deny_unknown_fields,
    expecting = "a choice: { value = \"…\", source = …, date = …, confidence = … }"
)]
pub(super) struct ChoiceText<T> {
    /// Which of them.
    value: T,
    /// Who says so, or where it was looked for.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$"))]
    date: String,
    /// How far to trust it.
    confidence: Confidence,
    /// What a reader should know besides.
    note: Option<String>,
}

/// Points of size and value, and where they come from.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Curve")]
#[serde(
    deny_unknown_fields,
    expecting = "a curve: { points = …, source = …, date = …, confidence = … }"
)]
pub(super) struct CurveText {
    /// Pairs of size and value, sizes rising.
    #[schemars(length(min = 2))]
    points: Vec<(f64, f64)>,
    /// Who says so, or where it was looked for.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$"))]
    date: String,
    /// How far to trust them.
    confidence: Confidence,
    /// What a reader should know besides.
    note: Option<String>,
}

/// Chances of 0, 1, 2, … of something, and where they come from.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Distribution")]
#[serde(
    deny_unknown_fields,
    expecting = "a distribution: { probabilities = …, source = …, date = …, confidence = … }"
)]
pub(super) struct DistributionText {
    /// Of 0 first; they sum to 1.
    probabilities: Vec<f64>,
    /// Who says so, or where it was looked for.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^\d{4}(-\d{2}(-\d{2})?)?$"))]
    date: String,
    /// How far to trust them.
    confidence: Confidence,
    /// What a reader should know besides.
    note: Option<String>,
}

impl TryFrom<FigureText> for Figure {
    type Error = String;

    fn try_from(text: FigureText) -> Result<Figure, String> {
        check_provenance(&text.source, &text.date)?;
        match (text.value, text.unknown, text.confidence) {
            (Some(value), false, Some(_)) if value.is_finite() && value >= 0.0 => {}
            (Some(value), false, Some(_)) => {
                return Err(format!("a figure is a finite number of at least 0, not {value}"));
            }
            (Some(_), false, None) => {
                return Err("a figure needs `confidence`: high, medium, low or estimate".to_owned());
            }
            (None, true, None) => {}
            (None, true, Some(_)) => {
                return Err("an unknown figure has no `confidence`; remove it".to_owned());
            }
            (Some(_), true, _) => {
                return Err("a figure has either `value` or `unknown = true`, not both".to_owned());
            }
            (None, false, _) => {
                return Err(
                    "a figure needs `value`, or `unknown = true` if nobody publishes it".to_owned()
                );
            }
        }
        let FigureText { value, source, date, confidence, note, .. } = text;
        Ok(Figure { value, source, date, confidence, note })
    }
}

impl TryFrom<SwitchText> for Switch {
    type Error = String;

    fn try_from(text: SwitchText) -> Result<Switch, String> {
        check_provenance(&text.source, &text.date)?;
        let SwitchText { value, source, date, confidence, note } = text;
        Ok(Switch { value, source, date, confidence, note })
    }
}

impl<T> TryFrom<ChoiceText<T>> for Choice<T> {
    type Error = String;

    fn try_from(text: ChoiceText<T>) -> Result<Choice<T>, String> {
        check_provenance(&text.source, &text.date)?;
        let ChoiceText { value, source, date, confidence, note } = text;
        Ok(Choice { value, source, date, confidence, note })
    }
}

impl TryFrom<CurveText> for Curve {
    type Error = String;

    fn try_from(text: CurveText) -> Result<Curve, String> {
        check_provenance(&text.source, &text.date)?;
        let CurveText { points, source, date, confidence, note } = text;
        if points.len() < 2 {
            return Err("a curve needs at least two points".to_owned());
        }
        let finite = points.iter().all(|(x, y)| x.is_finite() && y.is_finite() && *y >= 0.0);
        if !finite || points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err("a curve's points are finite, at least 0, and rise in size".to_owned());
        }
        Ok(Curve { points, source, date, confidence, note })
    }
}

impl TryFrom<DistributionText> for Distribution {
    type Error = String;

    fn try_from(text: DistributionText) -> Result<Distribution, String> {
        check_provenance(&text.source, &text.date)?;
        let DistributionText { probabilities, source, date, confidence, note } = text;
        let sum: f64 = probabilities.iter().sum();
        let each = probabilities.iter().all(|chance| (0.0..=1.0).contains(chance));
        if !each || (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(format!("`probabilities` are from 0 to 1 and sum to 1, not to {sum}"));
        }
        Ok(Distribution { probabilities, source, date, confidence, note })
    }
}
