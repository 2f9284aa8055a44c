//! A server of the program's own, and a client as plain as can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;

/// Long enough for a slow computer, and short enough to tell a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// `timeslip serve`, until it is dropped.
pub(super) struct Served {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    /// What it said when it began.
    pub(super) about: Value,
    pub(super) address: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
    /// Whether the body came to its end.
    pub(super) is_whole: bool,
}

impl Served {
    /// Starts a server on a free port, with these arguments.
    pub(super) fn start(place: &Place, arguments: &[&str]) -> Served {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--json"];
        all.extend(arguments);
        let mut child =
            place.command(&all).stdout(Stdio::piped()).spawn().expect("the program can be started");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the program prints UTF-8");
        let about: Value = serde_json::from_str(&line).expect("it says where it listens");
        let address = about["listening"].as_str().unwrap().strip_prefix("http://").unwrap();
        Served { address: address.to_owned(), child, _stdout: stdout, about }
    }

    /// A connection.
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &body.to_string(), "")
    }

    /// Posts a body with more lines in the head, each with its end.
    pub(super) fn post_with(&self, path: &str, body: &str, head: &str) -> Answer {
        self.send(&post(path, body, head))
    }

    /// The same, where the server may be gone meanwhile.
    pub(super) fn try_post(&self, path: &str, body: &str, head: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(post(path, body, head).as_bytes()).ok()?;
        Some(Answer::read(stream)).filter(|answer| answer.status != 0)
    }

    /// Sends bytes and reads until the server closes.
    pub(super) fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        // A server may answer, and close, before it has taken all.
        let _ = stream.write_all(request.as_bytes());
        Answer::read(stream)
    }

    /// The value of a line of `/metrics`, all its labels taken together.
    pub(super) fn metric(&self, name: &str) -> f64 {
        let page = self.get("/metrics").body;
        let lines = page.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// Waits until a line of `/metrics` has a value.
    pub(super) fn wait_for_metric(&self, name: &str, value: f64) {
        let began = Instant::now();
        while self.metric(name) != value {
            assert!(began.elapsed() < PATIENCE, "{name} never was {value}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, as `kill -9` does.
    pub(super) fn kill(&self) {
        let killed = Command::new("kill").args(["-9", &self.child.id().to_string()]).status();
        assert!(killed.expect("there is a kill").success());
    }

    /// Asks it to end, as `kill` does.
    pub(super) fn terminate(&self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(killed.expect("there is a kill").success());
    }

    /// Waits until it has ended by itself.
    pub(super) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it never ended");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as bytes.
pub(super) fn post(path: &str, body: &str, head: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{head}\r\n{body}"
    )
}

impl Answer {
    /// Reads an answer until the server closes.
    pub(super) fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        // A connection that breaks has an end as well.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let head = head.to_ascii_lowercase();
        let (body, is_whole) = match head.contains("transfer-encoding: chunked") {
            true => unchunked(body),
            false => (body.to_owned(), true),
        };
        Answer { status, head, body, is_whole }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The data of its events, without the end that is none.
    pub(super) fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).expect("an event has JSON"))
            .collect()
    }

    /// `error.code` and `error.message`.
    pub(super) fn error(&self) -> (String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }
}

fn unchunked(mut text: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((length, rest)) = text.split_once("\r\n") {
        let Ok(length) = usize::from_str_radix(length, 16) else { break };
        if length == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(..length) else { break };
        body.push_str(chunk);
        text = rest[length..].strip_prefix("\r\n").unwrap_or_default();
    }
    (body, false)
}
