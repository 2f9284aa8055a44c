//! Somebody who stands between a registry and those who use it.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use super::{Body, Reply, Request, header, read_head, serve};

/// What becomes of an answer.
type Tamper = Arc<dyn Fn(&Request, Reply) -> Reply + Send + Sync>;

/// What becomes of a blob.
type Damage = fn(&[u8]) -> Body;

/// The ways to give something else than a blob, and what is told of each.
pub(crate) fn damages() -> [(Damage, &'static str); 4] {
    [
        (|bytes| Body::Whole(bytes[..bytes.len() - 1].to_vec()), "truncated"),
        (|bytes| Body::Whole(bytes.iter().map(|byte| byte ^ 1).collect()), "changed or damaged"),
        (|bytes| Body::BrokenOff(bytes.to_vec()), "broke off"),
        (|_| Body::Endless, "sends more than"),
    ]
}

/// A server that hands every request on to another, and may change what that one answers.
pub(crate) struct Proxy {
    /// Its host and port.
    pub(crate) host: String,
    tamper: Arc<Mutex<Option<Tamper>>>,
}

impl Proxy {
    /// A proxy in front of a server; it is honest until it is told otherwise.
    pub(crate) fn in_front_of(host: &str) -> Proxy {
        let tamper: Arc<Mutex<Option<Tamper>>> = Arc::default();
        let (serving, host) = (tamper.clone(), host.to_owned());
        let host = serve(move |request| {
            let reply = forward(&host, request).expect("the server behind the proxy answers");
            let tamper = serving.lock().unwrap().clone();
            match tamper {
                None => reply,
                Some(tamper) => tamper(request, reply),
            }
        });
        Proxy { host, tamper }
    }

    /// From now on answers go through this.
    pub(crate) fn tamper(&self, tamper: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) {
        *self.tamper.lock().unwrap() = Some(Arc::new(tamper));
    }

    /// From now on answers to requests whose path has a part go through this.
    pub(crate) fn answer(
        &self,
        part: &'static str,
        with: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
    ) {
        self.tamper(move |request, reply| match request.path.contains(part) {
            true => with(request, reply),
            false => reply,
        });
    }

    /// From now on answers are what they are.
    pub(crate) fn be_honest(&self) {
        *self.tamper.lock().unwrap() = None;
    }
}

/// Asks a server the same. The host's name stays that of the proxy, so that the addresses that the
/// server makes of it lead to the proxy again.
fn forward(host: &str, request: &Request) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(host)?;
    // Of the older version, so that the answer comes in one piece that ends with the connection.
    let mut head = format!("{} {} HTTP/1.0\r\n", request.method, request.path);
    let is_for_next = |header: &&String| !header.to_ascii_lowercase().starts_with("connection:");
    head.extend(request.headers.iter().filter(is_for_next).map(|header| format!("{header}\r\n")));
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    let mut reader = BufReader::new(stream);
    let broken = || std::io::Error::other("the answer is none");
    let (line, headers) = read_head(&mut reader).ok_or_else(broken)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    // Those of the connection are made anew.
    let kept = ["location", "content-type", "link", "www-authenticate", "docker-content-digest"];
    let keep = |name: &&str| header(&headers, name).map(|value| format!("{name}: {value}"));
    let headers = kept.iter().filter_map(keep).collect();
    Ok(Reply { status: status.ok_or_else(broken)?, headers, body: Body::Whole(body) })
}
