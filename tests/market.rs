//! The marketplace, from the command line: publishing, searching, installing, running, updating,
//! removing and carrying.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::place::{Place, Ran, repository};

/// When everything in these tests is published: ten days before everything is done.
const THEN: &str = "1799136000";
const NOW: &str = "1800000000";

/// The registries that attacks are tried on: a folder of a market's place, and one of its own on the
/// server that TIMESLIP_TEST_REGISTRY names, if it names one.
pub(crate) fn registries(purpose: &str) -> Vec<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let server = std::env::var("TIMESLIP_TEST_REGISTRY").ok().map(|server| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{server}/{purpose}-{}-{number}", std::process::id())
    });
    std::iter::once("./registry".to_owned()).chain(server).collect()
}

/// A place with the memory plugin's sources and its bench, and a store and registries of its own.
pub(crate) struct Market {
    pub(crate) place: Place,
}

const MEMORY: [&str; 6] = [
    "plugins/memory/plugin.toml",
    "plugins/memory/timeslip.toml",
    "plugins/memory/script.toml",
    "plugins/memory/kept/memory.json",
    "plugins/prebuilt/memory.wasm",
    "agents/prebuilt/tool-caller.wasm",
];

impl Market {
    pub(crate) fn new() -> Market {
        let place = Place::new();
        for file in MEMORY {
            place.write(file, std::fs::read(repository().join(file)).unwrap());
        }
        Market { place }
    }

    pub(crate) fn command(&self, words: &str, now: &str) -> Command {
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut command = self.place.command(&words);
        command.env("SOURCE_DATE_EPOCH", now);
        command
    }

    pub(crate) fn run(&self, words: &str) -> Ran {
        Ran::from(self.command(words, NOW).output().unwrap())
    }

    fn published(&self) -> String {
        let publish = "plugin publish plugins/memory --registry ./registry";
        Ran::from(self.command(publish, THEN).output().unwrap()).passed()
    }

    /// The digest that a refusal to install without consent names.
    pub(crate) fn asked(&self, install: &str) -> String {
        let told = self.run(install).failed(2);
        let (_, after) = told.rsplit_once("--accept-permissions ").expect("it names the digest");
        after.trim().to_owned()
    }

    fn install(&self) {
        let install = "plugin install timeslip:memory --registry ./registry";
        let asked = self.asked(install);
        self.run(&format!("{install} --accept-permissions {asked}")).passed();
    }

    /// Writes a bench that names the plugin by a reference.
    pub(crate) fn write_bench(&self, reference: &str, files: &str) {
        let bench = self.place.read("plugins/memory/timeslip.toml");
        let bench = bench
            .replace("../prebuilt/memory.wasm", reference)
            .replace("../../agents", "agents")
            .replace("\"kept\"", files)
            .replace("script.toml", "plugins/memory/script.toml");
        self.place.write("timeslip.toml", bench);
    }

    /// A screen without what differs: this place, digests, which hold every figure of a run, and keys,
    /// which each publisher makes.
    fn screen(&self, text: &str) -> String {
        let text = self.place.anonymous(text);
        let text = masked(&text, "sha256:", "DIGEST", |c| c.is_ascii_hexdigit());
        let text =
            masked(&text, "ed25519:", "KEY", |c| c.is_ascii_alphanumeric() || "+/=".contains(c));
        let is_short =
            |word: &&str| word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_short);
        let shorts: Vec<String> = words.map(str::to_owned).collect();
        shorts.iter().fold(text, |text, short| text.replace(short, "THE-SHORTER-KEY-"))
    }
}

/// A text in which one word stands for whatever follows a prefix.
fn masked(text: &str, prefix: &str, word: &str, is_of_it: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(prefix);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(prefix);
        masked.push_str(word);
        masked.push_str(part.trim_start_matches(&is_of_it));
    }
    masked
}

#[test]
fn a_plugin_is_packed_published_found_and_described() {
    let market = Market::new();
    let packed = market.run("plugin pack plugins/memory").passed();
    insta::assert_snapshot!("plugin_pack", market.screen(&packed));
    insta::assert_snapshot!("plugin_publish", market.screen(&market.published()));
    let found = market.run("plugin search memory --registry ./registry").passed();
    insta::assert_snapshot!("plugin_search", market.screen(&found));
    let nothing = market.run("plugin search memory --without fs --registry ./registry").passed();
    assert!(nothing.starts_with("0 found in "), "{nothing}");
    let info = market.run("plugin info timeslip:memory --registry ./registry").passed();
    insta::assert_snapshot!("plugin_info", market.screen(&info));
    let again = market.published();
    assert!(again.starts_with("published timeslip:memory@0.1.0"), "{again}");
}

