use proptest::prelude::*;
use serde_json::{Value, json};

use super::bundle::pre_authentication_encoding;
use super::*;
use crate::digest::Digest;
use crate::examples::{key, packed};
use crate::instant::Instant;

fn entry() -> Entry {
    let packed = packed("acme:tool", "1.0.0", "");
    Entry::of(&packed, Digest::of(b"manifest"), Some(Instant(0)), None)
}

fn bundle() -> Value {
    serde_json::from_slice(&sign_version(&entry(), &key(1)).unwrap()).unwrap()
}

fn refusal(bundle: &Value) -> String {
    let bytes = serde_json::to_vec(bundle).unwrap();
    let statements = Statements::read(&Subject::of(&entry()), &[bytes]);
    assert_eq!(statements.held, []);
    statements.refused.concat()
}

#[test]
fn the_example_of_the_envelope_s_specification_is_encoded_as_it_is_there() {
    // DSSE protocol, "Test vectors".
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn a_version_that_was_signed_has_its_signer() {
    let bytes = sign_version(&entry(), &key(1)).unwrap();
    let statements = Statements::read(&Subject::of(&entry()), &[bytes]);
    assert_eq!((statements.signers(&entry()), statements.refused), (vec![key(1).public()], vec![]));
}

#[test]
fn a_bundle_that_was_forged_says_nothing() {
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut bundle = bundle();
        change(&mut bundle);
        refusal(&bundle)
    };
    let of_another_key = forged(&|one| {
        one["verificationMaterial"]["publicKey"]["hint"] = json!(key(2).public().to_string());
    });
    assert!(of_another_key.contains("does not hold"), "{of_another_key}");
    let changed = forged(&|one| {
        let payload = serde_json::to_vec(&Statement::new(
            Subject::of(&entry()),
            SIGNATURE_PREDICATE,
            json!({}),
        ));
        let base64 =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, payload.unwrap());
        one["dsseEnvelope"]["payload"] = json!(base64);
    });
    assert!(changed.contains("was changed, or another key"), "{changed}");
    let of_another_type = forged(&|one| one["dsseEnvelope"]["payloadType"] = json!("text/plain"));
    assert!(of_another_type.contains("`text/plain`"), "{of_another_type}");
    let without = forged(&|one| one["dsseEnvelope"]["signatures"] = json!([]));
    assert!(without.contains("has 0 signatures"), "{without}");
    let twice = forged(&|one| {
        let signatures = one["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
        signatures.push(signatures[0].clone());
    });
    assert!(twice.contains("has 2 signatures"), "{twice}");
    let certificate = forged(&|one| one["verificationMaterial"] = json!({ "certificate": {} }));
    assert!(certificate.contains("by a certificate"), "{certificate}");
    let newer = forged(&|one| one["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v9"));
    assert!(newer.contains("bundle.v9"), "{newer}");
}

#[test]
fn a_signature_that_holds_counts_for_its_own_subject_alone() {
    let bytes = sign_version(&entry(), &key(1)).unwrap();
    let told = |subject: Subject| {
        Statements::read(&subject, std::slice::from_ref(&bytes)).refused.concat()
    };
    let other_manifest = Subject { manifest: Digest::of(b"other"), ..Subject::of(&entry()) };
    assert!(told(other_manifest).contains("about another manifest"));
    let other_name = Subject { name: "evil:tool@1.0.0".to_owned(), ..Subject::of(&entry()) };
    assert!(told(other_name).contains("is about `acme:tool@1.0.0`"));
    let several = json!({ "_type": "https://in-toto.io/Statement/v1", "predicateType": "x",
        "subject": [], "predicate": {} });
    let several = Statement::parse(&serde_json::to_vec(&several).unwrap()).unwrap();
    let told = several.check_subject(&Subject::of(&entry())).unwrap_err().to_string();
    assert!(told.contains("has 0 subjects"), "{told}");
}

#[test]
fn a_statement_of_another_kind_or_about_other_bytes_is_no_signature() {
    let subject = || Subject::of(&entry());
    let said = |predicate_type: &str, predicate: Value| {
        let bytes = sign(&Statement::new(subject(), predicate_type, predicate), &key(1)).unwrap();
        let statements = Statements::read(&subject(), &[bytes]);
        assert_eq!(statements.held.len(), 1);
        statements.signers(&entry())
    };
    let honest = serde_json::to_value(SignaturePredicate::of(&entry())).unwrap();
    assert_eq!(said(SIGNATURE_PREDICATE, honest.clone()), [key(1).public()]);
    assert_eq!(said(PROVENANCE_PREDICATE, honest.clone()), []);
    let mut other = honest.clone();
    other["permissions"] = json!(Digest::of(b"more"));
    assert_eq!(said(SIGNATURE_PREDICATE, other), []);
    assert_eq!(said(SIGNATURE_PREDICATE, json!("acme:tool@1.0.0")), []);
}

#[test]
fn a_bundle_that_is_too_large_is_not_read() {
    let told = Signed::parse(&vec![b' '; BUNDLE_BYTES_MAX + 1]).unwrap_err().to_string();
    assert!(told.contains("at most 1048576 are read"), "{told}");
}

#[test]
fn provenance_is_said_where_ci_tells_it() {
    let variables = |name: &str| {
        let value = match name {
            "GITHUB_ACTIONS" => "true",
            "GITHUB_SERVER_URL" => "https://git.example",
            "GITHUB_REPOSITORY" => "acme/tool",
            "GITHUB_REF" => "refs/tags/v1.0.0",
            "GITHUB_SHA" => "0123456789012345678901234567890123456789",
            "GITHUB_WORKFLOW_REF" => "acme/tool/.github/workflows/publish.yml@refs/tags/v1.0.0",
            "GITHUB_RUN_ID" => "7",
            "GITHUB_RUN_ATTEMPT" => "1",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let statement = provenance_of(Subject::of(&entry()), &variables).unwrap();
    let definition = &statement.predicate["buildDefinition"];
    let workflow = &definition["externalParameters"]["workflow"];
    assert_eq!(workflow["path"], ".github/workflows/publish.yml");
    let dependency = &definition["resolvedDependencies"][0];
    assert_eq!(dependency["uri"], "git+https://git.example/acme/tool@refs/tags/v1.0.0");
    assert_eq!(provenance_of(Subject::of(&entry()), &|_| None), None);
}

proptest! {
    #[test]
    fn a_flipped_bit_refuses_a_bundle_or_changes_nothing_that_it_says(at in 0usize..900, bit in 0u8..8) {
        let honest = sign_version(&entry(), &key(1)).unwrap();
        let mut flipped = honest.clone();
        let at = at % flipped.len();
        flipped[at] ^= 1 << bit;
        if let Ok(signed) = Signed::parse(&flipped) {
            prop_assert_eq!(signed, Signed::parse(&honest).unwrap());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Signed::parse(&bytes).is_err());
    }
}
