//! A history on a terminal: all figures of a bench, a line each, or one of them larger.

use timeslip_report::style::{Ink, Style};
use timeslip_report::text::{columns, counted, left, plain, right, shortened, wrapped};

use crate::amount::{amount, apart, change, is_better};
use crate::figures::less_is_better;
use crate::plot::plot;
use crate::series::{BenchHistory, Point, Series};
use crate::sparkline::sparkline;

/// The fewest and the most columns of the line that shows a figure's course.
const COURSE_LEAST: usize = 8;
const COURSE_MOST: usize = 40;

/// Changes that are listed below a plot; the last ones count most.
const CHANGES_LISTED: usize = 12;

/// All figures of a bench, a line each: the first and the last value, how far it moved, its course,
/// and the least and the most of it where there is room.
pub fn history_screen(history: &BenchHistory, style: Style) -> String {
    let rows: Vec<Row> = history.series.iter().filter_map(|one| Row::of(one, style)).collect();
    let mut lines = heading(&title(history), style);
    if !rows.is_empty() {
        lines.push(String::new());
        lines.extend(table(&rows, style));
    }
    lines.extend(bench_changes(history, style));
    lines.join("\n") + "\n"
}

/// One figure of a bench, larger: a plot over commits, and below it where the value changed.
pub fn metric_screen(history: &BenchHistory, series: &Series, style: Style) -> String {
    let name = plain(&series.metric);
    let title = format!("{name} of {} on {}", plain(&history.bench), plain(&history.on));
    let mut lines = heading(&title, style);
    if let Some(ends) = series.ends() {
        let values = [ends.first, ends.last, ends.least, ends.most];
        let [first, last, least, most] = apart(values, series.unit, style);
        let arrow = style.sign("→", "->");
        let moved = moved(ends.first, ends.last, series, style);
        lines.push(format!("{first} {arrow} {last}, {moved}"));
        lines.push(format!("least {least}, most {most}"));
        lines.push(String::new());
        lines.extend(plot(series, style));
        lines.extend(changes(series, style));
    } else {
        lines.push("nothing is recorded".to_owned());
    }
    lines.join("\n") + "\n"
}

fn heading(title: &str, style: Style) -> Vec<String> {
    wrapped(title, style.columns()).iter().map(|line| style.paint(Ink::Strong, line)).collect()
}

fn title(history: &BenchHistory) -> String {
    let name = format!("{} on {}", plain(&history.bench), plain(&history.on));
    let Some(longest) = history.series.iter().max_by_key(|series| series.points.len()) else {
        return format!("{name}: nothing is recorded");
    };
    let entries = counted(longest.points.len() as u64, "commit");
    match (longest.points.first(), longest.points.last()) {
        (Some(first), Some(last)) if longest.points.len() > 1 => {
            format!("{name}: {entries}, {} to {}", dated(first), dated(last))
        }
        (Some(only), _) => format!("{name}: {entries}, {}", dated(only)),
        _ => format!("{name}: nothing is recorded"),
    }
}

/// A commit and its day.
fn dated(point: &Point) -> String {
    format!("{} ({})", point.short_commit(), day(point))
}

fn day(point: &Point) -> String {
    plain(point.at()).chars().take("2026-11-24".len()).collect()
}

/// A change in the colour that says whether it is for the better.
fn moved(from: f64, to: f64, series: &Series, style: Style) -> String {
    let text = change(from, to, series.unit);
    match is_better(from, to, less_is_better(&series.metric)) {
        Some(true) => style.paint(Ink::Good, &text),
        Some(false) => style.paint(Ink::Bad, &text),
        None => text,
    }
}

/// What stands in a line of the table.
struct Row<'a> {
    series: &'a Series,
    name: String,
    /// Of the first value to the last one.
    change: String,
    painted_change: String,
    first: String,
    last: String,
    least: String,
    most: String,
}

impl Row<'_> {
    fn of(series: &Series, style: Style) -> Option<Row<'_>> {
        let ends = series.ends()?;
        let shown = |value| amount(value, series.unit, style);
        Some(Row {
            series,
            name: plain(&series.metric),
            change: change(ends.first, ends.last, series.unit),
            painted_change: moved(ends.first, ends.last, series, style),
            first: shown(ends.first),
            last: shown(ends.last),
            least: shown(ends.least),
            most: shown(ends.most),
        })
    }
}

/// Columns of the parts of a line.
struct Widths {
    name: usize,
    /// Of the first value, where there is room for it.
    first: Option<usize>,
    last: usize,
    change: usize,
    course: usize,
    /// Of the least and of the most, where there is room for them.
    range: Option<(usize, usize)>,
}