#[test]
fn a_plugin_is_installed_once_somebody_accepts_what_it_may_do() {
    let market = Market::new();
    market.published();
    let install = "plugin install timeslip:memory@^0.1 --registry ./registry";
    let refused = market.run(install).failed(2);
    insta::assert_snapshot!("plugin_install_refused", market.screen(&refused));
    assert!(!market.place.path("plugins.lock").exists());
    let yes = market.run(&format!("{install} --yes")).failed(2);
    assert!(yes.contains("unexpected argument '--yes'"), "{yes}");
    let asked = market.asked(install);
    let installed = market.run(&format!("{install} --accept-permissions {asked}")).passed();
    insta::assert_snapshot!("plugin_install", market.screen(&installed));
    insta::assert_snapshot!("plugin_lock", market.screen(&market.place.read("plugins.lock")));
    insta::assert_snapshot!("plugin_list", market.screen(&market.run("plugin list").passed()));
    let audit = market.run("plugin audit --registry ./registry").passed();
    insta::assert_snapshot!("plugin_audit", market.screen(&audit));
    let removed = market.run("plugin remove timeslip:memory").passed();
    assert_eq!(removed, "removed timeslip:memory@0.1.0\n");
    assert!(market.run("plugin list").passed().starts_with("nothing is installed in "));
}

#[test]
fn the_catalogue_is_a_site_that_says_what_plugins_may_do() {
    let market = Market::new();
    market.published();
    let site = "plugin site --out site --registry ./registry";
    let told = market.run(site).passed();
    assert!(told.starts_with("1 plugin in site: 7 files, 7 changed, 0 gone\n"), "{told}");
    let page = market.place.read("site/plugin/timeslip--memory.html");
    assert!(page.contains("What it remembers stands in a file there."), "{page}");
    assert!(page.contains("export timeslip:tool/plugin@0.1.0;"), "{page}");
    let again: serde_json::Value =
        serde_json::from_str(&market.run(&format!("{site} --json")).passed()).unwrap();
    assert_eq!((&again["files"], &again["changed"]), (&7.into(), &0.into()));
    // Whatever is no site stays.
    let refused = market.run("plugin site --out plugins --registry ./registry").failed(2);
    assert!(refused.contains("it is not empty, and holds no site"), "{refused}");
    assert!(market.place.path("plugins/memory/plugin.toml").exists());
}

#[test]
fn a_bench_names_a_plugin_by_reference_and_grants_what_was_consented_to() {
    let market = Market::new();
    market.published();
    market.write_bench("timeslip:memory@^0.1", "\"plugins/memory/kept\"");
    let missing = market.run("run").failed(2);
    assert!(missing.contains("timeslip plugin install timeslip:memory@^0.1"), "{missing}");
    market.install();
    // Nothing is fetched: the registry may be gone.
    std::fs::rename(market.place.path("registry"), market.place.path("elsewhere")).unwrap();
    let run = market.run("run").passed();
    assert!(run.contains("remember"), "{run}");
    market.write_bench("timeslip:memory@^1", "\"plugins/memory/kept\"");
    let other = market.run("run").failed(2);
    assert!(other.contains("timeslip:memory@0.1.0 is installed"), "{other}");
    let http = "\"plugins/memory/kept\"\nhttp = [\"https://example.org/\"]";
    market.write_bench("timeslip:memory", http);
    let refused = market.run("run").failed(2);
    insta::assert_snapshot!("plugin_grant_refused", market.screen(&refused));
}

#[test]
fn an_update_shows_what_changes_and_asks_for_it() {
    let market = Market::new();
    market.published();
    market.install();
    let plugin = market.place.read("plugins/memory/plugin.toml");
    let newer = plugin.replace("0.1.0", "0.1.1").replace("\"read\"", "\"write\"");
    let newer = newer + "\n[[secret]]\nname = \"TOKEN\"\nwhy = \"It signs what it remembers.\"\n";
    market.place.write("plugins/memory/plugin.toml", newer);
    market.published();
    let update = "plugin update --registry ./registry";
    let refused = market.run(update).failed(2);
    insta::assert_snapshot!("plugin_update_refused", market.screen(&refused));
    let asked = market.asked(update);
    let young = market.run(&format!("{update} --min-release-age 30d --accept-permissions {asked}"));
    assert!(young.passed().contains("nothing newer"));
    let updated = market.run(&format!("{update} --accept-permissions {asked}")).passed();
    assert!(updated.contains("updated timeslip:memory 0.1.0 -> 0.1.1"), "{updated}");
    let none = market.run(update).passed();
    assert_eq!(none, "there is nothing newer that may be installed\n");
}

