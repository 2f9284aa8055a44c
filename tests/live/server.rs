//! A server on loopback that answers chats as a test says, and keeps what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What a server does about a request.
pub(crate) enum Answer {
    /// Streams these words, with a pause before each.
    Words(Vec<String>, Duration),
    /// Asks for a tool: its name and its arguments.
    Call(&'static str, String),
    /// These bytes as they are, and then the connection is closed.
    Bytes(Vec<u8>),
    /// The first bytes, and then the others again and again with a pause before each, until the
    /// client goes away.
    Endless(Vec<u8>, Vec<u8>, Duration),
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The request's number, from 0.
    pub(crate) number: usize,
    /// The headers, as they came.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: Value,
}

impl Asked {
    /// What the last message says.
    pub(crate) fn last_message(&self) -> &str {
        let messages = self.body["messages"].as_array().expect("a chat has messages");
        messages.last().and_then(|last| last["content"].as_str()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// The server. It listens until the test's process ends.
pub(crate) struct ChatServer {
    /// What `--endpoint` is given.
    pub(crate) url: String,
    seen: Arc<Seen>,
}

impl ChatServer {
    /// Answers each request as `answer` says.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> ChatServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let (answer, kept) = (Arc::new(answer), seen.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (answer, seen) = (answer.clone(), kept.clone());
                std::thread::spawn(move || {
                    // A client that goes away in the middle is what some tests are about.
                    let _ = serve(connection.unwrap(), &*answer, &seen);
                });
            }
        });
        ChatServer { url, seen }
    }

    /// Says one and the same thing, at once.
    pub(crate) fn saying(words: &'static str) -> ChatServer {
        ChatServer::start(move |_| Answer::Words(split(words), Duration::ZERO))
    }

    /// All that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap().clone()
    }

    /// The most chats that were under way at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.seen.most_at_once.load(Ordering::SeqCst)
    }
}

/// The head of a stream, and pieces of it.
pub(crate) fn stream_of(pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for piece in pieces {
        bytes.extend(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend(*piece);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// An answer with this status and these headers, without a body.
pub(crate) fn status(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: 0\r\n\r\n").into_bytes()
}

/// A text as the words that a model writes.
pub(crate) fn split(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

fn serve(
    connection: TcpStream,
    answer: &dyn Fn(&Asked) -> Answer,
    seen: &Seen,
) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    while let Some((head, body)) = request(&mut reader)? {
        if head.starts_with("GET ") {
            let list = json!({ "object": "list", "data": [{ "id": "first" }, { "id": "second" }] });
            whole(&mut writer, &list)?;
            continue;
        }
        let asked = {
            let mut all = seen.asked.lock().unwrap();
            let asked = Asked { number: all.len(), head, body };
            all.push(asked.clone());
            asked
        };
        let now = seen.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most_at_once.fetch_max(now, Ordering::SeqCst);
        let outcome = reply(&mut writer, &asked, answer(&asked));
        seen.at_once.fetch_sub(1, Ordering::SeqCst);
        if !outcome? {
            return Ok(());
        }
    }
    Ok(())
}

/// The next request's head and body.
fn request(reader: &mut impl BufRead) -> std::io::Result<Option<(String, Value)>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some((head, serde_json::from_slice(&body).unwrap_or(Value::Null))))
}

/// Answers, and says whether the connection goes on.
fn reply(writer: &mut TcpStream, asked: &Asked, answer: Answer) -> std::io::Result<bool> {
    let (words, pause, call) = match answer {
        Answer::Bytes(bytes) => {
            writer.write_all(&bytes)?;
            return Ok(false);
        }
        Answer::Endless(first, again, pause) => {
            writer.write_all(&first)?;
            loop {
                std::thread::sleep(pause);
                writer.write_all(&again)?;
            }
        }
        Answer::Words(words, pause) => (words, pause, None),
        Answer::Call(name, arguments) => (Vec::new(), Duration::ZERO, Some((name, arguments))),
    };
    let finish_reason = if call.is_some() { "tool_calls" } else { "stop" };
    let usage = json!({
        "prompt_tokens": 7 + asked.number,
        "completion_tokens": words.len().max(5),
        "total_tokens": 7 + asked.number + words.len().max(5),
    });
    let calls = call.map(|(name, arguments)| {
        json!([{
            "index": 0,
            "id": format!("call_{}", asked.number),
            "type": "function",
            "function": { "name": name, "arguments": arguments },
        }])
    });
    if asked.body["stream"] != true {
        std::thread::sleep(pause * words.len() as u32);
        let mut message = json!({ "role": "assistant", "content": words.concat() });
        if let Some(calls) = calls {
            message["tool_calls"] = calls;
        }
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish_reason });
        whole(writer, &json!({ "model": "really", "choices": [choice], "usage": usage }))?;
        return Ok(true);
    }
    writer.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let deltas = words.into_iter().map(|word| json!({ "content": word }));
    for delta in deltas.chain(calls.map(|calls| json!({ "tool_calls": calls }))) {
        std::thread::sleep(pause);
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": null });
        event(writer, &json!({ "model": "really", "choices": [choice] }).to_string())?;
    }
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": finish_reason });
    event(writer, &json!({ "choices": [choice] }).to_string())?;
    event(writer, &json!({ "choices": [], "usage": usage }).to_string())?;
    event(writer, "[DONE]")?;
    writer.write_all(b"0\r\n\r\n")?;
    Ok(true)
}

fn event(writer: &mut TcpStream, data: &str) -> std::io::Result<()> {
    let event = format!("data: {data}\n\n");
    writer.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())
}

fn whole(writer: &mut TcpStream, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    writer.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}
