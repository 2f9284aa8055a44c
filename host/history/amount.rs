//! Values as a person reads them.

use timeslip_gate::verdict::Unit;
use timeslip_report::style::Style;
use timeslip_report::text::{count, dollars, joules, rate};

/// A value in human units with about three digits: `1.20 s`, `$0.0125`, `61.2 %`.
pub(crate) fn amount(value: f64, unit: Unit, style: Style) -> String {
    let text = match unit {
        // `as` saturates: no figure of a slip is negative, or longer than 584 years.
        Unit::Nanoseconds => return style.span(value.round() as u64),
        Unit::Count | Unit::Tokens | Unit::Fuel => large(value),
        Unit::TokensPerSecond => format!("{} tok/s", rate(value)),
        Unit::Dollars => dollars(value),
        Unit::Joules => joules(value),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Bytes => bytes(value),
    };
    style.own(text)
}

/// A value with all its digits, for values that [`amount`] does not tell apart.
pub(crate) fn exact(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => format!("{} ns", count(value.round() as u64)),
        Unit::Count | Unit::Tokens | Unit::Fuel => count(value.round() as u64),
        Unit::TokensPerSecond => format!("{value} tok/s"),
        Unit::Dollars => format!("${value}"),
        Unit::Joules => format!("{value} J"),
        Unit::Share => format!("{} %", value * 100.0),
        Unit::Bytes => format!("{} B", count(value.round() as u64)),
    }
}

/// Values as [`amount`] writes them, or with all their digits where two that differ would read
/// alike.
pub(crate) fn apart<const N: usize>(values: [f64; N], unit: Unit, style: Style) -> [String; N] {
    let short = values.map(|value| amount(value, unit, style));
    let alike = |(at, text): (usize, &String)| {
        short[..at].iter().zip(values).any(|(other, value)| other == text && value != values[at])
    };
    if short.iter().enumerate().any(alike) {
        return values.map(|value| exact(value, unit));
    }
    short
}

/// How far a value moved: `+9.2 %`, `same`, and for shares the points between them. A percentage
/// of nothing is none, so from zero it is `from 0`.
pub(crate) fn change(from: f64, to: f64, unit: Unit) -> String {
    if from == to {
        return "same".to_owned();
    }
    if unit == Unit::Share {
        return signed((to - from) * 100.0, "points");
    }
    if from == 0.0 {
        return "from 0".to_owned();
    }
    signed((to / from - 1.0) * 100.0, "%")
}

/// Whether a change is for the better; `None` when there is none, or none is better.
pub(crate) fn is_better(from: f64, to: f64, less_is_better: Option<bool>) -> Option<bool> {
    let less_is_better = less_is_better?;
    (from != to).then_some((to < from) == less_is_better)
}

fn signed(value: f64, what: &str) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    match value.abs() {
        v if v < 0.05 => format!("{sign}<0.1 {what}"),
        v if v < 999.95 => format!("{sign}{v:.1} {what}"),
        v if v < 9_999.5 => format!("{sign}{} {what}", count(v.round() as u64)),
        _ => format!("{sign}>9,999 {what}"),
    }
}

/// A whole number: all its digits below a million, and three of a larger one.
fn large(value: f64) -> String {
    let scaled = |by: f64, letter: &str| {
        let decimals = match value / by {
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        format!("{:.decimals$} {letter}", value / by)
    };
    match value {
        v if v < 999_999.5 => count(v.round() as u64),
        v if v < 999.5e6 => scaled(1e6, "M"),
        v if v < 999.5e9 => scaled(1e9, "G"),
        _ => scaled(1e12, "T"),
    }
}

fn bytes(value: f64) -> String {
    const KIB: f64 = 1024.0;
    match value {
        v if v < KIB => format!("{v:.0} B"),
        v if v < KIB * KIB => format!("{:.1} KiB", v / KIB),
        v if v < KIB * KIB * KIB => format!("{:.1} MiB", v / KIB / KIB),
        v => format!("{:.1} GiB", v / KIB / KIB / KIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: Style = Style { width: 80, colour: false, ascii: false };

    #[test]
    fn every_unit_reads_as_a_person_would_write_it() {
        let shown = |value, unit| amount(value, unit, UNICODE);
        assert_eq!(shown(1.204e9, Unit::Nanoseconds), "1.20 s");
        assert_eq!(shown(234_567.0, Unit::Tokens), "234,567");
        assert_eq!(shown(1_234_567.0, Unit::Tokens), "1.23 M");
        assert_eq!(shown(12_340_000_000.0, Unit::Fuel), "12.3 G");
        assert_eq!(shown(1523.4, Unit::TokensPerSecond), "1,523 tok/s");
        assert_eq!(shown(0.0125, Unit::Dollars), "$0.0125");
        assert_eq!(shown(0.25, Unit::Joules), "250 mJ");
        assert_eq!(shown(0.612, Unit::Share), "61.2 %");
        assert_eq!(shown(1_114_112.0, Unit::Bytes), "1.1 MiB");
        let ascii = Style { ascii: true, ..UNICODE };
        assert_eq!(amount(12_300.0, Unit::Nanoseconds, ascii), "12.3 us");
        assert_eq!(amount(25e-6, Unit::Joules, ascii), "25.0 uJ");
    }

    #[test]
    fn changes_have_a_sign_and_no_percentage_of_nothing() {
        let percent = |from, to| change(from, to, Unit::Count);
        assert_eq!(percent(100.0, 109.2), "+9.2 %");
        assert_eq!(percent(100.0, 50.0), "-50.0 %");
        assert_eq!(percent(1e6, 1e6 + 1.0), "+<0.1 %");
        assert_eq!(
            (percent(1.0, 21.0), percent(1.0, 1e9)),
            ("+2,000 %".into(), "+>9,999 %".into())
        );
        assert_eq!((percent(3.0, 3.0), percent(0.0, 3.0)), ("same".into(), "from 0".into()));
        assert_eq!(change(1.0, 0.5, Unit::Share), "-50.0 points");
    }

    #[test]
    fn better_depends_on_the_figure() {
        assert_eq!(is_better(2.0, 1.0, Some(true)), Some(true));
        assert_eq!(is_better(2.0, 1.0, Some(false)), Some(false));
        assert_eq!(is_better(2.0, 2.0, Some(true)), None);
        assert_eq!(is_better(2.0, 1.0, None), None);
    }

    #[test]
    fn values_that_differ_do_not_read_alike() {
        let shown = |values| apart(values, Unit::Nanoseconds, UNICODE);
        assert_eq!(shown([1.2e9, 1.3e9]), ["1.20 s", "1.30 s"]);
        assert_eq!(shown([1.2e9, 1.200_000_5e9]), ["1,200,000,000 ns", "1,200,000,500 ns"]);
        assert_eq!(shown([1.2e9, 1.2e9]), ["1.20 s", "1.20 s"]);
    }
}
