//! What a site shows, and what no text in it can do.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::html::Html;
use super::samples::{REGISTRY, badge, entry, key, many, plugin, realistic, site_of, with_texts};
use super::*;
use crate::badge::Spread;
use crate::catalogue::Status;
use crate::examples::{NET, packed};

/// The files of a site by their paths.
fn files(input: &SiteInput) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let shown = shown_plugins(input).unwrap();
    let put = &mut |path: &str, bytes: &[u8]| {
        let before = files.insert(path.to_owned(), String::from_utf8(bytes.to_vec()).unwrap());
        assert_eq!(before, None, "{path} is written once");
        Ok(())
    };
    make_files(input, &shown, put).unwrap();
    files
}

/// The page of a plugin with one version.
fn page_of_one(version: SiteVersion) -> String {
    let path = page_path(&version.entry.name);
    files(&site_of(vec![plugin(vec![version])])).remove(&path).unwrap()
}

/// The elements of a page with the names of their attributes, and addresses by their beginnings. It
/// takes nothing but what `html` writes, so that whatever else stands in a page fails.
fn skeleton(page: &str) -> Vec<String> {
    let mut elements = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("a page says what it is");
    loop {
        let (text, after) = rest.split_once('<').unwrap_or((rest, ""));
        check_text_is_text(text);
        if after.is_empty() {
            return elements;
        }
        let (tag, after) = after.split_once('>').expect("an element ends");
        elements.push(element_of(tag));
        rest = after;
    }
}

fn check_text_is_text(text: &str) {
    assert!(!text.contains(['>', '"', '\'']), "{text}");
    assert!(!text.chars().any(|c| super::html::acts_unseen(c) && !"\n\t".contains(c)), "{text:?}");
    for (at, _) in text.match_indices('&') {
        let entity = text[at..].split(';').next().unwrap();
        assert!(["&amp", "&lt", "&gt", "&quot", "&#39"].contains(&entity), "{text}");
    }
}

