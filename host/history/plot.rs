//! A figure over commits as a line in a field of characters, with an axis and the commits below.

use timeslip_report::style::{Ink, Style};
use timeslip_report::text::{columns, right};

use crate::amount::apart;
use crate::series::{Ends, Series};

/// Rows of the field; one less is a multiple of the rows between two labels of the axis.
const ROWS: usize = 13;
const ROWS_A_LABEL: usize = 3;

/// The most columns that one commit takes.
const WIDEST: usize = 10;

/// Columns of a commit's short name and the blank after it.
const NAME: usize = 8;

/// The lines of a plot. Of more commits than there are columns, the last ones are drawn.
pub(crate) fn plot(series: &Series, style: Style) -> Vec<String> {
    let Some(ends) = series.ends() else {
        return Vec::new();
    };
    let labels = axis_labels(ends, series, style);
    let margin = labels.iter().map(|label| columns(label)).max().unwrap_or(0);
    // The margin, a blank and the axis.
    let room = style.columns().saturating_sub(margin + 2).max(NAME);
    let skipped = series.points.len().saturating_sub(room);
    let shown = series.points.len() - skipped;
    let each = (room / shown).clamp(1, WIDEST);
    let mut lines = field(series, skipped, each, ends, style);
    for (row, line) in lines.iter_mut().enumerate() {
        let label = if row % ROWS_A_LABEL == 0 { &labels[row / ROWS_A_LABEL] } else { "" };
        let axis = if label.is_empty() { style.sign("│", "|") } else { style.sign("┤", "+") };
        let before = style.paint(Ink::Faint, &format!("{} {axis}", right(label, margin)));
        *line = format!("{before}{line}").trim_end().to_owned();
    }
    let corner = style.sign("└", "+");
    let base = style.sign("─", "-").repeat(shown * each);
    lines.push(style.paint(Ink::Faint, &format!("{} {corner}{base}", right("", margin))));
    let mark = |points: Vec<usize>, sign| marks(points, sign, series, skipped, each);
    let below = [
        mark(series.changes(), changed(style)),
        mark(series.bench_changes(), BENCH_CHANGED),
        names(series, skipped, each, room),
    ];
    lines.extend(
        below
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(|line| format!("{}{line}", " ".repeat(margin + 2))),
    );
    lines.extend(notes(series, skipped, style));
    lines
}

/// The labels of the axis from the top, empty where one would only repeat.
fn axis_labels(ends: Ends, series: &Series, style: Style) -> [String; 5] {
    let steps = [0.0, 1.0, 2.0, 3.0, 4.0];
    if ends.least == ends.most {
        let [only] = apart([ends.most], series.unit, style);
        return steps.map(|step| if step == 2.0 { only.clone() } else { String::new() });
    }
    let values = steps.map(|step| ends.most - (ends.most - ends.least) * step / 4.0);
    let mut labels = apart(values, series.unit, style);
    for at in (1..labels.len()).rev() {
        if labels[at] == labels[at - 1] {
            labels[at].clear();
        }
    }
    labels
}

/// The line itself. It is drawn on a grid of dots, eight to a character in Braille and one in
/// ASCII: each commit is a level stretch, and stretches are joined where the next one begins.
fn field(series: &Series, skipped: usize, each: usize, ends: Ends, style: Style) -> Vec<String> {
    let (across, down) = if style.ascii { (1, 1) } else { (2, 4) };
    let points = &series.points[skipped..];
    let mut dots = vec![vec![false; points.len() * each * across]; ROWS * down];
    let range = ends.most - ends.least;
    let level = |value: f64| {
        let part = if range > 0.0 { (ends.most - value) / range } else { 0.5 };
        // A label's middle is below the first of four dots.
        (part * ((ROWS - 1) * down) as f64).round() as usize + down / 2
    };
    let mut before = None;
    for (index, point) in points.iter().enumerate() {
        let from = index * each * across;
        let at = level(point.value);
        dots[at][from..from + each * across].fill(true);
        let joined = before.unwrap_or(at);
        for row in &mut dots[at.min(joined)..=at.max(joined)] {
            row[from] = true;
        }
        before = Some(at);
    }
    let dot = |row: usize, column: usize| dots[row][column];
    let cell = |row: usize, column: usize| match style.ascii {
        true if dot(row, column) => '*',
        true => ' ',
        false => braille(|x, y| dot(row * 4 + y, column * 2 + x)),
    };
    let width = points.len() * each;
    (0..ROWS).map(|row| (0..width).map(|column| cell(row, column)).collect()).collect()
}

/// The Braille character with these dots; a blank for none.
fn braille(dot: impl Fn(usize, usize) -> bool) -> char {
    /// The bit of each dot in Unicode's block of Braille patterns, by column and row.
    const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let bits: u32 = (0..2)
        .flat_map(|x| (0..4).map(move |y| (x, y)))
        .filter(|(x, y)| dot(*x, *y))
        .map(|(x, y)| BITS[x][y])
        .sum();
    match bits {
        0 => ' ',
        bits => char::from_u32(0x2800 + bits).unwrap_or(' '),
    }
}

/// A line with a sign under each of these points.
fn marks(points: Vec<usize>, sign: &str, series: &Series, skipped: usize, each: usize) -> String {
    let mut line = vec![" "; series.points.len().saturating_sub(skipped) * each];
    for point in points.into_iter().filter(|point| *point >= skipped) {
        line[(point - skipped) * each] = sign;
    }
    line.concat().trim_end().to_owned()
}

