//! One request to a collector on this computer or its network.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::exit::Failure;

/// The longest wait for a collector.
const PATIENCE: Duration = Duration::from_secs(30);

/// The path under which collectors take spans, unless the address has one.
const TRACES: &str = "/v1/traces";

/// Posts a body, and waits until it was taken.
///
/// # Errors
/// When the address is no `http://` one, nobody answers there, or the answer is no 2xx.
pub(crate) fn post(address: &str, content_type: &str, body: &[u8]) -> Result<(), Failure> {
    let Some(rest) = address.strip_prefix("http://") else {
        return Err(Failure::usage(format!(
            "--otlp {address}: spans are sent by http:// alone\n  fix: send them to a collector \
             beside this program, or write them to a file"
        )));
    };
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) if !path.is_empty() => (host, format!("/{path}")),
        _ => (rest.trim_end_matches('/'), TRACES.to_owned()),
    };
    let cannot = |problem: String| {
        Failure::run(format!(
            "--otlp {address}: {problem}\n  fix: start a collector there, or write the spans to a \
             file"
        ))
    };
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:4318") };
    let answer = ask(&with_port, host, &path, content_type, body)
        .map_err(|error| cannot(format!("cannot be reached: {error}")))?;
    let status = answer.split_whitespace().nth(1).unwrap_or("no answer");
    match status.starts_with('2') {
        true => Ok(()),
        false => Err(cannot(format!("the collector did not take the spans: {status}"))),
    }
}

/// The first line of what is answered.
fn ask(
    place: &str,
    host: &str,
    path: &str,
    content_type: &str,
    body: &[u8],
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
