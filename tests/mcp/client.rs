//! Clients of `timeslip mcp serve` that speak JSON-RPC line by line, or by hand over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// The longest that a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server over standard input and output, which ends with this.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    /// Starts a server, and says nothing to it.
    pub(crate) fn start(mut command: Command) -> Client {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line);
                let message = message.expect("standard output carries the protocol alone");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Client { child, input, messages, next: 1 }
    }

    /// Starts a server and shakes hands.
    pub(crate) fn connect(command: Command) -> Client {
        let mut client = Client::start(command);
        let answer = client.ask("initialize", hello());
        assert_eq!(answer["result"]["serverInfo"]["name"], "timeslip", "{answer}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("it is still open");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    /// Sends a request without waiting, and gives its number.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&request);
        id
    }

    /// The next message of the server.
    pub(crate) fn hear(&mut self) -> Value {
        match self.messages.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(error) => panic!("the server says nothing ({error}): {}", self.said()),
        }
    }

    /// Sends a request, and gives its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        loop {
            let message = self.hear();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool, and gives the result.
    pub(crate) fn call(&mut self, name: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Goes away, and gives the exit code of the server.
    pub(crate) fn leave(mut self) -> i32 {
        self.input.take();
        let began = std::time::Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server stays although its client is gone");
    }

    fn said(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        let _ = self.child.stderr.take().map(|mut errors| errors.read_to_string(&mut said));
        said
    }
}

/// The parameters of `initialize`.
pub(crate) fn hello() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "0" },
    })
}

/// The text of a result.
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a result has a text")
}

/// A server over HTTP, which ends with this.
pub(crate) struct HttpServer {
    child: Child,
    /// Where it listens, without a scheme.
    pub(crate) address: String,
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl HttpServer {
    /// Starts a server on a free port, and waits until it listens.
    pub(crate) fn start(mut command: Command) -> HttpServer {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program can be started");
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving MCP at http://");
        let address = address.and_then(|rest| rest.strip_suffix("/mcp"));
        let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
        // It would wait for a reader of what it says.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        HttpServer { child, address }
    }

    /// Posts a message to a path; headers are whole lines.
    pub(crate) fn post(&self, path: &str, headers: &[&str], body: &str) -> Heard {
        let host = format!("host: {}", self.address);
        let own = headers.iter().any(|line| line.to_lowercase().starts_with("host:"));
        let mut head = format!("POST {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        let standard = [
            "content-type: application/json",
            "accept: application/json, text/event-stream",
            "connection: close",
        ];
        let host = (!own).then_some(host.as_str());
        for line in headers.iter().copied().chain(standard).chain(host) {
            head += line;
            head += "\r\n";
        }
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        // A server that has refused may close before it has read everything.
        let _ = connection.read_to_end(&mut bytes);
        Heard::read(&bytes)
    }

    /// Begins a session, and gives the header that names it.
    pub(crate) fn begin(&self, headers: &[&str]) -> String {
        let request =
            json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello() });
        let heard = self.post("/mcp", headers, &request.to_string());
        assert_eq!(heard.status, 200, "{heard:?}");
        let line =
            heard.head.lines().find(|line| line.to_lowercase().starts_with("mcp-session-id:"));
        line.unwrap_or_else(|| panic!("no session: {heard:?}")).to_owned()
    }

    /// Calls a tool in a session, and gives the result.
    pub(crate) fn call(&self, session: &str, name: &str, arguments: Value) -> Value {
        let params = json!({ "name": name, "arguments": arguments });
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let heard = self.post("/mcp", &[session], &request.to_string());
        let answer = heard.messages().into_iter().find(|message| message["id"] == 1);
        answer.unwrap_or_else(|| panic!("{heard:?}"))["result"].clone()
    }
}

/// A response over HTTP.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    fn read(bytes: &[u8]) -> Heard {
        let whole = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap_or((&whole, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = if is_chunked { joined(body) } else { body.to_owned() };
        Heard { status, head: head.to_owned(), body }
    }

    /// The messages of a stream of events, or the one of a plain response.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lines = self.body.lines().map(|line| line.strip_prefix("data:").unwrap_or(line));
        lines.filter_map(|line| serde_json::from_str(line.trim()).ok()).collect()
    }
}

/// A chunked body in one piece.
fn joined(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let Ok(length @ 1..) = usize::from_str_radix(length.trim(), 16) else { break };
        let Some(chunk) = rest.get(..length) else { break };
        whole += chunk;
        body = rest.get(length + 2..).unwrap_or_default();
    }
    whole
}
