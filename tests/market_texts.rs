//! What plugins say of themselves, where it is shown: whoever publishes one writes it.

use crate::market::{Market, registries};

/// What a browser would run, and what it shows in its place.
const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";
const SHOWN: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;";

/// What a terminal would obey.
const ESCAPE: &str = "\\u001b[2J";

fn describe(market: &Market, registry: &str, description: &str) -> crate::place::Ran {
    let plugin = market.place.read("plugins/memory/plugin.toml");
    let honest = "Remembers texts by name, in a file of the folder it is granted.";
    assert!(plugin.contains(honest));
    market.place.write("plugins/memory/plugin.toml", plugin.replace(honest, description));
    let published = market.run(&format!("plugin publish plugins/memory --registry {registry}"));
    market.place.write("plugins/memory/plugin.toml", plugin);
    published
}

#[test]
fn a_description_runs_nothing_in_a_browser_and_moves_nothing_on_a_terminal() {
    for registry in registries("texts") {
        let market = Market::new();
        let told = describe(&market, &registry, ESCAPE).failed(2);
        assert!(told.contains("characters that a terminal obeys"), "{told}");
        describe(&market, &registry, SCRIPT).passed();
        let found = market.run(&format!("plugin search memory --registry {registry}")).passed();
        assert!(found.contains(SCRIPT), "a terminal runs no scripts: {found}");
        market.run(&format!("plugin site --out site --registry {registry}")).passed();
        let pages = ["site/index.html", "site/plugin/timeslip--memory.html"];
        for page in pages.map(|page| market.place.read(page)) {
            assert!(page.contains(SHOWN), "{page}");
            assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
        }
    }
}
