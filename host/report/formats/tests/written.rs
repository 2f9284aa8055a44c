//! Every example in every format as files, for consumers that are programs of their own.

use std::path::PathBuf;

use super::*;

/// Names the folder that the reports are written to.
const FOLDER: &str = "TIMESLIP_REPORTS";

#[test]
#[ignore = "it writes files for tests/consumers/formats, which runs it"]
fn the_examples_are_written() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("TIMESLIP_REPORTS is a folder"));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, verdict) in examples::all() {
        let style = crate::Style { width: 80, colour: false, ascii: false };
        let reports = [
            ("screen.txt", crate::verdict_screen(&verdict, style)),
            ("md", markdown(&verdict)),
            ("annotations.txt", github_annotations(&verdict)),
            ("junit.xml", junit(&verdict)),
            ("sarif", sarif(&verdict)),
            ("bencher.json", bencher(&verdict)),
            ("benchmark-action.json", benchmark_action(&verdict)),
        ];
        for (ending, report) in reports {
            std::fs::write(folder.join(format!("{name}.{ending}")), report).unwrap();
        }
    }
}
