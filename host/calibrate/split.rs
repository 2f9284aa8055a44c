//! Which measurements a fit does not see.

/// The most stretches that are held out: enough to meet a load as it rises, lasts and falls.
const STRETCHES_MAX: usize = 4;
/// The fewest requests of a stretch that is worth holding out.
const STRETCH_LEAST: usize = 8;

/// A part of what was measured that is held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut(f64);

impl HeldOut {
    /// A part over 0 and under 1.
    pub fn of(part: f64) -> Option<HeldOut> {
        (part > 0.0 && part < 1.0).then_some(HeldOut(part))
    }

    /// The part.
    pub fn part(self) -> f64 {
        self.0
    }

    /// Which of so many requests, in the order in which they were sent, are held out.
    ///
    /// Requests that follow each other share steps and queues, so one between two that are fitted
    /// would be no test: its times are nearly theirs. What is held out are whole stretches of time,
    /// a few of them, since a load is not the same from its beginning to its end; each stands at
    /// the end of its share of the log, so that a fit never begins with a queue it knows nothing
    /// of.
    pub fn of_requests(self, requests: usize) -> Vec<bool> {
        let held_out = (requests as f64 * self.0).round() as usize;
        let stretches = (held_out / STRETCH_LEAST).clamp(1, STRETCHES_MAX);
        let is_held_out = |number: usize| {
            let stretch = number * stretches / requests;
            let (begin, end) =
                (share(requests, stretches, stretch), share(requests, stretches, stretch + 1));
            let from = end - (((end - begin) as f64 * self.0).round() as usize).min(end - begin);
            number >= from
        };
        (0..requests).map(is_held_out).collect()
    }

    /// Which of so many measurements that do not wait for each other are held out: evenly, so that
    /// both parts have all sizes.
    pub fn of_rows(self, rows: usize) -> Vec<bool> {
        let so_far = |rows: usize| (rows as f64 * self.0 + 0.5) as usize;
        (0..rows).map(|row| so_far(row + 1) > so_far(row)).collect()
    }
}

/// Where a stretch begins: the first number that belongs to it.
fn share(requests: usize, stretches: usize, stretch: usize) -> usize {
    (stretch * requests).div_ceil(stretches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(held_out: &[bool]) -> usize {
        held_out.iter().filter(|held_out| **held_out).count()
    }

    #[test]
    fn stretches_of_time_are_held_out_whole() {
        let held_out = HeldOut::of(0.2).unwrap().of_requests(300);
        assert_eq!(count(&held_out), 60);
        let begins: Vec<usize> = (1..300).filter(|at| held_out[*at] && !held_out[at - 1]).collect();
        assert_eq!(begins, [60, 135, 210, 285]);
    }

    #[test]
    fn few_requests_have_one_stretch_at_their_end() {
        let held_out = HeldOut::of(0.2).unwrap().of_requests(20);
        assert_eq!((count(&held_out), &held_out[16..]), (4, [true; 4].as_slice()));
    }

    #[test]
    fn rows_are_held_out_evenly() {
        let held_out = HeldOut::of(0.2).unwrap().of_rows(10);
        let places: Vec<usize> = (0..10).filter(|row| held_out[*row]).collect();
        assert_eq!(places, [2, 7]);
    }

    #[test]
    fn all_or_nothing_is_no_part() {
        assert!([0.0, 1.0, -0.2, f64::NAN].into_iter().all(|part| HeldOut::of(part).is_none()));
    }

    proptest! {
        #[test]
        fn about_the_part_is_held_out(part in 0.05..0.6f64, measured in 20..2_000usize) {
            let held_out = HeldOut::of(part).unwrap();
            let asked = part * measured as f64;
            for held_out in [held_out.of_requests(measured), held_out.of_rows(measured)] {
                prop_assert_eq!(held_out.len(), measured);
                prop_assert!((count(&held_out) as f64 - asked).abs() <= 4.0);
            }
        }
    }
}
