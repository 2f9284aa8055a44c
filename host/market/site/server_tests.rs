//! What the server answers, and what it does not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::samples::{entry, plugin, site_of};
use super::*;

/// A site with one plugin, a file beside it that nobody may read, and its server.
struct Shown {
    _place: tempfile::TempDir,
    server: SiteServer,
}

impl Shown {
    fn new() -> Shown {
        let place = tempfile::tempdir().unwrap();
        let input = site_of(vec![plugin(vec![SiteVersion::of(entry("acme:search", "1.0.0"))])]);
        let folder = place.path().join("site");
        write_site(&input, &folder).unwrap();
        std::fs::write(place.path().join("secret.txt"), "a secret").unwrap();
        let server = SiteServer::start(&folder, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        // What somebody puts there later is not of the site.
        std::fs::write(folder.join("later.html"), "a secret").unwrap();
        Shown { _place: place, server }
    }

    /// The whole answer to a request, its head in lower case.
    fn answer(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (String, String) {
        self.answer(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }
}

#[test]
fn pages_come_with_a_policy_that_lets_nothing_in() {
    let shown = Shown::new();
    let (head, body) = shown.get("/");
    assert!(head.starts_with("http/1.1 200") && body.contains("acme:search"), "{head}");
    for line in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
        "frame-ancestors 'none'",
        "content-type: text/html; charset=utf-8",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let (head, body) = shown.get("/plugin/acme--search.html?a=b");
    assert!(head.starts_with("http/1.1 200") && body.contains("<h1>acme:search"), "{head}");
    assert!(shown.get("/search/1.js").0.contains("content-type: text/javascript"));
    assert!(shown.get("/style.css").0.contains("content-type: text/css"));
}

#[test]
fn no_path_leads_out_of_the_site() {
    let shown = Shown::new();
    for path in [
        "/../secret.txt",
        "/plugin/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..\\secret.txt",
        "//secret.txt",
        "/./index.html",
        "/plugin",
        "/plugin/",
        "/later.html",
        "/index.html/",
        "/etc/passwd",
        "http://localhost/../secret.txt",
    ] {
        let (head, body) = shown.get(path);
        let status = head.split(' ').nth(1).unwrap_or_default();
        assert!(["404", "400"].contains(&status), "{path}: {head}");
        assert!(!body.contains("a secret"), "{path}");
    }
}

#[test]
fn it_is_read_and_nothing_else() {
    let shown = Shown::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let request = format!(
            "{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let (head, _) = shown.answer(&request);
        assert!(head.starts_with("http/1.1 405") && head.contains("allow: get, head"), "{head}");
    }
    let request = "HEAD / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: close\r\n\r\n";
    let (head, body) = shown.answer(request);
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head}");
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), shown.get("/").1.len());
}

#[test]
fn a_name_that_was_made_to_lead_here_reads_nothing() {
    let shown = Shown::new();
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", ""] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (head, body) = shown.answer(&request);
        assert!(head.starts_with("http/1.1 421") && !body.contains("acme"), "{host}: {head}");
    }
    for host in ["localhost:1234", "127.0.0.1", "[::1]:80"] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert!(shown.answer(&request).0.starts_with("http/1.1 200"), "{host}");
    }
}

#[test]
fn it_ends_while_connections_are_open_and_shows_nothing_but_sites() {
    let shown = Shown::new();
    let mut idle = TcpStream::connect(shown.server.address()).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    drop(shown);
    match idle.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0, "nothing was asked"),
        Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock, "it was closed: {error}"),
    }
    let empty = tempfile::tempdir().unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let told = SiteServer::start(empty.path(), listen).unwrap_err().to_string();
    assert!(told.contains("there is no site in"), "{told}");
    std::fs::write(empty.path().join("index.html"), "mine").unwrap();
    assert!(SiteServer::start(empty.path(), listen).is_err());
}
