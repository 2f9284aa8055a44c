//! How fast and how dear a plugin is on each machine, in tables with bars.
//!
//! Bars share a scale only where suite, machine, model and host version are the same to the byte:
//! then they show how the plugin changed from version to version. Nothing compares machines.

use std::collections::BTreeMap;

use super::Shown;
use super::html::Html;
use super::plugin::reproduce_line;
use super::units::{Form, UNKNOWN, count, dollars, figure, joules, known, rate, seconds};
use super::words::level_meaning;
use crate::badge::{Badge, Level, Spread};

/// Rows of one table's part; there are older ones only where a plugin has many versions.
const ROWS_MAX: usize = 6;

/// What must be the same for two badges to stand in one table.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Setting<'a> {
    machine: (&'a str, &'a str),
    model: &'a str,
    suite: (&'a str, &'a str),
    host_version: &'a str,
}

impl<'a> Setting<'a> {
    fn of(badge: &'a Badge) -> Setting<'a> {
        Setting {
            machine: (&badge.machine, badge.machine_digest.as_str()),
            model: &badge.model,
            suite: (&badge.suite, badge.suite_digest.as_str()),
            host_version: &badge.host_version,
        }
    }
}

type Run<'a> = (&'a Badge, Level);

/// One kind of figure.
struct Measure {
    name: &'static str,
    form: Form,
    of: fn(&Badge) -> Option<Spread>,
}

const MEASURES: [Measure; 5] = [
    Measure { name: "Time of a task", form: seconds, of: |badge| Some(badge.task_seconds) },
    Measure { name: "Tokens a second and user", form: rate, of: |badge| badge.tokens_per_second },
    Measure {
        name: "Time to the first token",
        form: seconds,
        of: |badge| badge.first_token_seconds,
    },
    Measure { name: "Energy of a task", form: joules, of: |badge| badge.task_joules },
    Measure { name: "Cost of a task", form: dollars, of: |badge| badge.task_dollars },
];

/// The part of a plugin's page with its badges.
pub(super) fn badges(html: &mut Html, plugin: &Shown<'_>) {
    html.inside("section", &[("aria-labelledby", "badges")], |html| {
        html.element("h2", &[("id", "badges")], "How fast and how dear it is");
        let settings = settings(plugin);
        if settings.is_empty() {
            let text = "Unknown: nobody has published figures of it.";
            html.element("p", &[("class", "faint")], text);
            return;
        }
        let lead = "On modelled machines, in virtual time: whoever runs the suite again gets the same \
                    figures to the bit. Bars compare the versions of this plugin on one machine; \
                    machines are not compared.";
        html.element("p", &[("class", "lead")], lead);
        if let Some(version) = plugin.versions.iter().find(|one| one.own_badges().next().is_some()) {
            reproduce_line(html, plugin, &version.entry.version);
        }
        html.inside("div", &[("class", "cards")], |html| {
            settings.iter().for_each(|(setting, runs)| card(html, setting, runs));
        });
    });
}

/// The badges by setting, of each the newest version first.
fn settings<'a>(plugin: &Shown<'a>) -> BTreeMap<Setting<'a>, Vec<Run<'a>>> {
    let mut settings: BTreeMap<Setting<'a>, Vec<Run<'a>>> = BTreeMap::new();
    for version in &plugin.versions {
        for (badge, level) in version.own_badges() {
            settings.entry(Setting::of(badge)).or_default().push((badge, *level));
        }
    }
    settings
}

fn card(html: &mut Html, setting: &Setting<'_>, runs: &[Run<'_>]) {
    let shown = &runs[..runs.len().min(ROWS_MAX)];
    html.inside("article", &[("class", "card")], |html| {
        html.element("h3", &[], setting.machine.0);
        let about = format!(
            "serving {} · suite {} · timeslip {}",
            setting.model, setting.suite.0, setting.host_version
        );
        html.element("p", &[("class", "faint")], &about);
        html.inside("ul", &[("class", "runs")], |html| {
            shown.iter().for_each(|run| run_line(html, run));
        });
        html.inside("table", &[("class", "figures")], |html| {
            let caption = format!("Figures on {}", setting.machine.0);
            html.element("caption", &[("class", "sr")], &caption);
            html.inside("thead", &[], |html| {
                html.inside("tr", &[], head_cells);
            });
            MEASURES.iter().for_each(|measure| measured(html, measure, shown));
        });
        if runs.len() > shown.len() {
            let text = format!("{} older ones are left out.", runs.len() - shown.len());
            html.element("p", &[("class", "faint")], &text);
        }
        html.inside("details", &[], |html| {
            html.element("summary", &[], "What was run, exactly");
            html.inside("dl", &[("class", "facts")], |html| digests(html, setting, shown));
        });
    });
}

