//! What somebody would try who stands between a registry and those who use it, on all that they do
//! there. A folder has no wire, so this is tried on servers alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::catalogue::{Catalogue, Entry};
use crate::component::PackedComponent;
use crate::error::Result;
use crate::examples::{Place, packed};
use crate::install::commit;
use crate::kinds::{Kind, REGISTRY};
use crate::lock::Lock;
use crate::loopback::{Body, Proxy, Reply, damages, serve};
use crate::name::PluginName;
use crate::registry::{Registry, Repository};
use crate::trust::Trust;

/// A registry that somebody stands before, with acme:tool@1.0.0.
struct Wire {
    place: Place,
    proxy: Proxy,
    tool: PackedComponent,
    entry: Entry,
}

fn on_each_server(does: impl Fn(&Wire)) {
    for kind in Kind::servers() {
        println!("on the kind {kind:?}");
        let (place, tool) = (Place::of(kind), packed("acme:tool", "1.0.0", ""));
        let entry = place.publish(&place.registry(REGISTRY), &tool).unwrap();
        let wire = Wire { proxy: place.proxy(), place, tool, entry };
        does(&wire);
        // It was the tampering that was refused.
        wire.proxy.be_honest();
        assert_eq!(wire.install("acme:tool").unwrap().plugins.len(), 1);
    }
}

fn repository() -> Repository {
    Repository::of(&name())
}

fn name() -> PluginName {
    PluginName::parse("acme:tool").unwrap()
}

impl Wire {
    /// The registry as the user sees it.
    fn registry(&self) -> Registry {
        self.place.registry_behind(&self.proxy)
    }

    /// Installs for somebody who has nothing yet.
    fn install(&self, reference: &str) -> Result<Lock> {
        for folder in ["catalogues", "components"] {
            let _ = std::fs::remove_dir_all(self.place.path(folder));
        }
        let _ = std::fs::remove_file(self.place.lock_file());
        let planned = self.place.plan(vec![self.registry()], &Trust::default(), &[reference])?;
        commit(&planned, &BTreeSet::new(), &self.place.lock_file())?;
        Lock::read(&self.place.lock_file())
    }

    /// What the user is told who is refused; nothing is kept.
    fn refused(&self, reference: &str) -> String {
        let told = self.refused_keeping(reference);
        assert_eq!(self.place.store().read(&self.tool.digest), Ok(None), "{told}");
        told
    }

    /// The same once the component has come, which is whole: no more than it is kept, and it is not
    /// said that nobody signed it, or that there is none.
    fn refused_keeping(&self, reference: &str) -> String {
        let told = self.refused_as_unsigned(reference);
        assert!(!told.contains("nobody has signed it"), "{told}");
        told
    }

    fn refused_as_unsigned(&self, reference: &str) -> String {
        let told = self.install(reference).expect_err("it was installed").to_string();
        assert!(!told.contains("there is no acme:tool"), "{told}");
        assert!(!self.place.lock_file().exists(), "{told}");
        assert!(!self.place.path("components/statements").exists(), "{told}");
        let whole = format!("{}.wasm", self.tool.digest.hex());
        let kept = std::fs::read_dir(self.place.path("components/sha256")).into_iter().flatten();
        for file in kept.map(|file| file.unwrap().file_name()) {
            assert_eq!(file.to_str(), Some(whole.as_str()), "{told}");
        }
        told
    }

    fn publish(&self, version: &str) -> Result<Entry> {
        self.place.publish(&self.registry(), &packed("acme:tool", version, ""))
    }

    /// What others read whom nobody stands before.
    fn versions(&self) -> Vec<String> {
        let catalogue: Catalogue = self.place.catalogue(&self.place.registry(REGISTRY)).unwrap();
        let versions = catalogue.versions(&name()).unwrap();
        versions.iter().map(|entry| entry.version.to_string()).collect()
    }
}

/// A server that nobody may ask, and how often it was asked.
fn evil_server() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = asked.clone();
    let host = serve(move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        Reply::new(200, &[], b"{\"token\":\"stolen\"}")
    });
    (host, asked)
}

#[test]
fn what_cannot_be_read_of_the_catalogue_or_the_version_is_never_taken_for_nothing() {
    on_each_server(|wire| {
        for status in [401, 403, 500] {
            for part in [
                "/catalogue/manifests/latest",
                "/catalogue/tags/list",
                "/catalogue/blobs/",
                "/acme/tool/manifests/1.0.0",
                "/acme/tool/manifests/sha256:",
                "/acme/tool/blobs/",
            ] {
                wire.proxy.answer(part, move |_, _| Reply::new(status, &[], b"no"));
                let told = wire.refused("acme:tool");
                assert!(told.contains(&format!("answered {status}")), "{part}: {told}");
            }
        }
    });
}

