//! Measures an OpenAI-compatible server at an address, whoever wrote it: how evenly the tokens of
//! many streams come, and how many requests it answers in a second.
//!
//! `cargo bench -p timeslip-serve --bench endpoints -- ADDRESS MODEL [NAME=VALUE]…`, with
//! `streams=100 tokens=4500 rate=1500` (tokens a second that each stream should have; 0 for
//! unknown), `connections=32 seconds=3 message=Hello`. `tests/bench/serve` starts servers for it.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is asked of a server.
struct Load {
    address: String,
    model: String,
    message: String,
    streams: usize,
    tokens: usize,
    rate: f64,
    connections: usize,
    seconds: f64,
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [address, model, rest @ ..] = arguments.as_slice() else {
        eprintln!("give the address and the model of a server: 127.0.0.1:8000 llama-3.3-70b");
        return;
    };
    let value = |name: &str, default: f64| {
        let found = rest.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        found.map_or(default, |value| value.parse().expect("a value is a number"))
    };
    let load = Load {
        address: address.clone(),
        model: model.clone(),
        message: rest
            .iter()
            .find_map(|one| one.strip_prefix("message="))
            .unwrap_or("Hello")
            .to_owned(),
        streams: value("streams", 100.0) as usize,
        tokens: value("tokens", 4500.0) as usize,
        rate: value("rate", 1500.0),
        connections: value("connections", 32.0) as usize,
        seconds: value("seconds", 3.0),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(async {
        streams(&load).await.expect("the streams come");
        requests(&load).await.expect("the requests are answered");
    });
}

fn request(load: &Load, stream: bool, tokens: usize) -> String {
    let Load { model, message, .. } = load;
    let body = format!(
        "{{\"model\":\"{model}\",\"stream\":{stream},\"max_tokens\":{tokens},\"messages\":\
         [{{\"role\":\"user\",\"content\":\"{message}\"}}]}}"
    );
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn connect(load: &Load) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// When each event of a stream came.
async fn events(mut stream: TcpStream, request: String) -> io::Result<Vec<Instant>> {
    stream.write_all(request.as_bytes()).await?;
    let mut came = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = 0;
    loop {
        let read = stream.read(&mut buffer[kept..]).await?;
        let now = Instant::now();
        let end = kept + read;
        let bytes = &buffer[..end];
        let marks = bytes.windows(8).filter(|window| *window == b"data: {\"").count();
        came.extend(std::iter::repeat_n(now, marks));
        if read == 0 || bytes.windows(12).any(|window| window == b"data: [DONE]") {
            return Ok(came);
        }
        // What may be the beginning of a mark is looked at again with what follows.
        kept = end.min(7);
        buffer.copy_within(end - kept..end, 0);
    }
}

async fn streams(load: &Load) -> io::Result<()> {
    if load.streams == 0 {
        return Ok(());
    }
    let mut tasks = Vec::new();
    let began = Instant::now();
    for _ in 0..load.streams {
        let stream = connect(load).await?;
        tasks.push(tokio::spawn(events(stream, request(load, true, load.tokens))));
    }
    let (mut gaps, mut late, mut rates, mut tokens) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for task in tasks {
        let came = task.await.expect("a stream's task ends")?;
        tokens += came.len();
        let (Some(first), Some(last)) = (came.first(), came.last()) else { continue };
        rates.push((came.len() - 1) as f64 / (*last - *first).as_secs_f64());
        let pairs = came.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64());
        let ideal = if load.rate > 0.0 { 1.0 / load.rate } else { 0.0 };
        gaps.extend(pairs.map(|gap| (gap - ideal).abs() * 1e3));
        // Against a clock that ticks at the rate, and stands so that the earliest event is in time.
        let place = |(n, at): (usize, &Instant)| (*at - *first).as_secs_f64() - n as f64 * ideal;
        let places: Vec<f64> = came.iter().enumerate().map(place).collect();
        let earliest = places.iter().copied().fold(f64::INFINITY, f64::min);
        late.extend(places.iter().map(|place| (place - earliest) * 1e3));
    }
    let took = began.elapsed().as_secs_f64();
    rates.sort_by(f64::total_cmp);
    println!(
        "{} streams: {tokens} tokens in {took:.2} s; tokens/s of a stream: least {:.0}, median {:.0}",
        load.streams,
        rates.first().copied().unwrap_or(f64::NAN),
        percentile(&rates, 0.5),
    );
    if load.rate > 0.0 {
        for (name, values) in [("gap less its ideal", &mut gaps), ("behind its clock", &mut late)] {
            values.sort_by(f64::total_cmp);
            let of = |share: f64| percentile(values, share);
            println!(
                "  {name}: p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, most {:.3} ms",
                of(0.5),
                of(0.9),
                of(0.99),
                of(0.999),
                of(1.0)
            );
        }
    }
    Ok(())
}

/// Asks one request after another, until the time is over.
async fn asker(mut stream: TcpStream, request: String, until: Instant) -> io::Result<Vec<f64>> {
    let mut took = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while Instant::now() < until {
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut end = 0;
        loop {
            let read = stream.read(&mut buffer[end..]).await?;
            end += read;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if is_whole(&buffer[..end]) {
                break;
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..end]));
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => body.len() >= length.trim().parse().unwrap_or(usize::MAX),
        None => body.ends_with("0\r\n\r\n"),
    }
}

async fn requests(load: &Load) -> io::Result<()> {
    if load.seconds == 0.0 {
        return Ok(());
    }
    let until = Instant::now() + Duration::from_secs_f64(load.seconds);
    let mut tasks = Vec::new();
    for _ in 0..load.connections {
        let stream = connect(load).await?;
        tasks.push(tokio::spawn(asker(stream, request(load, false, 4), until)));
    }
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.expect("an asker's task ends")?);
    }
    took.sort_by(f64::total_cmp);
    println!(
        "{} connections: {:.0} requests/s; p50 {:.2} ms, p99 {:.2} ms",
        load.connections,
        took.len() as f64 / load.seconds,
        percentile(&took, 0.5),
        percentile(&took, 0.99)
    );
    Ok(())
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
