//! Servers that do something wrong.

use std::time::Duration;

use super::server::{Answer, status, stream_of};

/// A piece of a stream: a word of a reply that goes on.
const WORD: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";
/// The same as a chunk of HTTP.
const CHUNK: &[u8] =
    b"3d\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n\r\n";

/// A server that does something wrong: its name, what it does, what is told of it, and how many
/// requests it gets.
pub(crate) type BadServer =
    (&'static str, Box<dyn Fn() -> Answer + Send + Sync>, &'static str, usize);

/// One for each way in which a server may fail.
pub(crate) fn bad_servers() -> Vec<BadServer> {
    let bytes = |bytes: Vec<u8>| move || Answer::Bytes(bytes.clone());
    let endless = |first: Vec<u8>, again: Vec<u8>, milliseconds: u64| {
        let pause = Duration::from_millis(milliseconds);
        move || Answer::Endless(first.clone(), again.clone(), pause)
    };
    vec![
        ("broken", Box::new(bytes(stream_of(&[WORD]))), "the connection broke after", 1),
        (
            "cut off",
            Box::new(bytes([stream_of(&[WORD]), b"0\r\n\r\n".to_vec()].concat())),
            "the stream ended after 1 chunks, before its reply did",
            1,
        ),
        (
            "no text",
            Box::new(bytes(stream_of(&[b"data: \xff\xfe\n\n"]))),
            "the server's stream cannot be read",
            1,
        ),
        ("full", Box::new(bytes(status("429 Too Many", ""))), "the server answered 429", 3),
        (
            "full, told when",
            Box::new(bytes(status("429 Too Many", "retry-after: 0\r\n"))),
            "the server answered 429",
            3,
        ),
        (
            "full for long",
            Box::new(bytes(status("429 Too Many", "retry-after: 9999\r\n"))),
            "the server answered 429",
            1,
        ),
        ("failing", Box::new(bytes(status("500 Oh", ""))), "the server answered 500", 3),
        ("silent", Box::new(endless(vec![], vec![], 50)), "timeout `first_byte`", 1),
        ("stuck", Box::new(endless(stream_of(&[WORD]), vec![], 50)), "timeout `between_chunks`", 1),
        (
            "trickling",
            Box::new(endless(stream_of(&[WORD]), CHUNK.to_vec(), 50)),
            "timeout `whole`",
            1,
        ),
        (
            "without end",
            Box::new(endless(stream_of(&[WORD]), CHUNK.repeat(20_000), 0)),
            "the reply has more than",
            1,
        ),
    ]
}
