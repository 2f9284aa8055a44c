//! Figures as a person writes them: the same texts as on the terminal and in reports.

/// What stands where nobody knows.
pub(super) const UNKNOWN: &str = "unknown";

/// Figures from here on are written with an exponent: no measurement is that large.
const HUGE: f64 = 1e15;

/// How a figure is written.
pub(super) type Form = fn(f64) -> String;

/// A figure that is one: finite and not below 0.
pub(super) fn known(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// A figure in its form; what is no figure is unknown.
pub(super) fn figure(value: f64, form: Form) -> String {
    match known(value) {
        None => UNKNOWN.to_owned(),
        Some(value) if value >= HUGE => format!("{value:.1e}"),
        Some(value) => form(value),
    }
}

/// Seconds: `834 ns`, `1.20 s`, `2 min 05 s`.
pub(super) fn seconds(value: f64) -> String {
    let nanos = value * 1e9;
    match nanos {
        v if v <= 0.0 => "0 s".to_owned(),
        v if v < 1e3 => format!("{} ns", v.round()),
        v if v < 999_500.0 => format!("{} µs", three_digits(v / 1e3)),
        v if v < 999_500_000.0 => format!("{} ms", three_digits(v / 1e6)),
        v if v < 119_500_000_000.0 => format!("{} s", three_digits(v / 1e9)),
        _ => long(value.round() as u64),
    }
}

fn long(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match hours {
        0 => format!("{minutes} min {:02} s", seconds % 60),
        1..48 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {:02} h", hours / 24, hours % 24),
    }
}

/// Tokens a second, without their unit: `1,523`, and below a hundred with a decimal, `42.5`.
pub(super) fn rate(value: f64) -> String {
    match value {
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

/// Joules: `250 mJ`, `1.20 kJ`.
pub(super) fn joules(value: f64) -> String {
    match value {
        v if v <= 0.0 => "0 J".to_owned(),
        v if v < 0.999_5e-3 => format!("{} µJ", three_digits(v * 1e6)),
        v if v < 0.999_5 => format!("{} mJ", three_digits(v * 1e3)),
        v if v < 999.5 => format!("{} J", three_digits(v)),
        v if v < 999.5e3 => format!("{} kJ", three_digits(v / 1e3)),
        v => format!("{} MJ", three_digits(v / 1e6)),
    }
}

/// Dollars: `$1,204.50`, and three digits that count below one, `$0.00310`.
pub(super) fn dollars(value: f64) -> String {
    if value <= 0.0 {
        return "$0".to_owned();
    }
    if value >= 0.999_5 {
        let cents = (value * 100.0).round() as u64;
        return format!("${}.{:02}", count(cents / 100), cents % 100);
    }
    // The exponent as it is written after rounding: 0.09996 is 1.00e-1.
    let written = format!("{value:.2e}");
    let exponent = written.split_once("e-").and_then(|(_, digits)| digits.parse::<usize>().ok());
    match exponent.unwrap_or(0) {
        // A page has no room for more zeros.
        10.. => format!("${written}"),
        exponent => format!("${value:.*}", exponent + 2),
    }
}

/// Bytes: `64.0 KiB`.
pub(super) fn bytes(value: u64) -> String {
    let value = value as f64;
    let (unit, size) = match value {
        v if v < 1023.5 => return format!("{v:.0} B"),
        v if v < 1023.5 * 1024.0 => ("KiB", 1024.0),
        v if v < 1023.5 * 1024.0 * 1024.0 => ("MiB", 1024.0 * 1024.0),
        _ => ("GiB", 1024.0 * 1024.0 * 1024.0),
    };
    format!("{} {unit}", three_digits(value / size))
}

/// A whole number with its thousands apart: `1,343`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something: `1 plugin`, `2 plugins`.
pub(super) fn counted(value: usize, one: &str) -> String {
    format!("{} {one}{}", count(value as u64), if value == 1 { "" } else { "s" })
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The list that reports and the terminal are held against too.
    #[test]
    fn figures_read_as_in_reports() {
        let list = include_str!("../../report/page/units.json");
        let list: Value = serde_json::from_str(list).unwrap();
        let held = |name: &str, form: &dyn Fn(f64) -> String| {
            for case in list[name].as_array().unwrap() {
                assert_eq!(form(case[0].as_f64().unwrap()), case[1].as_str().unwrap(), "{name}");
            }
        };
        held("rate", &rate);
        held("joules", &joules);
        held("dollars", &dollars);
        held("bytes", &|value| bytes(value as u64));
        held("count", &|value| count(value as u64));
        held("span", &|nanos| seconds(nanos / 1e9));
    }

    #[test]
    fn what_is_no_figure_is_unknown_and_none_breaks_the_page() {
        for wrong in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(figure(wrong, seconds), UNKNOWN);
        }
        for form in [seconds as Form, rate, joules, dollars] {
            for value in [0.0, f64::MIN_POSITIVE, 1e-12, 1.0, 9e14, f64::MAX] {
                assert!(figure(value, form).len() <= 24, "{}", figure(value, form));
            }
        }
    }
}
