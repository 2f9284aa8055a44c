//! Where a registry is, as it is written.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::error::{MarketError, Result};

/// Where a registry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// A folder.
    Folder(PathBuf),
    /// A server.
    Remote(Address),
}

/// A server, and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The host, with a port if it has one.
    pub(super) host: String,
    /// What stands before the repositories' own names; may be empty.
    pub(super) prefix: String,
}

impl Address {
    /// Whether it is this computer, which needs no TLS.
    pub(super) fn is_loopback(&self) -> bool {
        let bare = match self.host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.host.split(':').next().unwrap_or_default(),
        };
        bare == "localhost"
            || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Location {
    /// Reads a place. What begins with `.`, `/` or `~`, or is a folder already, is a path.
    pub(super) fn parse(place: &str, base: &Path) -> Result<Location> {
        let is_path = place.starts_with(['.', '/', '~'])
            || place.starts_with("file://")
            || !place.contains(['.', ':'])
            || base.join(place).is_dir();
        if place.is_empty() || place.chars().any(char::is_control) {
            return Err(MarketError::refused(format!(
                "`{}` is no place of a registry",
                place.escape_debug()
            )));
        }
        if !is_path {
            return address(place.strip_prefix("oci://").unwrap_or(place)).map(Location::Remote);
        }
        let path = place.strip_prefix("file://").unwrap_or(place);
        let path = match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => base.join(path),
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        Ok(Location::Folder(without_dots(&path)))
    }
}

/// A path without `.` and `..`, so that one folder has one name.
fn without_dots(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

fn address(text: &str) -> Result<Address> {
    let wrong = |problem: &str| {
        let text = text.escape_debug();
        Err(MarketError::refused(format!("`{text}` is no place of a registry: {problem}")))
    };
    if text.contains("://") {
        return wrong(
            "write `HOST[:PORT]/PREFIX` without a scheme; a folder begins with `./` or `/`",
        );
    }
    let (host, prefix) = text.split_once('/').unwrap_or((text, ""));
    let prefix = prefix.trim_end_matches('/');
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(of_host) {
        return wrong("what stands before the first `/` is no host");
    }
    let part = |part: &str| {
        let of_part =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        !part.is_empty()
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(of_part)
    };
    if !prefix.is_empty() && !prefix.split('/').all(part) {
        return wrong("its prefix may have a-z, 0-9, `.`, `_`, `-` and `/` alone");
    }
    Ok(Address { host: host.to_ascii_lowercase(), prefix: prefix.to_owned() })
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Folder(folder) => write!(f, "{}", folder.display()),
            Location::Remote(Address { host, prefix }) if prefix.is_empty() => f.write_str(host),
            Location::Remote(Address { host, prefix }) => write!(f, "{host}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(place: &str) -> Result<Location> {
        Location::parse(place, Path::new("/base"))
    }

    #[test]
    fn folders_are_told_from_servers() {
        for (place, folder) in [
            ("registry", "/base/registry"),
            ("./a/../registry", "/base/registry"),
            ("/tmp/registry", "/tmp/registry"),
            ("file:///tmp/registry", "/tmp/registry"),
        ] {
            assert_eq!(parse(place), Ok(Location::Folder(PathBuf::from(folder))), "{place}");
        }
        for (place, host, prefix) in [
            ("ghcr.io/acme/plugins", "ghcr.io", "acme/plugins"),
            ("127.0.0.1:5000", "127.0.0.1:5000", ""),
            ("localhost:5000/a/", "localhost:5000", "a"),
            ("oci://registry.example.org/a", "registry.example.org", "a"),
        ] {
            let address = Address { host: host.to_owned(), prefix: prefix.to_owned() };
            assert_eq!(parse(place), Ok(Location::Remote(address)), "{place}");
        }
        for wrong in
            ["", "https://ghcr.io/a", "a.b/../c", "a.b/C", "user@a.b/c", "a.b/c?d", "\u{1b}.b"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_computer_is_spoken_to_without_tls() {
        let is_loopback =
            |host: &str| Address { host: host.to_owned(), prefix: String::new() }.is_loopback();
        for host in ["127.0.0.1:5000", "localhost", "[::1]:80", "127.8.8.8"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["127.0.0.1.evil.com", "ghcr.io", "10.0.0.1:5000", "localhost.evil.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
