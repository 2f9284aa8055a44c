//! Where measurements lie beside predictions: `hardware-profiles/bands.toml`.
//!
//! The file is written from rows that were predicted and measured; it changes no prediction.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The file that is built in.
static BUILT_IN: LazyLock<MeasuredBands> = LazyLock::new(|| {
    let text = include_str!("../../../hardware-profiles/bands.toml");
    MeasuredBands::parse(text).expect("the file that is built in is held by a test")
});

/// The bands of classes of measured rows, and of classes that nobody measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredBands {
    /// Of classes without rows.
    pub unseen: UnseenBands,
    /// Of classes with rows, each once.
    #[serde(default, rename = "class", skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassBand>,
}

/// The bands of classes without rows, by what is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnseenBands {
    /// Of the time to the first token.
    pub ttft: UnseenBand,
    /// Of the time per output token.
    pub tpot: UnseenBand,
}

/// Where nine of ten measurements of a class without rows would be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnseenBand {
    /// As a factor of the prediction.
    pub low: f64,
    /// As a factor of the prediction.
    pub high: f64,
    /// Of a class's rows, the part inside a band made without that class, on average over classes;
    /// absent where fewer than two classes were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
}

/// Where nine of ten measurements of a class lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassBand {
    /// The chip's profile.
    pub chip: String,
    /// How chats are served.
    pub mode: ServingMode,
    /// What is predicted.
    pub metric: PredictedTime,
    /// As a factor of the prediction.
    pub low: f64,
    /// As a factor of the prediction.
    pub high: f64,
    /// Measured rows.
    pub rows: u64,
    /// The part of them inside bands made without them.
    pub held_out: f64,
}

/// Whether the groups that read prompts also write replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServingMode {
    /// They do.
    Agg,
    /// Others write.
    Disagg,
}

impl ServingMode {
    /// The mode that measurements name so.
    pub fn of_word(word: &str) -> Option<ServingMode> {
        match word {
            "agg" => Some(ServingMode::Agg),
            "disagg" => Some(ServingMode::Disagg),
            _ => None,
        }
    }

    /// The words that stand for it on screen.
    pub fn phrase(self) -> &'static str {
        match self {
            ServingMode::Agg => "reading and writing together",
            ServingMode::Disagg => "reading and writing apart",
        }
    }
}

/// A time that is predicted and measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictedTime {
    /// The time to the first token.
    Ttft,
    /// The time per output token after the first.
    Tpot,
}

impl MeasuredBands {
    /// The bands that the program carries.
    pub fn built_in() -> &'static MeasuredBands {
        &BUILT_IN
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it: not its form, a band that does not hold the prediction itself, or two
    /// of one class.
    pub fn parse(text: &str) -> Result<MeasuredBands, String> {
        let bands: MeasuredBands = toml::from_str(text).map_err(|error| error.to_string())?;
        let flaws = bands.flaws();
        match flaws.is_empty() {
            true => Ok(bands),
            false => Err(flaws.join("\n")),
        }
    }

    /// What is wrong with its values.
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        let unseen = [("unseen.ttft", self.unseen.ttft), ("unseen.tpot", self.unseen.tpot)];
        for (key, band) in unseen {
            flaws.extend(flaw(key, band.low, band.high, band.held_out));
        }
        for (index, class) in self.classes.iter().enumerate() {
            let key = format!("class.{index}");
            flaws.extend(flaw(&key, class.low, class.high, Some(class.held_out)));
            let before = &self.classes[..index];
            if find(before, &class.chip, class.mode, class.metric).is_some() {
                let (chip, mode) = (&class.chip, class.mode.phrase());
                flaws.push(format!("`{key}`: `{chip}`, {mode}, stands twice; remove one"));
            }
        }
        flaws
    }

    /// The band of a class with rows.
    pub fn of_class(
        &self,
        chip: &str,
        mode: ServingMode,
        metric: PredictedTime,
    ) -> Option<&ClassBand> {
        find(&self.classes, chip, mode, metric)
    }

    /// The band of a class without rows.
    pub fn unseen(&self, metric: PredictedTime) -> UnseenBand {
        match metric {
            PredictedTime::Ttft => self.unseen.ttft,
            PredictedTime::Tpot => self.unseen.tpot,
        }
    }
}

fn find<'a>(
    classes: &'a [ClassBand],
    chip: &str,
    mode: ServingMode,
    metric: PredictedTime,
) -> Option<&'a ClassBand> {
    let is_of =
        |class: &&ClassBand| class.chip == chip && (class.mode, class.metric) == (mode, metric);
    classes.iter().find(is_of)
}

/// A band holds the prediction itself, and a part is at most the whole.
fn flaw(key: &str, low: f64, high: f64, held_out: Option<f64>) -> Option<String> {
    let is_band = low > 0.0 && low <= 1.0 && high >= 1.0 && high.is_finite();
    let is_part = held_out.is_none_or(|part| (0.0..=1.0).contains(&part));
    match (is_band, is_part) {
        (false, _) => Some(format!(
            "`{key}`: `low` is {low} and `high` is {high}; give factors with 0 < low <= 1 <= high"
        )),
        (_, false) => Some(format!("`{key}.held_out` is no part of rows; give 0 to 1")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "\
[unseen.ttft]\nlow = 0.4\nhigh = 2.6\nheld_out = 0.9\n[unseen.tpot]\nlow = 0.5\nhigh = 2.0\n\
[[class]]\nchip = \"h200\"\nmode = \"agg\"\nmetric = \"tpot\"\nlow = 0.74\nhigh = 1.31\nrows = 603\n\
held_out = 0.9\n";

    #[test]
    fn the_built_in_file_is_right_and_wider_where_nothing_was_measured() {
        let bands = MeasuredBands::built_in();
        assert!(!bands.classes.is_empty());
        for class in &bands.classes {
            let unseen = bands.unseen(class.metric);
            let is_wider = unseen.high / unseen.low > class.high / class.low;
            assert!(is_wider || class.rows < 19, "{class:?} is wider than {unseen:?}");
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let bands = MeasuredBands::parse(RIGHT).unwrap();
        let written = toml::to_string(&bands).unwrap();
        assert_eq!(MeasuredBands::parse(&written), Ok(bands));
    }

    #[test]
    fn a_file_that_is_wrong_is_told_how() {
        let told = |from: &str, to: &str| {
            assert!(RIGHT.contains(from), "`{from}` is not there");
            MeasuredBands::parse(&RIGHT.replacen(from, to, 1)).unwrap_err()
        };
        let fix = "give factors with 0 < low <= 1 <= high";
        let expected = format!("`class.0`: `low` is 0 and `high` is 1.31; {fix}");
        assert_eq!(told("low = 0.74", "low = 0.0"), expected);
        let expected = format!("`unseen.ttft`: `low` is 0.4 and `high` is 0.9; {fix}");
        assert_eq!(told("high = 2.6", "high = 0.9"), expected);
        let part = told("rows = 603\nheld_out = 0.9", "rows = 603\nheld_out = 9.0");
        assert_eq!(part, "`class.0.held_out` is no part of rows; give 0 to 1");
        assert!(told("rows = 603", "row = 603").contains("unknown field `row`"));
        let class = &RIGHT[RIGHT.find("[[class]]").unwrap()..];
        let twice = MeasuredBands::parse(&format!("{RIGHT}{class}")).unwrap_err();
        let expected = "`class.1`: `h200`, reading and writing together, stands twice; remove one";
        assert_eq!(twice, expected);
    }
}
