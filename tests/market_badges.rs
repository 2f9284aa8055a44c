//! Badges, from the command line: their suites travel with the plugin, and what is forged, stale or of
//! other hardware is refused. In a folder, and on a registry's server where one is named by
//! TIMESLIP_TEST_REGISTRY.

use timeslip_market::badge::{BADGE_PREDICATE, Badge};
use timeslip_market::catalogue::{Entry, sync};
use timeslip_market::digest::Digest;
use timeslip_market::install::fetch_statements;
use timeslip_market::instant::Instant;
use timeslip_market::keys::SecretKey;
use timeslip_market::name::PluginName;
use timeslip_market::oci::{Descriptor, MANIFEST_TYPE};
use timeslip_market::registry::{Registry, Repository};
use timeslip_market::statements::{BUNDLE_TYPE, Statement, Subject, sign};
use timeslip_market::suite::Suite;

use crate::market::{Market, registries};
use crate::place::Ran;

const SUITE: &str = "plugins/memory";

/// A published plugin, somewhere.
struct Published {
    market: Market,
    registry: String,
}

/// Does the same with a plugin that is in a folder, and with one that is on a server.
fn on_each(does: impl Fn(&Published)) {
    for registry in registries("badges") {
        let published = Published { market: Market::new(), registry };
        published.market.run("plugin key new publisher.pem").passed();
        published.run("publish plugins/memory --key publisher.pem").passed();
        does(&published);
    }
}

impl Published {
    fn run(&self, words: &str) -> Ran {
        self.market.run(&format!("plugin {words} --registry {}", self.registry))
    }

    /// Makes a badge on a machine, and pushes it with its suite.
    fn bench(&self, on: &str) -> String {
        let bench = "bench timeslip:memory --push --key publisher.pem --suite";
        self.run(&format!("{bench} {SUITE} --on {on}")).passed()
    }

    fn open(&self) -> Registry {
        Registry::open(&self.registry, &self.market.place.path("")).unwrap()
    }

    fn entry(&self) -> Entry {
        let (registry, copies) = (self.open(), self.market.place.path("own-copies"));
        let (catalogue, _) = sync(&registry, &copies, Instant(1_800_000_000)).unwrap();
        catalogue.versions(&PluginName::parse("timeslip:memory").unwrap()).unwrap().remove(0)
    }

    /// The one badge that is there.
    fn badge(&self) -> Badge {
        let bundles = fetch_statements(&self.open(), &self.entry()).unwrap();
        let statements =
            timeslip_market::statements::Statements::read(&Subject::of(&self.entry()), &bundles);
        let is_badge = |one: &&timeslip_market::statements::Signed| {
            one.statement.predicate_type == BADGE_PREDICATE
        };
        let badge = statements.held.iter().find(is_badge).unwrap();
        serde_json::from_value(badge.statement.predicate.clone()).unwrap()
    }

    /// Signs a badge with the publisher's own key, and attaches it, whatever it says.
    fn attach(&self, badge: &Badge, subject: Subject) {
        let key = SecretKey::read(&self.market.place.path("publisher.pem")).unwrap();
        let predicate = serde_json::to_value(badge).unwrap();
        let bundle = sign(&Statement::new(subject, BADGE_PREDICATE, predicate), &key).unwrap();
        let (registry, entry) = (self.open(), self.entry());
        let repository = Repository::of(&entry.name);
        let tagged = registry.tagged(&repository, &entry.version.to_string()).unwrap();
        let manifest = Descriptor::of(MANIFEST_TYPE, &tagged.unwrap().1);
        registry.attach(&repository, &manifest, BUNDLE_TYPE, &bundle).unwrap();
    }

    /// What `verify` says of a badge that somebody has made out of an honest one.
    fn forged(&self, edit: impl Fn(&mut Badge)) -> String {
        let mut badge = self.badge();
        edit(&mut badge);
        self.attach(&badge, Subject::of(&self.entry()));
        let refused = self.run("verify timeslip:memory --reproduce");
        assert_eq!(refused.code, 1, "{refused:#?}");
        refused.stdout
    }

    /// Takes away what the suite is made of.
    fn lose_the_sources(&self) {
        std::fs::remove_dir_all(self.market.place.path("plugins")).unwrap();
        std::fs::remove_dir_all(self.market.place.path("agents")).unwrap();
    }
}

