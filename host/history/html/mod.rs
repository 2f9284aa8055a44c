//! A history as one HTML file that loads nothing: charts, and a table of the values of each.
//!
//! The file has no script. What a pointer shows is in `<title>` elements, what a screen reader
//! needs is in each chart's label and table, and colours follow the reader's setting for light or
//! dark; none of them says anything that a shape or a word does not say too.

use timeslip_report::style::Style;

use crate::amount::{apart, change, is_better};
use crate::figures::less_is_better;
use crate::series::{BenchHistory, Series};

mod chart;
mod table;
mod ticks;
mod write;

use chart::chart;
use table::table;
use write::escaped;

/// Texts in the file are for readers with all of Unicode, and have no colours of a terminal.
const STYLE: Style = Style { width: 80, colour: false, ascii: false };

const CSS: &str = include_str!("page.css");

/// Nothing is loaded, not even if a name could smuggle an address past the escaping.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The histories of some benches as the text of an HTML file.
pub fn history_html(histories: &[BenchHistory]) -> String {
    let title = match histories {
        [only] => format!("{} on {}", escaped(&only.bench), escaped(&only.on)),
        _ => "Benches over commits".to_owned(),
    };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · timeslip history</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{LEGEND}</header>\n"
    );
    if histories.len() > 1 {
        out += &contents(histories);
    }
    out += "<main>\n";
    if histories.iter().all(|history| history.series.is_empty()) {
        out += "<p>Nothing is recorded.</p>\n";
    }
    for (index, history) in histories.iter().enumerate() {
        out += &section(history, index, histories.len() > 1);
    }
    out + &format!("</main>\n{}</body>\n</html>\n", footer())
}

