//! Which parts of its session a prompt is made of, as a slip writes it: `0-3,7-8`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The places of a prompt's parts among those of its session, as half-open ranges in order.
///
/// A conversation is sent again with every chat, so most prompts are one range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartRanges(Vec<(usize, usize)>);

impl PartRanges {
    /// Whether there are no parts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a part at the end.
    pub fn push(&mut self, place: usize) {
        match self.0.last_mut() {
            Some((_, end)) if *end == place => *end += 1,
            _ => self.0.push((place, place + 1)),
        }
    }

    /// The places, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().flat_map(|(start, end)| *start..*end)
    }

    /// The place after the largest.
    pub fn end(&self) -> usize {
        self.0.iter().map(|(_, end)| *end).max().unwrap_or(0)
    }
}

impl FromIterator<usize> for PartRanges {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> PartRanges {
        let mut ranges = PartRanges::default();
        places.into_iter().for_each(|place| ranges.push(place));
        ranges
    }
}

impl fmt::Display for PartRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (start, end)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{start}-{end}")?;
        }
        Ok(())
    }
}

/// Why a text is no list of ranges.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no list of parts, which reads like 0-3,7-8")]
pub struct NoPartRanges {
    text: String,
}

/// The most parts that one prompt is read with, so that a few characters never stand for billions.
const PARTS_MAX: usize = 1 << 20;

impl FromStr for PartRanges {
    type Err = NoPartRanges;

    fn from_str(text: &str) -> Result<PartRanges, NoPartRanges> {
        let range = |part: &str| {
            let (start, end) = part.split_once('-')?;
            let (start, end) = (start.parse::<usize>().ok()?, end.parse::<usize>().ok()?);
            (start < end && end <= PARTS_MAX).then_some((start, end))
        };
        let ranges: Option<Vec<_>> = match text {
            "" => Some(Vec::new()),
            _ => text.split(',').map(range).collect(),
        };
        let parts = |ranges: &Vec<(usize, usize)>| {
            ranges.iter().fold(0, |sum: usize, (start, end)| sum.saturating_add(end - start))
        };
        ranges
            .filter(|ranges| parts(ranges) <= PARTS_MAX)
            .map(PartRanges)
            .ok_or_else(|| NoPartRanges { text: text.to_owned() })
    }
}

impl Serialize for PartRanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PartRanges, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for PartRanges {
    fn schema_name() -> Cow<'static, str> {
        "PartRanges".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Places among the session's prompt_parts, as half-open ranges in order: 0-3,7-8.",
            "type": "string",
            "pattern": "^([0-9]+-[0-9]+(,[0-9]+-[0-9]+)*)?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_follow_each_other_are_one_range() {
        let ranges: PartRanges = [0, 1, 2, 7, 8, 3].into_iter().collect();
        assert_eq!(ranges.to_string(), "0-3,7-9,3-4");
        assert_eq!("0-3,7-9,3-4".parse(), Ok(ranges.clone()));
        assert_eq!(ranges.places().collect::<Vec<_>>(), [0, 1, 2, 7, 8, 3]);
        assert_eq!(ranges.end(), 9);
        assert_eq!("".parse(), Ok(PartRanges::default()));
    }

    #[test]
    fn what_is_no_list_of_ranges_is_refused() {
        for text in ["3", "3-3", "4-2", "a-b", "0-1,", "-1", "0-99999999999", "0-1048576,0-1048576"]
        {
            assert!(text.parse::<PartRanges>().is_err(), "{text}");
        }
    }
}
