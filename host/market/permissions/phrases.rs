//! Permissions in words, for whoever consents.

use super::{Access, Fs, LimitsNeeded, Llm, Net, Permissions, Secret, Tools, Unused};

impl Permissions {
    /// One line for each thing that it may do, with its reason.
    pub fn phrases(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = Vec::new();
        lines.extend(self.net.iter().map(|net| (net_phrase(net), net.why.clone())));
        lines.extend(self.fs.iter().map(|fs| (fs_phrase(fs), fs.why.clone())));
        lines.extend(self.secret.iter().map(|one| (secret_phrase(one), one.why.clone())));
        lines.extend(self.llm.iter().map(|llm| (llm_phrase(llm), llm.why.clone())));
        lines.extend(self.tools.iter().map(|tools| (tools_phrase(tools), tools.why.clone())));
        lines.extend(self.unused.iter().map(|one| (unused_phrase(one), one.why.clone())));
        lines.extend(self.limits.iter().map(|one| (limits_phrase(one), String::new())));
        lines
    }
}

pub(super) fn net_phrase(net: &Net) -> String {
    let host = match net.host.as_str() {
        "*" => format!("any server at port {}", net.port),
        host => format!("{host}:{}", net.port),
    };
    format!("fetch from {host} ({})", net.methods.join(", "))
}

pub(super) fn fs_phrase(fs: &Fs) -> String {
    let does = match fs.access {
        Access::Read => "read",
        Access::Write => "read and write",
    };
    match fs.path.as_str() {
        "." => format!("{does} the folder it is granted"),
        path => format!("{does} {path} in the folder it is granted"),
    }
}

pub(super) fn secret_phrase(secret: &Secret) -> String {
    format!("be given the secret {}", secret.name)
}

pub(super) fn llm_phrase(llm: &Llm) -> String {
    let models = match llm.models.iter().any(|model| model == "*") {
        true => "any model".to_owned(),
        false => llm.models.join(", "),
    };
    match llm.max_tokens_per_run {
        Some(tokens) => format!("ask {models} for at most {tokens} tokens a run"),
        None => format!("ask {models} for any number of tokens"),
    }
}

fn tools_phrase(tools: &Tools) -> String {
    match tools.plugins.as_slice() {
        [] => "call the tools that a bench gives it".to_owned(),
        plugins => format!("call tools, and needs {}", plugins.join(", ")),
    }
}

fn unused_phrase(unused: &Unused) -> String {
    format!("imports {} and makes no use of it", unused.import)
}

pub(super) fn limits_phrase(limits: &LimitsNeeded) -> String {
    let memory = limits.memory_mb.map(|mb| format!("{mb} MiB of memory"));
    let wall = limits.wall_ms.map(|ms| format!("{ms} ms of computing at a time"));
    let both: Vec<String> = memory.into_iter().chain(wall).collect();
    format!("use {}", both.join(" and "))
}