#[test]
fn what_is_locked_is_carried_to_where_no_registry_is() {
    let market = Market::new();
    market.published();
    market.install();
    let exported = market.run("plugin export carried").passed();
    assert!(exported.contains("1 exported to"), "{exported}");
    // Another computer: the lock and the folder, and nothing else.
    std::fs::rename(market.place.path("registry"), market.place.path("elsewhere")).unwrap();
    std::fs::remove_dir_all(market.place.path("data-home")).unwrap();
    let cannot = market.run("plugin install --locked --offline").failed(2);
    assert!(cannot.contains("is not in the store"), "{cannot}");
    let imported = market.run("plugin import carried").passed();
    assert!(imported.contains("1 locked, 1 brought"), "{imported}");
    let locked = market.run("plugin install --locked --offline").passed();
    assert_eq!(locked, "1 locked, 0 fetched, nothing changed\n");
    std::fs::remove_dir_all(market.place.path("data-home")).unwrap();
    let locked = market.run("plugin install --locked --registry ./carried").passed();
    assert_eq!(locked, "1 locked, 1 fetched, nothing changed\n");
}

#[test]
fn a_project_that_keeps_its_components_runs_where_nothing_is_installed() {
    let market = Market::new();
    market.published();
    market.install();
    market.write_bench("timeslip:memory@^0.1", "\"plugins/memory/kept\"");
    market.run("plugin install --locked --vendor").passed();
    std::fs::remove_dir_all(market.place.path("data-home")).unwrap();
    assert!(market.run("run").passed().contains("remember"));
    std::fs::remove_dir_all(market.place.path(".timeslip/components")).unwrap();
    let missing = market.run("run").failed(2);
    assert!(missing.contains("timeslip plugin install --locked"), "{missing}");
}

#[test]
fn what_is_published_can_be_verified_and_another_key_is_refused() {
    let market = Market::new();
    market.published();
    let verify = "plugin verify timeslip:memory --registry ./registry";
    insta::assert_snapshot!("plugin_verify", market.screen(&market.run(verify).passed()));
    market.install();
    let other = market.run("plugin key new other.pem").passed();
    assert!(other.contains("whoever trusts it writes into trust.toml"), "{other}");
    assert!(market.run("plugin key new other.pem").failed(2).contains("is there already"));
    let plugin = market.place.read("plugins/memory/plugin.toml");
    market.place.write("plugins/memory/plugin.toml", plugin.replace("0.1.0", "0.1.1"));
    let stolen = "plugin publish plugins/memory --registry ./registry --key other.pem";
    Ran::from(market.command(stolen, THEN).output().unwrap()).passed();
    let refused = market.run("plugin update timeslip:memory --registry ./registry").failed(2);
    insta::assert_snapshot!("plugin_other_signer", market.screen(&refused));
    let key = other.lines().next().unwrap();
    let trust = format!("[namespaces.timeslip]\nkeys = [\"{key}\"]\n");
    market.place.write("trust.toml", trust);
    let updated = market.run("plugin update --registry ./registry").passed();
    assert!(updated.contains("0.1.0 -> 0.1.1"), "{updated}");
    let first = market.run("plugin verify timeslip:memory@=0.1.0 --registry ./registry");
    assert_eq!(first.code, 1, "another key has signed it than is trusted now: {first:#?}");
}

#[test]
fn a_badge_is_reproduced_bit_for_bit_and_a_wrong_one_is_refused() {
    let market = Market::new();
    market.published();
    let suite = "--suite plugins/memory/timeslip.toml --registry ./registry";
    let bench = format!("plugin bench timeslip:memory --on rubin-groq3 --on h200-8 --push {suite}");
    insta::assert_snapshot!("plugin_bench", market.screen(&market.run(&bench).passed()));
    let reproduce = "plugin verify timeslip:memory --registry ./registry --reproduce \
                     plugins/memory/timeslip.toml";
    let alone = market.run(&format!("{reproduce} --threads 1")).passed();
    insta::assert_snapshot!("plugin_reproduced", market.screen(&alone));
    assert_eq!(market.run(&format!("{reproduce} --threads 7")).passed(), alone);
    let harder = market
        .place
        .read("plugins/memory/timeslip.toml")
        .replace("name = \"memory\"", "name = \"easier\"");
    market.place.write("plugins/memory/timeslip.toml", harder);
    let stale = market.run(reproduce);
    assert_eq!(stale.code, 1, "{stale:#?}");
    assert!(stale.stdout.contains("stale, made with another suite"), "{stale:#?}");
}