#[test]
fn statements_that_cannot_be_read_are_never_taken_for_none() {
    on_each_server(|wire| {
        for status in [401, 403, 500] {
            for part in ["/referrers/", "/acme/tool/tags/list", "/acme/tool/manifests/sha256-"] {
                wire.proxy.answer(part, move |_, _| Reply::new(status, &[], b"no"));
                let told = wire.refused_keeping("acme:tool");
                assert!(told.contains(&format!("answered {status}")), "{part}: {told}");
            }
        }
    });
}

#[test]
fn statements_that_are_hidden_from_one_user_leave_a_version_that_nobody_signed() {
    on_each_server(|wire| {
        wire.proxy.tamper(|request, reply| match &*request.path {
            path if path.contains("/acme/tool/manifests/sha256-") => Reply::new(404, &[], b""),
            path if path.contains("/acme/tool/tags/list") => {
                Reply::new(200, &[], b"{\"tags\":[\"1.0.0\"]}")
            }
            _ => reply,
        });
        let told = wire.refused_as_unsigned("acme:tool");
        assert!(told.contains("nobody has signed it"), "{told}");
    });
}

#[test]
fn a_push_that_the_registry_takes_and_does_not_keep_is_told() {
    on_each_server(|wire| {
        wire.proxy.answer("/acme/tool/manifests/1.0.1", |request, reply| match &*request.method {
            "PUT" => reply,
            _ => Reply::new(404, &[], b""),
        });
        let told = wire.publish("1.0.1").unwrap_err().to_string();
        assert!(told.contains("the registry took the manifest"), "{told}");
        assert!(told.contains("and does not have it"), "{told}");
        assert_eq!(wire.versions(), ["1.0.0"]);
    });
}

#[test]
fn a_publisher_is_told_of_every_failure_and_nothing_that_was_published_is_lost() {
    on_each_server(|wire| {
        for (status, part) in [
            (401, "/catalogue/manifests/latest"),
            (500, "/catalogue/manifests/latest"),
            (403, "/catalogue/tags/list"),
            (401, "/acme/tool/manifests/1.0.1"),
            (403, "/acme/tool/blobs/uploads/"),
            (401, "/referrers/"),
        ] {
            wire.proxy.answer(part, move |_, _| Reply::new(status, &[], b"no"));
            let told = wire.publish("1.0.1").unwrap_err().to_string();
            assert!(told.contains(&format!("answered {status}")), "{part}: {told}");
            assert_eq!(wire.versions(), ["1.0.0"], "{part}");
        }
        wire.proxy.be_honest();
        wire.publish("1.0.1").unwrap();
        assert_eq!(wire.versions().len(), 2);
    });
}

#[test]
fn an_image_in_the_place_of_the_list_of_statements() {
    on_each_server(|wire| {
        let registry = wire.place.registry(REGISTRY);
        let (_, image) = registry.tagged(&repository(), "1.0.0").unwrap().unwrap();
        let index = format!("/manifests/sha256-{}", wire.entry.manifest.hex());
        let given = image.clone();
        wire.proxy.tamper(move |request, reply| match request.path.ends_with(&index) {
            true => Reply::new(200, &[], &given),
            false => reply,
        });
        let told = wire.refused_keeping("acme:tool");
        assert!(
            told.contains("an image stands where the index of statements is expected"),
            "{told}"
        );
        wire.proxy.answer("/referrers/", move |_, _| Reply::new(200, &[], &image));
        let told = wire.refused_keeping("acme:tool");
        assert!(told.contains("it is no image index"), "{told}");
    });
}

#[test]
fn a_blob_that_is_truncated_another_broken_off_or_without_end() {
    on_each_server(|wire| {
        let component = wire.tool.digest.clone();
        for part in ["/catalogue/blobs/", "/acme/tool/blobs/"] {
            for (damage, expected) in damages() {
                wire.proxy
                    .answer(part, move |_, reply| Reply { body: damage(reply.bytes()), ..reply });
                let told = wire.refused("acme:tool");
                assert!(told.contains(expected), "{part}: {told}");
            }
        }
        // The component is whole, and the statements are not.
        for (damage, expected) in damages() {
            let component = component.clone();
            wire.proxy.answer("/acme/tool/blobs/", move |request, reply| {
                match request.path.ends_with(component.as_str()) {
                    true => reply,
                    false => Reply { body: damage(reply.bytes()), ..reply },
                }
            });
            let told = wire.refused_keeping("acme:tool");
            assert!(told.contains(expected), "{told}");
        }
    });
}

#[test]
fn lists_and_manifests_without_end() {
    on_each_server(|wire| {
        for part in [
            "/catalogue/manifests/latest",
            "/catalogue/tags/list",
            "/acme/tool/manifests/1.0.0",
            "/acme/tool/manifests/sha256:",
        ] {
            wire.proxy.answer(part, |_, reply| Reply { body: Body::Endless, ..reply });
            let told = wire.refused("acme:tool");
            assert!(told.contains("sends more than"), "{part}: {told}");
        }
        for part in ["/referrers/", "/acme/tool/tags/list", "/acme/tool/manifests/sha256-"] {
            wire.proxy
                .answer(part, |_, _| Reply { body: Body::Endless, ..Reply::new(200, &[], b"") });
            let told = wire.refused_keeping("acme:tool");
            assert!(told.contains("sends more than"), "{part}: {told}");
        }
    });
}

