//! What is around every page.

use super::html::Html;

/// What a page may load and do: its own files, and nothing else. `{self}` alone also holds for pages
/// that are opened as files.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                                 img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                                 require-trusted-types-for 'script'; trusted-types 'none'";

/// A slip with its lines; browsers would ask for a file if there were none.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 \
                    16'%3E%3Crect x='3' y='1' width='10' height='14' rx='2' fill='%231f5fbf'/%3E%3C\
                    path d='M5 5h6M5 8h6M5 11h3' stroke='%23fff' stroke-width='1.4'/%3E%3C/svg%3E";

/// One page.
pub(super) struct Page<'a> {
    /// Its title.
    pub(super) title: &'a str,
    /// What it is about, for search engines.
    pub(super) description: &'a str,
    /// The way to the site's folder: empty, or `../`.
    pub(super) top: &'static str,
    /// The scripts, from the site's folder on.
    pub(super) scripts: &'a [String],
    /// What stands at its end.
    pub(super) footer: &'a str,
}

/// A whole page around its content.
pub(super) fn page(page: &Page<'_>, content: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.open("html", &[("lang", "en")]);
    html.inside("head", &[], |html| head(html, page));
    html.line_end();
    html.open("body", &[]);
    html.element("a", &[("class", "skip"), ("href", "#content")], "To the content");
    html.inside("header", &[], |html| {
        let home = format!("{}index.html", page.top);
        html.element("a", &[("class", "home"), ("href", &home)], "Timeslip plugins");
    });
    html.line_end();
    html.inside("main", &[("id", "content"), ("tabindex", "-1")], content);
    html.line_end();
    html.element("footer", &[], page.footer);
    html.close();
    html.close();
    format!("<!doctype html>\n{}\n", html.finish())
}

fn head(html: &mut Html, page: &Page<'_>) {
    let metas = [
        [("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
        [("http-equiv", "Content-Security-Policy"), ("content", POLICY)],
        [("name", "color-scheme"), ("content", "light dark")],
        [("name", "referrer"), ("content", "no-referrer")],
        [("name", "description"), ("content", page.description)],
    ];
    html.tag("meta", &[("charset", "utf-8")]);
    for meta in &metas {
        html.line_end();
        html.tag("meta", meta);
    }
    html.line_end();
    html.element("title", &[], &format!("{} · Timeslip plugins", page.title));
    html.tag("link", &[("rel", "icon"), ("href", ICON)]);
    let style = format!("{}style.css", page.top);
    html.tag("link", &[("rel", "stylesheet"), ("href", &style)]);
    for script in page.scripts {
        html.line_end();
        let script = format!("{}{script}", page.top);
        html.element("script", &[("defer", ""), ("src", &script)], "");
    }
}
