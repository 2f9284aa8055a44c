//! Recorded fetches: written, read, played back, and missed.

use std::sync::Arc;

use timeslip_timeline::backend::{SessionId, SessionWords, Words};
use timeslip_timeline::http::{
    Fetch, FetchSaid, HttpError, HttpHeader, HttpRequest, HttpResponse, REDACTED,
};
use timeslip_timeline::time::{Instant, Span};

use super::*;

fn header(redacted: bool) -> Header {
    Header {
        schema: SCHEMA.to_owned(),
        name: "pages".to_owned(),
        recorded_model: None,
        source: "a test".to_owned(),
        key: vec![KeyPart::Messages],
        tokens: TokenSource::Counted,
        rewrites: Vec::new(),
        redacted,
    }
}

fn headers(pairs: &[(&str, &str)]) -> Vec<HttpHeader> {
    let header = |(name, value): &(&str, &str)| HttpHeader {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    pairs.iter().map(header).collect()
}

fn get(url: &str) -> HttpRequest {
    let (method, url) = ("GET".to_owned(), url.to_owned());
    HttpRequest { method, url, headers: Vec::new(), body: Vec::new() }
}

fn fetch(request: HttpRequest, answer: Option<Result<&[u8], HttpError>>, took: u64) -> Fetch {
    let response = |body: &[u8]| {
        let headers = headers(&[("content-type", "text/html"), ("set-cookie", "id=1")]);
        Arc::new(HttpResponse { status: 200, headers, body: body.to_vec() })
    };
    Fetch {
        request: Arc::new(request),
        asked_at: Instant::from_nanos(5),
        ended_at: Instant::from_nanos(5 + took),
        answer: answer.map(|answer| answer.map(response)),
    }
}

fn recorded(fetches: &[Fetch]) -> (String, Arc<Cassette>) {
    let mut recorder = CassetteRecorder::new(header(true));
    let mut text = recorder.beginning().to_owned();
    fetches.iter().for_each(|fetch| text += recorder.fetch(fetch));
    let cassette = Cassette::parse("pages.jsonl", text.as_bytes()).unwrap();
    (text, Arc::new(cassette))
}

fn words(cassette: &Arc<Cassette>, matching: Matching) -> CassetteWords {
    CassetteWords::new(vec![cassette.clone()], matching, Arc::default())
}

fn played(words: &mut CassetteWords, request: &HttpRequest) -> Result<(String, u64), String> {
    let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "".into() };
    match words.fetch(&session, request) {
        Ok(FetchSaid::Answered { answer, after }) => {
            let told = match answer {
                Ok(response) => String::from_utf8_lossy(&response.body).into_owned(),
                Err(error) => error.to_string(),
            };
            Ok((told, after.as_nanos()))
        }
        Ok(FetchSaid::LeftToServer) => panic!("a cassette has no servers"),
        Err(error) => Err(error.message),
    }
}

#[test]
fn what_was_fetched_is_played_back_in_its_order_with_its_latency() {
    let failed = HttpError::Timeout("no whole response within 60 s".to_owned());
    let (_, cassette) = recorded(&[
        fetch(get("http://h/a"), Some(Ok(b"first")), 70),
        fetch(get("http://h/b"), Some(Ok(b"\xff\x00")), 1),
        fetch(get("http://h/a"), Some(Ok(b"second")), 80),
        fetch(get("http://h/c"), Some(Err(failed)), 90),
        fetch(get("http://h/d"), None, 100),
    ]);
    assert_eq!(cassette.counts().fetches, 5);
    let mut words = words(&cassette, Matching::Exact);
    let mut told = |url: &str| played(&mut words, &get(url));
    assert_eq!(told("http://h/a"), Ok(("first".to_owned(), 70)));
    assert_eq!(told("http://h/b"), Ok(("\u{fffd}\0".to_owned(), 1)));
    assert_eq!(told("http://h/a"), Ok(("second".to_owned(), 80)));
    let (timeout, after) = told("http://h/c").unwrap();
    assert_eq!((timeout.as_str(), after), ("timeout: no whole response within 60 s", 90));
    let (given_up, after) = told("http://h/d").unwrap();
    assert!(given_up.contains("nobody waited for it any more after 100 ns"), "{given_up}");
    assert_eq!(after, 100);
    let miss = told("http://h/a").unwrap_err();
    assert!(miss.contains("once more than pages.jsonl holds it, which is only 2 times"), "{miss}");
    let mut by_turns = super::fetch_tests::words(&cassette, Matching::Turns);
    for expected in ["first", "second", "second"] {
        assert_eq!(played(&mut by_turns, &get("http://h/a")).unwrap().0, expected);
    }
}

