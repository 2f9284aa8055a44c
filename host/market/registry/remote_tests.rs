//! Registries on servers that do not do what they should.

use std::path::Path;

use super::{Moving, Push, Registry, Repository};
use crate::digest::Digest;
use crate::examples::packed;
use crate::loopback::{Reply, serve};
use crate::name::PluginName;
use crate::oci::{Descriptor, WASM_LAYER_TYPE, manifest_of};

/// A registry that says to a method and a path what a test lets it say.
fn registry(says: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Registry {
    let place = serve(move |request| says(&request.method, &request.path));
    Registry::open(&place, Path::new("/")).unwrap()
}

fn tool() -> Repository {
    Repository::of(&PluginName::parse("acme:tool").unwrap())
}

#[test]
fn a_failure_is_never_an_empty_list() {
    for status in [401, 403, 429, 500, 503] {
        let failing = registry(move |_, _| Reply::new(status, &[], b"no"));
        let told = failing.tags(&tool()).unwrap_err().to_string();
        assert!(told.contains(&format!("answered {status}")), "{told}");
        assert!(failing.tagged(&tool(), "1.0.0").is_err());
    }
    let without = registry(|_, _| Reply::new(404, &[], b""));
    assert_eq!(without.tags(&tool()), Ok(Vec::new()));
    assert_eq!(without.tagged(&tool(), "1.0.0"), Ok(None));
    let nonsense = registry(|_, _| Reply::new(200, &[], b"<html>"));
    assert!(nonsense.tags(&tool()).is_err());
}

#[test]
fn a_registry_that_is_busy_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let busy =
        registry(move |_, _| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 | 1 => Reply::new(503, &[], b""),
            _ => Reply::new(200, &[], b"{\"tags\":[\"1.0.0\"]}"),
        });
    assert_eq!(busy.tags(&tool()).unwrap(), ["1.0.0"]);
}

#[test]
fn a_list_is_read_to_its_last_page_on_the_same_server() {
    let paged = registry(|_, path| match path.contains("last=") {
        false => Reply::new(
            200,
            &["link: </v2/acme/tool/tags/list?last=1.0.0>; rel=\"next\""],
            b"{\"tags\":[\"1.0.0\"]}",
        ),
        true => Reply::new(200, &[], b"{\"tags\":[\"1.0.1\"]}"),
    });
    assert_eq!(paged.tags(&tool()).unwrap(), ["1.0.0", "1.0.1"]);
    let elsewhere = registry(|_, _| {
        Reply::new(
            200,
            &["link: <https://evil.example/v2/>; rel=\"next\""],
            b"{\"tags\":[\"1.0.0\"]}",
        )
    });
    assert!(elsewhere.tags(&tool()).unwrap_err().to_string().contains("on another server"));
    let endless = registry(|_, _| {
        Reply::new(200, &["link: </v2/acme/tool/tags/list>; rel=\"next\""], b"{\"tags\":[]}")
    });
    assert!(endless.tags(&tool()).unwrap_err().to_string().contains("more than 1000 pages"));
}

#[test]
fn a_blob_that_is_longer_shorter_or_another_is_refused() {
    let blob = |body: Vec<u8>| {
        let registry = registry(move |_, _| Reply::new(200, &[], &body));
        let descriptor = Descriptor::of(WASM_LAYER_TYPE, b"component");
        registry.blob(&tool(), &descriptor).map_err(|error| error.to_string())
    };
    assert_eq!(blob(b"component".to_vec()).unwrap(), b"component");
    assert!(blob(b"comp".to_vec()).unwrap_err().contains("truncated"));
    assert!(blob(b"Component".to_vec()).unwrap_err().contains("changed or damaged"));
    assert!(blob(vec![0; 9 << 20]).unwrap_err().contains("sends more than"));
}

#[test]
fn a_redirect_leads_to_tls_or_to_the_registry_itself() {
    let away = registry(|_, _| Reply::new(307, &["location: http://evil.example/blob"], b""));
    let descriptor = Descriptor::of(WASM_LAYER_TYPE, b"component");
    let told = away.blob(&tool(), &descriptor).unwrap_err().to_string();
    assert!(told.contains("leads to http://evil.example, which is not asked"), "{told}");
    let round = registry(|_, _| Reply::new(307, &["location: /again"], b""));
    let told = round.blob(&tool(), &descriptor).unwrap_err().to_string();
    assert!(told.contains("without end"), "{told}");
    let stored = registry(|_, path| match path {
        "/stored" => Reply::new(200, &[], b"component"),
        _ => Reply::new(307, &["location: /stored"], b""),
    });
    assert_eq!(stored.blob(&tool(), &descriptor).unwrap(), b"component");
}

#[test]
fn a_token_is_not_asked_for_without_tls() {
    let sending = registry(|_, _| {
        let challenge = "www-authenticate: Bearer realm=\"http://evil.example/token\"";
        Reply::new(401, &[challenge], b"")
    });
    let told = sending.tags(&tool()).unwrap_err().to_string();
    assert!(told.contains("for a token to http://evil.example, which is not over TLS"), "{told}");
}

fn push(registry: &Registry) -> Result<Digest, String> {
    let packed = packed("acme:tool", "1.0.0", "");
    let (manifest, config) = manifest_of(&packed);
    let push = Push {
        repository: &tool(),
        blobs: &[&config, &packed.bytes],
        manifest: &manifest.to_json(),
        tag: "1.0.0",
        moving: Moving::Refused,
    };
    registry.push(&push).map_err(|error| error.to_string())
}

#[test]
fn a_blob_is_pushed_to_the_registry_itself_alone() {
    let sending = registry(|method, _| match method {
        "POST" => Reply::new(202, &["location: https://evil.example/upload"], b""),
        _ => Reply::new(404, &[], b""),
    });
    let told = push(&sending).unwrap_err();
    assert!(
        told.contains("to be pushed to https://evil.example, which is another server"),
        "{told}"
    );
}

#[test]
fn whoever_loses_a_race_for_a_tag_is_told() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let racing = registry(move |method, path| match method {
        "PUT" => Reply::new(201, &[], b""),
        "GET" if path.contains("manifests/") => {
            // Free before the push, and somebody else's after it.
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Reply::new(404, &[], b""),
                _ => Reply::new(200, &[], b"{\"schemaVersion\":2}"),
            }
        }
        _ => Reply::new(200, &[], b""),
    });
    let told = push(&racing).unwrap_err();
    assert!(told.contains("published already, with other contents"), "{told}");
}

#[test]
fn a_failure_to_list_statements_is_never_taken_for_none() {
    let subject = Digest::of(b"manifest");
    for status in [401, 403, 500] {
        let failing = registry(move |_, path| match path.contains("/referrers/") {
            true => Reply::new(status, &[], b"no"),
            false => Reply::new(404, &[], b""),
        });
        let told = failing.attached(&tool(), &subject, "a/b", 9).unwrap_err().to_string();
        assert!(told.contains(&format!("answered {status}")), "{told}");
    }
    let without = registry(|_, _| Reply::new(404, &[], b""));
    assert_eq!(without.attached(&tool(), &subject, "a/b", 9), Ok(Vec::new()));
    let image = registry(|_, path| {
        match path.contains("/referrers/") {
        true => Reply::new(200, &[], b"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"manifests\":[],\"schemaVersion\":2}"),
        false => Reply::new(404, &[], b""),
    }
    });
    let told = image.attached(&tool(), &subject, "a/b", 9).unwrap_err().to_string();
    assert!(told.contains("it is no image index"), "{told}");
}
