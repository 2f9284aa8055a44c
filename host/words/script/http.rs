//! What servers give to the requests of tools, by rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use timeslip_timeline::backend::WordsError;
use timeslip_timeline::http::{
    FetchSaid, HttpAnswer, HttpError, HttpHeader, HttpRequest, HttpResponse,
};
use timeslip_timeline::time::Span;
use toml::Spanned;

use super::template::TomlFile;
use super::{error, passed_over};
use crate::error::FileError;

/// `[[http]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpTable {
    #[serde(default)]
    name: Option<String>,
    url: Spanned<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    error: Option<ErrorKey>,
    #[serde(default)]
    latency_ms: Option<f64>,
}

/// `error` of an `[[http]]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ErrorKey {
    Timeout,
    Failed,
}

/// What comes back, for which requests, and after how long.
pub(super) struct HttpRule {
    name: String,
    line: usize,
    method: String,
    /// The address, or its beginning.
    url: String,
    is_beginning: bool,
    answer: HttpAnswer,
    after: Span,
}

impl HttpRule {
    /// Reads the rule of this number.
    pub(super) fn read(
        toml: &TomlFile<'_>,
        number: usize,
        table: Spanned<HttpTable>,
    ) -> Result<HttpRule, FileError> {
        let line = toml.line_of(&table);
        let table = table.into_inner();
        let milliseconds = table.latency_ms.unwrap_or(0.0);
        if !(milliseconds.is_finite() && milliseconds >= 0.0) {
            let problem = format!("`latency_ms` is {milliseconds}");
            return Err(toml.error(line, problem, "give a number of milliseconds, 0 or more"));
        }
        let (url, is_beginning) = address(toml, &table.url)?;
        Ok(HttpRule {
            name: table.name.clone().unwrap_or_else(|| format!("http {number}")),
            line,
            method: table.method.clone().unwrap_or_else(|| "GET".to_owned()),
            url,
            is_beginning,
            answer: answer(toml, line, table)?,
            after: Span::from_seconds_f64(milliseconds / 1000.0),
        })
    }

    /// Why the rule does not fit a request, if it does not.
    fn mismatch(&self, request: &HttpRequest) -> Option<String> {
        if request.method != self.method {
            return Some(format!("the method is {}, not {}", request.method, self.method));
        }
        let fits = match self.is_beginning {
            true => request.url.starts_with(&self.url),
            false => request.url == self.url,
        };
        let begins = if self.is_beginning { "it does not begin with" } else { "it is not" };
        (!fits).then(|| format!("{begins} `{}`", self.url))
    }
}

/// What the first rule that fits says; `file` names the script in the message where none does.
pub(super) fn fetched(
    file: &str,
    rules: &[HttpRule],
    request: &HttpRequest,
) -> Result<FetchSaid, WordsError> {
    let mut reasons = Vec::new();
    for rule in rules {
        match rule.mismatch(request) {
            None => {
                let (answer, after) = (rule.answer.clone(), rule.after);
                return Ok(FetchSaid::Answered { answer, after });
            }
            Some(reason) => reasons.push(passed_over(rule.line, &rule.name, &reason)),
        }
    }
    Err(error(format!(
        "no [[http]] of {file} fits {} {}{}\n  fix: add an [[http]] with this `url`",
        request.method,
        request.url,
        reasons.concat()
    )))
}

/// An address in its normal form, and whether it is only the beginning of one.
fn address(toml: &TomlFile<'_>, written: &Spanned<String>) -> Result<(String, bool), FileError> {
    let url = written.get_ref();
    let (start, is_beginning) = match url.strip_suffix('*') {
        Some(start) => (start, true),
        None => (url.as_str(), false),
    };
    let wrong = |problem: String, fix: &str| Err(toml.error(toml.line_of(written), problem, fix));
    let Some((_, rest)) =
        start.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
    else {
        return wrong(
            format!("the address `{url}` does not begin with http:// or https://"),
            "write the whole address, such as \"https://example.org/docs\"",
        );
    };
    if start.contains('*') {
        return wrong(
            format!("`{url}` has a `*` that is not at its end"),
            "write the beginning of the address and one `*` behind it",
        );
    }
    // A server's bare name stands for its first page.
    let bare = !is_beginning && !rest.contains('/');
    Ok((format!("{start}{}", if bare { "/" } else { "" }), is_beginning))
}

