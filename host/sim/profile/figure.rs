//! A number about hardware, and where it comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure_text::{ChoiceText, CurveText, DistributionText, FigureText, SwitchText};

/// How far a figure can be trusted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A vendor's primary document, or an audited measurement.
    High,
    /// One good secondary source, or sources that disagree a little.
    Medium,
    /// A rumour, an analyst, or early parts.
    Low,
    /// Our own estimate: whatever rests on it is marked as estimated.
    Estimate,
}

impl Confidence {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
            Confidence::Estimate => "estimate",
        }
    }
}

/// One number, its source, its date and the confidence in it; or the statement that it is not
/// published, with where it was looked for.
///
/// In a profile: `{ value = 4.8e12, source = "…", date = "2026-08-21", confidence = "high" }` or
/// `{ unknown = true, source = "…", date = "…" }`. Units stand at the end of the figure's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FigureText")]
pub struct Figure {
    /// The number; `None` when it is not published.
    pub value: Option<f64>,
    /// Who says so, or where it was looked for.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust it; `None` exactly when the number is unknown.
    pub confidence: Option<Confidence>,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that serving software does or does not do, with the same provenance as a number.
///
/// In a profile: `{ value = true, source = "…", date = "2026-08-21", confidence = "high" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "SwitchText")]
pub struct Switch {
    /// Whether it is on.
    pub value: bool,
    /// Who says so.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One of several ways in which serving software does something, with the same provenance as a
/// number.
///
/// In a profile: `{ value = "fcfs", source = "…", date = "2026-08-21", confidence = "high" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "ChoiceText<T>", bound(deserialize = "T: serde::de::DeserializeOwned"))]
pub struct Choice<T> {
    /// The way.
    pub value: T,
    /// Who says so.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A curve of measured points, for a figure that depends on size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "CurveText")]
pub struct Curve {
    /// Pairs of size and value, sizes rising.
    pub points: Vec<(f64, f64)>,
    /// Who says so.
    pub source: String,
    /// When.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Chances of 0, 1, 2, … of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "DistributionText")]
pub struct Distribution {
    /// Of 0 first; they sum to 1.
    pub probabilities: Vec<f64>,
    /// Who says so.
    pub source: String,
    /// When.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Curve {
    /// The value at `size`: straight lines between the points, the last slope beyond the last one,
    /// and the first value below the first.
    pub fn at(&self, size: f64) -> f64 {
        let (first_size, first_value) = self.points[0];
        if size <= first_size {
            return first_value;
        }
        let upper = self.points.iter().position(|point| point.0 >= size);
        let upper = upper.unwrap_or(self.points.len() - 1);
        let (low, high) = (self.points[upper - 1], self.points[upper]);
        low.1 + (high.1 - low.1) * (size - low.0) / (high.0 - low.0)
    }
}

/// Holds a source and a date to their form.
pub(crate) fn check_provenance(source: &str, date: &str) -> Result<(), String> {
    if source.trim().is_empty() {
        return Err(
            "`source` is empty: say who publishes the figure, or where you looked".to_owned()
        );
    }
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if !["0000", "0000-00", "0000-00-00"].contains(&shape.as_str()) {
        return Err(format!("`date` is `{date}`; write YYYY, YYYY-MM or YYYY-MM-DD"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(text: &str) -> Result<Figure, String> {
        #[derive(Deserialize)]
        struct File {
            figure: Figure,
        }
        toml::from_str::<File>(&format!("figure = {text}"))
            .map(|file| file.figure)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_figure_is_a_value_with_its_source_or_says_that_it_is_unknown() {
        let known =
            figure(r#"{ value = 700, source = "a", date = "2026-08", confidence = "high" }"#);
        assert_eq!(known.unwrap().value, Some(700.0));
        let unknown = figure(r#"{ unknown = true, source = "a", date = "2026-08" }"#);
        assert_eq!(unknown.unwrap().value, None);
    }

    #[test]
    fn a_figure_without_provenance_is_refused_with_the_fix() {
        let check = |text, expected: &str| {
            let message = figure(text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        };
        check(r#"{ value = 1, source = "a", date = "2026-08" }"#, "needs `confidence`");
        check(r#"{ value = 1, source = " ", date = "2026-08", confidence = "low" }"#, "`source`");
        check(r#"{ value = 1, source = "a", date = "today", confidence = "low" }"#, "YYYY-MM");
        check(r#"{ source = "a", date = "2026-08" }"#, "`unknown = true`");
        check(
            r#"{ value = -1, source = "a", date = "2026-08", confidence = "low" }"#,
            "at least 0",
        );
        check(r#"{ value = 1, unknown = true, source = "a", date = "2026-08" }"#, "not both");
    }

    #[test]
    fn a_curve_joins_its_points_and_keeps_its_last_slope() {
        let curve = Curve {
            points: vec![(8.0, 1.0), (16.0, 2.0), (32.0, 3.0)],
            source: "a".into(),
            date: "2026-08".into(),
            confidence: Confidence::Low,
            note: None,
        };
        assert_eq!(curve.at(1.0), 1.0);
        assert_eq!(curve.at(12.0), 1.5);
        assert_eq!(curve.at(32.0), 3.0);
        assert_eq!(curve.at(48.0), 4.0);
    }
}
