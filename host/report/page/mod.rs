//! A report as one HTML file that loads nothing: runs, comparisons, sweeps, verdicts and answers to
//! what-if, to be looked at.
//!
//! The file is data, a style sheet and a script. `columns` writes each run's figures as columns of
//! numbers, every one as its slip has it; the files of `script/`, joined in the order of `SCRIPT`,
//! draw them in the reader's browser. Nothing that a guest or a bench says becomes markup: the data
//! is JSON with no `<` in it, and the script makes text nodes. The policy in the file's head allows
//! the script and the style sheet by their digests and nothing else.

mod columns;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use timeslip_gate::slip::Slip;
use timeslip_gate::verdict::Verdict;

use crate::text::plain;
pub use columns::{RunColumns, RunParts};

const STYLE: &str = include_str!("page.css");

/// The script in parts, each of which may use those before it.
const SCRIPT: [&str; 13] = [
    include_str!("script/format.js"),
    include_str!("script/dom.js"),
    include_str!("script/data.js"),
    include_str!("script/timeview.js"),
    include_str!("script/machines.js"),
    include_str!("script/timeline.js"),
    include_str!("script/waterfall.js"),
    include_str!("script/distributions.js"),
    include_str!("script/comparison.js"),
    include_str!("script/sweep.js"),
    include_str!("script/verdict.js"),
    include_str!("script/tornado.js"),
    include_str!("script/main.js"),
];

/// What a report shows. What is absent has no part in it.
#[derive(Debug, Default, Serialize)]
pub struct Page<'a> {
    /// What it is about, say a bench's name.
    #[serde(skip)]
    pub title: String,
    /// More of that, in a line.
    #[serde(skip)]
    pub subtitle: String,
    /// Runs with their steps.
    pub runs: Vec<RunColumns<'a>>,
    /// Machines side by side, as `timeslip compare --json` prints them; where there are runs, they
    /// are those of the machines, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Value>,
    /// The points of a sweep, as `timeslip sweep --json` prints them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Value>,
    /// The gate's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'a Verdict>,
    /// What one thing faster or slower would do, as `timeslip what-if --json` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_if: Option<Value>,
}

impl<'a> Page<'a> {
    /// A report on some slips; the names are theirs, told apart where they are the same.
    pub fn of_slips(slips: impl IntoIterator<Item = &'a Slip>) -> Page<'a> {
        let slips: Vec<&Slip> = slips.into_iter().collect();
        let names = names_of(&slips);
        let subtitle = match slips.as_slice() {
            [only] => format!("on {} · timeslip {}", machines_of(only), only.timeslip),
            _ => format!("{} runs", slips.len()),
        };
        let mut benches: Vec<&str> = slips.iter().map(|slip| slip.bench.name.as_str()).collect();
        benches.dedup();
        let runs = slips.iter().zip(names).map(|(slip, name)| RunColumns::of_slip(name, slip));
        Page { title: benches.join(", "), subtitle, runs: runs.collect(), ..Page::default() }
    }

    /// The text of the file.
    pub fn html(&self) -> String {
        let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPT.concat());
        let data = serde_json::to_string(self).expect("a report holds nothing that JSON cannot");
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action \
             'none'",
            digest(&script),
            digest(STYLE)
        );
        let (title, subtitle) = (escaped(&self.title), escaped(&self.subtitle));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · timeslip report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <header><div class=\"titles\"><div>\n<h1>{title}</h1>\n<p class=\"lead\">{subtitle}</p>\n\
             </div></div></header>\n<nav aria-label=\"Parts of the report\"><ul></ul></nav>\n\
             <main><noscript><p>This report is drawn by the script in this file, and the browser \
             runs none.</p></noscript></main>\n\
             <footer>Made by timeslip {version}. This file loads nothing. ≈ and “estimate” mark \
             what rests on an estimate; what no source states reads unknown.</footer>\n\
             <script type=\"application/json\" id=\"data\">{data}</script>\n\
             <script>{script}</script>\n</body>\n</html>\n",
            data = without_markup(&data),
            version = env!("CARGO_PKG_VERSION"),
        )
    }
}

/// A name for each run: its machines, with the bench where that differs, and a number where both
/// are alike.
fn names_of(slips: &[&Slip]) -> Vec<String> {
    let one_bench = slips.windows(2).all(|pair| pair[0].bench.name == pair[1].bench.name);
    let name = |slip: &&Slip| match one_bench {
        true => machines_of(slip),
        false => format!("{} on {}", slip.bench.name, machines_of(slip)),
    };
    let names: Vec<String> = slips.iter().map(name).collect();
    let numbered = |(index, name): (usize, &String)| {
        let alike = names.iter().filter(|other| *other == name).count();
        let before = names[..index].iter().filter(|other| *other == name).count();
        if alike > 1 { format!("{name} ({})", before + 1) } else { name.clone() }
    };
    names.iter().enumerate().map(numbered).collect()
}

fn machines_of(slip: &Slip) -> String {
    slip.machines.iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>().join("+")
}

/// A source as a policy names it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// JSON in which nothing can end the element that it stands in.
fn without_markup(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A text as it stands between tags.
fn escaped(text: &str) -> String {
    plain(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
