//! A server on loopback that gives pages as a test says, byte by byte, and keeps what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a server does about a request, one after the other; then it closes the connection.
pub(crate) enum Act {
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Waits.
    Pause(Duration),
    /// Writes these bytes until nobody reads them.
    Endless(Vec<u8>),
}

/// The server. It listens until the test's process ends.
pub(crate) struct Pages {
    /// Its address, without a path.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    /// Answers each request by what `answer` says of its path with the query.
    pub(crate) fn start(answer: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Pages {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (answer, asked) = (answer.clone(), kept.clone());
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || drop(serve(&connection.unwrap(), &*answer, &asked)));
            }
        });
        Pages { url, asked }
    }

    /// The heads of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A whole response.
pub(crate) fn page(status: &str, headers: &str, body: &[u8]) -> Vec<Act> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n", body.len());
    let head = format!("{head}connection: close\r\n\r\n");
    vec![Act::Send([head.as_bytes(), body].concat())]
}

fn serve(
    mut connection: &TcpStream,
    answer: &dyn Fn(&str) -> Vec<Act>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(head);
    for act in answer(&path) {
        match act {
            Act::Send(bytes) => connection.write_all(&bytes)?,
            Act::Pause(pause) => std::thread::sleep(pause),
            Act::Endless(bytes) => loop {
                connection.write_all(&bytes)?;
            },
        }
    }
    Ok(())
}