fn changed(style: Style) -> &'static str {
    style.sign("▲", "^")
}

const BENCH_CHANGED: &str = "B";

/// The commits' short names, as many as there is room for.
fn names(series: &Series, skipped: usize, each: usize, room: usize) -> String {
    let mut line = String::new();
    for (index, point) in series.points[skipped..].iter().enumerate() {
        let at = index * each;
        let name = point.short_commit();
        let taken = columns(&line);
        if (taken == 0 || at > taken) && at + columns(&name) <= room {
            line.push_str(&" ".repeat(at - taken));
            line.push_str(&name);
        }
    }
    line
}

fn notes(series: &Series, skipped: usize, style: Style) -> Vec<String> {
    let mut notes = Vec::new();
    let any = |points: Vec<usize>| points.iter().any(|point| *point >= skipped);
    if any(series.changes()) {
        notes.push(format!("{} the value changed", changed(style)));
    }
    if any(series.bench_changes()) {
        notes.push(format!("{BENCH_CHANGED} the bench says something else than before"));
    }
    if skipped > 0 {
        let shown = series.points.len() - skipped;
        notes.push(format!("the last {shown} of {} commits", series.points.len()));
    }
    if notes.is_empty() {
        return notes;
    }
    let mut lines = vec![String::new()];
    lines.extend(notes.iter().map(|note| style.paint(Ink::Faint, note)));
    lines
}

#[cfg(test)]
mod tests {
    use timeslip_gate::verdict::Unit;

    use super::*;
    use crate::examples::{bench, series};

    const UNICODE: Style = Style { width: 80, colour: false, ascii: false };
    const PLAIN: Style = Style { ascii: true, ..UNICODE };

    fn drawn(series: &Series, style: Style) -> String {
        plot(series, style).join("\n")
    }

    #[test]
    fn a_plot_has_an_axis_and_its_commits() {
        insta::assert_snapshot!(drawn(&bench().series[0], UNICODE), @r"
        1.31 s ┤                                    ⡤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⡄
               │                                    ⡇           ⡇
               │                                    ⡇           ⡇
        1.27 s ┤                                    ⡇           ⡇
               │                                    ⡇           ⡇
               │                                    ⡇           ⡇
        1.24 s ┤                                    ⡇           ⡇
               │                                    ⡇           ⡇
               │                                    ⡇           ⡇
        1.20 s ┤⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⡆                 ⡇           ⡇
               │                  ⡇                 ⡇           ⠧⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⡄
               │                  ⠓⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠃                             ⡇
        1.17 s ┤                                                                  ⠧⠤⠤⠤⠤⠤
               └────────────────────────────────────────────────────────────────────────
                                  ▲                 ▲           ▲                 ▲
                                                    B
                0000000     0000002     0000004     0000006     0000008     000000a

        ▲ the value changed
        B the bench says something else than before
        ");
    }

    #[test]
    fn a_plot_can_be_made_of_ascii() {
        let text = drawn(&bench().series[0], PLAIN);
        assert!(text.is_ascii());
        insta::assert_snapshot!(text, @r"
        1.31 s +                                    *************
               |                                    *           *
               |                                    *           *
        1.27 s +                                    *           *
               |                                    *           *
               |                                    *           *
        1.24 s +                                    *           *
               |                                    *           *
               |                                    *           *
        1.20 s +*******************                 *           *
               |                  *                 *           *******************
               |                  *******************                             *
        1.17 s +                                                                  ******
               +------------------------------------------------------------------------
                                  ^                 ^           ^                 ^
                                                    B
                0000000     0000002     0000004     0000006     0000008     000000a

        ^ the value changed
        B the bench says something else than before
        ");
    }

    #[test]
    fn a_value_that_never_changed_is_a_level_line() {
        insta::assert_snapshot!(drawn(&series("model_calls", Unit::Count, &[9.0; 3]), PLAIN), @r"
          |
          |
          |
          |
          |
          |
        9 +******************************
          |
          |
          |
          |
          |
          |
          +------------------------------
           0000000   0000001   0000002
        ");
    }

    #[test]
    fn values_close_together_have_labels_that_differ() {
        let close = series("makespan", Unit::Nanoseconds, &[1.2e9, 1.2e9 + 8.0, 1.2e9 + 4.0]);
        insta::assert_snapshot!(drawn(&close, PLAIN), @r"
        1,200,000,008 ns +          ***********
                         |          *         *
                         |          *         *
        1,200,000,006 ns +          *         *
                         |          *         *
                         |          *         *
        1,200,000,004 ns +          *         **********
                         |          *
                         |          *
        1,200,000,002 ns +          *
                         |          *
                         |          *
        1,200,000,000 ns +***********
                         +------------------------------
                                    ^         ^
                          0000000   0000001   0000002

        ^ the value changed
        ");
    }

    #[test]
    fn of_too_many_commits_the_last_are_drawn() {
        let values: Vec<f64> = (0..300).map(|n| f64::from(n % 7)).collect();
        let text = drawn(&series("model_calls", Unit::Count, &values), UNICODE);
        assert!(text.contains("of 300 commits"), "{text}");
        assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            values in proptest::collection::vec(0.0f64..1e15, 0..150),
            width in 0usize..200, ascii in proptest::bool::ANY,
        ) {
            let style = Style { width, colour: false, ascii };
            for line in plot(&series("cost", Unit::Dollars, &values), style) {
                proptest::prop_assert!(columns(&line) <= style.columns(), "{}", line);
            }
        }
    }
}