/// The inside of a tag: `name a="value"` or `/name`.
fn element_of(tag: &str) -> String {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(is_name(name.strip_prefix('/').unwrap_or(name)), "{tag}");
    let mut element = name.to_owned();
    while !rest.is_empty() {
        let (attribute, after) = rest.split_once("=\"").expect("an attribute has a value");
        let (value, after) = after.split_once('"').expect("a value ends");
        check_text_is_text(value);
        assert!(
            is_name(attribute) && !attribute.starts_with("on") && attribute != "style",
            "{tag}"
        );
        if matches!(attribute, "href" | "src") {
            let begins = ["https://", "http://", "../", "plugin/", "list/", "search/", "script/"];
            let own = ["#content", "index.html", "style.css", "data:image/svg+xml,"];
            let is_ours = begins.iter().chain(&own).any(|begin| value.starts_with(begin));
            assert!(is_ours, "{tag}");
        }
        element += &format!(" {attribute}");
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    element
}

/// Texts that look like markup, or like anything else.
fn texts() -> impl Strategy<Value = String> {
    const PARTS: [&str; 31] = [
        "<",
        ">",
        "\"",
        "'",
        "&",
        "`",
        "=",
        "/",
        "\\",
        "--",
        "<!--",
        "]]>",
        "</script>",
        "<script>",
        "</title>",
        "</pre>",
        "<svg onload=",
        "<img src=x onerror=",
        "javascript:",
        "https://a/",
        "&lt;",
        "&#60;",
        "\\u003c",
        "\n",
        "\t",
        "\r",
        "\0",
        " ",
        "\u{202e}",
        "\u{2028}",
        "${a}",
    ];
    let part = prop_oneof![
        proptest::sample::select(&PARTS[..]).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Whether a page makes a link of an address.
fn is_link(address: &str) -> bool {
    let mut html = Html::default();
    html.address(address);
    html.finish().starts_with("<a")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_becomes_an_element_or_an_attribute(text in texts()) {
        let harmless = match &*text {
            "" => "",
            text if is_link(text) => "https://example.org",
            _ => "word",
        };
        let (hostile, harmless) =
            (with_texts(&|| text.clone()), with_texts(&|| harmless.to_owned()));
        let (hostile, harmless) = (files(&hostile), files(&harmless));
        prop_assert!(hostile.keys().eq(harmless.keys()));
        for (path, page) in hostile.iter().filter(|(path, _)| path.ends_with(".html")) {
            prop_assert_eq!(skeleton(page), skeleton(&harmless[path]), "{}", path);
        }
    }

    #[test]
    fn the_search_index_is_one_call_with_one_text(text in texts()) {
        let part = &files(&with_texts(&|| text.clone()))["search/1.js"];
        let begins = "(globalThis.timeslipPlugins ??= []).push(JSON.parse(";
        let quoted = part.strip_prefix(begins).and_then(|rest| rest.strip_suffix("));\n"));
        let inner: String = serde_json::from_str(quoted.unwrap()).unwrap();
        let inner: serde_json::Value = serde_json::from_str(&inner).unwrap();
        prop_assert_eq!(inner["plugins"][0][2].as_str(), Some(&*text));
        let ends_a_line = part.contains(['<', '\u{2028}', '\u{2029}']);
        prop_assert!(!ends_a_line);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_in_whatever_order_it_comes() {
    let one = many(300);
    let mut other = one.clone();
    other.plugins.reverse();
    other.plugins.iter_mut().for_each(|plugin| plugin.versions.reverse());
    assert_eq!(files(&one), files(&other));
}

#[test]
fn every_plugin_is_listed_without_a_script_and_has_a_page() {
    let files = files(&many(301));
    let lists: String = ["index.html", "list/2.html", "list/3.html", "list/4.html"]
        .iter()
        .map(|path| files[*path].as_str())
        .collect();
    assert!(!files.contains_key("list/5.html"));
    assert_eq!(lists.matches("<h2>").count(), 301);
    let pages = files.keys().filter(|path| path.starts_with("plugin/"));
    assert_eq!(pages.clone().count(), 301);
    for page in pages {
        assert_eq!(lists.matches(&format!("{page}\"")).count(), 1, "{page}");
    }
    assert!(files["list/2.html"].contains("href=\"../index.html\">‹ Previous"));
}

#[test]
fn what_is_not_to_be_used_is_unmistakable() {
    for (status, mark, word, is_installable) in [
        (Status::Deprecated, "mark warn", "deprecated", true),
        (Status::Yanked, "mark bad", "taken back", false),
        (Status::Revoked, "mark bad", "revoked", false),
    ] {
        let mut version = SiteVersion::of(entry("acme:search", "1.0.0"));
        version.entry.status = status;
        version.reason = Some("It is wrong.".to_owned());
        let input = site_of(vec![plugin(vec![version.clone()])]);
        assert!(files(&input)["index.html"].contains(&format!("{mark}\">{word}</strong>")));
        let page = page_of_one(version);
        assert!(page.contains(&format!("<strong>1.0.0 is {word}.</strong>")), "{page}");
        assert!(page.contains("Why: It is wrong."));
        assert_eq!(page.contains("timeslip plugin install"), is_installable, "{word}");
    }
}

#[test]
fn the_newest_version_that_is_to_be_used_stands_for_a_plugin() {
    let version = |version, status| {
        let mut one = SiteVersion::of(entry("acme:search", version));
        one.entry.status = status;
        one
    };
    let versions = vec![
        version("1.0.0", Status::Active),
        version("1.2.0", Status::Deprecated),
        version("1.10.0", Status::Yanked),
        version("2.0.0-rc.1", Status::Active),
        version("1.11.0", Status::Revoked),
    ];
    let page = files(&site_of(vec![plugin(versions)])).remove("plugin/acme--search.html").unwrap();
    assert!(page.contains("<title>acme:search 1.2.0 ·"), "{page}");
    let before_versions = page.split("id=\"versions\"").next().unwrap();
    for told in ["1.2.0 is deprecated", "1.10.0 is taken back", "1.11.0 is revoked"] {
        assert!(before_versions.contains(told), "{told}");
    }
    assert!(page.contains("timeslip plugin install acme:search@=1.0.0 --registry"));
}

#[test]
fn figures_are_shown_with_their_level_and_what_is_unknown_says_so() {
    let mut version = SiteVersion::of(entry("acme:search", "1.0.0"));
    let one = version.entry.clone();
    let mut figures = badge(&one, "rubin-groq3", "gpt-oss-120b", 1.0);
    figures.task_joules = None;
    version.badges = vec![
        (figures, Level::Reproduced(3)),
        (badge(&one, "dgx-spark", "gpt-oss-120b", 40.0), Level::SelfReported),
    ];
    let page = page_of_one(version);
    let cards: Vec<&str> = page.split("<article").skip(1).collect();
    let [spark, rubin] = cards.as_slice() else { panic!("two machines have two cards") };
    for told in [
        "≈\u{a0}2.41 s",
        "≈\u{a0}3.87 s",
        "≈\u{a0}812",
        "≈\u{a0}$0.00312",
        "reproduced ×3",
        "estimate",
    ] {
        assert!(rubin.contains(told), "{told}: {rubin}");
    }
    let energy = rubin.split("Energy of a task").nth(1).unwrap();
    assert!(energy.split("Cost").next().unwrap().contains("unknown"));
    assert!(spark.contains("self-reported"));
    assert!(spark.contains("96.4 s") && !spark.contains('≈'), "{spark}");
    // The longest of each card is as long as the card, however fast the other machine is.
    for card in cards {
        let time = card.split("Time of a task").nth(1).unwrap();
        assert!(time.split("Tokens").next().unwrap().contains("x=\"99.40\""), "{time}");
    }
}

#[test]
fn a_badge_of_another_manifest_is_not_shown() {
    let mut version = SiteVersion::of(entry("acme:search", "1.0.0"));
    let mut other = badge(&version.entry, "h200-8", "gpt-oss-120b", 1.0);
    other.manifest = entry("acme:search", "1.0.1").manifest;
    version.badges = vec![(other, Level::Measured)];
    let page = page_of_one(version.clone());
    assert!(!page.contains("<article"));
    assert!(page.contains("nobody has published figures"));
    let input = site_of(vec![plugin(vec![version])]);
    assert!(!files(&input)["index.html"].contains("badge: "));
}

#[test]
fn figures_that_are_none_draw_nothing_and_read_unknown() {
    let mut version = SiteVersion::of(entry("acme:search", "1.0.0"));
    let mut wrong = badge(&version.entry, "h200-8", "gpt-oss-120b", 1.0);
    wrong.task_seconds = Spread { median: -1.0, p95: f64::INFINITY };
    wrong.task_dollars = Some(Spread { median: 0.0, p95: 0.0 });
    version.badges = vec![(wrong, Level::SelfReported)];
    let page = page_of_one(version);
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    assert!(page.contains("unknown") && page.contains("$0"));
}

#[test]
fn permissions_are_told_in_words_with_their_reasons_and_changes() {
    let page = files(&realistic()).remove("plugin/acme--search.html").unwrap();
    for told in [
        "fetch from api.search.example.org:443 (GET, HEAD)",
        "It asks the search engine there.",
        "be given the secret SEARCH_KEY",
        "may now fetch from *.pages.example.org:443",
        "WIT, ",
        "export timeslip:tool/plugin@0.1.0;",
        &key(1).short(),
        "It sent what it had read to a server of its own.",
        "rel=\"noopener noreferrer nofollow\"",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let nothing = page_of_one(SiteVersion::of(entry("acme:mail", "1.0.0")));
    assert!(nothing.contains("whoever may write to the registry may publish"));
    assert!(nothing.contains("Nothing, as the catalogue has it."));
}

#[test]
fn a_component_is_shown_if_it_is_the_announced_one() {
    let packed = packed("acme:search", "1.0.0", NET);
    let entry = Entry::of(&packed, packed.digest.clone(), None, None);
    let shown = SiteVersion::with_component(entry.clone(), packed.bytes.clone()).unwrap();
    assert_eq!(shown.permissions, Some(packed.permissions));
    assert!(shown.wit.unwrap().contains("world root"));
    let other = crate::examples::packed("acme:search", "1.0.0", "");
    assert!(SiteVersion::with_component(entry, other.bytes).is_err());
}

#[test]
fn one_name_in_two_registries_makes_no_site() {
    let one = plugin(vec![SiteVersion::of(entry("acme:search", "1.0.0"))]);
    let other = SitePlugin { registry: "elsewhere".to_owned(), ..one.clone() };
    let told = shown_plugins(&site_of(vec![one.clone(), other])).err().unwrap().to_string();
    assert!(told.contains("acme:search is in two registries"), "{told}");
    assert!(told.contains(REGISTRY) && told.contains("elsewhere"), "{told}");
    let mut mixed = one;
    mixed.versions.push(SiteVersion::of(entry("acme:mail", "1.0.0")));
    assert!(shown_plugins(&site_of(vec![mixed])).is_err());
    assert!(shown_plugins(&site_of(vec![plugin(Vec::new())])).is_err());
}

/// The whole page of a small plugin, so that a change of any page shows in a review.
#[test]
fn a_page_reads_as_it_did() {
    let mut version = SiteVersion::of(entry("acme:search", "1.0.0"));
    version.entry.published = Some(samples::SYNCED);
    version.badges = vec![(badge(&version.entry, "h200-8", "gpt-oss-120b", 1.0), Level::Measured)];
    let page = page_of_one(version).replace("><", ">\n<");
    assert_eq!(
        page,
        include_str!("golden.html"),
        "if this is meant, it is golden.html now:\n{page}"
    );
}
