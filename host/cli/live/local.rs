//! A GGUF file of the user's own, served by llama.cpp's server while a bench runs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::exit::Failure;

/// The environment variable that names the server's program.
const PROGRAM_VARIABLE: &str = "TIMESLIP_LLAMA_SERVER";
/// Its name where nothing else is said.
const PROGRAM: &str = "llama-server";
/// Weights of some hundred gigabytes come from a slow disk in about this time.
const LOADING_SECONDS_MAX: u64 = 600;

/// A server of the user's model, which ends with it.
pub(crate) struct LocalServer {
    child: Child,
    /// The address for `--endpoint`.
    pub(crate) url: String,
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl LocalServer {
    /// Serves a file on a free port of the loopback, and waits until it is loaded.
    ///
    /// # Errors
    /// When the program cannot be started, or does not load the file.
    pub(crate) fn start(file: &Path) -> Result<LocalServer, Failure> {
        if !file.is_file() {
            return Err(Failure::usage(format!("--gguf: there is no file {}", file.display())));
        }
        let program = std::env::var(PROGRAM_VARIABLE).unwrap_or_else(|_| PROGRAM.to_owned());
        let port = free_port().map_err(|error| Failure::run(format!("no free port: {error}")))?;
        let child = Command::new(&program)
            .arg("--model")
            .arg(file)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--jinja"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                Failure::usage(format!(
                    "cannot start {program}: {error}\n  fix: install llama.cpp, or name its server \
                     by {PROGRAM_VARIABLE}"
                ))
            })?;
        let mut server = LocalServer { child, url: format!("http://127.0.0.1:{port}/v1") };
        server.wait_until_loaded(port, &program, file)?;
        Ok(server)
    }

    fn wait_until_loaded(&mut self, port: u16, program: &str, file: &Path) -> Result<(), Failure> {
        let began = Instant::now();
        let by_hand = format!("{program} --model {}", file.display());
        while began.elapsed() < Duration::from_secs(LOADING_SECONDS_MAX) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Failure::run(format!(
                    "{program} ended while it loaded {}: {status}\n  fix: `{by_hand}` says why",
                    file.display()
                )));
            }
            if is_healthy(port) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::run(format!(
            "{program} has not loaded {} within {LOADING_SECONDS_MAX} s\n  fix: see what `{by_hand}` \
             does",
            file.display()
        )))
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether the server says that its model is there.
fn is_healthy(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let patience = Duration::from_secs(2);
    let ask = || -> std::io::Result<bool> {
        let mut connection = TcpStream::connect_timeout(&address, patience)?;
        connection.set_read_timeout(Some(patience))?;
        connection.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut head = [0; 12];
        connection.read_exact(&mut head)?;
        Ok(&head == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
