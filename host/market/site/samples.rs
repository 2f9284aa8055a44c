//! Sites to be tested: of the repository's own plugins, with texts of any kind, and a large one.

use std::path::Path;

use timeslip_market::badge::{Badge, Level, Spread};
use timeslip_market::catalogue::{Entry, Status};
use timeslip_market::component::{About, pack, wit_text};
use timeslip_market::digest::Digest;
use timeslip_market::instant::Instant;
use timeslip_market::keys::PublicKey;
use timeslip_market::name::{PluginName, parse_version};
use timeslip_market::permissions::{Access, Fs, Llm, Net, Permissions, Secret, Tools, Unused};
use timeslip_market::site::{SiteInput, SitePlugin, SiteVersion};

/// The registry of all samples.
pub(crate) const REGISTRY: &str = "registry.example.org/plugins";

/// When the samples' catalogues were fetched.
pub(crate) const SYNCED: Instant = Instant(1_795_872_659);

const DAY: u64 = 86_400;

/// A site of some plugins.
pub(crate) fn site_of(plugins: Vec<SitePlugin>) -> SiteInput {
    SiteInput {
        registries: vec![REGISTRY.to_owned()],
        synced: Some(SYNCED),
        catalogue: "It is a sample, and its figures are made up.".to_owned(),
        plugins,
    }
}

/// A plugin with some versions.
pub(crate) fn plugin(versions: Vec<SiteVersion>) -> SitePlugin {
    SitePlugin { registry: REGISTRY.to_owned(), versions }
}

/// An entry of which everything but the name and the version is the same.
pub(crate) fn entry(name: &str, version: &str) -> Entry {
    let digest = |what: &str| Digest::of(format!("{what} of {name}@{version}").as_bytes());
    let line = serde_json::json!({
        "name": name, "version": version, "summary": "Does something.", "keywords": [], "needs": [],
        "world": null, "imports": [], "exports": [], "authors": null, "licenses": null,
        "source": null, "published": null, "status": "active", "manifest": digest("manifest"),
        "component": digest("component"), "component_bytes": 114_248,
        "permissions": Permissions::default().digest(), "smoke": null, "signer": null,
    });
    Entry::parse(line.to_string().as_bytes()).expect("the sample is an entry")
}

/// A badge of a version; `scale` stretches its figures.
pub(crate) fn badge(entry: &Entry, machine: &str, model: &str, scale: f64) -> Badge {
    let digest = |what: &str| Digest::of(what.as_bytes());
    let spread = |median: f64, p95: f64| Spread { median: median * scale, p95: p95 * scale };
    Badge {
        plugin: entry.name.clone(),
        version: entry.version.clone(),
        manifest: entry.manifest.clone(),
        suite: "hardware-questions".to_owned(),
        suite_digest: digest("suite"),
        machine: machine.to_owned(),
        machine_digest: digest(machine),
        model: model.to_owned(),
        host_version: "0.1.0".to_owned(),
        slip_digest: digest(&format!("{machine} {}", entry.version)),
        is_estimate: machine.starts_with("rubin"),
        sessions: 200,
        task_seconds: spread(2.41, 3.87),
        tokens_per_second: Some(Spread { median: 812.4 / scale, p95: 1_043.0 / scale }),
        first_token_seconds: Some(spread(0.118, 0.402)),
        task_joules: (machine != "dgx-spark").then(|| spread(412.0, 731.5)),
        task_dollars: (machine != "h200-8").then(|| spread(0.003_12, 0.005_87)),
    }
}

/// A key that signs in samples.
pub(crate) fn key(number: u8) -> PublicKey {
    PublicKey::from_bytes(&[number; 32]).expect("a key has 32 bytes")
}

/// The repository's own plugins with made-up histories.
///
/// # Panics
/// When the repository lacks one of them.
pub(crate) fn realistic() -> SiteInput {
    site_of(vec![
        searcher(),
        calculator(),
        own_plugin("json-query"),
        memory(),
        tool_caller(),
        gone(),
    ])
}

/// A packed plugin of this repository.
fn packed(folder: &str, name: &str, version: &str, text: &str, permissions: &str) -> SiteVersion {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let component = std::fs::read(root.join(folder)).expect("the component is prebuilt");
    let about = About {
        description: text.to_owned(),
        authors: Some("The Timeslip authors".to_owned()),
        licenses: Some("MIT OR Apache-2.0".to_owned()),
        source: Some(format!("https://example.org/{}", name.replace(':', "/"))),
        keywords: Some("sample, timeslip".to_owned()),
        ..About::default()
    };
    let (name, number) = (PluginName::parse(name).unwrap(), parse_version(version).unwrap());
    let permissions = Permissions::parse(permissions).unwrap();
    let packed = pack(&component, &name, &number, &about, &permissions).unwrap();
    let manifest = Digest::of(packed.digest.as_str().as_bytes());
    let smoke = Some("a bench of its own passed".to_owned());
    let wit = wit_text(&packed.bytes).ok();
    let entry = Entry::of(&packed, manifest, Some(SYNCED), smoke);
    SiteVersion { permissions: Some(permissions), wit, ..SiteVersion::of(entry) }
}

