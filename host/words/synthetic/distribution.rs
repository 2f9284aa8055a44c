//! How long, or how many: distributions of whole numbers.

use serde::{Deserialize, Serialize};
use timeslip_timeline::chance::Chance;

/// The most that any distribution gives: no reply is longer, and a larger number is a slip of the
/// pen.
const MAX: u64 = 1_000_000;

/// The 95th percentile of the standard normal distribution.
const NORMAL_P95: f64 = 1.644_853_626_951_472_7;

/// A distribution of whole numbers, in a bench `{ fixed = 150 }`, `{ uniform = [10, 20] }` or
/// `{ lognormal = { median = 150, p95 = 2000 } }`. None gives more than 1,000,000.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DistributionText", rename_all = "snake_case")]
pub enum Distribution {
    /// Always the same.
    Fixed(u64),
    /// Any number from the first to the last, both included.
    Uniform([u64; 2]),
    /// Many small ones and a long tail; rounded to whole numbers, cut at 1,000,000.
    Lognormal {
        /// Half are below it.
        median: f64,
        /// 95 in 100 are below it.
        p95: f64,
    },
}

/// As it is written, not yet checked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum DistributionText {
    Fixed(u64),
    Uniform([u64; 2]),
    Lognormal { median: f64, p95: f64 },
}

impl TryFrom<DistributionText> for Distribution {
    type Error = String;

    fn try_from(text: DistributionText) -> Result<Distribution, String> {
        let too_large = |number: f64| match number > MAX as f64 {
            true => Err(format!("{number} is over the limit of {MAX}; give a smaller number")),
            false => Ok(()),
        };
        match text {
            DistributionText::Fixed(number) => {
                too_large(number as f64)?;
                Ok(Distribution::Fixed(number))
            }
            DistributionText::Uniform([first, last]) => {
                too_large(last as f64)?;
                match first <= last {
                    true => Ok(Distribution::Uniform([first, last])),
                    false => Err(format!(
                        "uniform = [{first}, {last}] begins after its end; \
                         write uniform = [{last}, {first}]"
                    )),
                }
            }
            DistributionText::Lognormal { median, p95 } => {
                too_large(p95)?;
                match median > 0.0 && p95 >= median {
                    true => Ok(Distribution::Lognormal { median, p95 }),
                    false => Err(format!(
                        "a lognormal distribution needs 0 < median <= p95, \
                         not median = {median} and p95 = {p95}"
                    )),
                }
            }
        }
    }
}

impl Distribution {
    /// A number from this distribution.
    pub(super) fn draw(&self, chance: &mut Chance) -> u64 {
        let drawn = match self {
            Distribution::Fixed(number) => *number,
            Distribution::Uniform([first, last]) => chance.next_between(*first, *last),
            Distribution::Lognormal { median, p95 } => {
                let deviation = libm::log(p95 / median) / NORMAL_P95;
                let number = median * libm::exp(deviation * chance.next_normal());
                // A conversion of a float to an integer stops at the integer's limits.
                number.round() as u64
            }
        };
        drawn.min(MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Distribution, String> {
        #[derive(Debug, Deserialize)]
        struct Table {
            x: Distribution,
        }
        toml::from_str::<Table>(text)
            .map(|table| table.x)
            .map_err(|error| error.message().to_owned())
    }

    fn sorted_draws(distribution: &Distribution) -> Vec<u64> {
        let mut chance = Chance::new(1, "test", 0);
        let mut draws: Vec<u64> = (0..20_000).map(|_| distribution.draw(&mut chance)).collect();
        draws.sort_unstable();
        draws
    }

    #[test]
    fn a_bench_writes_each_of_the_three() {
        assert_eq!(read("x = { fixed = 150 }"), Ok(Distribution::Fixed(150)));
        assert_eq!(read("x = { uniform = [1, 3] }"), Ok(Distribution::Uniform([1, 3])));
        assert_eq!(
            read("x = { lognormal = { median = 150, p95 = 2000.5 } }"),
            Ok(Distribution::Lognormal { median: 150.0, p95: 2000.5 })
        );
    }

    #[test]
    fn one_that_makes_no_sense_is_refused_with_the_fix() {
        let problem = |text: &str| read(text).unwrap_err();
        insta::assert_snapshot!(problem("x = { fixed = 1_000_001 }"), @"1000001 is over the limit of 1000000; give a smaller number");
        insta::assert_snapshot!(problem("x = { uniform = [3, 1] }"), @"uniform = [3, 1] begins after its end; write uniform = [1, 3]");
        insta::assert_snapshot!(problem("x = { lognormal = { median = 9, p95 = 8 } }"), @"a lognormal distribution needs 0 < median <= p95, not median = 9 and p95 = 8");
        insta::assert_snapshot!(problem("x = { lognormal = { median = 0, p95 = nan } }"), @"a lognormal distribution needs 0 < median <= p95, not median = 0 and p95 = NaN");
        insta::assert_snapshot!(problem("x = { normal = 3 }"), @"unknown variant `normal`, expected one of `fixed`, `uniform`, `lognormal`");
        insta::assert_snapshot!(problem("x = { lognormal = { median = 1, p99 = 8 } }"), @"unexpected keys in table: p99, available keys: median, p95");
    }

    #[test]
    fn draws_have_the_distribution_that_was_asked_for() {
        assert_eq!(sorted_draws(&Distribution::Fixed(7))[..2], [7, 7]);
        let uniform = sorted_draws(&Distribution::Uniform([2, 5]));
        assert_eq!((uniform[0], uniform[19_999]), (2, 5));
        let lognormal = sorted_draws(&Distribution::Lognormal { median: 150.0, p95: 2000.0 });
        assert!((145..=155).contains(&lognormal[10_000]), "median {}", lognormal[10_000]);
        assert!((1850..=2150).contains(&lognormal[19_000]), "p95 {}", lognormal[19_000]);
        assert!(lognormal[19_999] <= MAX);
    }
}
