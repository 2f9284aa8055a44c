//! Bytes from anywhere as what is attached to a published version: bundles, and the statements and
//! badges in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_market::badge::Badge;
use timeslip_market::keys::SecretKey;
use timeslip_market::statements::{Signed, Statement, sign};

/// RFC 8410: version 0, the algorithm 1.3.101.112, a secret of zeros.
const HEAD: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

fuzz_target!(|bytes: &[u8]| {
    let _ = Signed::parse(bytes);
    if let Ok(statement) = Statement::parse(bytes) {
        let key = SecretKey::from_pkcs8(&[HEAD.as_slice(), &[0; 32]].concat()).expect("it is a key");
        if let Ok(bundle) = sign(&statement, &key) {
            let signed = Signed::parse(&bundle).expect("it was just signed");
            assert_eq!((signed.signer, signed.statement), (key.public(), statement));
        }
    }
    if let Ok(badge) = serde_json::from_slice::<Badge>(bytes) {
        let json = serde_json::to_vec(&badge).expect("a badge can be written");
        assert_eq!(serde_json::from_slice::<Badge>(&json).expect("it was just written"), badge);
    }
});