const FETCHES: &str = "[[net]]\nhost = \"api.search.example.org\"\nwhy = \"It asks the search \
    engine there.\"\n[[secret]]\nname = \"SEARCH_KEY\"\nwhy = \"The search engine wants a key.\"\n";

fn searcher() -> SitePlugin {
    let version = |version: &str, permissions: &str, days: u64| {
        let file = "plugins/prebuilt/http-fetch.wasm";
        let text = "Searches the web and reads the pages that it finds.";
        let mut one = packed(file, "acme:search", version, text, permissions);
        one.entry.published = Some(Instant(SYNCED.0 - days * DAY));
        one.entry.signer = Some(key(1).to_string());
        one
    };
    let more = format!(
        "{FETCHES}[[net]]\nhost = \"*.pages.example.org\"\nwhy = \"Pages that were found stand \
         there.\"\n[limits]\nmemory_mb = 64\n"
    );
    let (mut first, mut second) = (version("1.0.0", FETCHES, 210), version("1.1.0", FETCHES, 120));
    let (mut third, mut fourth) = (version("1.2.0", &more, 12), version("1.3.0", &more, 2));
    for (one, scale) in [(&mut first, 1.6), (&mut second, 1.12), (&mut third, 1.0)] {
        let entry = one.entry.clone();
        one.badges = vec![
            (badge(&entry, "rubin-groq3", "gpt-oss-120b", 0.34 * scale), Level::Reproduced(3)),
            (badge(&entry, "h200-8", "gpt-oss-120b", scale), Level::Measured),
            (badge(&entry, "dgx-spark", "gpt-oss-20b", 17.0 * scale), Level::SelfReported),
        ];
    }
    second.entry.status = Status::Deprecated;
    second.reason = Some("1.2.0 reads pages in half the time.".to_owned());
    fourth.entry.status = Status::Revoked;
    fourth.reason = Some("It sent what it had read to a server of its own.".to_owned());
    plugin(vec![first, second, third, fourth])
}

fn calculator() -> SitePlugin {
    let file = "plugins/prebuilt/calculator.wasm";
    plugin(vec![packed(file, "timeslip:calculator", "0.1.0", "Evaluates arithmetic.", "")])
}

const READS: &str = "[[fs]]\npath = \".\"\naccess = \"read\"\nwhy = \"The files stand there.\"\n";

fn own_plugin(name: &str) -> SitePlugin {
    let text = "Answers queries in the language of jq over JSON files.";
    let file = format!("plugins/prebuilt/{name}.wasm");
    plugin(vec![packed(&file, &format!("timeslip:{name}"), "0.1.0", text, READS)])
}

fn memory() -> SitePlugin {
    let file = "plugins/prebuilt/memory.wasm";
    let text = "Remembers texts by name, in a file of the folder it is granted.";
    let writes = READS.replace("\"read\"", "\"write\"");
    let mut one = packed(file, "timeslip:memory", "0.1.0", text, &writes);
    one.entry.status = Status::Deprecated;
    plugin(vec![one])
}

fn tool_caller() -> SitePlugin {
    let permissions = "[llm]\nmodels = [\"*\"]\nmax_tokens_per_run = 20000\nwhy = \"It thinks with \
        them.\"\n[tools]\nwhy = \"It does its task with them.\"\n";
    let text = "An agent that does its task with whatever tools a bench gives it.";
    let file = "agents/prebuilt/tool-caller.wasm";
    let mut one = packed(file, "timeslip:tool-caller", "0.1.0", text, permissions);
    let entry = one.entry.clone();
    one.badges = vec![(badge(&entry, "vera-rubin-nvl72", "kimi-k2", 0.52), Level::Reproduced(1))];
    plugin(vec![one])
}

/// One of which every version was taken back, and nothing but the entries is at hand.
fn gone() -> SitePlugin {
    let mut one = SiteVersion::of(entry("acme:mail", "0.3.0"));
    one.entry.summary = "Sends and reads mail.".to_owned();
    one.entry.needs = vec!["net".to_owned(), "secret".to_owned()];
    one.entry.world = Some("timeslip:tool/tool@0.1.0".to_owned());
    one.entry.imports = vec!["timeslip:tool/http@0.1.0".to_owned()];
    one.entry.exports = vec!["timeslip:tool/plugin@0.1.0".to_owned()];
    one.entry.status = Status::Yanked;
    one.reason = Some("It loses mail whose subject is not in ASCII.".to_owned());
    plugin(vec![one])
}

