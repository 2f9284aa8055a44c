//! A server for tests, on this computer: it reads requests and does as a script says, byte by byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a server does with a connection once it has read a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Writes these bytes until nobody reads them.
    SendForever(Vec<u8>),
    /// Waits so many milliseconds.
    Wait(u64),
    /// Does nothing until the client has gone.
    Hang,
    /// Waits for another request on the connection. Only at the end of a script.
    Keep,
    /// Cuts the connection, so that the client gets an error and no end.
    Reset,
}

/// Writes a text.
pub(crate) fn send(text: impl Into<String>) -> Act {
    Act::Send(text.into().into_bytes())
}

/// Writes a head; the body after it ends with the connection.
pub(crate) fn head(status: &str, content_type: &str, headers: &str) -> Act {
    send(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n{headers}connection: close\r\n\r\n"
    ))
}

/// Writes the head of a stream.
pub(crate) fn stream_head() -> Act {
    head("200 OK", "text/event-stream; charset=utf-8", "")
}

/// Writes a chunk with this content.
pub(crate) fn chunk(content: &str) -> Act {
    let content = serde_json::to_string(content).unwrap();
    send(format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{content}}}}}]}}\n\n"))
}

/// Writes the end of a stream: a finish reason, usage, and `[DONE]`.
pub(crate) fn stream_end() -> Act {
    send(
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3}}\n\n\
         data: [DONE]\n\n",
    )
}

/// A whole stream in HTTP's chunks, with its end a little later, on a connection that is kept.
pub(crate) fn kept_stream() -> Vec<Act> {
    let framed = |act: Act| match act {
        Act::Send(bytes) => {
            send(format!("{:x}\r\n{}\r\n", bytes.len(), String::from_utf8(bytes).unwrap()))
        }
        other => other,
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let end = send("0\r\n\r\n");
    vec![
        send(head),
        framed(chunk("Hel")),
        framed(chunk("lo")),
        framed(stream_end()),
        Act::Wait(5),
        end,
        Act::Keep,
    ]
}

/// A whole stream.
pub(crate) fn good_stream() -> Vec<Act> {
    vec![stream_head(), chunk("Hel"), chunk("lo"), stream_end()]
}

/// An answer in one piece.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<Act> {
    vec![head(status, "application/json", headers), send(body)]
}

/// A server under way; it ends with the test.
pub(crate) struct Loopback {
    /// What to put before `/chat/completions`.
    pub(crate) base_url: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    gone: AtomicUsize,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Loopback {
    /// A server that follows one script after the other, one a request; the last one stays.
    pub(crate) async fn start(scripts: Vec<Vec<Act>>) -> Loopback {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(connection, scripts.clone(), shared.clone()));
            }
        });
        Loopback { base_url, seen, task }
    }

    /// The requests so far, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.seen.most_open.load(Ordering::SeqCst)
    }

    /// Waits until this many clients have gone before their script was done.
    pub(crate) async fn wait_for_gone(&self, clients: usize) {
        while self.seen.gone.load(Ordering::SeqCst) < clients {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn serve(mut connection: TcpStream, scripts: Vec<Vec<Act>>, seen: Arc<Seen>) {
    while let Some(request) = read_request(&mut connection).await {
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        let script = &scripts[number.min(scripts.len() - 1)];
        if !follow_all(script, &mut connection, &seen).await {
            seen.gone.fetch_add(1, Ordering::SeqCst);
        }
        match script.last() {
            Some(Act::Keep) => {}
            Some(Act::Reset) => return connection.set_zero_linger().unwrap(),
            _ => return drop(connection.shutdown().await),
        }
    }
}

/// Does all that a script says, and tells whether the client stayed.
async fn follow_all(script: &[Act], connection: &mut TcpStream, seen: &Seen) -> bool {
    let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
    seen.most_open.fetch_max(open, Ordering::SeqCst);
    let (last, before) = script.split_last().expect("a script has an act");
    let mut is_there = true;
    for act in before {
        is_there &= follow(act, connection).await;
    }
    // A client may come again as soon as it has the last bytes, so it is counted out before.
    seen.open.fetch_sub(1, Ordering::SeqCst);
    follow(last, connection).await && is_there
}

/// Does what a script says, and tells whether the client is still there.
pub(crate) async fn follow(
    act: &Act,
    connection: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> bool {
    match act {
        Act::Send(bytes) => connection.write_all(bytes).await.is_ok(),
        Act::SendForever(bytes) => {
            while connection.write_all(bytes).await.is_ok() {}
            false
        }
        Act::Wait(milliseconds) => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            true
        }
        Act::Hang => {
            let mut rest = [0; 64];
            while matches!(connection.read(&mut rest).await, Ok(read) if read > 0) {}
            false
        }
        Act::Keep | Act::Reset => true,
    }
}

/// Reads a head and the body that it announces.
pub(crate) async fn read_request(connection: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
