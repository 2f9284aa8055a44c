//! Whether permissions cover what somebody wants to do, or what other permissions allow.

use reqwest::Url;

use super::{Access, Fs, LimitsNeeded, Llm, Net, Permissions};

impl Permissions {
    /// Why a bench may not let it fetch from an address: `https://example.org/docs/*`.
    pub fn address_problem(&self, address: &str, methods: &[String]) -> Option<String> {
        // A `*` at the end is no part of an address.
        let Ok(url) = Url::parse(address.trim_end_matches('*')) else {
            return Some(format!("`{address}` is no address"));
        };
        let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default()?);
        let here = |net: &&Net| net.port == port && host_covers(&net.host, &host);
        let allowed: Vec<&Net> = self.net.iter().filter(here).collect();
        if allowed.is_empty() {
            return Some(format!("it declares no [[net]] for {host}:{port}"));
        }
        let wanted = methods
            .iter()
            .find(|method| !allowed.iter().any(|net| net.methods.iter().any(|one| one == *method)));
        wanted.map(|method| format!("it declares no `{method}` for {host}:{port}"))
    }

    /// Why a bench may not grant it a folder.
    pub fn files_problem(&self, write: bool) -> Option<String> {
        match (self.fs.is_empty(), write) {
            (true, _) => Some("it declares no [[fs]]".to_owned()),
            (false, true) if self.fs.iter().all(|fs| fs.access == Access::Read) => {
                Some("its [[fs]] declares that it reads alone".to_owned())
            }
            (false, _) => None,
        }
    }

    /// Why a bench may not grant it a model; `*` is every one.
    pub fn model_problem(&self, model: &str) -> Option<String> {
        match &self.llm {
            None => Some("it declares no [llm]".to_owned()),
            Some(llm) if llm.models.iter().any(|one| one == "*" || one == model) => None,
            Some(llm) => Some(format!("its [llm] declares {} alone", llm.models.join(", "))),
        }
    }

    /// Whether everything that other permissions allow is allowed by these.
    pub fn covers(&self, other: &Permissions) -> bool {
        other.net.iter().all(|net| self.net.iter().any(|own| net_covers(own, net)))
            && other.fs.iter().all(|fs| self.fs.iter().any(|own| fs_covers(own, fs)))
            && other.secret.iter().all(|one| self.secret.iter().any(|own| own.name == one.name))
            && other.llm.iter().all(|llm| self.llm.iter().any(|own| llm_covers(own, llm)))
            && other.limits.iter().all(|one| limits_cover(self.limits.as_ref(), one))
    }
}

/// Whether a pattern of hosts stands for a host, or for all that another pattern stands for.
fn host_covers(pattern: &str, host: &str) -> bool {
    pattern == "*"
        || pattern == host
        || pattern
            .strip_prefix('*')
            .is_some_and(|below| host.len() > below.len() && host != "*" && host.ends_with(below))
}

pub(super) fn net_covers(own: &Net, other: &Net) -> bool {
    own.port == other.port
        && host_covers(&own.host, &other.host)
        && other.methods.iter().all(|method| own.methods.contains(method))
}

pub(super) fn fs_covers(own: &Fs, other: &Fs) -> bool {
    let inside = own.path == "."
        || own.path == other.path
        || other.path.strip_prefix(&own.path).is_some_and(|rest| rest.starts_with('/'));
    inside && other.access <= own.access
}

pub(super) fn llm_covers(own: &Llm, other: &Llm) -> bool {
    let every = own.models.iter().any(|model| model == "*");
    let models = every || other.models.iter().all(|model| own.models.contains(model));
    models && at_most(own.max_tokens_per_run, other.max_tokens_per_run)
}

pub(super) fn limits_cover(own: Option<&LimitsNeeded>, other: &LimitsNeeded) -> bool {
    let none = LimitsNeeded { memory_mb: None, wall_ms: None };
    let own = own.unwrap_or(&none);
    // What says nothing gets what a bench gives to all, so asking for more is what counts.
    let within = |own: Option<u64>, other: Option<u64>| match (own, other) {
        (_, None) => true,
        (Some(own), Some(other)) => other <= own,
        (None, Some(_)) => false,
    };
    within(own.memory_mb, other.memory_mb) && within(own.wall_ms, other.wall_ms)
}

/// Whether a limit holds another one in; none is no limit.
fn at_most(own: Option<u64>, other: Option<u64>) -> bool {
    match (own, other) {
        (None, _) => true,
        (Some(own), Some(other)) => other <= own,
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(text: &str) -> Permissions {
        Permissions::parse(text).unwrap()
    }

    const ONE: &str = "[[net]]\nhost = \"*.example.org\"\nwhy = \"a\"\n[[fs]]\npath = \"data\"\n\
        access = \"write\"\nwhy = \"a\"\n[llm]\nmodels = [\"one\"]\nmax_tokens_per_run = 100\nwhy = \"a\"\n";

    #[test]
    fn an_address_is_held_against_host_port_and_method() {
        let one = permissions(ONE);
        let allowed = |address: &str| one.address_problem(address, &[]).is_none();
        assert!(allowed("https://api.example.org/docs/*"));
        assert!(allowed("https://a.b.example.org"));
        for wrong in [
            "https://example.org",
            "https://example.org.evil.com",
            "https://evilexample.org",
            "http://api.example.org",
            "https://api.example.org:8443/",
            "https://api.example.org@evil.com/",
        ] {
            assert!(!allowed(wrong), "{wrong}");
        }
        let problem = one.address_problem("https://api.example.org/", &["POST".to_owned()]);
        assert_eq!(problem.unwrap(), "it declares no `POST` for api.example.org:443");
    }

    #[test]
    fn what_is_narrower_is_covered_and_what_is_wider_is_not() {
        let one = permissions(ONE);
        assert!(one.covers(&one) && one.covers(&Permissions::default()));
        assert!(!Permissions::default().covers(&one));
        for (from, to) in [
            ("*.example.org", "api.example.org"),
            ("\"data\"", "\"data/in\""),
            ("\"write\"", "\"read\""),
            ("= 100", "= 99"),
        ] {
            let narrower = permissions(&ONE.replace(from, to));
            assert!(one.covers(&narrower), "{to}");
            assert!(!narrower.covers(&one), "{to}");
        }
        let other = permissions(&ONE.replace("\"data\"", "\"database\""));
        assert!(!one.covers(&other) && !other.covers(&one));
    }

    #[test]
    fn files_and_models_are_granted_as_declared() {
        let reads = permissions(&ONE.replace("\"write\"", "\"read\""));
        assert_eq!(reads.files_problem(false), None);
        assert!(reads.files_problem(true).is_some());
        assert!(Permissions::default().files_problem(false).is_some());
        assert_eq!(reads.model_problem("one"), None);
        assert!(reads.model_problem("*").is_some() && reads.model_problem("two").is_some());
    }
}