impl Widths {
    fn of(rows: &[Row], style: Style) -> Widths {
        let widest = |heading: &str, width: fn(&Row) -> usize| {
            rows.iter().map(width).max().unwrap_or(0).max(heading.len())
        };
        let first = widest("first", |row| columns(&row.first));
        let last = widest("last", |row| columns(&row.last));
        let change = widest("change", |row| columns(&row.change));
        let least = widest("least", |row| columns(&row.least));
        let most = widest("most", |row| columns(&row.most));
        let longest = widest("", |row| columns(&row.name));
        let points = rows.iter().map(|row| row.series.points.len()).max().unwrap_or(0);
        let wanted = points.clamp(COURSE_LEAST, COURSE_MOST);
        // Two blanks between parts, and the arrow with a blank at each side.
        let values = 2 + last + 2 + change + 2;
        let both = values + first + columns(style.sign("→", "->")) + 2;
        let ranged = both + 2 + least + 2 + most;
        let has_room = |fixed: usize, name: usize| style.columns() >= fixed + name + COURSE_LEAST;
        let (fixed, first, range) = if has_room(ranged, longest) {
            (ranged, Some(first), Some((least, most)))
        } else if has_room(both, longest) {
            (both, Some(first), None)
        } else {
            (values, None, None)
        };
        let room = style.columns().saturating_sub(fixed);
        let name = longest.min(room.saturating_sub(COURSE_LEAST));
        Widths { name, first, last, change, course: wanted.min(room - name), range }
    }
}

fn table(rows: &[Row], style: Style) -> Vec<String> {
    let widths = Widths::of(rows, style);
    let line = |[name, first, arrow, last, change, course]: [&str; 6]| {
        let name = left(&fitted(name, widths.name, style), widths.name);
        let from = widths.first.map(|width| format!("{} {arrow} ", right(first, width)));
        let (from, last) = (from.unwrap_or_default(), right(last, widths.last));
        format!("{name}  {from}{last}  {change}  {}", left(course, widths.course))
    };
    let range = |least: &str, most: &str| match widths.range {
        Some((room, other)) => format!("  {}  {}", right(least, room), right(most, other)),
        None => String::new(),
    };
    let arrow = style.sign("→", "->");
    let change = right("change", widths.change);
    let head = ["", "first", style.sign(" ", "  "), "last", &change, "course"];
    let head = line(head) + &range("least", "most");
    let mut lines = vec![style.paint(Ink::Faint, head.trim_end())];
    for row in rows {
        let values: Vec<f64> = row.series.points.iter().map(|point| point.value).collect();
        let course = sparkline(&values, widths.course, style);
        // A colour takes no column, so the blanks are counted without it.
        let blanks = " ".repeat(widths.change.saturating_sub(columns(&row.change)));
        let change = blanks + &row.painted_change;
        let text = line([&row.name, &row.first, arrow, &row.last, &change, &course]);
        lines.push((text + &range(&row.least, &row.most)).trim_end().to_owned());
    }
    lines
}

/// A figure's name in so many columns; its statistic is kept, since that tells figures apart.
fn fitted(name: &str, width: usize, style: Style) -> String {
    let (figure, statistic) = match name.rfind('.') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let room = width.saturating_sub(columns(statistic));
    shortened(&(shortened(figure, room, style.ellipsis()) + statistic), width, style.ellipsis())
}

/// Where the bench itself changed: what lies before and after is not one series.
fn bench_changes(history: &BenchHistory, style: Style) -> Vec<String> {
    let changed = |series: &Series| -> Vec<String> {
        series.bench_changes().iter().map(|at| series.points[*at].short_commit()).collect()
    };
    let longest = history.series.iter().map(changed).max_by_key(Vec::len).unwrap_or_default();
    if longest.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "the bench says something else since {}: values before and after are of different work",
        longest.join(", ")
    );
    let mut lines = vec![String::new()];
    lines.extend(wrapped(&text, style.columns()));
    lines
}

