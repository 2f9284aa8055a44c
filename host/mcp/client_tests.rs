//! Servers that are a shell script: what they must say, and what becomes of those that do not.

#![cfg(unix)]

use std::time::{Duration, Instant};

use timeslip_timeline::http::{HttpError, HttpRequest};

use crate::client::{RunningServer, ServerPlace, ServerPlan};
use crate::error::ServerError;
use crate::wire::request;

/// Answers the handshake, lists one tool, and then does what `rest` says.
fn script(rest: &str) -> String {
    let hello = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}"#;
    let tools = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}}"#;
    format!("read a; echo '{hello}'; read b; read c; echo '{tools}'; read d\n{rest}")
}

fn plan(script: &str) -> ServerPlan {
    ServerPlan {
        name: "shell".into(),
        place: ServerPlace::Program {
            program: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: Vec::new(),
            folder: ".".into(),
        },
        only: None,
        start_within: Duration::from_secs(20),
        answer_within: Duration::from_secs(20),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn echo() -> HttpRequest {
    request("shell", "echo", r#"{"text":"hi"}"#).unwrap()
}

fn failed(plan: &ServerPlan) -> ServerError {
    match block_on(RunningServer::start(plan, "0")) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[test]
fn a_call_is_asked_and_answered() {
    let answer = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"hi"}]}}"#;
    block_on(async {
        let rest = format!("echo 'no JSON'; echo '{answer}'; sleep 30");
        let server = RunningServer::start(&plan(&script(&rest)), "0").await.unwrap();
        assert_eq!(server.definitions()[0].name, "echo");
        let response = server.answer(&echo()).await.unwrap();
        let body = String::from_utf8(response.body).unwrap();
        assert_eq!(
            (response.status, body.as_str()),
            (200, r#"{"content":[{"type":"text","text":"hi"}]}"#)
        );
    });
}

#[test]
fn a_server_that_hangs_dies_or_floods_ends_the_call_and_nothing_else() {
    let late =
        ServerPlan { answer_within: Duration::from_millis(300), ..plan(&script("sleep 30")) };
    let flood = "head -c 20000000 /dev/zero | tr '\\0' 'a'; echo; sleep 30";
    let flooded = ServerPlan { answer_within: Duration::from_secs(2), ..plan(&script(flood)) };
    let began = Instant::now();
    for (plan, is_late) in [(late, true), (plan(&script("exit 3")), false), (flooded, true)] {
        let error = block_on(async {
            let server = RunningServer::start(&plan, "0").await.unwrap();
            server.answer(&echo()).await.unwrap_err()
        });
        assert_eq!(matches!(error, HttpError::Timeout(_)), is_late, "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_server_ends_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let rest = "sleep 30";
    let started = format!("sleep 60 & echo $! > {}; {}", path.display(), script(rest));
    block_on(async {
        let server = RunningServer::start(&plan(&started), "0").await.unwrap();
        drop(server);
    });
    let pid: i32 = std::fs::read_to_string(path).unwrap().trim().parse().unwrap();
    let is_there =
        || nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok() && !is_dead(pid);
    let began = Instant::now();
    while is_there() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!is_there(), "the process {pid} outlives its server");
}

/// Whether a process has ended and nobody has taken note of it yet.
fn is_dead(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

#[test]
fn what_cannot_be_used_is_told_with_the_reason() {
    let mut missing = plan("");
    missing.place = ServerPlace::Program {
        program: "no-such-program".to_owned(),
        arguments: Vec::new(),
        environment: Vec::new(),
        folder: ".".into(),
    };
    assert!(failed(&missing).to_string().starts_with("cannot start `no-such-program`: "));
    let told = failed(&plan("echo 'no module named time' >&2; exit 1")).to_string();
    assert!(told.contains("it said last: no module named time"), "{told}");
    let silent = ServerPlan { start_within: Duration::from_millis(300), ..plan("sleep 30") };
    assert!(failed(&silent).to_string().contains("nothing within 300ms"));
    let only = ServerPlan { only: Some(vec!["ecko".to_owned()]), ..plan(&script("sleep 30")) };
    let told = failed(&only).to_string();
    assert!(
        told.contains("`only` names `ecko`") && told.contains("the nearest is `echo`"),
        "{told}"
    );
    let mut variable = plan("");
    if let ServerPlace::Program { environment, .. } = &mut variable.place {
        environment.push("TIMESLIP_NO_SUCH_VARIABLE".to_owned());
    }
    assert!(failed(&variable).to_string().contains("TIMESLIP_NO_SUCH_VARIABLE is not set"));
}

#[test]
fn a_server_sees_nothing_of_the_environment_that_is_not_named() {
    let told = failed(&plan("env | cut -d= -f1 | sort | tr '\\n' ' ' >&2; exit 1")).to_string();
    let said = told.rsplit("it said last: ").next().unwrap();
    let known = ["PATH", "HOME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(said.split_whitespace().all(|name| known.contains(&name)), "{said}");
}
