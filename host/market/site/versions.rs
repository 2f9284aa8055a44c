//! All versions of a plugin, the newest first.

use super::facts::{facts, permissions};
use super::html::Html;
use super::index::published;
use super::plugin::{install_line, is_installed, status_notice};
use super::words::{short_signer, status_mark, status_words};
use super::{Shown, SiteVersion};
use crate::permissions::ChangeKind;

/// The part of a plugin's page with its versions.
pub(super) fn versions(html: &mut Html, plugin: &Shown<'_>) {
    html.inside("section", &[("aria-labelledby", "versions")], |html| {
        html.element("h2", &[("id", "versions")], "Versions");
        let older = plugin.versions.iter().skip(1).map(Some).chain([None]);
        for (version, before) in plugin.versions.iter().zip(older) {
            one(html, plugin, version, before.copied());
        }
    });
}

/// One version, closed at first.
fn one(html: &mut Html, plugin: &Shown<'_>, version: &SiteVersion, before: Option<&SiteVersion>) {
    let entry = &version.entry;
    let id = format!("v{}", entry.version);
    html.inside("details", &[("class", "release"), ("id", &id)], |html| {
        html.inside("summary", &[], |html| {
            html.element("span", &[("class", "version")], &entry.version.to_string());
            html.text(" ");
            if let Some((word, _)) = status_words(entry.status) {
                html.element("strong", &[("class", status_mark(entry.status))], word);
                html.text(" ");
            }
            html.inside("span", &[("class", "faint")], |html| {
                published(html, entry.published);
                match &entry.signer {
                    Some(signer) => html.text(&format!(" · signed by {}", short_signer(signer))),
                    None => html.text(" · unsigned"),
                }
            });
        });
        status_notice(html, version);
        if is_installed(entry.status) {
            install_line(html, plugin, Some(&entry.version));
        }
        html.element("h3", &[], "What it may do");
        permissions(html, version);
        changes(html, version, before);
        facts(html, entry, plugin.registry);
    });
    html.line_end();
}

/// What it may do beyond the version before, and what it gave up.
fn changes(html: &mut Html, version: &SiteVersion, before: Option<&SiteVersion>) {
    let Some(before) = before else { return };
    if version.entry.permissions == before.entry.permissions {
        let text = format!("The same as {}.", before.entry.version);
        html.element("p", &[("class", "faint")], &text);
        return;
    }
    let (Some(now), Some(then)) = (&version.permissions, &before.permissions) else {
        let text = format!("{} had other permissions.", before.entry.version);
        html.element("p", &[("class", "faint")], &text);
        return;
    };
    let text = format!("Against {}:", before.entry.version);
    html.element("p", &[("class", "faint")], &text);
    html.inside("ul", &[("class", "changes")], |html| {
        for change in now.difference_from(then) {
            let (class, sign) = match change.kind {
                ChangeKind::Added => ("worse", "may now "),
                ChangeKind::GivenUp => ("better", "may no longer "),
            };
            html.element("li", &[("class", class)], &format!("{sign}{}", change.phrase));
        }
    });
}
