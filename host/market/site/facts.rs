//! What a version may do, who made it, and what it is made of.

use super::SiteVersion;
use super::html::Html;
use super::index::published;
use super::units::{UNKNOWN, bytes, counted};
use super::words::{NEEDS, SIGNED_MEANS, UNSIGNED_MEANS, short_signer};
use crate::catalogue::Entry;

/// A named fact.
fn fact(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.element("dt", &[], name);
    html.inside("dd", &[], value);
}

/// A named fact of a text that may be unknown.
fn text_fact(html: &mut Html, name: &str, text: Option<&str>) {
    fact(html, name, |html| html.text(text.unwrap_or(UNKNOWN)));
}

/// What a version may do, each with its reason.
pub(super) fn permissions(html: &mut Html, version: &SiteVersion) {
    let Some(permissions) = &version.permissions else {
        return kinds_alone(html, &version.entry);
    };
    let phrases = permissions.phrases();
    if phrases.is_empty() {
        html.element("p", &[], "Nothing: it computes, and has no effect outside its session.");
        return;
    }
    html.inside("ul", &[("class", "asks")], |html| {
        for (what, why) in &phrases {
            html.inside("li", &[], |html| {
                html.element("strong", &[], what);
                if !why.is_empty() {
                    html.element("span", &[("class", "why")], why);
                }
            });
        }
    });
}

/// What the catalogue alone tells: the kinds.
fn kinds_alone(html: &mut Html, entry: &Entry) {
    if entry.needs.is_empty() {
        html.element("p", &[], "Nothing, as the catalogue has it.");
        return;
    }
    html.inside("ul", &[("class", "asks")], |html| {
        for need in &entry.needs {
            let known = NEEDS.iter().find(|(kind, ..)| kind == need);
            html.element("li", &[], known.map_or(need.as_str(), |(_, _, does)| does));
        }
    });
    let text = "From and to where, and why, is not known here: the component was not at hand when \
                this page was made. Installing shows it before it asks you.";
    html.element("p", &[("class", "faint")], text);
}

/// Who made a version, and what it is made of.
pub(super) fn facts(html: &mut Html, entry: &Entry, registry: &str) {
    html.inside("dl", &[("class", "facts")], |html| {
        fact(html, "Published", |html| published(html, entry.published));
        fact(html, "Signed by", |html| signer(html, entry.signer.as_deref()));
        text_fact(html, "Authors, as it says", entry.authors.as_deref());
        text_fact(html, "Licence", entry.licenses.as_deref());
        fact(html, "Source", |html| match &entry.source {
            Some(source) => html.address(source),
            None => html.text(UNKNOWN),
        });
        text_fact(html, "Registry", Some(registry));
        text_fact(html, "World", entry.world.as_deref());
        let keywords = entry.keywords.join(", ");
        text_fact(html, "Keywords", Some(if keywords.is_empty() { "none" } else { &keywords }));
        text_fact(html, "Smoke run", entry.smoke.as_deref());
        text_fact(html, "Size", Some(&bytes(entry.component_bytes)));
        digest(html, "Component", entry.component.as_str());
        digest(html, "Manifest", entry.manifest.as_str());
        digest(html, "Permissions", entry.permissions.as_str());
    });
}

fn digest(html: &mut Html, name: &str, digest: &str) {
    fact(html, name, |html| html.element("code", &[("class", "digest")], digest));
}

/// The signer with what a signature means.
fn signer(html: &mut Html, signer: Option<&str>) {
    let Some(signer) = signer else {
        html.element("span", &[("class", "mark warn")], "unsigned");
        html.element("span", &[("class", "why")], UNSIGNED_MEANS);
        return;
    };
    html.element("code", &[], &short_signer(signer));
    html.element("span", &[("class", "why")], SIGNED_MEANS);
    if short_signer(signer) != signer {
        html.element("code", &[("class", "digest")], signer);
    }
}

/// The interfaces that a version imports and exports, and its WIT.
pub(super) fn interfaces(html: &mut Html, version: &SiteVersion) {
    let entry = &version.entry;
    for (title, names) in [("Exports", &entry.exports), ("Imports", &entry.imports)] {
        html.element("h3", &[], title);
        if names.is_empty() {
            html.element("p", &[("class", "faint")], "nothing");
            continue;
        }
        html.inside("ul", &[("class", "names")], |html| {
            for name in names {
                html.inside("li", &[], |html| html.element("code", &[], name));
            }
        });
    }
    match &version.wit {
        Some(wit) => wit_block(html, wit),
        None => {
            let text = "Its WIT is not known here, since the component was not at hand.";
            html.element("p", &[("class", "faint")], text);
        }
    }
}

/// Characters of WIT on a page.
const WIT_CHARACTERS_MAX: usize = 60_000;

/// WIT from which on a block is closed at first.
const WIT_OPEN_LINES: usize = 40;

fn wit_block(html: &mut Html, wit: &str) {
    let is_short = wit.lines().count() <= WIT_OPEN_LINES;
    let details: &[(&str, &str)] = if is_short { &[("open", "")] } else { &[] };
    html.inside("details", details, |html| {
        html.element("summary", &[], &format!("WIT, {}", counted(wit.lines().count(), "line")));
        let attributes =
            [("class", "wit"), ("tabindex", "0"), ("role", "region"), ("aria-label", "WIT")];
        let end = wit.char_indices().nth(WIT_CHARACTERS_MAX).map_or(wit.len(), |(at, _)| at);
        html.inside("pre", &attributes, |html| {
            html.inside("code", &[], |html| html.lines(&wit[..end]));
        });
        if end < wit.len() {
            let text = "It is longer than a page has room for; the component holds all of it.";
            html.element("p", &[("class", "faint")], text);
        }
    });
}
