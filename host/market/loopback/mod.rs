//! Servers on this computer, for tests: what each of them says is up to the test. They listen on
//! loopback alone, and end with the tests.

mod memory;
mod proxy;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

pub(crate) use memory::Memory;
pub(crate) use proxy::{Proxy, damages};

/// What is asked.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Each as `name: value`.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Each as `name: value`.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Body,
}

/// The bytes of an answer.
pub(crate) enum Body {
    /// As many as are announced.
    Whole(Vec<u8>),
    /// One fewer than are announced; then the connection ends.
    BrokenOff(Vec<u8>),
    /// Some that are announced by nothing, and go on until the reader has had enough.
    Endless,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[&str], body: &[u8]) -> Reply {
        let headers = headers.iter().map(|one| (*one).to_owned()).collect();
        Reply { status, headers, body: Body::Whole(body.to_vec()) }
    }

    /// The bytes of an answer that is whole.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            Body::BrokenOff(_) | Body::Endless => panic!("the answer is not whole"),
        }
    }
}

/// Starts a server that says what a test lets it say, and gives its host and port.
pub(crate) fn serve(says: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let says = Arc::new(says);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let says = says.clone();
            std::thread::spawn(move || answer(stream, &*says));
        }
    });
    place
}

fn answer(stream: TcpStream, says: &dyn Fn(&Request) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let request = read_request(&mut reader)?;
    let reply = says(&request);
    write_reply(reader.get_mut(), &request, &reply).ok()
}

/// The first line and the headers of a message.
fn read_head(reader: &mut impl BufRead) -> Option<(String, Vec<String>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" if lines.is_empty() => return None,
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines.split_off(1);
    Some((lines.remove(0), headers))
}

/// The value of a header.
fn header<'a>(headers: &'a [String], name: &str) -> Option<&'a str> {
    headers.iter().find_map(|header| {
        let (is, value) = header.split_once(':')?;
        is.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let (line, headers) = read_head(reader)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = header(&headers, "content-length").map_or(Some(0), |text| text.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}

fn write_reply(stream: &mut impl Write, request: &Request, reply: &Reply) -> std::io::Result<()> {
    let Reply { status, headers, body } = reply;
    let mut head = format!("HTTP/1.1 {status} said\r\nconnection: close\r\n");
    head.extend(headers.iter().map(|header| format!("{header}\r\n")));
    let (bytes, length) = match body {
        _ if request.method == "HEAD" => (&[][..], Some(0)),
        Body::Whole(bytes) => (&bytes[..], Some(bytes.len())),
        Body::BrokenOff(bytes) => (&bytes[..], Some(bytes.len() + 1)),
        Body::Endless => (&[][..], None),
    };
    head.extend(length.map(|length| format!("content-length: {length}\r\n")));
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(bytes)?;
    if matches!(body, Body::Endless) && request.method != "HEAD" {
        loop {
            stream.write_all(&[b' '; 64 << 10])?;
        }
    }
    stream.flush()
}
