//! Whatever a server may send for a reply, in one piece and cut into two, by either API.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_live::settings::{Api, Limits};
use timeslip_live::sse::SseReader;
use timeslip_live::written::{ReplyBuilder, Written, whole_reply};
use timeslip_timeline::time::Span;

fn streamed(api: Api, pieces: &[&[u8]]) -> Option<Written> {
    let mut reader = SseReader::new(Limits::default().events);
    let mut builder = ReplyBuilder::new(api, Span::ZERO, Span::ZERO);
    let mut events = Vec::new();
    for piece in pieces {
        let read = reader.push(piece, &mut events);
        for event in events.drain(..) {
            builder.read(&event, Span::ZERO).ok()?;
        }
        read.ok()?;
    }
    builder.finish().ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, body)) = bytes.split_first() else { return };
    let (first, second) = body.split_at(usize::from(*cut).min(body.len()));
    for api in [Api::ChatCompletions, Api::Responses] {
        let at_once = streamed(api, &[body]);
        let in_two = streamed(api, &[first, second]);
        assert_eq!(
            at_once.map(|written| (written.message, written.finish_reason)),
            in_two.map(|written| (written.message, written.finish_reason)),
        );
        if let Ok(text) = std::str::from_utf8(body) {
            let _ = whole_reply(api, text, Default::default());
        }
    }
});
