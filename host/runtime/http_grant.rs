//! Which addresses a tool plugin may fetch from, and by which methods.

use url::Url;

/// The methods that need no grant of their own, since they change nothing.
const READING: [&str; 2] = ["GET", "HEAD"];

/// What a plugin may fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpGrant {
    addresses: Vec<GrantedAddress>,
    /// Beside those that only read.
    methods: Vec<String>,
}

/// An address of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GrantedAddress {
    written: String,
    /// The address in its normal form.
    url: Url,
    /// Whether its path is the beginning of those that are granted.
    is_beginning: bool,
}

/// A part of a grant that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` {problem}")]
pub struct BadHttpGrant {
    /// The part, as the bench writes it.
    pub written: String,
    /// What is wrong with it, and the fix.
    pub problem: String,
}

impl HttpGrant {
    /// Reads addresses and the methods that are granted beside `GET` and `HEAD`.
    ///
    /// An address has scheme, host and port, which must be equal to those of a request, and a path,
    /// which must be equal unless it ends in `*`; without a path it is the whole server.
    ///
    /// # Errors
    /// The first part that cannot be read.
    pub fn new(addresses: &[String], methods: &[String]) -> Result<HttpGrant, BadHttpGrant> {
        let bad =
            |written: &String, problem: String| BadHttpGrant { written: written.clone(), problem };
        if let Some(method) = methods.iter().find(|method| !is_method(method)) {
            let problem = "is no method; write its name in capitals, such as \"POST\"".to_owned();
            return Err(bad(method, problem));
        }
        let read = |written: &String| {
            GrantedAddress::read(written).map_err(|problem| bad(written, problem))
        };
        let addresses: Vec<GrantedAddress> =
            addresses.iter().map(read).collect::<Result<_, _>>()?;
        if let (true, Some(method)) = (addresses.is_empty(), methods.first()) {
            let problem = "is a method without an address; add the address to `http`".to_owned();
            return Err(bad(method, problem));
        }
        Ok(HttpGrant { addresses, methods: methods.to_vec() })
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// The addresses, as the bench writes them.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(|address| address.written.as_str())
    }

    /// The methods beside those that only read.
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// Whether a request to this address, in its normal form, is granted.
    ///
    /// # Errors
    /// The refusal, which names the line to add to the bench.
    pub(crate) fn check(&self, plugin: &str, method: &str, url: &Url) -> Result<(), String> {
        if !self.addresses.iter().any(|address| address.covers(url)) {
            let mut place = url.clone();
            place.set_query(None);
            return Err(format!(
                "the plugin \"{plugin}\" has no grant for {place}: \
                 add \"{place}\" to `http` of its [[tool]] in the bench, or its beginning and `*`"
            ));
        }
        if !READING.contains(&method) && !self.methods.iter().any(|granted| granted == method) {
            return Err(format!(
                "the plugin \"{plugin}\" has no grant for the method {method}: \
                 add \"{method}\" to `http_methods` of its [[tool]] in the bench"
            ));
        }
        Ok(())
    }
}

impl GrantedAddress {
    fn read(written: &str) -> Result<GrantedAddress, String> {
        let (start, has_star) = match written.strip_suffix('*') {
            Some(start) => (start, true),
            None => (written, false),
        };
        if start.contains('*') {
            return Err("has a `*` that is not at its end; host and port are always written out, \
                        and a path may end in `*`"
                .to_owned());
        }
        let url = read_address(start).map_err(|problem| {
            format!("{problem}; write an address such as \"https://example.org/docs/*\"")
        })?;
        if url.query().is_some() || start.contains(['?', '#']) {
            return Err(
                "has a query or a fragment; a grant is for a path with all of its queries, \
                        so leave it out"
                    .to_owned(),
            );
        }
        let has_path = start.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
        if has_star && !has_path {
            return Err(format!(
                "has a `*` in its host or port; write \"{}\" for the whole server",
                start.trim_end_matches([':', '.'])
            ));
        }
        let is_beginning = has_star || !has_path;
        Ok(GrantedAddress { written: written.to_owned(), url, is_beginning })
    }

    fn covers(&self, url: &Url) -> bool {
        let granted = &self.url;
        let is_server = granted.scheme() == url.scheme()
            && granted.host() == url.host()
            && granted.port_or_known_default() == url.port_or_known_default();
        let is_path = match self.is_beginning {
            true => url.path().starts_with(granted.path()),
            false => url.path() == granted.path(),
        };
        is_server && is_path
    }
}