#[test]
fn a_suite_travels_with_its_plugin_and_is_run_again_by_who_has_nothing_of_it() {
    on_each(|published| {
        let made = published.bench("rubin-groq3");
        assert!(made.contains("1 badge signed and attached, with the suite sha256:"), "{made}");
        published.lose_the_sources();
        let place = &published.market.place;
        // Another copy of the program, another user, another folder, another number of threads.
        let elsewhere = tempfile::tempdir().unwrap();
        let program = elsewhere.path().join("another-target/timeslip");
        std::fs::create_dir(elsewhere.path().join("another-target")).unwrap();
        std::fs::copy(env!("CARGO_BIN_EXE_timeslip"), &program).unwrap();
        let registry = match published.registry.as_str() {
            "./registry" => place.path("registry").display().to_string(),
            server => server.to_owned(),
        };
        for threads in ["1", "5"] {
            let mut command = std::process::Command::new(&program);
            place.prepare(&mut command);
            command
                .args(["plugin", "verify", "timeslip:memory", "--reproduce"])
                .args(["--registry", &registry, "--threads", threads])
                .current_dir(elsewhere.path())
                .env("XDG_DATA_HOME", elsewhere.path().join("data"))
                .env("TIMESLIP_CACHE_DIR", elsewhere.path().join("cache"))
                .env("SOURCE_DATE_EPOCH", "1800000000");
            let again = Ran::from(command.output().unwrap()).passed();
            let told = "reproduced here, bit for bit: memory on rubin-groq3";
            assert!(again.contains(told), "{again}");
        }
        // The suite is the one of the plugin, so it need not be named on another machine.
        let other = published.run("bench timeslip:memory --on h200-8 --push --key publisher.pem");
        assert!(other.passed().ends_with("1 badge signed and attached\n"));
        assert!(published.run("verify timeslip:memory --reproduce").passed().contains("h200-8"));
    });
}

#[test]
fn a_suite_is_listed_written_into_a_folder_and_run_from_there() {
    on_each(|published| {
        published.bench("rubin-groq3");
        published.lose_the_sources();
        let listed = published.run("suite timeslip:memory").passed();
        assert!(listed.starts_with("1 suite of timeslip:memory\n  sha256:"), "{listed}");
        let digest = listed.lines().nth(1).unwrap().trim();
        let wrote = published.run(&format!("suite timeslip:memory {digest} --out taken")).passed();
        assert!(wrote.contains("(5 files, ") && wrote.contains("into taken"), "{wrote}");
        published.market.run("run taken/plugins/memory/timeslip.toml").passed();
        // It is at hand now, for who knows its digest.
        let offline = |what: &str| published.run(&format!("suite {what} --offline --out again"));
        let told = offline("timeslip:memory").failed(2);
        assert!(told.contains("which suites there are says the registry alone"), "{told}");
        offline(&format!("timeslip:memory {digest}")).passed();
        let again = published.run("suite timeslip:memory --out taken").failed(2);
        assert!(again.contains("taken is there already"), "{again}");
    });
}

#[test]
fn a_forged_badge_is_refused() {
    on_each(|published| {
        published.bench("rubin-groq3");
        let told = published.forged(|badge| badge.task_seconds.median /= 2.0);
        assert!(
            told.contains("NOT REPRODUCED  memory on rubin-groq3: its figures are not"),
            "{told}"
        );
        assert!(told.contains("wrong or forged"), "{told}");
        // The honest one beside it is still what it is.
        assert!(told.contains("reproduced here, bit for bit: memory on rubin-groq3"), "{told}");
    });
}

#[test]
fn a_badge_of_other_hardware_is_refused() {
    on_each(|published| {
        published.bench("h200-8");
        let told = published.forged(|badge| badge.machine_digest = Digest::of(b"a faster one"));
        assert!(told.contains("NOT REPRODUCED  memory on h200-8: other hardware"), "{told}");
        // The figures of one machine under the name of another.
        let told = published.forged(|badge| badge.machine = "rubin-groq3".to_owned());
        assert!(told.contains("NOT REPRODUCED  memory on rubin-groq3: other hardware"), "{told}");
        let told = published.forged(|badge| badge.machine = "h200-9".to_owned());
        assert!(told.contains("NOT REPRODUCED  memory on h200-9:"), "{told}");
        assert!(told.contains("h200-8"), "the nearest name is said: {told}");
    });
}

#[test]
fn a_stale_badge_is_refused() {
    on_each(|published| {
        published.bench("rubin-groq3");
        let told = published.forged(|badge| badge.host_version = "0.0.1".to_owned());
        assert!(told.contains("stale, made by another version of timeslip"), "{told}");
        let told = published.forged(|badge| badge.suite_digest = Digest::of(b"last year's"));
        assert!(told.contains("timeslip:memory has no suite sha256:"), "{told}");
    });
}

#[test]
fn a_badge_of_another_version_is_refused() {
    on_each(|published| {
        published.bench("rubin-groq3");
        let (entry, mut badge) = (published.entry(), published.badge());
        badge.manifest = Digest::of(b"another manifest");
        let other = Entry { manifest: badge.manifest.clone(), ..entry };
        published.attach(&badge, Subject::of(&other));
        let told = published.run("verify timeslip:memory");
        assert_eq!(told.code, 1, "{told:#?}");
        assert!(told.stdout.contains("REFUSED") && told.stdout.contains("another manifest"));
        assert_eq!(told.stdout.matches("badge, self-reported").count(), 1, "{told:#?}");
    });
}

