//! What an MCP server gave for a call, as a recording may hold it.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use timeslip_mcp::guest::ServerGuest;
use timeslip_timeline::guest::{Answer, AskId, Delivery, Guest, Happening};
use timeslip_timeline::http::HttpResponse;
use timeslip_timeline::time::Instant;

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (status, arguments, body) = input;
    let mut guest = ServerGuest::new("fuzz".into(), Arc::from([]));
    let call = Delivery::ToolCall { call: 7, name: "t".into(), arguments: arguments.into() };
    let asked = guest.resume(Instant::ZERO, vec![call]);
    let [(_, Happening::Asked(ask, _))] = asked.happenings.as_slice() else { return };
    assert_eq!(*ask, AskId(0));
    let status = if status == 0 { 200 } else { 199 + u16::from(status) };
    let response = HttpResponse { status, headers: Vec::new(), body: body.to_vec() };
    let answer = Delivery::Answer(*ask, Answer::Fetched(Ok(Arc::new(response))));
    let told = guest.resume(Instant::ZERO, vec![answer]);
    assert!(matches!(told.happenings.as_slice(), [(_, Happening::ToolAnswer { call: 7, .. })]));
});