#[test]
fn equal_requests_under_way_at_once_get_their_own_answers_again() {
    let asked_at = |at: u64, body: &'static [u8], took: u64| {
        let fetch = fetch(get("http://h/a"), Some(Ok(body)), took);
        let (asked_at, ended_at) = (Instant::from_nanos(at), Instant::from_nanos(at + took));
        Fetch { asked_at, ended_at, ..fetch }
    };
    // In the order in which their answers came, as a recording holds them.
    let fetches = [asked_at(9, b"third", 1), asked_at(2, b"first", 20), asked_at(5, b"second", 30)];
    let mut words = words(&recorded(&fetches).1, Matching::Exact);
    let told = [(); 3].map(|()| played(&mut words, &get("http://h/a")).unwrap().0);
    assert_eq!(told, ["first", "second", "third"]);
}

#[test]
fn bytes_come_back_as_they_were() {
    for body in [&b""[..], b"text \xc3\xa9\r\n\0", b"\xff\xfe\x00"] {
        let (text, cassette) = recorded(&[fetch(get("http://h/"), Some(Ok(body)), 1)]);
        let again = cassette.fetches[0].fetch.answer.clone().unwrap().unwrap();
        assert_eq!(again.body, body, "{text}");
    }
}

#[test]
fn a_request_that_was_not_recorded_is_met_with_the_closest_and_the_difference() {
    let post = HttpRequest {
        method: "POST".to_owned(),
        body: b"{\"n\":1}".to_vec(),
        headers: headers(&[("Accept", "text/html")]),
        ..get("http://h/search")
    };
    let (_, cassette) = recorded(&[
        fetch(get("http://h/docs/one?page=1"), Some(Ok(b"1")), 1),
        fetch(post.clone(), Some(Ok(b"2")), 1),
    ]);
    let miss = |request: &HttpRequest| {
        played(&mut words(&cassette, Matching::Exact), request).unwrap_err()
    };
    insta::assert_snapshot!(miss(&get("http://h/docs/one?page=2")), @r#"
    the fetch of GET http://h/docs/one?page=2 is not in pages.jsonl.
    The closest recorded fetch is on line 2. The address differs; first difference at character 24
      recorded: "http://h/docs/one?page=1"
      now:      "http://h/docs/one?page=2"
    Record the session again, or bring the tool back to what was recorded. No response is made up.
    "#);
    let other = HttpRequest { body: b"{\"n\":2}".to_vec(), headers: Vec::new(), ..post.clone() };
    let told = miss(&other);
    assert!(told.contains("on line 3. The headers differ") && told.contains("The body differs"));
    let cased = HttpRequest { headers: headers(&[("accept", "text/html")]), ..post };
    assert!(played(&mut words(&cassette, Matching::Exact), &cased).is_ok());
}

#[test]
fn secrets_are_not_kept_and_a_request_with_them_is_found_again() {
    let secret = "tops3cr3tvalue";
    let request = HttpRequest {
        headers: headers(&[("Authorization", secret), ("x-api-key", secret), ("accept", "*/*")]),
        body: b"key sk-proj-0123456789abcdefghij".to_vec(),
        ..get(&format!("http://h/a?q=1&api_key={secret}"))
    };
    let form = HttpRequest {
        headers: headers(&[("Content-Type", "application/x-www-form-urlencoded")]),
        body: format!("user=ada&client_secret={secret}").into_bytes(),
        ..get("http://h/login")
    };
    let both = [request.clone(), form].map(|request| fetch(request, Some(Ok(b"page")), 1));
    let (text, cassette) = recorded(&both);
    assert!(text.contains(&format!("user=ada&client_secret={REDACTED}")), "{text}");
    assert!(!text.contains(secret) && !text.contains("sk-proj"), "{text}");
    assert!(!text.contains("id=1"), "a cookie is a secret: {text}");
    assert!(text.contains("*/*") && text.contains(&format!("q=1&api_key={REDACTED}")), "{text}");
    let asked = played(&mut words(&cassette, Matching::Exact), &request);
    assert_eq!(asked, Ok(("page".to_owned(), 1)));
    assert_eq!(secret_lines(text.as_bytes()), []);
}

#[test]
fn an_edit_takes_secrets_out_of_fetches_that_were_kept_with_them() {
    let line = r#"{"kind":"fetch","method":"GET","url":"http://h/?token=abc","headers":[{"name":"Cookie","value":"id=7"}],"response":{"status":200,"body":"page"},"asked_at_ns":0,"took_ns":9}"#;
    let mut writer = CassetteWriter::new(header(false));
    let text = format!("{}{line}\n", writer.take_text());
    let told = secret_lines(text.as_bytes());
    assert_eq!(told, [SecretLine { line: 2, secrets: 2 }]);
    let edit = CassetteEdit { redact: true, ..CassetteEdit::default() };
    let edited = edit.apply("pages.jsonl", text.as_bytes()).unwrap();
    assert_eq!(edited.redacted.times, 2);
    assert!(!edited.text.contains("abc") && !edited.text.contains("id=7"), "{}", edited.text);
    let cassette = Arc::new(Cassette::parse("pages.jsonl", edited.text.as_bytes()).unwrap());
    let request =
        HttpRequest { headers: headers(&[("cookie", "id=8")]), ..get("http://h/?token=xyz") };
    // The name of a header is found in any case.
    assert!(played(&mut words(&cassette, Matching::Exact), &request).is_ok());
}

#[test]
fn going_on_writes_only_what_stands_there_no_more() {
    let first = fetch(get("http://h/a"), Some(Ok(b"1")), 1);
    let (_, cassette) = recorded(std::slice::from_ref(&first));
    let mut recorder = CassetteRecorder::after(&cassette);
    assert_eq!(recorder.fetch(&first), "");
    assert!(recorder.fetch(&first).starts_with("{\"kind\":\"fetch\""));
}

#[test]
fn a_line_that_cannot_be_read_is_named_with_its_fix() {
    let mut writer = CassetteWriter::new(header(false));
    let head = writer.take_text().to_owned();
    let fault = |line: &str| {
        let text = format!("{head}{line}\n");
        Cassette::parse("pages.jsonl", text.as_bytes()).unwrap_err().to_string()
    };
    let start = r#"{"kind":"fetch","method":"GET","url":"http://h/","asked_at_ns":0,"took_ns":1"#;
    for (rest, problem) in [
        ("", "a fetch ends with one of `response`, `error` and `given_up`"),
        (r#","given_up":true,"response":{"status":200}"#, "a fetch ends with one of"),
        (r#","response":{"status":200,"body_base64":"%"}"#, "`body_base64` is no base64"),
        (r#","response":{"status":200,"body":"a","body_base64":"YQ=="}"#, "as `body_base64`"),
        (r#","response":{"status":200,"boddy":"a"}"#, "unknown key `boddy`"),
        (r#","response":{"status":"OK"}"#, "this `fetch` line is not complete"),
        (r#","headers":[{"nane":"a","value":"b"}]"#, "did you mean `name`?"),
    ] {
        let told = fault(&format!("{start}{rest}}}"));
        assert!(told.contains("pages.jsonl:2") && told.contains(problem), "{told}");
    }
}

#[test]
fn a_span_of_any_length_is_read() {
    let took = Span::from_nanos(u64::MAX);
    let line = fetch(get("http://h/a"), None, 0);
    let (text, _) = recorded(&[line]);
    let text = text.replace("\"took_ns\":0", &format!("\"took_ns\":{}", took.as_nanos()));
    let cassette = Cassette::parse("pages.jsonl", text.as_bytes()).unwrap();
    assert_eq!(cassette.fetches[0].fetch.ended_at, Instant::END);
}
