//! The page of one plugin.

use semver::Version;

use super::badges::badges;
use super::facts::{facts, interfaces, permissions};
use super::frame::{Page, page};
use super::html::Html;
use super::versions::versions;
use super::words::{Kind, status_mark, status_words};
use super::{Shown, SiteVersion};
use crate::catalogue::Status;

/// A plugin's whole page; `catalogue` says what is known of the catalogue that it stands in.
pub(super) fn page_of(plugin: &Shown<'_>, catalogue: &str) -> String {
    let entry = &plugin.main.entry;
    let title = format!("{} {}", entry.name, entry.version);
    let footer = format!("{catalogue} This page loads nothing from elsewhere.");
    let frame = Page {
        title: &title,
        description: &entry.summary,
        top: "../",
        scripts: &["script/page.js".to_owned()],
        footer: &footer,
    };
    page(&frame, |html| {
        head(html, plugin);
        html.inside("div", &[("class", "columns")], |html| {
            html.inside("div", &[("class", "main")], |html| {
                may_do(html, plugin.main);
                badges(html, plugin);
                html.inside("section", &[("aria-labelledby", "interfaces")], |html| {
                    html.element("h2", &[("id", "interfaces")], "Interfaces");
                    interfaces(html, plugin.main);
                });
            });
            html.inside("section", &[("class", "side"), ("aria-labelledby", "facts")], |html| {
                html.element("h2", &[("id", "facts")], "Who made it");
                facts(html, entry, plugin.registry);
            });
        });
        versions(html, plugin);
    })
}

fn head(html: &mut Html, plugin: &Shown<'_>) {
    let entry = &plugin.main.entry;
    html.inside("nav", &[("aria-label", "Breadcrumbs"), ("class", "crumbs")], |html| {
        html.element("a", &[("href", "../index.html")], "Plugins");
        html.text(" / ");
        html.element("span", &[("aria-current", "page")], &entry.name.to_string());
    });
    html.inside("h1", &[], |html| {
        html.text(&entry.name.to_string());
        html.text(" ");
        html.element("span", &[("class", "version")], &entry.version.to_string());
    });
    html.element("p", &[("class", "lead")], &entry.summary);
    html.inside("ul", &[("class", "marks")], |html| {
        html.element("li", &[("class", "mark kind")], Kind::of(entry).text());
        if let Some((word, _)) = status_words(entry.status) {
            html.element("li", &[("class", status_mark(entry.status))], word);
        }
    });
    status_notice(html, plugin.main);
    newer_notices(html, plugin);
    if is_installed(entry.status) {
        html.inside("section", &[("aria-labelledby", "install")], |html| {
            html.element("h2", &[("id", "install")], "Install it");
            install_line(html, plugin, None);
            let text = "It shows what the plugin asks for, and installs it once you accept that.";
            html.element("p", &[("class", "faint")], text);
        });
    }
}

fn may_do(html: &mut Html, version: &SiteVersion) {
    html.inside("section", &[("aria-labelledby", "may")], |html| {
        html.element("h2", &[("id", "may")], "What it may do");
        permissions(html, version);
    });
}

/// What is wrong with a version, if anything is.
pub(super) fn status_notice(html: &mut Html, version: &SiteVersion) {
    let entry = &version.entry;
    let Some((word, meaning)) = status_words(entry.status) else { return };
    let class = match entry.status {
        Status::Active | Status::Deprecated => "notice warn",
        Status::Yanked | Status::Revoked => "notice bad",
    };
    html.inside("p", &[("class", class), ("role", "note")], |html| {
        html.element("strong", &[], &format!("{} is {word}.", entry.version));
        html.text(&format!(" {meaning} "));
        match &version.reason {
            Some(reason) => html.text(&format!("Why: {reason}")),
            None => html.text("Why is not said."),
        }
    });
}

/// Versions above the one that stands for the plugin that are not to be used.
fn newer_notices(html: &mut Html, plugin: &Shown<'_>) {
    let newer = plugin.versions.iter().take_while(|one| !std::ptr::eq(**one, plugin.main));
    for version in newer.filter(|one| one.entry.status != Status::Active) {
        status_notice(html, version);
    }
}

/// Whether installing takes a version of this status.
pub(super) fn is_installed(status: Status) -> bool {
    matches!(status, Status::Active | Status::Deprecated)
}

/// The line that installs a plugin, at any version or at one, with a button that the script shows.
pub(super) fn install_line(html: &mut Html, plugin: &Shown<'_>, version: Option<&Version>) {
    let name = plugin.name();
    let reference = match version {
        None => name.to_string(),
        Some(version) => format!("{name}@={version}"),
    };
    let line = format!(
        "timeslip plugin install {} --registry {}",
        quoted(&reference),
        quoted(plugin.registry)
    );
    command(html, "Command that installs it", &line);
}

/// The line that runs the suites of a version's badges again.
pub(super) fn reproduce_line(html: &mut Html, plugin: &Shown<'_>, version: &Version) {
    let reference = format!("{}@={version}", plugin.name());
    let line = format!(
        "timeslip plugin verify {} --reproduce --registry {}",
        quoted(&reference),
        quoted(plugin.registry)
    );
    command(html, &format!("Command that runs the badges of {version} again"), &line);
}

/// A line for a shell, with a button that the script shows.
fn command(html: &mut Html, label: &str, line: &str) {
    html.inside("div", &[("class", "command")], |html| {
        let attributes = [("tabindex", "0"), ("role", "region"), ("aria-label", label)];
        html.inside("pre", &attributes, |html| html.element("code", &[], line));
        let attributes = [("type", "button"), ("class", "copy"), ("hidden", "")];
        html.element("button", &attributes, "Copy");
    });
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@=-+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('=') {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word_whatever_stands_in_it() {
        assert_eq!(quoted("acme:search@=1.0.0"), "acme:search@=1.0.0");
        assert_eq!(quoted("./a folder; rm *"), "'./a folder; rm *'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