#[test]
fn a_blob_is_not_pushed_to_another_server() {
    on_each_server(|wire| {
        let (evil, asked) = evil_server();
        let location = format!("location: http://{evil}/upload");
        wire.proxy.answer("/blobs/uploads/", move |_, _| Reply::new(202, &[&location], b""));
        let told = wire.publish("1.0.1").unwrap_err().to_string();
        let expected = format!("to be pushed to http://{evil}, which is another server");
        assert!(told.contains(&expected), "{told}");
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        assert_eq!(wire.versions(), ["1.0.0"]);
        let tags = wire.place.registry(REGISTRY).tags(&repository()).unwrap();
        assert!(!tags.contains(&"1.0.1".to_owned()), "{tags:?}");
    });
}

#[test]
fn a_blob_is_not_fetched_from_another_server_without_tls() {
    on_each_server(|wire| {
        for part in ["/catalogue/blobs/", "/acme/tool/blobs/"] {
            let (evil, asked) = evil_server();
            let location = format!("location: http://{evil}/blob");
            wire.proxy.answer(part, move |_, _| Reply::new(307, &[&location], b""));
            let told = wire.refused("acme:tool");
            assert!(
                told.contains(&format!("leads to http://{evil}, which is not asked")),
                "{told}"
            );
            assert_eq!(asked.load(Ordering::Relaxed), 0);
        }
    });
}

#[test]
fn another_server_is_not_asked_for_a_token_without_tls() {
    on_each_server(|wire| {
        for part in ["/catalogue/", "/acme/tool/manifests/"] {
            let (evil, asked) = evil_server();
            let challenge = format!("www-authenticate: Bearer realm=\"http://{evil}/token\"");
            wire.proxy.answer(part, move |_, _| Reply::new(401, &[&challenge], b""));
            let expected = format!("for a token to http://{evil}, which is not over TLS");
            let told = wire.refused("acme:tool");
            assert!(told.contains(&expected), "{part}: {told}");
            let told = wire.publish("1.0.1").unwrap_err().to_string();
            assert!(told.contains(&expected), "{part}: {told}");
            assert_eq!(asked.load(Ordering::Relaxed), 0);
            assert_eq!(wire.versions(), ["1.0.0"]);
        }
    });
}

#[test]
fn the_manifest_of_another_version_is_given_to_one_user() {
    on_each_server(|wire| {
        wire.place
            .publish(&wire.place.registry(REGISTRY), &packed("acme:tool", "1.0.1", ""))
            .unwrap();
        let registry = wire.place.registry(REGISTRY);
        let (_, other) = registry.tagged(&repository(), "1.0.1").unwrap().unwrap();
        let given = other.clone();
        wire.proxy.answer("/acme/tool/manifests/1.0.0", move |_, _| Reply::new(200, &[], &given));
        let told = wire.refused("acme:tool@=1.0.0");
        assert!(told.contains("the tag 1.0.0 of acme:tool was moved"), "{told}");
        // The tag is what it was when it is looked at, and the manifest that it leads to is not.
        wire.proxy.answer("/acme/tool/manifests/sha256:", move |_, _| Reply::new(200, &[], &other));
        let told = wire.refused("acme:tool@=1.0.0");
        assert!(told.contains("the manifest was changed or damaged"), "{told}");
        wire.proxy.answer("/acme/tool/manifests/1.0.0", |_, _| Reply::new(404, &[], b""));
        let told = wire.refused("acme:tool@=1.0.0");
        assert!(told.contains("it leads to nothing now"), "{told}");
    });
}

#[test]
fn an_old_catalogue_that_nobody_signed_hides_nothing_that_has_been_seen() {
    on_each_server(|wire| {
        let registry = wire.place.registry(REGISTRY);
        let (_, old) = registry.tagged(&Repository::catalogue(), "latest").unwrap().unwrap();
        wire.place.publish(&registry, &packed("acme:tool", "1.0.1", "")).unwrap();
        let seen = || wire.place.catalogue(&wire.registry()).unwrap().versions(&name()).unwrap();
        assert_eq!(seen().len(), 2);
        wire.proxy.tamper(move |request, reply| match &*request.path {
            path if path.ends_with("/catalogue/manifests/latest") => Reply::new(200, &[], &old),
            path if path.contains("/catalogue/tags/list") => Reply::new(404, &[], b""),
            _ => reply,
        });
        assert_eq!(seen().len(), 2);
        // Whoever never asked before cannot tell, which is what signed catalogues are for.
        assert_eq!(wire.install("acme:tool").unwrap().plugins[0].version.to_string(), "1.0.0");
    });
}
