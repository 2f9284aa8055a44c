//! The course of a figure in a few characters.

use timeslip_report::style::Style;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Heights in a line of ASCII: at its foot, in its middle, at its top.
const ASCII: [char; 4] = ['_', '.', '-', '\''];

/// The values as heights between the least and the most of them, in at most `cells` characters.
/// Values that are all alike are drawn half high.
pub(crate) fn sparkline(values: &[f64], cells: usize, style: Style) -> String {
    let signs: &[char] = if style.ascii { &ASCII } else { &BLOCKS };
    let shown = gathered(values, cells);
    let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let most = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let top = signs.len() - 1;
    let sign = |value: &f64| {
        if most == least {
            return signs[top / 2];
        }
        let height = (value - least) / (most - least) * top as f64;
        // Between 0 and `top` as the value lies between the least and the most.
        signs[(height.round() as usize).min(top)]
    };
    shown.iter().map(sign).collect()
}

/// As many values as there are cells. A cell that stands for several values shows the one that is
/// farthest from the cell before, so that a change that was soon undone is still seen.
fn gathered(values: &[f64], cells: usize) -> Vec<f64> {
    if values.len() <= cells {
        return values.to_vec();
    }
    let mut shown = Vec::new();
    for cell in 0..cells {
        let range = &values[cell * values.len() / cells..(cell + 1) * values.len() / cells];
        let before = shown.last().copied().unwrap_or(values[0]);
        let distance = |value: &&f64| (**value - before).abs();
        shown.extend(range.iter().max_by(|a, b| distance(a).total_cmp(&distance(b))));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: Style = Style { width: 80, colour: false, ascii: false };
    const PLAIN: Style = Style { ascii: true, ..UNICODE };

    #[test]
    fn heights_follow_the_values() {
        let rise: Vec<f64> = (0..8).map(f64::from).collect();
        assert_eq!(sparkline(&rise, 20, UNICODE), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&rise, 20, PLAIN), "__..--''");
        assert_eq!(sparkline(&[5.0; 4], 20, UNICODE), "▄▄▄▄");
        assert_eq!(sparkline(&[5.0; 4], 20, PLAIN), "....");
        assert_eq!(sparkline(&[], 20, UNICODE), "");
        assert_eq!(sparkline(&rise, 0, UNICODE), "");
    }

    #[test]
    fn a_short_peak_is_seen_in_few_cells() {
        let mut values = vec![1.0; 100];
        values[57] = 2.0;
        assert_eq!(sparkline(&values, 10, UNICODE), "▁▁▁▁▁█▁▁▁▁");
        values[57] = 0.0;
        assert_eq!(sparkline(&values, 10, UNICODE), "█████▁████");
    }

    proptest::proptest! {
        #[test]
        fn there_is_never_more_than_a_character_a_cell(
            values in proptest::collection::vec(0.0f64..1e18, 0..200), cells in 0usize..60,
        ) {
            let drawn = sparkline(&values, cells, UNICODE);
            proptest::prop_assert_eq!(drawn.chars().count(), values.len().min(cells));
        }
    }
}
