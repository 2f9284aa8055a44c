//! Bands around predictions: where nine of ten measurements would be, from the errors of rows that
//! were predicted and measured.
//!
//! All factors are measured ÷ predicted. A class with many rows has the order statistics that hold
//! nine of ten further rows whatever the errors' distribution is; one with few rows has Student's
//! interval over the logarithms. A class with next to none has what all classes together have, and
//! data that nobody measured a wide band.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Where nine of ten measurements would be, as factors of the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// One of twenty measurements is below the prediction times this.
    pub low: f64,
    /// One of twenty measurements is above the prediction times this.
    pub high: f64,
}

/// A row that was predicted and measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Its class.
    pub class: String,
    /// Rows that stand or fall together, such as those that ask the same: they are never on both sides
    /// of a check.
    pub cluster: u64,
    /// Measured ÷ predicted.
    pub factor: f64,
}

/// Where nothing at all was measured: a third to three times the prediction.
pub const UNMEASURED: Band = Band { low: 1.0 / 3.0, high: 3.0 };

/// The part of measurements on each side that a band leaves out.
const TAIL: f64 = 0.05;

/// With as many rows, order statistics hold nine of ten further ones; with fewer there is no row that
/// far out.
const ORDERED_LEAST: usize = 19;

/// With fewer rows, a class says nothing of its own.
const CLASS_LEAST: usize = 5;

/// The 95th percentiles of Student's distribution with 1, 2, … degrees of freedom.
const STUDENT: [f64; 18] = [
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771,
    1.761, 1.753, 1.746, 1.740, 1.734,
];

impl Band {
    /// Whether a measurement lies inside.
    pub fn holds(&self, factor: f64) -> bool {
        (self.low..=self.high).contains(&factor)
    }

    /// The narrowest band that holds this and another.
    fn around(self, other: Band) -> Band {
        Band { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Wider by so many steps.
    fn widened(self, steps: u32) -> Band {
        let factor = 1.0 + WIDENING * f64::from(steps);
        Band { low: self.low / factor, high: self.high * factor }
    }

    /// Of a class's factors; `None` of fewer than two, of which nothing follows.
    pub fn of(factors: &[f64]) -> Option<Band> {
        let sorted = crate::figures::sorted(factors.iter().copied());
        match sorted.len() {
            0 | 1 => None,
            few if few < ORDERED_LEAST => Some(student(&sorted)),
            _ => Some(ordered(&sorted, TAIL)),
        }
    }
}

/// The order statistics between which a further value lies with the chance that `tail` leaves.
fn ordered(sorted: &[f64], tail: f64) -> Band {
    let count = sorted.len();
    let rank = ((tail * (count + 1) as f64) as usize).max(1);
    Band { low: sorted[rank - 1], high: sorted[count - rank] }
}

/// Where a further value lies with a chance of nine in ten, if logarithms are normally distributed;
/// and no narrower than what was seen, since they have heavier tails.
fn student(sorted: &[f64]) -> Band {
    let count = sorted.len() as f64;
    let logarithms: Vec<f64> = sorted.iter().map(|factor| libm::log(*factor)).collect();
    let mean = logarithms.iter().sum::<f64>() / count;
    let squares = logarithms.iter().map(|value| (value - mean) * (value - mean));
    let deviation = libm::sqrt(squares.sum::<f64>() / (count - 1.0));
    let reach = STUDENT[sorted.len() - 2] * deviation * libm::sqrt(1.0 + 1.0 / count);
    Band {
        low: libm::exp(mean - reach).min(sorted[0]),
        high: libm::exp(mean + reach).max(sorted[sorted.len() - 1]),
    }
}

/// The bands of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bands {
    classes: BTreeMap<String, Band>,
    /// Of classes with so many rows that their bands are order statistics.
    large: Vec<Band>,
    unseen: Band,
}

impl Bands {
    /// The bands of these rows' classes.
    pub fn of<'o>(observations: impl IntoIterator<Item = &'o Observation>) -> Bands {
        let mut factors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for observation in observations {
            factors.entry(&observation.class).or_default().push(observation.factor);
        }
        let all = crate::figures::sorted(factors.values().flatten().copied());
        let classes = factors.iter().filter(|(_, factors)| factors.len() >= CLASS_LEAST);
        let band =
            |(class, factors): (&&str, &Vec<f64>)| Some(((*class).to_owned(), Band::of(factors)?));
        let classes = classes.filter_map(band).collect();
        let large = factors.values().filter(|factors| factors.len() >= ORDERED_LEAST);
        let large = large.filter_map(|factors| Band::of(factors)).collect();
        Bands { classes, large, unseen: unseen(&all) }
    }

