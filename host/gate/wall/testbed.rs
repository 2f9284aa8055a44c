//! What a measurement was made on: wall-clock times of two machines are not to be compared.

use std::fs;

use serde::{Deserialize, Serialize};

/// A machine with what runs on it, as far as times depend on it. What is unknown is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testbed {
    /// The processor's name.
    pub cpu: Option<String>,
    /// Threads that run at once: those that this process is allowed to use.
    pub cores: Option<u32>,
    /// The operating system with its version.
    pub os: String,
    /// The kernel's release, where it says so, and the processor's architecture.
    pub kernel_arch: String,
    /// The version of timeslip that measured.
    pub timeslip: String,
}

impl Testbed {
    /// The machine that this runs on.
    pub fn of_this_machine() -> Testbed {
        let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let cores = std::thread::available_parallelism();
        let kernel = text("/proc/sys/kernel/osrelease");
        Testbed {
            cpu: cpu(&text("/proc/cpuinfo")),
            cores: cores.ok().and_then(|cores| u32::try_from(cores.get()).ok()),
            os: os(&text("/etc/os-release")).unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel_arch: format!("{} {}", kernel.trim(), std::env::consts::ARCH).trim().to_owned(),
            timeslip: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Where two differ, a line each: `cores: 2 against 4`. What neither of them knows is no
    /// difference; what only one of them knows is.
    pub fn differences(&self, other: &Testbed) -> Vec<String> {
        let parts = |one: &Testbed| {
            let unknown = || "unknown".to_owned();
            [
                ("cpu", one.cpu.clone().unwrap_or_else(unknown)),
                ("cores", one.cores.map_or_else(unknown, |cores| cores.to_string())),
                ("os", one.os.clone()),
                ("kernel", one.kernel_arch.clone()),
                ("timeslip", one.timeslip.clone()),
            ]
        };
        let both = parts(self).into_iter().zip(parts(other));
        both.filter(|((_, here), (_, there))| here != there)
            .map(|((name, here), (_, there))| format!("{name}: {here} against {there}"))
            .collect()
    }
}

/// The processor's name in the text of `/proc/cpuinfo`; on ARM, which gives none, its numbers.
fn cpu(text: &str) -> Option<String> {
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = pairs.find(|(name, _)| name.trim() == key)?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let named = ["model name", "Model", "cpu", "uarch"].into_iter().find_map(value);
    let numbered = || {
        let (implementer, part) = (value("CPU implementer")?, value("CPU part")?);
        Some(format!("implementer {implementer} part {part}"))
    };
    named.or_else(numbered)
}

/// The system's name in the text of `/etc/os-release`.
fn os(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim().trim_matches(['"', '\'']).to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Testbed {
        Testbed {
            cpu: Some("AMD EPYC 9B14".to_owned()),
            cores: Some(2),
            os: "Debian GNU/Linux 13 (trixie)".to_owned(),
            kernel_arch: "6.12.0 x86_64".to_owned(),
            timeslip: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn each_difference_is_named() {
        assert!(one().differences(&one()).is_empty());
        let other = Testbed { cores: Some(4), cpu: None, ..one() };
        assert_eq!(
            one().differences(&other),
            ["cpu: AMD EPYC 9B14 against unknown", "cores: 2 against 4"]
        );
        let older = Testbed { timeslip: "0.0.9".to_owned(), ..one() };
        assert_eq!(one().differences(&older), ["timeslip: 0.1.0 against 0.0.9"]);
        let unknown = Testbed { cpu: None, ..one() };
        assert!(unknown.differences(&unknown.clone()).is_empty());
    }

    #[test]
    fn processors_and_systems_are_read_from_their_files() {
        let intel = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) @ 2.00GHz\n";
        assert_eq!(cpu(intel).as_deref(), Some("Intel(R) Xeon(R) @ 2.00GHz"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        assert_eq!(cpu(arm).as_deref(), Some("implementer 0x41 part 0xd40"));
        assert_eq!(cpu("nothing of it"), None);
        let debian = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n";
        assert_eq!(os(debian).as_deref(), Some("Debian GNU/Linux 13 (trixie)"));
        assert_eq!(os(""), None);
    }

    #[test]
    fn this_machine_is_itself() {
        let here = Testbed::of_this_machine();
        assert!(here.differences(&Testbed::of_this_machine()).is_empty());
        assert!(!here.os.is_empty() && here.kernel_arch.contains(std::env::consts::ARCH));
    }
}