fn changes(series: &Series, style: Style) -> Vec<String> {
    let all = series.changes();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    let skipped = all.len().saturating_sub(CHANGES_LISTED);
    if skipped > 0 {
        let note = format!("the last {CHANGES_LISTED} of {} changes", all.len());
        lines.push(style.paint(Ink::Faint, &note));
    }
    let arrow = style.sign("→", "->");
    let listed: Vec<[String; 4]> = all[skipped..]
        .iter()
        .map(|at| {
            let (before, point) = (&series.points[at - 1], &series.points[*at]);
            let [from, to] = apart([before.value, point.value], series.unit, style);
            let moved = moved(before.value, point.value, series, style);
            [dated(point), from, to, moved]
        })
        .collect();
    let widest = |part: usize| listed.iter().map(|row| columns(&row[part])).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2)];
    for [commit, from, to, moved] in &listed {
        let (commit, from, to) =
            (left(commit, widths[0]), right(from, widths[1]), right(to, widths[2]));
        lines.push(format!("{commit}  {from} {arrow} {to}  {moved}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use timeslip_gate::verdict::Unit;

    use super::*;
    use crate::examples::{bench, series};

    const UNICODE: Style = Style { width: 100, colour: false, ascii: false };
    const PLAIN: Style = Style { width: 60, colour: false, ascii: true };

    #[test]
    fn a_bench_is_a_line_for_each_figure() {
        insta::assert_snapshot!(history_screen(&bench(), UNICODE), @r"
        airline on rubin-groq3: 12 commits, 0000000 (2025-11-24) to 000000b (2025-11-25)

                                                    first          last  change  course
        session_e2e.p50                            1.20 s →      1.17 s  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        session_e2e.p95                            2.05 s →      1.98 s  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        inter_token_latency.p50                    634 µs →      613 µs  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        output_token_throughput_per_user.p50  1,528 tok/s → 1,579 tok/s  +3.3 %  ▆▆▆▇▇▇▁▁▇▇▇█
        model_calls                                     9 →           9    same  ▄▄▄▄▄▄▄▄▄▄▄▄
        input_tokens                               12,040 →      11,650  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        success_rate                              100.0 % →     100.0 %    same  ████▁███████
        energy                                     602 mJ →      582 mJ  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        cost                                     $0.00301 →    $0.00291  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁
        fuel                                       13.2 G →      12.8 G  -3.2 %  ▃▃▃▂▂▂██▂▂▂▁

        the bench says something else since 0000006: values before and after are of different work
        ");
    }

    #[test]
    fn a_narrow_terminal_shows_less_of_it() {
        let screen = history_screen(&bench(), PLAIN);
        assert!(screen.is_ascii());
        insta::assert_snapshot!(screen, @r"
        airline on rubin-groq3: 12 commits, 0000000 (2025-11-24) to
        000000b (2025-11-25)

                                              last  change  course
        session_e2e.p50                     1.17 s  -3.2 %  ..__'.._
        session_e2e.p95                     1.98 s  -3.2 %  ..__'.._
        inter_token_latency.p50             613 us  -3.2 %  ..__'.._
        output_token_throughpu....p50  1,579 tok/s  +3.3 %  --''_--'
        model_calls                              9    same  ........
        input_tokens                        11,650  -3.2 %  ..__'.._
        success_rate                       100.0 %    same  '''_''''
        energy                              582 mJ  -3.2 %  ..__'.._
        cost                              $0.00291  -3.2 %  ..__'.._
        fuel                                12.8 G  -3.2 %  ..__'.._

        the bench says something else since 0000006: values before
        and after are of different work
        ");
    }

    #[test]
    fn one_figure_is_shown_larger() {
        let bench = bench();
        insta::assert_snapshot!(metric_screen(&bench, &bench.series[6], UNICODE), @r"
        success_rate of airline on rubin-groq3
        100.0 % → 100.0 %, same
        least 50.0 %, most 100.0 %

        100.0 % ┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⡄      ⡤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
                │                            ⡇      ⡇
                │                            ⡇      ⡇
         87.5 % ┤                            ⡇      ⡇
                │                            ⡇      ⡇
                │                            ⡇      ⡇
         75.0 % ┤                            ⡇      ⡇
                │                            ⡇      ⡇
                │                            ⡇      ⡇
         62.5 % ┤                            ⡇      ⡇
                │                            ⡇      ⡇
                │                            ⡇      ⡇
         50.0 % ┤                            ⠧⠤⠤⠤⠤⠤⠤⠇
                └────────────────────────────────────────────────────────────────────────────────────
                                             ▲      ▲
                                                           B
                 0000000       0000002       0000004       0000006       0000008       000000a

        ▲ the value changed
        B the bench says something else than before

        0000004 (2025-11-24)  100.0 % →  50.0 %  -50.0 points
        0000005 (2025-11-24)   50.0 % → 100.0 %  +50.0 points
        ");
    }

    #[test]
    fn a_history_without_entries_says_so() {
        let nothing = BenchHistory { series: Vec::new(), ..bench() };
        insta::assert_snapshot!(history_screen(&nothing, UNICODE), @"airline on rubin-groq3: nothing is recorded");
        let empty = series("cost", Unit::Dollars, &[]);
        let screen = metric_screen(&nothing, &empty, UNICODE);
        assert!(screen.ends_with("nothing is recorded\n"), "{screen}");
    }

    #[test]
    fn colours_say_what_is_better_and_no_name_acts_on_the_terminal() {
        let mut bench = bench();
        bench.bench = "evil\u{1b}[2J".to_owned();
        bench.series[0].metric = "fuel.\u{1b}[31m".to_owned();
        bench.series[0].points[0].commit = Some("\u{1b}[2J1234567".to_owned());
        let plain = history_screen(&bench, UNICODE);
        assert!(!plain.contains('\u{1b}'), "{plain}");
        assert!(!metric_screen(&bench, &bench.series[0], UNICODE).contains('\u{1b}'));
        let colour = history_screen(&bench, Style { colour: true, ..UNICODE });
        assert!(colour.contains("\u{1b}[32m-3.2 %\u{1b}[0m"), "{colour}");
        let widths = |text: &str| -> Vec<usize> { text.lines().map(columns).collect() };
        let bare = colour.replace("\u{1b}[0m", "");
        let bare = ["1", "2", "31", "32"]
            .iter()
            .fold(bare, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert_eq!(widths(&bare), widths(&plain));
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(width in 0usize..200, ascii in proptest::bool::ANY) {
            let style = Style { width, colour: false, ascii };
            let bench = bench();
            let lines = history_screen(&bench, style);
            for line in lines.lines() {
                proptest::prop_assert!(columns(line) <= style.columns(), "{}", line);
            }
        }
    }
}
