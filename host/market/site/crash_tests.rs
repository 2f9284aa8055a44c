//! A site's folder, whatever is there before and whenever the writer ends.

use std::fs;
use std::path::Path;

use super::samples::{entry, plugin, site_of};
use super::*;
use crate::children::command;

/// The variable with the folder that a child of these tests makes a site in.
const IN: &str = "TIMESLIP_MARKET_TEST_SITE";

fn site(summary: &str) -> SiteInput {
    let one = |name: &str| {
        let mut version = SiteVersion::of(entry(name, "1.0.0"));
        version.entry.summary = summary.to_owned();
        plugin(vec![version])
    };
    site_of(vec![one("acme:mail"), one("acme:search")])
}

/// What the children of a test run; by itself it does nothing.
#[test]
fn child() {
    let Ok(folder) = std::env::var(IN) else { return };
    write_site(&site("After."), Path::new(&folder)).unwrap();
}

/// Whether a child wrote the site to its end.
fn write_in_child(folder: &Path, end_at: u64) -> bool {
    command("site::crash_tests::child", Some(end_at)).env(IN, folder).status().unwrap().success()
}

/// The summary that every page of a whole site has.
fn summary_of(folder: &Path) -> String {
    let page = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    let pages = ["index.html", "plugin/acme--mail.html", "plugin/acme--search.html"].map(page);
    let after = pages.iter().filter(|page| page.contains("After.")).count();
    assert!(after == 0 || after == pages.len(), "{after} pages are new");
    assert!(pages.iter().all(|page| page.ends_with("</html>\n")));
    if after == 0 { "Before.".to_owned() } else { "After.".to_owned() }
}

#[test]
fn a_writer_that_ends_at_any_step_leaves_a_whole_site() {
    let (mut steps, mut seen) = (0, Vec::new());
    loop {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("site");
        write_site(&site("Before."), &folder).unwrap();
        let is_done = write_in_child(&folder, steps);
        // Between two renames the folder has no name; the next writer gives it back.
        if folder.exists() {
            seen.push(summary_of(&folder));
        }
        write_site(&site("Before."), &folder).unwrap();
        assert_eq!(summary_of(&folder), "Before.");
        let mut left: Vec<String> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".site.lock", "site"]);
        if is_done {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 10, "{steps} steps are too few to have tried anything");
    assert!(seen.contains(&"Before.".to_owned()) && seen.contains(&"After.".to_owned()));
}

#[test]
fn only_what_changed_is_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    let mut input = site("Before.");
    let first = write_site(&input, &folder).unwrap();
    assert_eq!((first.plugins, first.changed, first.removed), (2, first.files, 0));
    let again = write_site(&input, &folder).unwrap();
    assert_eq!((again.files, again.changed), (first.files, 0));
    input.plugins[0].versions[0].wit = Some("world a {}".to_owned());
    assert_eq!(write_site(&input, &folder).unwrap().changed, 1);
    input.plugins.pop();
    let fewer = write_site(&input, &folder).unwrap();
    assert_eq!((fewer.files, fewer.removed), (first.files - 1, 1));
    assert!(!folder.join("plugin/acme--search.html").exists());
    // A file that was changed by hand is mended.
    fs::write(folder.join("style.css"), "body { display: none }").unwrap();
    assert_eq!(write_site(&input, &folder).unwrap().changed, 1);
    let style = fs::read_to_string(folder.join("style.css")).unwrap();
    assert!(style.contains("color-scheme"));
}

#[test]
fn nothing_of_anybody_else_goes() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("thesis.txt"), "mine").unwrap();
    let told = write_site(&site("Before."), &folder).unwrap_err().to_string();
    assert!(told.contains("it is not empty, and holds no site"), "{told}");
    assert_eq!(fs::read_to_string(folder.join("thesis.txt")).unwrap(), "mine");
    fs::remove_file(folder.join("thesis.txt")).unwrap();
    write_site(&site("Before."), &folder).unwrap();
    fs::write(folder.join("plugin/thesis.txt"), "mine").unwrap();
    let told = write_site(&site("After."), &folder).unwrap_err().to_string();
    assert!(told.contains("`plugin/thesis.txt` in it is not of the site"), "{told}");
    assert_eq!(summary_of(&folder), "Before.");
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(write_site(&site("Before."), &file).unwrap_err().to_string().contains("no folder"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn ten_thousand_plugins_are_written_once_and_then_as_they_change() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    let mut input = samples::many(10_000);
    let first = write_site(&input, &folder).unwrap();
    // Pages of plugins and of the list, five parts of the index, style, two scripts, and the list.
    assert_eq!((first.plugins, first.files), (10_000, 10_000 + 100 + 5 + 3 + 1));
    input.plugins[4_711].versions[1].entry.summary = "Something else.".to_owned();
    assert_eq!(write_site(&input, &folder).unwrap().changed, 3);
}
