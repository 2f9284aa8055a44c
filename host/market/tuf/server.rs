//! A small registry on this computer that speaks the OCI distribution protocol, for tests.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::digest::Digest;
use crate::registry::Registry;

#[derive(Default)]
struct Contents {
    blobs: HashMap<String, Vec<u8>>,
    /// By repository, then by tag and by digest.
    manifests: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Paths of blobs that were read.
    read: Vec<String>,
}

/// A registry in memory. It ends with the tests.
#[derive(Clone)]
pub(super) struct Server {
    place: String,
    contents: Arc<Mutex<Contents>>,
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

type Reply = (u16, Vec<String>, Vec<u8>);

impl Server {
    pub(super) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let server = Server { place, contents: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(stream));
            }
        });
        server
    }

    pub(super) fn registry(&self) -> Registry {
        Registry::open(&self.place, Path::new("/")).unwrap()
    }

    /// How often the blob with a digest was read.
    pub(super) fn reads_of(&self, digest: &Digest) -> usize {
        let contents = self.contents.lock().unwrap();
        contents.read.iter().filter(|path| path.ends_with(digest.as_str())).count()
    }

    /// Puts other bytes in the place of a blob.
    pub(super) fn replace_blob(&self, digest: &Digest, bytes: Vec<u8>) {
        self.contents.lock().unwrap().blobs.insert(digest.to_string(), bytes);
    }

    fn answer(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let request = read(&mut reader)?;
        let (status, headers, body) = self.reply(&request);
        let mut head = format!("HTTP/1.1 {status} said\r\nconnection: close\r\n");
        head.extend(headers.iter().map(|header| format!("{header}\r\n")));
        let body = if request.method == "HEAD" { Vec::new() } else { body };
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let stream = reader.get_mut();
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&body).ok()
    }

    fn reply(&self, Request { method, path, body }: &Request) -> Reply {
        let mut contents = self.contents.lock().unwrap();
        let none = || (404, Vec::new(), Vec::new());
        let path = path.strip_prefix("/v2/").unwrap_or_default();
        if let Some((repository, _)) = path.split_once("/blobs/uploads/") {
            return match path.split_once("digest=") {
                None => {
                    let location = format!("location: /v2/{repository}/blobs/uploads/one?x=y");
                    (202, vec![location], Vec::new())
                }
                Some((_, digest)) => {
                    let digest = digest.replace("%3A", ":");
                    contents.blobs.insert(digest, body.clone());
                    (201, Vec::new(), Vec::new())
                }
            };
        }
        if let Some((_, digest)) = path.split_once("/blobs/") {
            if method == "GET" {
                contents.read.push(path.to_owned());
            }
            return contents.blobs.get(digest).map_or_else(none, |b| (200, Vec::new(), b.clone()));
        }
        if let Some((repository, _)) = path.split_once("/tags/list") {
            let Some(of) = contents.manifests.get(repository) else { return none() };
            let tags: Vec<&String> = of.keys().filter(|tag| !tag.contains(':')).collect();
            let json = serde_json::json!({ "tags": tags });
            return (200, Vec::new(), serde_json::to_vec(&json).unwrap());
        }
        let Some((repository, reference)) = path.split_once("/manifests/") else { return none() };
        let of = contents.manifests.entry(repository.to_owned()).or_default();
        if method == "PUT" {
            of.insert(Digest::of(body).to_string(), body.clone());
            of.insert(reference.to_owned(), body.clone());
            return (201, Vec::new(), Vec::new());
        }
        of.get(reference).map_or_else(none, |bytes| (200, Vec::new(), bytes.clone()))
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body })
}