/// Whether a text is the name of a method that may be sent: `CONNECT` and `TRACE` are for proxies.
pub(crate) fn is_method(text: &str) -> bool {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    is_name && !["CONNECT", "TRACE"].contains(&text)
}

/// An address in its normal form, which is the one that is granted and the one that is sent.
///
/// # Errors
/// Why it is none that could be fetched.
pub(crate) fn read_address(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("has the scheme {}, and only http and https are served", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user's name or a password; send them in a header".to_owned());
    }
    // A server may take an escaped slash for a slash, and so leave the path that is granted.
    let plain = url.path().to_lowercase().replace("%2f", "/").replace("%5c", "/");
    if plain.replace("%2e", ".").split('/').any(|part| part == "..") {
        return Err("has an escaped slash beside `..` in its path".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(addresses: &[&str], methods: &[&str]) -> Result<HttpGrant, String> {
        let owned =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        HttpGrant::new(&owned(addresses), &owned(methods)).map_err(|error| error.to_string())
    }

    fn covers(address: &str, url: &str) -> bool {
        let grant = grant(&[address], &[]).unwrap();
        read_address(url).is_ok_and(|url| grant.check("p", "GET", &url).is_ok())
    }

    #[test]
    fn scheme_host_and_port_are_exact_and_a_path_may_end_in_a_star() {
        for (address, url, is_covered) in [
            ("https://example.org/docs/*", "https://example.org/docs/a?b=c#d", true),
            ("https://example.org/docs/*", "https://EXAMPLE.org:443/docs/", true),
            ("https://example.org/docs/*", "https://example.org/docs", false),
            ("https://example.org/docs/*", "https://example.org/docs/../secret", false),
            ("https://example.org/docs/*", "https://example.org/docs/%2e%2e/secret", false),
            ("https://example.org/docs/*", "https://example.org/docs/..%2Fsecret", false),
            ("https://example.org/docs/*", "https://example.org/docs/%2e%2e%5Csecret", false),
            ("https://example.org/docs/*", "http://example.org/docs/a", false),
            ("https://example.org/docs/*", "https://example.org:8443/docs/a", false),
            ("https://example.org/docs/*", "https://example.org.evil.net/docs/a", false),
            ("https://example.org/docs/*", "https://example.org@evil.net/docs/a", false),
            ("https://example.org/docs/*", "https://evil.net\\@example.org/docs/a", false),
            ("https://example.org/docs", "https://example.org/docs", true),
            ("https://example.org/docs", "https://example.org/docs/a", false),
            ("https://example.org/", "https://example.org", true),
            ("https://example.org/", "https://example.org/a", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/any/path", true),
            ("http://127.0.0.1:8080", "http://0x7f.1:8080/", true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:80801/", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1/", false),
            ("http://[::1]:8080", "http://[0:0::1]:8080/", true),
        ] {
            assert_eq!(covers(address, url), is_covered, "{address} and {url}");
        }
    }

    #[test]
    fn a_refusal_names_the_line_to_add() {
        let url = read_address("https://example.org/docs?key=1").unwrap();
        let refusal = HttpGrant::default().check("web", "GET", &url).unwrap_err();
        assert!(
            refusal.contains("add \"https://example.org/docs\" to `http` of its [[tool]]"),
            "{refusal}"
        );
        let granted = grant(&["https://example.org"], &["PUT"]).unwrap();
        assert!(granted.check("web", "HEAD", &url).is_ok());
        assert!(granted.check("web", "PUT", &url).is_ok());
        let refusal = granted.check("web", "POST", &url).unwrap_err();
        assert!(refusal.contains("add \"POST\" to `http_methods`"), "{refusal}");
    }

    #[test]
    fn a_grant_that_cannot_be_meant_says_why() {
        for (addresses, methods, problem) in [
            (&["example.org/docs"][..], &[][..], "is no address"),
            (&["ftp://example.org/"], &[], "has the scheme ftp"),
            (&["https://*.example.org/"], &[], "a `*` that is not at its end"),
            (&["https://example.org*"], &[], "write \"https://example.org\" for the whole server"),
            (&["https://example.org:*"], &[], "write \"https://example.org\" for the whole server"),
            (&["https://example.org/a?b=*"], &[], "has a query"),
            (&["https://me:pw@example.org/"], &[], "a user's name or a password"),
            (&["https://example.org"], &["post"], "`post` is no method"),
            (&["https://example.org"], &["CONNECT"], "`CONNECT` is no method"),
            (&[], &["POST"], "a method without an address"),
        ] {
            let told = grant(addresses, methods).unwrap_err();
            assert!(told.contains(problem), "{told}");
        }
    }
}