fn answer(toml: &TomlFile<'_>, line: usize, table: HttpTable) -> Result<HttpAnswer, FileError> {
    let says_response = table.status.is_some() || table.body.is_some() || !table.headers.is_empty();
    if let Some(kind) = table.error {
        if says_response {
            return Err(toml.error(
                line,
                "an [[http]] gives a response or an error, not both",
                "leave out `error`, or else `status`, `headers` and `body`",
            ));
        }
        let text = format!("as {}:{line} says", toml.file);
        return Ok(Err(match kind {
            ErrorKey::Timeout => HttpError::Timeout(text),
            ErrorKey::Failed => HttpError::Failed(text),
        }));
    }
    let status = table.status.unwrap_or(200);
    if !(100..=599).contains(&status) {
        let problem = format!("there is no status {status}");
        return Err(toml.error(line, problem, "give one from 100 to 599, such as 404"));
    }
    let header = |(name, value): (String, String)| HttpHeader { name: name.to_lowercase(), value };
    Ok(Ok(Arc::new(HttpResponse {
        status,
        headers: table.headers.into_iter().map(header).collect(),
        body: table.body.unwrap_or_default().into_bytes(),
    })))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use timeslip_timeline::backend::{SessionId, SessionWords, Words};

    use super::*;
    use crate::script::ScriptWords;

    const RULES: &str = "[[reply]]\nsay = \"x\"\n[[http]]\nurl = \"http://h\"\nstatus = 404\n\
                         headers = { ETag = \"1\" }\n[[http]]\nname = \"docs\"\n\
                         url = \"http://h/docs/*\"\nbody = \"A page\"\nlatency_ms = 1.5\n\
                         [[http]]\nurl = \"http://h/slow\"\nmethod = \"POST\"\n\
                         error = \"timeout\"\n";

    fn script(text: &str) -> Result<ScriptWords, String> {
        ScriptWords::parse("s.toml", text.as_bytes(), Arc::default())
            .map_err(|error| error.to_string())
    }

    fn fetched(method: &str, url: &str) -> Result<(HttpAnswer, u64), String> {
        let request = HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let (session, task_input) = (SessionId(0), "".into());
        let session = SessionWords { session, task_index: 0, task_input };
        match script(RULES).unwrap().fetch(&session, &request) {
            Ok(FetchSaid::Answered { answer, after }) => Ok((answer, after.as_nanos())),
            Ok(FetchSaid::LeftToServer) => panic!("a script has no servers"),
            Err(error) => Err(error.message),
        }
    }

    #[test]
    fn the_first_rule_of_the_method_and_the_address_answers_after_its_latency() {
        let (first, _) = fetched("GET", "http://h/").unwrap();
        let first = first.unwrap();
        assert_eq!((first.status, first.headers[0].name.as_str()), (404, "etag"));
        let (page, after) = fetched("GET", "http://h/docs/a?b=c").unwrap();
        assert_eq!((page.unwrap().body.as_slice(), after), (&b"A page"[..], 1_500_000));
        let (slow, _) = fetched("POST", "http://h/slow").unwrap();
        assert!(matches!(slow, Err(HttpError::Timeout(text)) if text == "as s.toml:12 says"));
    }

    #[test]
    fn what_no_rule_fits_says_why_each_was_passed_over() {
        insta::assert_snapshot!(fetched("GET", "http://h/slow").unwrap_err(), @r"
        no [[http]] of s.toml fits GET http://h/slow
          line 3, http 1: it is not `http://h/`
          line 7, docs: it does not begin with `http://h/docs/`
          line 12, http 3: the method is GET, not POST
          fix: add an [[http]] with this `url`
        ");
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_named_with_its_line() {
        let fault = |rule: &str| {
            let text = format!("[[reply]]\nsay = \"x\"\n[[http]]\n{rule}\n");
            script(&text).err().unwrap()
        };
        for (rule, problem) in [
            ("url = \"h/docs\"", "s.toml:4: the address `h/docs` does not begin with http://"),
            (
                "url = \"http://*/docs\"",
                "s.toml:4: `http://*/docs` has a `*` that is not at its end",
            ),
            ("url = \"http://h\"\nstatus = 7", "s.toml:3: there is no status 7"),
            ("url = \"http://h\"\nlatency_ms = -1.0", "s.toml:3: `latency_ms` is -1"),
            ("url = \"http://h\"\nbody = \"\"\nerror = \"failed\"", "not both"),
            ("url = \"http://h\"\nstate = 7", "did you mean `status`?"),
        ] {
            let told = fault(rule);
            assert!(told.contains(problem), "{told}");
        }
    }
}
