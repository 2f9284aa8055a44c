//! What a history answers: benches, and the values of their figures over commits.

use timeslip_gate::verdict::Unit;

/// A bench in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchName {
    /// Its name.
    pub bench: String,
    /// The machines it was run on, joined by `+`; the same bench on other machines is another line.
    pub on: String,
    /// How many entries it has.
    pub entries: u64,
}

/// All that a history knows of a bench on its machines.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchHistory {
    /// The bench's name.
    pub bench: String,
    /// The machines it was run on, joined by `+`.
    pub on: String,
    /// Its figures, in the order in which they are shown.
    pub series: Vec<Series>,
}

/// A figure over commits.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The figure's name.
    pub metric: String,
    /// What its values count.
    pub unit: Unit,
    /// Its values, the oldest commit first.
    pub points: Vec<Point>,
}

/// A figure at a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The commit that was run.
    pub commit: Option<String>,
    /// The branch it was run on.
    pub branch: Option<String>,
    /// When the commit was made, in UTC.
    pub commit_time: Option<String>,
    /// When the run was recorded, in UTC.
    pub recorded_at: String,
    /// The digest of the slip that the value is from.
    pub slip_digest: String,
    /// The digest of what the bench said; where it changes, values are of another bench.
    pub bench_digest: String,
    /// The version of timeslip that ran it.
    pub timeslip: String,
    /// What the value counts.
    pub unit: Unit,
    /// The value.
    pub value: f64,
}

impl Point {
    /// When the commit was made, or else when the run was recorded.
    pub fn at(&self) -> &str {
        self.commit_time.as_deref().unwrap_or(&self.recorded_at)
    }

    /// The commit in a few characters, as git shortens it; what is no hash keeps its beginning.
    pub fn short_commit(&self) -> String {
        const SHORT: usize = 7;
        match &self.commit {
            Some(commit) => timeslip_report::text::plain(commit).chars().take(SHORT).collect(),
            None => "-".to_owned(),
        }
    }
}

impl Series {
    /// The points whose value is not that of the point before, by index.
    pub fn changes(&self) -> Vec<usize> {
        let pairs = self.points.windows(2).enumerate();
        pairs.filter(|(_, pair)| pair[0].value != pair[1].value).map(|(at, _)| at + 1).collect()
    }

    /// The points at which the bench says something else than at the point before, by index.
    pub fn bench_changes(&self) -> Vec<usize> {
        let pairs = self.points.windows(2).enumerate();
        let differs = |pair: &[Point]| pair[0].bench_digest != pair[1].bench_digest;
        pairs.filter(|(_, pair)| differs(pair)).map(|(at, _)| at + 1).collect()
    }

    /// The first, last, least and most value; `None` without points.
    pub(crate) fn ends(&self) -> Option<Ends> {
        let values = || self.points.iter().map(|point| point.value);
        Some(Ends {
            first: values().next()?,
            last: values().next_back()?,
            least: values().fold(f64::INFINITY, f64::min),
            most: values().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

/// The values of a series that sum it up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ends {
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}