    /// The band of a class; that of classes never seen where it has no rows to speak of.
    pub fn of_class(&self, class: &str) -> Band {
        self.classes.get(class).copied().unwrap_or(self.unseen)
    }

    /// The band of a class, if it has one of its own.
    pub fn own(&self, class: &str) -> Option<Band> {
        self.classes.get(class).copied()
    }

    /// The band for classes never seen, made as wide as that of any class with many rows.
    fn around_all(&self) -> Band {
        self.large.iter().fold(self.unseen, |band, large| band.around(*large))
    }

    /// The classes that have a band of their own.
    pub fn classes(&self) -> impl Iterator<Item = (&str, Band)> {
        self.classes.iter().map(|(class, band)| (class.as_str(), *band))
    }

    /// The band of a class that was never seen.
    pub fn unseen(&self) -> Band {
        self.unseen
    }
}

/// For a class never seen: what 49 of 50 rows of all others lie in, since a further class is off in a
/// way of its own.
fn unseen(sorted: &[f64]) -> Band {
    match sorted.len() < ORDERED_LEAST {
        true => UNMEASURED,
        false => ordered(sorted, TAIL / 5.0),
    }
}

/// How many rows lie inside bands that were made without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Rows.
    pub rows: usize,
    /// Those inside.
    pub inside: usize,
}

impl Coverage {
    /// The part inside; `None` of no rows.
    pub fn part(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.inside as f64 / self.rows as f64)
    }

    fn add(&mut self, is_inside: bool) {
        self.rows += 1;
        self.inside += usize::from(is_inside);
    }
}

/// The band for a class never seen, and how well it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Unseen {
    /// The band.
    pub band: Band,
    /// Of a class's rows, the part inside a band made without that class, on average over classes;
    /// absent where there are fewer than two.
    pub held_out: Option<f64>,
}

/// How many times a band for classes never seen is widened at most.
const WIDENINGS_MAX: u32 = 60;

/// One widening: each end goes outwards by this part of where it was first.
const WIDENING: f64 = 0.05;

/// The band for a class never seen: around all rows and the bands of large classes, and then wider
/// until one that is made without a class holds nine of ten of that class's rows, on average over
/// classes. A class counts as one however many rows it has, since what is asked of is another class.
pub fn unseen_by_class(observations: &[Observation]) -> Unseen {
    let classes: BTreeSet<&str> = observations.iter().map(|row| row.class.as_str()).collect();
    let whole = Bands::of(observations).around_all();
    if classes.len() < 2 {
        return Unseen { band: whole.around(UNMEASURED), held_out: None };
    }
    let without = |class: &&str| {
        let others = observations.iter().filter(|row| row.class != **class);
        let factors = observations.iter().filter(|row| row.class == **class);
        let factors: Vec<f64> = factors.map(|row| row.factor).collect();
        (Bands::of(others).around_all(), factors)
    };
    let left_out: Vec<(Band, Vec<f64>)> = classes.iter().map(without).collect();
    let held = |widenings: u32| {
        let part = |(band, factors): &(Band, Vec<f64>)| {
            let band = band.widened(widenings);
            let inside = factors.iter().filter(|factor| band.holds(**factor)).count();
            inside as f64 / factors.len() as f64
        };
        left_out.iter().map(part).sum::<f64>() / left_out.len() as f64
    };
    let enough = (0..WIDENINGS_MAX).find(|widenings| held(*widenings) >= 1.0 - 2.0 * TAIL);
    let widenings = enough.unwrap_or(WIDENINGS_MAX);
    Unseen { band: whole.widened(widenings), held_out: Some(held(widenings)) }
}

/// Makes bands `folds` times, each time without one part of the rows, and counts how many rows of
/// that part they hold; by class.
pub fn cross_validate(observations: &[Observation], folds: u64) -> BTreeMap<String, Coverage> {
    let folds = folds.max(2);
    let fold = |observation: &Observation| scattered(observation.cluster) % folds;
    let mut coverage: BTreeMap<String, Coverage> = BTreeMap::new();
    for held_out in 0..folds {
        let bands = Bands::of(observations.iter().filter(|row| fold(row) != held_out));
        for row in observations.iter().filter(|row| fold(row) == held_out) {
            let is_inside = bands.of_class(&row.class).holds(row.factor);
            coverage.entry(row.class.clone()).or_default().add(is_inside);
        }
    }
    coverage
}

/// A number that looks random and is always the same (Steele and others, SplitMix64), so that rows
/// which stand beside each other in a file are not held out together.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[path = "band_tests.rs"]
mod tests;