#[test]
fn what_nobody_has_signed_is_taken_by_name_alone() {
    let market = Market::new();
    market.published();
    let index = "registry/timeslip/memory/index.json";
    let mut json: serde_json::Value = serde_json::from_str(&market.place.read(index)).unwrap();
    json["manifests"].as_array_mut().unwrap().truncate(1);
    market.place.write(index, json.to_string());
    let install = "plugin install timeslip:memory --registry ./registry";
    let refused = market.run(install).failed(2);
    insta::assert_snapshot!("plugin_unsigned", market.screen(&refused));
    let allowing = format!("{install} --allow-unsigned timeslip:memory@0.1.0");
    assert!(
        market
            .run(&format!("{install} --allow-unsigned timeslip:memory"))
            .failed(2)
            .contains("names no version")
    );
    let asked = market.asked(&allowing);
    let allowing = format!("{allowing} --accept-permissions {asked}");
    let installed = market.run(&allowing);
    assert!(
        installed.stderr.contains("WARNING: timeslip:memory@0.1.0 is taken"),
        "{}",
        installed.stderr
    );
    installed.passed();
    assert!(!market.place.read("plugins.lock").contains("signer"));
    assert!(market.run("plugin audit --registry ./registry").passed().contains("signed by nobody"));
}

#[test]
fn a_plugin_whose_bench_fails_or_whose_imports_are_not_declared_is_not_published() {
    let market = Market::new();
    let plugin = market.place.read("plugins/memory/plugin.toml");
    let publish = "plugin publish plugins/memory --registry ./registry";
    let undeclared = plugin.split("[[fs]]").next().unwrap();
    market.place.write("plugins/memory/plugin.toml", undeclared);
    let refused = market.run(publish).failed(2);
    insta::assert_snapshot!("plugin_publish_undeclared", market.screen(&refused));
    market.place.write("plugins/memory/plugin.toml", plugin.replace("bench = ", "# bench = "));
    let benchless = market.run(publish).failed(2);
    assert!(benchless.contains("names no bench"), "{benchless}");
    market.place.write("plugins/memory/plugin.toml", &plugin);
    let bench = market.place.read("plugins/memory/timeslip.toml");
    let limits = format!("{bench}\n[limits]\ntool_calls = 0\nmodel_calls = 0\n");
    market.place.write("plugins/memory/timeslip.toml", limits);
    let failed = market.run(publish).failed(1);
    assert!(failed.contains("the smoke run failed, so nothing is published"), "{failed}");
    let other = bench.replace("../prebuilt/memory.wasm", "../../agents/prebuilt/tool-caller.wasm");
    market.place.write("plugins/memory/timeslip.toml", other);
    assert!(market.run(publish).failed(2).contains("no component of this bench is"));
    assert!(!market.place.path("registry").exists());
}

#[test]
fn everything_is_printed_as_json_where_it_is_asked_for() {
    let market = Market::new();
    let parsed = |ran: Ran| -> serde_json::Value { serde_json::from_str(&ran.passed()).unwrap() };
    let pack = parsed(market.run("plugin pack plugins/memory --json"));
    assert_eq!(pack["name"], "timeslip:memory");
    let publish = "plugin publish plugins/memory --registry ./registry --json";
    assert_eq!(parsed(market.run(publish))["entry"]["version"], "0.1.0");
    let at = |words: &str| parsed(market.run(&format!("{words} --registry ./registry --json")));
    assert_eq!(at("plugin search memory")["found"], 1);
    assert_eq!(at("plugin info timeslip:memory")["permissions"]["fs"][0]["access"], "write");
    market.install();
    assert_eq!(at("plugin list")["plugins"][0]["name"], "timeslip:memory");
    assert_eq!(at("plugin audit")["faults"], 0);
    assert_eq!(at("plugin update --dry-run")["plugins"], serde_json::json!([]));
    assert_eq!(at("plugin install --locked")["locked"], 1);
    assert_eq!(at("plugin remove timeslip:memory")["removed"][0]["version"], "0.1.0");
}