fn head_cells(html: &mut Html) {
    html.element("th", &[("scope", "col")], "Version");
    html.inside("th", &[("scope", "col"), ("class", "chart")], |html| {
        html.element("span", &[("class", "sr")], "Bar of the median, line to the 95th percentile");
    });
    html.element("th", &[("scope", "col"), ("class", "number")], "median");
    html.element("th", &[("scope", "col"), ("class", "number")], "p95");
}

/// Of which version, how far it is to be believed, and on how much it rests.
fn run_line(html: &mut Html, (badge, level): &Run<'_>) {
    html.inside("li", &[], |html| {
        html.element("span", &[("class", "version")], &badge.version.to_string());
        html.text(" ");
        let meaning = level_meaning(*level);
        let class = match level {
            Level::Unvouched | Level::SelfReported => "mark",
            Level::Measured | Level::Reproduced(_) => "mark good",
        };
        html.element("span", &[("class", class), ("title", &meaning)], &level.to_string());
        if badge.is_estimate {
            let title =
                "A figure of the profiles of machine and model is an estimate, so these are.";
            html.text(" ");
            html.element("span", &[("class", "mark warn"), ("title", title)], "estimate");
        }
        let plural = if badge.sessions == 1 { "" } else { "s" };
        let text = format!(" {} session{plural}", count(badge.sessions));
        html.element("span", &[("class", "faint")], &text);
    });
}

/// One kind of figure, in a row for each run.
fn measured(html: &mut Html, measure: &Measure, runs: &[Run<'_>]) {
    let spreads: Vec<Option<Spread>> = runs.iter().map(|(badge, _)| (measure.of)(badge)).collect();
    let largest = spreads
        .iter()
        .flatten()
        .flat_map(|spread| [spread.median, spread.p95])
        .filter_map(known)
        .fold(0.0, f64::max);
    html.inside("tbody", &[], |html| {
        let is_known = spreads.iter().any(Option::is_some);
        html.inside("tr", &[], |html| {
            let columns = if is_known { "4" } else { "3" };
            html.element("th", &[("colspan", columns), ("scope", "rowgroup")], measure.name);
            if !is_known {
                html.element("td", &[("class", "number")], UNKNOWN);
            }
        });
        if !is_known {
            return;
        }
        for ((badge, _), spread) in runs.iter().zip(&spreads) {
            html.inside("tr", &[], |html| {
                html.element("th", &[("scope", "row")], &badge.version.to_string());
                html.inside("td", &[("class", "chart")], |html| {
                    if let Some(spread) = spread {
                        bar(html, spread, largest);
                    }
                });
                let texts = match spread {
                    Some(spread) => [spread.median, spread.p95].map(|value| {
                        let about = if badge.is_estimate { "≈\u{a0}" } else { "" };
                        match figure(value, measure.form) {
                            text if text == UNKNOWN => text,
                            text => format!("{about}{text}"),
                        }
                    }),
                    None => [UNKNOWN.to_owned(), UNKNOWN.to_owned()],
                };
                texts.iter().for_each(|text| html.element("td", &[("class", "number")], text));
            });
        }
    });
}

/// A bar as long as the median and a line on to the 95th percentile. The figures stand beside it, so
/// that it says nothing to who cannot see it.
fn bar(html: &mut Html, spread: &Spread, largest: f64) {
    let place = |value: f64| {
        let share = known(value).map_or(0.0, |value| value / largest);
        // Where nothing is known and where all is 0, nothing has a length.
        if share.is_finite() { share.clamp(0.0, 1.0) * 100.0 } else { 0.0 }
    };
    let (median, p95) = (place(spread.median), place(spread.p95));
    let (from, to) = (median.min(p95), median.max(p95));
    let attributes = [
        ("viewBox", "0 0 100 12"),
        ("preserveAspectRatio", "none"),
        ("aria-hidden", "true"),
        ("focusable", "false"),
    ];
    html.inside("svg", &attributes, |html| {
        let mut rectangle = |class, x: f64, y, width: f64, height| {
            let (x, width) = (format!("{x:.2}"), format!("{width:.2}"));
            let attributes = [
                ("class", class),
                ("x", x.as_str()),
                ("y", y),
                ("width", width.as_str()),
                ("height", height),
            ];
            html.element("rect", &attributes, "");
        };
        rectangle("track", 0.0, "5.5", 100.0, "1");
        rectangle("bar", 0.0, "2", median, "8");
        if known(spread.p95).is_some() {
            rectangle("whisker", from, "5", to - from, "2");
            rectangle("whisker", (p95 - 0.6).max(0.0), "2", 0.6, "8");
        }
    });
}

fn digests(html: &mut Html, setting: &Setting<'_>, runs: &[Run<'_>]) {
    let mut row = |name: &str, digest: &str| {
        html.element("dt", &[], name);
        html.element("dd", &[("class", "digest")], digest);
    };
    row("suite", setting.suite.1);
    row("profiles of machine and model", setting.machine.1);
    for (badge, _) in runs {
        row(&format!("slip of {}", badge.version), badge.slip_digest.as_str());
    }
}
