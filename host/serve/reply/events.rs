//! The bytes of server-sent events.

use serde_json::Value;

/// Ends a stream of chats and completions.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes an event that has data alone.
pub(super) fn write_data(data: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    write_json(data, out);
    out.extend_from_slice(b"\n\n");
}

/// Writes an event with a name.
pub(super) fn write_event(name: &str, data: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    write_data(data, out);
}

/// Writes a value, or a text, as JSON.
pub(super) fn write_json<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("plain data is written into memory");
}