fn footer() -> String {
    format!(
        "<footer>Made by timeslip {}. Times are those of modelled machines, and this file loads \
         nothing.</footer>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// What the signs in the charts mean.
const LEGEND: &str = "\
<p class=\"legend\">▲ ▼ The value rose or fell at this commit, in the colour of \
<span class=\"better\">better</span>, <span class=\"worse\">worse</span> or neither. \
A dashed line: from here on the bench says something else. Point at a commit to read it.</p>
";

/// Links to the benches.
fn contents(histories: &[BenchHistory]) -> String {
    let mut out = "<nav aria-label=\"Benches\"><ul>\n".to_owned();
    for (index, history) in histories.iter().enumerate() {
        let (bench, on) = (escaped(&history.bench), escaped(&history.on));
        out += &format!("<li><a href=\"#b{index}\">{bench} on {on}</a></li>\n");
    }
    out + "</ul></nav>\n"
}

fn section(history: &BenchHistory, index: usize, named: bool) -> String {
    let mut out = format!("<section id=\"b{index}\">\n");
    if named {
        out += &format!("<h2>{} on {}</h2>\n", escaped(&history.bench), escaped(&history.on));
    }
    out += "<div class=\"cards\">\n";
    for series in &history.series {
        out += &card(series, named);
    }
    out + "</div>\n</section>\n"
}

/// A figure: where it stands, its chart, and its values.
fn card(series: &Series, below_a_bench: bool) -> String {
    let Some(ends) = series.ends() else {
        return String::new();
    };
    let heading = if below_a_bench { "h3" } else { "h2" };
    // A long name breaks between its words.
    let name = escaped(&series.metric).replace('_', "_<wbr>").replace('.', ".<wbr>");
    let [first, last] = apart([ends.first, ends.last], series.unit, STYLE);
    let moved = change(ends.first, ends.last, series.unit);
    let better = is_better(ends.first, ends.last, less_is_better(&series.metric));
    let (class, word) = judgement(better);
    let beside = match series.points.len() {
        1 => "at the only commit".to_owned(),
        _ if ends.first == ends.last => "as at the first commit".to_owned(),
        _ => format!("from {first} <span class=\"moved {class}\">{moved}{word}</span>"),
    };
    format!(
        "<article class=\"card\">\n<{heading}>{name}</{heading}>\n\
         <p class=\"now\"><strong>{last}</strong> {beside}</p>\n{}{}</article>\n",
        chart(series),
        table(series),
    )
}

/// A class for the style sheet, and words, for a change that is better, worse or neither.
fn judgement(better: Option<bool>) -> (&'static str, &'static str) {
    match better {
        Some(true) => ("better", ", better"),
        Some(false) => ("worse", ", worse"),
        None => ("same", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{bench, series};
    use timeslip_gate::verdict::Unit;

    /// A bench whose names do what they can to be taken for markup.
    fn hostile() -> BenchHistory {
        let evil = "</title><script src=\"http://evil\">&'\u{202e}\u{0}";
        let mut history = bench();
        history.bench = evil.to_owned();
        history.on = evil.to_owned();
        for series in &mut history.series {
            series.metric = evil.to_owned();
            for point in &mut series.points {
                point.commit = Some(evil.to_owned());
                point.branch = Some(evil.to_owned());
                point.commit_time = Some(evil.to_owned());
                point.timeslip = evil.to_owned();
            }
        }
        history
    }

    #[test]
    fn a_page_is_this_text() {
        let mut short = bench();
        short.series.truncate(1);
        short.series[0].points.truncate(5);
        let page = history_html(&[short]);
        let page = page.replace(CSS, "CSS\n").replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(page);
    }

    #[test]
    fn zz_demo() {
        let mut long = bench();
        long.bench = "airline-service-long".into();
        let vals: Vec<f64> = (0..200)
            .map(|n: u32| {
                1.2e9 + f64::from(n / 9 % 5) * 3e7 + f64::from(u8::from(n.is_multiple_of(61))) * 2e8
            })
            .collect();
        long.series = vec![
            series("session_e2e.p50", Unit::Nanoseconds, &vals),
            series("makespan", Unit::Nanoseconds, &[1.2e9, 1.2e9 + 8.0, 1.2e9 + 4.0]),
            series("cost", Unit::Dollars, &[0.0125]),
            series("tool_calls", Unit::Count, &[0.0, 0.0, 0.0]),
            series(
                "fuel.a-component-with-a-very-long-name-that-goes-on-and-on",
                Unit::Fuel,
                &[1.0, 12_345_678.0, 2.0],
            ),
        ];
        std::fs::write("/tmp/wt-d-two.html", history_html(&[bench(), long])).unwrap();
        std::fs::write("/tmp/wt-d-one.html", history_html(&[bench()])).unwrap();
    }

    #[test]
    fn a_page_loads_nothing() {
        let page = history_html(&[bench(), bench()]);
        for word in ["<script", "src=", "http:", "https:", "url(", "@import", "<link", "<img"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn names_are_never_markup() {
        let page = history_html(&[hostile(), hostile()]);
        assert!(!page.contains("<script") && !page.contains("\"http:"), "{page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'));
        assert!(page.contains("&lt;script src=&quot;http://evil&quot;&gt;&amp;&#39;"));
        assert_eq!(page.matches("</title>").count(), page.matches("<title>").count());
    }

    /// Every element that is opened is closed, in order, so that no browser has to guess.
    #[test]
    fn elements_are_nested_well() {
        for page in
            [history_html(&[]), history_html(&[bench()]), history_html(&[hostile(), bench()])]
        {
            let page = page.replace(CSS, "");
            let mut open: Vec<String> = Vec::new();
            for tag in page.split('<').skip(1) {
                let tag = &tag[..tag.find('>').unwrap()];
                let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
                match tag {
                    _ if tag.starts_with('!')
                        || ["meta", "wbr"].contains(&name)
                        || tag.ends_with('/') => {}
                    _ if tag.starts_with('/') => assert_eq!(open.pop().as_deref(), Some(name)),
                    _ => open.push(name.to_owned()),
                }
            }
            assert!(open.is_empty(), "{open:?}");
        }
    }

    #[test]
    fn any_number_of_points_makes_a_page() {
        for count in [0, 1, 2, 300] {
            let values: Vec<f64> = (0..count).map(|n| f64::from(n % 7) * 1e6).collect();
            let one = series("cost", Unit::Dollars, &values);
            let page = history_html(&[BenchHistory { series: vec![one], ..bench() }]);
            assert_eq!(page.contains("<svg"), count > 0);
            assert!(!page.contains("NaN") && !page.contains("inf"), "{count}");
        }
    }
}
