//! Who we are to a registry, and to whom that is told.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::Deserialize;

use super::http::{Transport, origin_text};
use crate::error::{MarketError, Result};
use crate::files::read_if_there;

/// Hosts of tokens that are not the registry's own, and may have its credentials.
const REALMS: [(&str, &str); 3] = [
    ("registry-1.docker.io", "auth.docker.io"),
    ("docker.io", "auth.docker.io"),
    ("registry.gitlab.com", "gitlab.com"),
];

/// The largest answer with a token, and the largest file of credentials.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

/// A user's name and password.
#[derive(Clone)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: std::collections::BTreeMap<String, DockerAuth>,
}

#[derive(Deserialize)]
struct DockerAuth {
    #[serde(default)]
    auth: String,
}

impl Credentials {
    /// Those that other programs have written down for a host.
    pub(super) fn of_user(host: &str) -> Option<Credentials> {
        let folder = std::env::var_os("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")))?;
        let bytes = read_if_there(&folder.join("config.json"), TOKEN_BYTES_MAX).ok()??;
        Credentials::in_config(&bytes, host)
    }

    fn in_config(config: &[u8], host: &str) -> Option<Credentials> {
        let config: DockerConfig = serde_json::from_slice(config).ok()?;
        let auth = config.auths.iter().find(|(place, _)| {
            let place = place.strip_prefix("https://").unwrap_or(place);
            place.split('/').next() == Some(host)
        })?;
        let decoded = String::from_utf8(STANDARD.decode(&auth.1.auth).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some(Credentials { user: user.to_owned(), password: password.to_owned() })
    }

    fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// What a registry asks for, in `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The header that a challenge asks for.
///
/// # Errors
/// When the realm may not be asked, or gives no token.
pub(super) fn answer_to(
    transport: &Transport,
    challenge: &str,
    credentials: Option<&Credentials>,
) -> Result<Option<String>> {
    match read(challenge) {
        None => Ok(None),
        Some(Challenge::Basic) => Ok(credentials.map(Credentials::header)),
        Some(Challenge::Bearer { realm, service, scope }) => {
            let wrong = |problem: String| {
                MarketError::refused(format!("the registry sends us for a token to {problem}"))
            };
            let mut url = Url::parse(&realm)
                .map_err(|_| wrong(format!("`{}`, which is no address", realm.escape_debug())))?;
            if !transport.is_safe(&url) {
                let place = origin_text(&url);
                return Err(wrong(format!("{place}, which is not over TLS; it is not asked")));
            }
            url.query_pairs_mut()
                .extend_pairs(service.iter().map(|service| ("service", service)))
                .extend_pairs(scope.iter().map(|scope| ("scope", scope)));
            let mut request = transport.request(Method::GET, url.clone());
            if let Some(credentials) = credentials {
                if !may_have_credentials(&transport.origin, &url) {
                    let place = origin_text(&url);
                    return Err(wrong(format!(
                        "{place}, which is another server than its own; its credentials are not sent \
                         there"
                    )));
                }
                request = request.header("authorization", credentials.header());
            }
            let answer = transport.send(request, TOKEN_BYTES_MAX)?;
            if !answer.status.is_success() {
                return Err(answer.unexpected("asking for a token"));
            }
            let token: Token = serde_json::from_slice(&answer.body)
                .map_err(|error| MarketError::failed(format!("the token is none: {error}")))?;
            Ok(token.token.or(token.access_token).map(|token| format!("Bearer {token}")))
        }
    }
}

fn may_have_credentials(registry: &Url, realm: &Url) -> bool {
    let (Some(registry_host), Some(realm_host)) = (registry.host_str(), realm.host_str()) else {
        return false;
    };
    registry.origin() == realm.origin()
        || (registry_host == realm_host && realm.scheme() == "https")
        || REALMS.contains(&(registry_host, realm_host))
}

fn read(challenge: &str) -> Option<Challenge> {
    let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let value = |name: &str| {
        let (_, after) = rest.split_once(&format!("{name}=\""))?;
        after.split('"').next().map(str::to_owned)
    };
    Some(Challenge::Bearer {
        realm: value("realm")?,
        service: value("service"),
        scope: value("scope"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_in_parts() {
        let text = "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"repository:a/b:pull,push\"";
        let part = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(text),
            Some(Challenge::Bearer {
                realm: "https://ghcr.io/token".to_owned(),
                service: part("ghcr.io"),
                scope: part("repository:a/b:pull,push"),
            })
        );
        assert_eq!(read("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(read("Negotiate"), None);
    }

    #[test]
    fn credentials_go_to_the_registry_and_to_known_servers_of_tokens_alone() {
        let may = |registry: &str, realm: &str| {
            may_have_credentials(&Url::parse(registry).unwrap(), &Url::parse(realm).unwrap())
        };
        assert!(may("https://ghcr.io/", "https://ghcr.io/token"));
        assert!(may("https://registry-1.docker.io/", "https://auth.docker.io/token"));
        for realm in
            ["https://evil.com/token", "https://ghcr.io.evil.com/token", "http://ghcr.io/token"]
        {
            assert!(!may("https://ghcr.io/", realm), "{realm}");
        }
    }

    #[test]
    fn credentials_are_found_where_other_programs_keep_them() {
        let config = b"{\"auths\":{\"https://ghcr.io/v2/\":{\"auth\":\"YTpi\"},\"b.org\":{}}}";
        let found = Credentials::in_config(config, "ghcr.io").unwrap();
        assert_eq!((found.user.as_str(), found.password.as_str()), ("a", "b"));
        assert!(Credentials::in_config(config, "b.org").is_none());
        assert!(!format!("{found:?}").contains("\"b\""));
    }
}
