//! The list of all plugins, in pages, and the form that searches it.

use super::frame::{Page, page};
use super::html::Html;
use super::units::{count, counted};
use super::words::{Kind, needs_words, short_signer, status_mark, status_words};
use super::{Put, Shown, SiteInput, page_path};
use crate::error::Result;
use crate::instant::Instant;

/// Plugins on a page.
const PAGE_PLUGINS: usize = 100;

/// Pages that are linked on each side of the one that is shown.
const NEIGHBOURS: usize = 2;

/// Every page of the list, each with its path.
pub(super) fn pages(
    input: &SiteInput,
    shown: &[Shown<'_>],
    scripts: &[String],
    put: &mut Put<'_>,
) -> Result<()> {
    let last = shown.len().div_ceil(PAGE_PLUGINS).max(1);
    for number in 1..=last {
        let first = (number - 1) * PAGE_PLUGINS;
        let own = &shown[first..shown.len().min(first + PAGE_PLUGINS)];
        let text = list_page(input, shown, own, (number, last), scripts);
        put(&list_path(number), text.as_bytes())?;
    }
    Ok(())
}

/// Where a page of the list is.
fn list_path(number: usize) -> String {
    match number {
        1 => "index.html".to_owned(),
        _ => format!("list/{number}.html"),
    }
}

fn list_page(
    input: &SiteInput,
    shown: &[Shown<'_>],
    own: &[Shown<'_>],
    (number, last): (usize, usize),
    scripts: &[String],
) -> String {
    let is_first = number == 1;
    let top = if is_first { "" } else { "../" };
    let title = match is_first {
        true => "Plugins".to_owned(),
        false => format!("Plugins, page {number} of {last}"),
    };
    let mut loaded = vec!["script/page.js".to_owned()];
    if is_first {
        // The parts of the index first: scripts that wait run in their order.
        loaded.extend(scripts.iter().cloned());
        loaded.push("script/search.js".to_owned());
    }
    let description = "Agents and tool plugins: what each may do, who has signed it, and how fast \
                       and how dear it is.";
    let frame = Page { title: &title, description, top, scripts: &loaded, footer: &footer(input) };
    page(&frame, |html| {
        html.element("h1", &[], &title);
        if is_first {
            html.element("p", &[("class", "lead")], &lead(input, shown));
            form(html);
            html.element("p", &[("id", "found"), ("role", "status"), ("class", "faint")], "");
        }
        html.line_end();
        let list = [("id", "plugins"), ("class", "plugins"), ("aria-label", "Plugins")];
        html.inside("ol", &list, |html| own.iter().for_each(|one| item(html, one, top)));
        if shown.is_empty() {
            html.element("p", &[], "Nothing is published there yet.");
        }
        html.element("button", &[("type", "button"), ("id", "more"), ("hidden", "")], "Show more");
        pager(html, number, last, top);
    })
}

fn lead(input: &SiteInput, shown: &[Shown<'_>]) -> String {
    let versions = shown.iter().map(|one| one.versions.len()).sum();
    let registries = match input.registries.as_slice() {
        [] => "no registry".to_owned(),
        registries => registries.join(", "),
    };
    format!(
        "{}, {}, from {registries}. Figures are of modelled machines: they are given for each machine \
         by itself, and plugins are not ranked by them.",
        counted(shown.len(), "plugin"),
        counted(versions, "version")
    )
}

fn footer(input: &SiteInput) -> String {
    let synced = match input.synced {
        Some(synced) => format!("The catalogue is that of {}.", minute(synced)),
        None => "When the catalogue was fetched is unknown.".to_owned(),
    };
    format!("{synced} {} This site loads nothing from elsewhere.", input.catalogue)
}

/// An instant to the minute: `2026-11-28 13:37 UTC`.
pub(super) fn minute(instant: Instant) -> String {
    let text = instant.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// One plugin of the list. The script of the page makes the same element.
fn item(html: &mut Html, plugin: &Shown<'_>, top: &str) {
    let main = plugin.main;
    let entry = &main.entry;
    html.inside("li", &[], |html| {
        html.inside("h2", &[], |html| {
            let address = format!("{top}{}", page_path(&entry.name));
            html.element("a", &[("href", &address)], &entry.name.to_string());
            html.text(" ");
            html.element("span", &[("class", "version")], &entry.version.to_string());
            if let Some((word, _)) = status_words(entry.status) {
                html.text(" ");
                html.element("strong", &[("class", status_mark(entry.status))], word);
            }
        });
        html.element("p", &[], &entry.summary);
        html.inside("ul", &[("class", "marks")], |html| {
            html.element("li", &[("class", "mark kind")], Kind::of(entry).text());
            for need in needs_words(entry) {
                html.element("li", &[("class", "mark")], need);
            }
            if entry.needs.is_empty() {
                html.element("li", &[("class", "mark good")], "needs nothing");
            }
            if let Some(level) = main.best_level() {
                let badge = format!("badge: {level}");
                html.element("li", &[("class", "mark accent")], &badge);
            }
        });
        html.inside("p", &[("class", "faint")], |html| {
            published(html, entry.published);
            let signed = match &entry.signer {
                Some(signer) => format!(" · signed by {}", short_signer(signer)),
                None => " · unsigned".to_owned(),
            };
            html.text(&signed);
        });
    });
    html.line_end();
}

/// When something was published; the script adds how long ago that is.
pub(super) fn published(html: &mut Html, published: Option<Instant>) {
    match published {
        Some(published) => {
            let exact = published.to_string();
            html.element("time", &[("datetime", &exact)], &exact[..10]);
        }
        None => html.text("date unknown"),
    }
}

/// The form, which is of use to the script alone and shown by it.
fn form(html: &mut Html) {
    let attributes =
        [("id", "search"), ("role", "search"), ("aria-label", "Search plugins"), ("hidden", "")];
    html.inside("form", &attributes, |html| {
        html.inside("div", &[("class", "words")], |html| {
            html.element("label", &[("for", "words")], "Search");
            let words = [
                ("id", "words"),
                ("type", "search"),
                ("autocomplete", "off"),
                ("spellcheck", "false"),
                ("placeholder", "Words of its name, summary or keywords"),
                ("aria-keyshortcuts", "/"),
            ];
            html.tag("input", &words);
        });
        html.inside("details", &[("class", "filters"), ("open", "")], |html| {
            html.element("summary", &[("id", "filters")], "Filters");
            html.inside("div", &[("class", "row")], selects);
            html.inside("div", &[("class", "row")], |html| {
                text_field(html, "imports", "Imports", "wasi:filesystem");
                text_field(html, "exports", "Exports", "timeslip:tool/plugin");
            });
            html.inside("fieldset", &[("class", "row")], |html| {
                html.element("legend", &[], "Only what");
                for (kind, label) in [
                    ("net", "needs no network"),
                    ("fs", "needs no files"),
                    ("secret", "needs no secrets"),
                    ("llm", "asks no model"),
                    ("tools", "calls no tools"),
                ] {
                    check_box(html, &format!("no-{kind}"), label);
                }
                check_box(html, "badge", "has a badge");
                check_box(html, "signed", "is signed");
            });
            html.element("button", &[("type", "reset"), ("id", "clear")], "Clear");
        });
    });
}

fn selects(html: &mut Html) {
    let kinds = Kind::ALL.iter().enumerate();
    let kinds: Vec<(String, &str)> =
        kinds.map(|(number, kind)| (number.to_string(), kind.text())).collect();
    let kinds = kinds.iter().map(|(number, text)| (number.as_str(), *text));
    select(html, "kind", "Kind", &[("", "any")].into_iter().chain(kinds).collect::<Vec<_>>());
    select(html, "world", "World", &[("", "any")]);
    let statuses = [
        ("", "any"),
        ("0", "to be used"),
        ("1", "deprecated"),
        ("2", "taken back"),
        ("3", "revoked"),
    ];
    select(html, "status", "Status", &statuses);
    let orders = [("", "best match"), ("name", "name"), ("newest", "newest"), ("oldest", "oldest")];
    select(html, "sort", "Sort by", &orders);
}

fn select(html: &mut Html, id: &str, label: &str, options: &[(&str, &str)]) {
    html.inside("div", &[("class", "field")], |html| {
        html.element("label", &[("for", id)], label);
        html.inside("select", &[("id", id)], |html| {
            for (value, text) in options {
                html.element("option", &[("value", value)], text);
            }
        });
    });
}

fn text_field(html: &mut Html, id: &str, label: &str, example: &str) {
    html.inside("div", &[("class", "field wide")], |html| {
        html.element("label", &[("for", id)], label);
        let placeholder = format!("an interface, or a part of it: {example}");
        let attributes = [
            ("id", id),
            ("type", "search"),
            ("autocomplete", "off"),
            ("spellcheck", "false"),
            ("placeholder", &placeholder),
        ];
        html.tag("input", &attributes);
    });
}

fn check_box(html: &mut Html, id: &str, label: &str) {
    html.inside("label", &[("class", "check")], |html| {
        html.tag("input", &[("type", "checkbox"), ("id", id)]);
        html.text(label);
    });
}

/// Links to the other pages of the list.
fn pager(html: &mut Html, number: usize, last: usize, top: &str) {
    if last == 1 {
        return;
    }
    let address = |page: usize| format!("{top}{}", list_path(page));
    html.inside("nav", &[("id", "pager"), ("aria-label", "Pages of the list")], |html| {
        if number > 1 {
            html.element("a", &[("rel", "prev"), ("href", &address(number - 1))], "‹ Previous");
        }
        let mut before = 0;
        for page in (1..=last).filter(|page| is_linked(*page, number, last)) {
            if page > before + 1 {
                html.element("span", &[("aria-hidden", "true")], "…");
            }
            before = page;
            let text = count(page as u64);
            match page == number {
                true => html.element("strong", &[("aria-current", "page")], &text),
                false => html.element("a", &[("href", &address(page))], &text),
            }
        }
        if number < last {
            html.element("a", &[("rel", "next"), ("href", &address(number + 1))], "Next ›");
        }
    });
}

/// Whether a page is linked: the first, the last, those beside, and every tenth of the way.
fn is_linked(page: usize, number: usize, last: usize) -> bool {
    page == 1
        || page == last
        || page.abs_diff(number) <= NEIGHBOURS
        || page.is_multiple_of(last.div_ceil(10).max(1))
}
