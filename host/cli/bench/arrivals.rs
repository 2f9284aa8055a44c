//! The instants of a trace: a CSV file with a column of times, or JSON lines as Mooncake's.

use timeslip_timeline::time::{Instant, Span};

/// The columns of a CSV file that hold times, the first that is there.
const COLUMNS: [&str; 3] = ["arrival_s", "arrival_ms", "TIMESTAMP"];

/// Days from the March of year 0, its first day being 1, to the first of January 2000.
const DAYS_UNTIL_2000: u64 = 730_426;

/// Reads the instants at which something arrived, in their order; those with a date begin at 0.
///
/// # Errors
/// A sentence with the line, from 1, of what is no time.
pub(super) fn instants(text: &str) -> Result<Vec<Instant>, (usize, String)> {
    let lines = || (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let Some((_, first)) = lines().next() else {
        return Err((1, "it is empty; it has no arrivals".to_owned()));
    };
    let mut nanos = match first.trim_start().starts_with('{') {
        true => lines().map(|(number, line)| json_nanos(number, line)).collect(),
        false => csv_nanos(first, lines().skip(1)),
    }?;
    nanos.sort_unstable();
    Ok(nanos.into_iter().map(|nanos| Instant::ZERO + Span::from_nanos(nanos)).collect())
}

fn json_nanos(number: usize, line: &str) -> Result<u64, (usize, String)> {
    let value: serde_json::Value = serde_json::from_str(line)
        .map_err(|error| (number, format!("this is no JSON: {error}")))?;
    let millis = value.get("timestamp").and_then(serde_json::Value::as_f64);
    let nanos = millis.and_then(|millis| nanos_of(millis / 1e3));
    nanos.ok_or_else(|| (number, "it has no `timestamp` in milliseconds".to_owned()))
}

fn csv_nanos<'t>(
    header: &str,
    rows: impl Iterator<Item = (usize, &'t str)>,
) -> Result<Vec<u64>, (usize, String)> {
    let names: Vec<&str> = header.split(',').map(cell).collect();
    let found = COLUMNS.iter().find_map(|column| {
        names.iter().position(|name| name == column).map(|place| (*column, place))
    });
    let Some((column, place)) = found else {
        return Err((1, format!("it has none of the columns {}", COLUMNS.join(", "))));
    };
    let mut first_date = None;
    let nanos = rows.map(|(number, row)| {
        let value = row.split(',').nth(place).map(cell).unwrap_or_default();
        let nanos = match column {
            "arrival_s" => value.parse().ok().and_then(nanos_of),
            "arrival_ms" => value.parse().ok().and_then(|millis: f64| nanos_of(millis / 1e3)),
            _ => date_nanos(value)
                .and_then(|nanos| nanos.checked_sub(*first_date.get_or_insert(nanos))),
        };
        nanos.ok_or_else(|| (number, format!("`{value}` is no time for `{column}`")))
    });
    nanos.collect()
}

fn cell(text: &str) -> &str {
    text.trim().trim_matches(['"', '\u{feff}'])
}

fn nanos_of(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds >= 0.0).then(|| Span::from_seconds_f64(seconds).as_nanos())
}

/// `2023-11-16 18:15:46.6805900` in nanoseconds since the year 2000, without leap seconds.
fn date_nanos(text: &str) -> Option<u64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let time = time.trim_end_matches("+00:00").trim_end_matches('Z');
    let mut parts = date.splitn(3, '-').chain(time.splitn(3, ':'));
    let mut whole = || parts.next()?.parse::<u64>().ok();
    let (year, month, day, hour, minute) = (whole()?, whole()?, whole()?, whole()?, whole()?);
    let seconds: f64 = parts.next()?.parse().ok()?;
    let in_range = year < 9999 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range || hour > 23 || minute > 59 {
        return None;
    }
    // Years begin in March, so that the leap day is a year's last.
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let minutes = (days.checked_sub(DAYS_UNTIL_2000)? * 24 + hour) * 60 + minute;
    minutes.checked_mul(60_000_000_000)?.checked_add(nanos_of(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Vec<u64> {
        let instants = instants(text).expect("these are arrivals");
        instants.iter().map(|at| at.as_nanos() / 1_000_000).collect()
    }

    #[test]
    fn each_form_of_a_trace_gives_its_instants() {
        assert_eq!(millis("id,arrival_s\n1,0.5\n2,0.25\n\n"), [250, 500]);
        assert_eq!(millis("arrival_ms\n10\n20.5\n"), [10, 20]);
        let azure =
            "TIMESTAMP,ContextTokens\n2024-02-28 23:59:59.5000000,1\n2024-03-01 00:00:00,2\n";
        assert_eq!(millis(azure), [0, 86_400_500]);
        let mooncake = "{\"timestamp\": 0, \"hash_ids\": [1]}\n{\"timestamp\": 27482}\n";
        assert_eq!(millis(mooncake), [0, 27_482]);
    }

    #[test]
    fn what_is_no_time_is_named_with_its_line() {
        let problem = |text: &str| instants(text).expect_err("these are no arrivals");
        assert_eq!(
            problem("arrival_s\n1\n-2\n"),
            (3, "`-2` is no time for `arrival_s`".to_owned())
        );
        assert_eq!(problem("{\"timestamp\": 1}\n{}\n").0, 2);
        assert_eq!(
            problem("a,b\n1,2\n").1,
            "it has none of the columns arrival_s, arrival_ms, TIMESTAMP"
        );
        assert_eq!(problem("TIMESTAMP\n2024-02-30\n").0, 2);
        assert_eq!(problem(" \n").0, 1);
    }
}
