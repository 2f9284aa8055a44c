//! Where measurements of a machine's times would be, in a line.

use timeslip_gate::slip::{MachineBands, TimeBand};

use crate::text::{count, plain};

/// What stands before such lines.
pub const NINE_OF_TEN: &str = "nine of ten within";

/// Where nine of ten measurements would be, and what says so: `h200-8: 0.60 to 1.50 times the time to
/// first token, 0.74 to 1.31 times the inter-token latency (603 rows of h200, reading and writing
/// together)`.
pub fn bands_line(machine: &str, bands: &MachineBands) -> String {
    let MachineBands { first_token, output_token } = bands;
    let range = |band: &TimeBand| format!("{} to {}", factor(band.low), factor(band.high));
    let basis = match basis(first_token) == basis(output_token) {
        true => basis(output_token),
        false => format!("{}; {}", basis(first_token), basis(output_token)),
    };
    format!(
        "{}: {} times the time to first token, {} times the inter-token latency ({basis})",
        plain(machine),
        range(first_token),
        range(output_token),
    )
}

/// Two decimals, and three where that would be next to nothing.
fn factor(value: f64) -> String {
    match value < 0.1 {
        true => format!("{value:.3}"),
        false => format!("{value:.2}"),
    }
}

fn basis(band: &TimeBand) -> String {
    let class = plain(&band.class);
    match band.rows {
        0 => format!("no measurements of {class}"),
        1 => format!("1 row of {class}"),
        rows => format!("{} rows of {class}", count(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(rows: u64, class: &str) -> TimeBand {
        TimeBand { low: 0.74, high: 1.31, rows, class: class.to_owned() }
    }

    #[test]
    fn what_says_so_is_said_once_where_it_is_one_thing() {
        let class = "h200, reading and writing together";
        let (first_token, output_token) = (band(1_603, class), band(1_603, class));
        let first_token = TimeBand { low: 0.6, high: 1.5, ..first_token };
        let bands = MachineBands { first_token, output_token };
        insta::assert_snapshot!(bands_line("h200-8", &bands), @"h200-8: 0.60 to 1.50 times the time to first token, 0.74 to 1.31 times the inter-token latency (1,603 rows of h200, reading and writing together)");
        let bands = MachineBands { output_token: band(0, "groq3-lpu, apart\u{1b}[2J"), ..bands };
        insta::assert_snapshot!(bands_line("rack", &bands), @r"rack: 0.60 to 1.50 times the time to first token, 0.74 to 1.31 times the inter-token latency (1,603 rows of h200, reading and writing together; no measurements of groq3-lpu, apart\u{1b}[2J)");
    }
}