#[test]
fn nobody_measures_or_reproduces_a_badge_of_their_own() {
    on_each(|published| {
        published.bench("rubin-groq3");
        published.market.run("plugin key new stranger.pem").passed();
        let again = "bench timeslip:memory --push --key stranger.pem --on rubin-groq3";
        published.run(again).passed();
        // Anybody can make a key, so the stranger's counts for nothing.
        let told = published.run("verify timeslip:memory").passed();
        assert!(told.contains("badge, self-reported: memory on rubin-groq3"), "{told}");
        let info = published.run("info timeslip:memory").passed();
        assert!(info.contains("badge, self-reported: memory on rubin-groq3"), "{info}");
        let key = |file: &str| published.market.run(&format!("plugin key show {file}")).passed();
        let first_line = |text: String| text.lines().next().unwrap().to_owned();
        let [own, other] = ["publisher.pem", "stranger.pem"].map(|file| first_line(key(file)));
        let told_with = |trust: String| {
            published.market.place.write("trust.toml", trust);
            published.run("verify timeslip:memory").passed()
        };
        let told = told_with(format!("registry_keys = [\"{own}\"]\nbadge_keys = [\"{own}\"]\n"));
        assert!(told.contains("badge, self-reported:"), "{told}");
        let told = told_with(format!("badge_keys = [\"{other}\"]\n"));
        assert!(told.contains("badge, reproduced ×1:"), "{told}");
        let told = told_with(format!("registry_keys = [\"{other}\"]\n"));
        assert!(told.contains("badge, measured by the registry:"), "{told}");
    });
}

#[test]
fn another_suite_under_the_same_digest_is_refused() {
    on_each(|published| {
        published.bench("rubin-groq3");
        let (registry, digest) = (published.open(), published.badge().suite_digest);
        let repository = Repository::of(&published.entry().name);
        let honest = registry.suite(&repository, &digest).unwrap();
        let place = &published.market.place;
        let replaced = |bench: &str| {
            let folder = tempfile::tempdir().unwrap();
            let taken = folder.path().join("taken");
            honest.write(&taken).unwrap();
            let mut files: std::collections::BTreeMap<String, Vec<u8>> = honest
                .paths()
                .map(|path| (path.to_owned(), std::fs::read(taken.join(path)).unwrap()))
                .collect();
            files.insert(honest.bench().to_owned(), bench.as_bytes().to_vec());
            let suite = Suite::new(honest.bench().to_owned(), files).unwrap();
            registry.push_suite(&repository, &digest, &suite).unwrap();
            let refused = published.run("verify timeslip:memory --reproduce");
            assert_eq!(refused.code, 1, "{refused:#?}");
            refused.stdout
        };
        let bench = place.read("plugins/memory/timeslip.toml");
        let told = replaced(&bench.replace("reading room closes", "reading room opens"));
        assert!(told.contains("is refused: it is another one, sha256:"), "{told}");
        // A bench that would read what is the user's own.
        let secret =
            place.write("secret/password.json", "{}").parent().unwrap().display().to_string();
        let told = replaced(&bench.replace("\"kept\"", &format!("{secret:?}")));
        assert!(told.contains("it leads out of the folder that its bench came in"), "{told}");
        // One that would be read without end.
        let told = replaced(&bench.replace("../prebuilt/memory.wasm", "/dev/zero"));
        assert!(told.contains("it leads out of the folder that its bench came in"), "{told}");
        // The honest one is taken again once it is back.
        registry.push_suite(&repository, &digest, &honest).unwrap();
        published.run("verify timeslip:memory --reproduce").passed();
        // It is at hand from now on, and what stands in its place in the registry changes nothing.
        let bench = honest.bench().to_owned();
        let files = std::collections::BTreeMap::from([(bench.clone(), Vec::new())]);
        let empty = Suite::new(bench, files).unwrap();
        registry.push_suite(&repository, &digest, &empty).unwrap();
        published.run("verify timeslip:memory --reproduce").passed();
    });
}

#[test]
fn a_suite_that_would_be_another_elsewhere_makes_no_badge() {
    let published = Published { market: Market::new(), registry: "./registry".to_owned() };
    published.run("publish plugins/memory").passed();
    let place = &published.market.place;
    let bench = place.read("plugins/memory/timeslip.toml");
    let told = |text: String| {
        place.write("plugins/memory/other.toml", text);
        let bench = "bench timeslip:memory --on rubin-groq3 --suite plugins/memory/other.toml";
        let told = published.run(bench).failed(2);
        assert!(told.contains("it cannot travel with its plugin"), "{told}");
        told
    };
    let kept = place.path("plugins/memory/kept");
    let told_of_place =
        told(bench.replace("\"kept\"", &format!("{:?}", kept.display().to_string())));
    assert!(told_of_place.contains("leads to a place of this computer alone"), "{told_of_place}");
    place.write("plugins/memory/profiles/machines/h200-8.toml", "");
    let profiles = "name = \"memory\"\nprofiles = \"profiles\"";
    let told_of_machines = told(bench.replace("name = \"memory\"", profiles));
    assert!(told_of_machines.contains("machines of its own"), "{told_of_machines}");
    let none = published.run("bench timeslip:memory --on rubin-groq3").failed(2);
    assert!(none.contains("timeslip:memory has no suite in"), "{none}");
}
