//! Bands hold nine of ten rows that they were not made from.

use super::*;
use proptest::prelude::*;

/// Logarithms that are about normally distributed: the sum of twelve even ones.
fn factors(seed: u64, count: usize, shift: f64, width: f64) -> Vec<f64> {
    let even = |number: u64| scattered(number) as f64 / u64::MAX as f64;
    let factor = |index: usize| {
        let first = seed.wrapping_mul(1_000_003).wrapping_add(index as u64 * 12);
        let sum: f64 = (first..first + 12).map(|number| even(number) - 0.5).sum();
        libm::exp(shift + width * sum)
    };
    (0..count).map(factor).collect()
}

fn rows(class: &str, factors: &[f64]) -> Vec<Observation> {
    let row = |(cluster, factor): (usize, &f64)| Observation {
        class: class.to_owned(),
        cluster: cluster as u64,
        factor: *factor,
    };
    factors.iter().enumerate().map(row).collect()
}

proptest! {
    #[test]
    fn a_large_class_holds_nine_of_ten_rows_it_has_not_seen(
        seed in 0u64..1_000_000, shift in -1.0f64..1.0, width in 0.05f64..0.8,
    ) {
        let observations = rows("a", &factors(seed, 600, shift, width));
        let held = cross_validate(&observations, 10)["a"].part().unwrap();
        prop_assert!((0.86..=0.94).contains(&held), "{held}");
    }

    #[test]
    fn a_band_is_where_the_errors_are(seed in 0u64..1_000_000, shift in -1.0f64..1.0) {
        let factors = factors(seed, 400, shift, 0.1);
        let band = Band::of(&factors).unwrap();
        let middle = libm::exp(shift);
        prop_assert!(band.low < middle && middle < band.high);
        // ± 1.645 standard deviations, with room for the chance of 400 draws.
        prop_assert!(band.high / band.low > libm::exp(0.26), "{band:?}");
        prop_assert!(band.high / band.low < libm::exp(0.42), "{band:?}");
    }

    #[test]
    fn nothing_that_was_seen_is_outside_the_band_of_a_small_class(
        seed in 0u64..1_000_000, count in 2usize..19,
    ) {
        let factors = factors(seed, count, 0.0, 0.3);
        let band = Band::of(&factors).unwrap();
        prop_assert!(factors.iter().all(|factor| band.holds(*factor)));
    }
}

/// Of many small classes, each with one more row: nine of ten of those lie inside.
#[test]
fn small_classes_are_wide_enough() {
    for count in [5, 8, 12, 18] {
        let mut coverage = Coverage::default();
        for seed in 0..2_000 {
            let all = factors(seed, count + 1, 0.2, 0.3);
            coverage.add(Band::of(&all[..count]).unwrap().holds(all[count]));
        }
        let held = coverage.part().unwrap();
        assert!((0.88..=0.96).contains(&held), "{count} rows hold {held}");
    }
}

#[test]
fn a_class_without_rows_has_what_all_others_have_and_no_rows_a_wide_band() {
    assert_eq!(Bands::of(&[]).of_class("any"), UNMEASURED);
    assert_eq!(Band::of(&[1.0]), None);
    let mut seen = rows("slow", &factors(1, 200, 0.5, 0.1));
    seen.extend(rows("fast", &factors(2, 200, -0.5, 0.1)));
    seen.extend(rows("rare", &[9.0, 9.1]));
    let bands = Bands::of(&seen);
    assert!(bands.of_class("slow").low > 1.0 && bands.of_class("fast").high < 1.0);
    let unseen = bands.of_class("another");
    assert!(unseen.low < bands.of_class("fast").low && unseen.high > bands.of_class("slow").high);
    assert_eq!(bands.of_class("rare"), unseen, "two rows say nothing");
    let names: Vec<&str> = bands.classes().map(|(name, _)| name).collect();
    assert_eq!(names, ["fast", "slow"]);
}

#[test]
fn rows_that_ask_the_same_are_held_out_together() {
    // Two clusters, each far from the other: no row is inside a band made of the other cluster.
    let row = |cluster, factor| Observation { class: "a".to_owned(), cluster, factor };
    let even = (0..).find(|number| scattered(*number).is_multiple_of(2)).unwrap();
    let odd = (0..).find(|number| !scattered(*number).is_multiple_of(2)).unwrap();
    let near = |middle: f64, index: u32| middle * (1.0 + f64::from(index) / 1000.0);
    let first = (0..30).map(|index| row(even, near(1.0, index)));
    let rows: Vec<Observation> =
        first.chain((0..30).map(|index| row(odd, near(2.0, index)))).collect();
    assert_eq!(cross_validate(&rows, 2)["a"], Coverage { rows: 60, inside: 0 });
}

/// Classes that are alike need no widening, and each that is off in a way of its own makes the band
/// for a further one wider than all that was seen.
#[test]
fn the_band_for_a_class_never_seen_is_wider_where_classes_differ() {
    let of = |shifts: &[f64]| {
        let class = |(seed, shift): (usize, &f64)| {
            rows(&format!("class {seed}"), &factors(seed as u64, 200, *shift, 0.1))
        };
        unseen_by_class(&shifts.iter().enumerate().flat_map(class).collect::<Vec<_>>())
    };
    let alike = of(&[0.0, 0.0, 0.0]);
    let apart = of(&[-0.5, 0.0, 0.5]);
    assert!(alike.held_out.unwrap() >= 0.9 && apart.held_out.unwrap() >= 0.9);
    assert!(alike.band.high < 1.5, "{alike:?}");
    // Made without the highest, a band ends near 1.3 and must reach beyond 1.9 to hold it.
    assert!(apart.band.high > 2.5 && apart.band.low < 0.4, "{apart:?}");
    let alone = of(&[0.0]);
    assert_eq!((alone.band, alone.held_out), (UNMEASURED, None), "how far others are is unknown");
    assert_eq!(unseen_by_class(&[]), Unseen { band: UNMEASURED, held_out: None });
}
