use timeslip_sdk::json;
use timeslip_sdk::testing::Session;

use super::*;

const BOOKS: &str = r#"{"books": [
    {"title": "On Salt", "year": 1998, "price": 12.5},
    {"title": "Winds of the North", "year": 2011, "price": 30},
    {"title": "The Lighthouse Year", "year": 2019, "price": 21}
]}"#;

fn ask(query: &str, limit: usize) -> Result<Queried, ToolError> {
    let session = Session::new().file("books.json", BOOKS);
    let query = query.to_owned();
    session.run(async move { query_json(query, Some("books.json".to_owned()), None, limit) }).output
}

fn results(query: &str) -> Value {
    json!(ask(query, 50).unwrap().results)
}

fn message(query: &str) -> String {
    ask(query, 50).unwrap_err().text().to_owned()
}

#[test]
fn a_file_is_queried_in_the_language_of_jq() {
    let titles = results(".books[] | select(.year > 2000) | .title");
    assert_eq!(titles, json!(["Winds of the North", "The Lighthouse Year"]));
    assert_eq!(results("[.books[].price] | add"), json!([63.5]));
    assert_eq!(results(".books | max_by(.year).title"), json!(["The Lighthouse Year"]));
    assert_eq!(results(".books | map(.price | floor)"), json!([[12, 30, 21]]));
    assert_eq!(results(r#".books[] | select(.title | test("^the"; "i")) | .year"#), json!([2019]));
    assert_eq!(results(".books | group_by(.year > 2000) | map(length)"), json!([[1, 2]]));
}

#[test]
fn a_text_is_queried_in_place_of_a_file() {
    let ran = Session::new()
        .run(async { query_json(".[1]".to_owned(), None, Some("[1, 2]".to_owned()), 50) });
    assert_eq!(json!(ran.output.unwrap()), json!({"results": [2], "complete": true}));
    let ran = Session::new().run(async { query_json(".".to_owned(), None, None, 50) });
    assert_eq!(ran.output.unwrap_err().text(), "give either \"path\" or \"json\"");
}

#[test]
fn results_have_limits_also_where_a_query_never_ends() {
    let endless = ask("repeat(1)", 3).unwrap();
    assert_eq!(json!(endless), json!({"results": [1, 1, 1], "complete": false}));
    let long = ask("repeat(\"x\" * 30000)", 50).unwrap();
    assert_eq!((long.results.len(), long.complete), (2, false));
    assert!(ask(".books[]", 3).unwrap().complete);
}

#[test]
fn what_is_wrong_with_a_query_is_told_with_its_place_or_the_nearest_name() {
    assert_eq!(
        message(".books | lenght"),
        "\"query\" uses a filter lenght/0, which there is not; the nearest is length/0"
    );
    assert_eq!(message(".books[0"), "\"query\" lacks a closing bracket at its end");
    assert_eq!(message(".books * * 2"), "\"query\" lacks a term at character 10, before `*`");
    assert_eq!(message(".books |"), "\"query\" lacks a term at its end");
    assert!(message(".books[0] | .title + 1").starts_with("the query failed: "));
    assert!(message("$price").contains("uses a variable $price, which there is not"));
}

#[test]
fn a_query_reaches_nothing_outside() {
    for query in ["now", "env", "$ENV", "halt", "input", "include \"a\"; 1"] {
        assert!(message(query).starts_with("\"query\" "), "{query}: {}", message(query));
    }
}

#[test]
fn a_wrong_input_is_told() {
    let session = Session::new().file("a.json", "{\"a\": }");
    let ran =
        session.run(async { query_json(".".to_owned(), Some("a.json".to_owned()), None, 50) });
    let text = ran.output.unwrap_err().text().to_owned();
    assert!(text.starts_with("the input is no JSON: byte offset 6: "), "{text}");
}
