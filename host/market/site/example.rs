//! Makes sites to be looked at: `cargo run -p timeslip-market --example site -- FOLDER`.
//!
//! The folder has one site of real plugins with made-up histories, one of hostile texts, one of
//! nothing and one of 10,000 plugins.

mod samples;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use timeslip_market::error::Result;
use timeslip_market::site::{SiteInput, write_site};

/// What somebody could say who wants a browser to do something.
const ATTACKS: [&str; 8] = [
    "\"><script>alert(1)</script>",
    "'\"--></title></style></textarea></script><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</code></pre><svg onload=alert(1)><style>*{display:none}</style>",
    "\u{202e}txet desrever\u{200b} {{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "](javascript:alert(1)) &lt;b&gt; &#x3c;script&#x3e; \\u003cscript\\u003e \u{2028}alert(1)",
    "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongwordwithoutanyblank",
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: site FOLDER");
        return ExitCode::from(2);
    };
    let folder = Path::new(&folder);
    let attack = std::cell::Cell::new(0);
    let hostile = || {
        attack.set(attack.get() + 1);
        ATTACKS[attack.get() % ATTACKS.len()].to_owned()
    };
    let sites = [
        ("real", samples::realistic()),
        ("hostile", samples::with_texts(&hostile)),
        ("empty", samples::site_of(Vec::new())),
        ("many", samples::many(10_000)),
    ];
    for (name, input) in sites {
        if let Err(error) = make(&input, &folder.join(name)) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn make(input: &SiteInput, folder: &Path) -> Result<()> {
    let began = Instant::now();
    let written = write_site(input, folder)?;
    println!(
        "{}: {} plugins, {} files, {} changed, {:.2} s",
        folder.display(),
        written.plugins,
        written.files,
        written.changed,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