/// A site in which every text that comes from outside is what `text` says.
pub(crate) fn with_texts(text: &dyn Fn() -> String) -> SiteInput {
    let statuses = [Status::Active, Status::Deprecated, Status::Yanked, Status::Revoked];
    let plugins = statuses.iter().enumerate().map(|(number, status)| {
        let versions = ["1.0.0", "2.0.0-rc.1"];
        let versions = versions.iter().enumerate().map(|(age, version)| {
            let name = format!("acme:hostile-{number}");
            let signer = (age == 0).then(text);
            let mut one = hostile_version(entry(&name, version), text);
            one.entry.status = *status;
            one.entry.signer = signer;
            one.entry.permissions = Digest::of(version.as_bytes());
            one
        });
        SitePlugin { registry: text(), versions: versions.collect() }
    });
    SiteInput {
        registries: vec![text()],
        synced: None,
        catalogue: text(),
        plugins: plugins.collect(),
    }
}

fn hostile_version(mut entry: Entry, text: &dyn Fn() -> String) -> SiteVersion {
    entry.summary = text();
    entry.keywords = vec![text(), text()];
    entry.needs = vec!["net".to_owned(), text()];
    entry.world = Some(text());
    entry.imports = vec![text()];
    entry.exports = vec![text()];
    entry.authors = Some(text());
    entry.licenses = Some(text());
    entry.source = Some(text());
    entry.smoke = Some(text());
    let mut badge = badge(&entry, &text(), &text(), 1.0);
    badge.suite = text();
    badge.host_version = text();
    badge.task_seconds = Spread { median: f64::MAX, p95: -1.0 };
    SiteVersion {
        permissions: Some(hostile_permissions(&entry, text)),
        badges: vec![(badge, Level::SelfReported)],
        wit: Some(text()),
        reason: Some(text()),
        entry,
    }
}

/// What no manifest could hold, since it is checked when it is read.
fn hostile_permissions(entry: &Entry, text: &dyn Fn() -> String) -> Permissions {
    // The versions differ, so that their difference is shown.
    let port = 443 + u16::try_from(entry.version.major).unwrap_or(0);
    Permissions {
        net: vec![Net { host: text(), port, methods: vec![text()], why: text() }],
        fs: vec![Fs { path: text(), access: Access::Read, why: text() }],
        secret: vec![Secret { name: text(), why: text() }],
        unused: vec![Unused { import: text(), why: text() }],
        llm: Some(Llm { models: vec![text()], max_tokens_per_run: None, why: text() }),
        tools: Some(Tools { plugins: vec![text()], why: text() }),
        limits: None,
    }
}

/// A site of so many plugins, two versions each.
pub(crate) fn many(count: usize) -> SiteInput {
    let does = ["searches", "reads", "summarises", "checks", "counts", "translates", "plans"];
    let what = ["invoices", "web pages", "tickets", "logs", "contracts", "figures", "mail", "maps"];
    let machines = ["rubin-groq3", "h200-8", "dgx-spark"];
    let one = |number: usize| {
        let (does, what) = (does[number % does.len()], what[number / 7 % what.len()]);
        let name = format!("maker-{}:{does}-{}-{number}", number % 200, what.replace(' ', "-"));
        let versions = ["0.9.0", "1.0.0"].iter().enumerate().map(|(age, version)| {
            let mut entry = entry(&name, version);
            let is_agent = number.is_multiple_of(3);
            let needs = ["net", "fs", "secret", "llm", "tools"];
            let has = |bit: &usize| number >> (bit + 2) & 1 == 1;
            entry.needs = (0..5).filter(has).map(|bit| needs[bit].to_owned()).collect();
            entry.summary =
                format!("{does} {what} for team {}, and says what it found", number % 97);
            entry.keywords =
                vec![does.to_owned(), what.to_owned(), format!("team-{}", number % 97)];
            let kind = if is_agent { "agent/agent" } else { "tool/tool" };
            entry.world = Some(format!("timeslip:{kind}@0.1.0"));
            let export = if is_agent { "run" } else { "timeslip:tool/plugin@0.1.0" };
            entry.exports = vec![export.to_owned()];
            entry.imports =
                vec!["wasi:io/streams@0.2.6".to_owned(), "wasi:clocks/x@0.2.6".to_owned()];
            entry.licenses = Some("MIT".to_owned());
            let day = (number % 900 + 1) as u64 + if age == 0 { 30 } else { 0 };
            entry.published = Some(Instant(SYNCED.0 - day * DAY));
            entry.signer =
                (!number.is_multiple_of(4)).then(|| key((number % 200) as u8).to_string());
            if number.is_multiple_of(61) {
                entry.status = [Status::Deprecated, Status::Yanked, Status::Revoked][number % 3];
            }
            let figures =
                badge(&entry, machines[number % 3], "gpt-oss-120b", 1.0 + age as f64 / 4.0);
            let badges = (number.is_multiple_of(5)).then_some((figures, Level::SelfReported));
            SiteVersion { badges: badges.into_iter().collect(), ..SiteVersion::of(entry) }
        });
        plugin(versions.collect())
    };
    site_of((0..count).map(one).collect())
}
