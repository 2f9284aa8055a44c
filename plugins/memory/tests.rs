use timeslip_sdk::files;
use timeslip_sdk::testing::Session;

use super::*;

fn text(text: &str) -> String {
    text.to_owned()
}

/// A session that remembers tea already.
fn session() -> Session {
    Session::new().file("memory.json", r#"{"tea": "three minutes"}"#)
}

fn message<T: std::fmt::Debug>(result: Result<T, ToolError>) -> String {
    result.unwrap_err().text().to_owned()
}

#[test]
fn what_is_remembered_is_recalled_and_listed_and_stands_in_the_file() {
    let ran = session().run(async {
        let said = remember(text("coffee"), text("two minutes")).unwrap();
        assert_eq!(said, "Remembered \"coffee\".");
        assert_eq!(recall(text("coffee")).unwrap(), "two minutes");
        let names = |prefix: &str| -> Vec<String> {
            let memories = list_memories(text(prefix)).unwrap();
            memories.into_iter().map(|memory| memory.name).collect()
        };
        assert_eq!(names(""), ["coffee", "tea"]);
        assert_eq!(names("t"), ["tea"]);
        files::read_text("memory.json").unwrap()
    });
    let expected = "{\n  \"coffee\": \"two minutes\",\n  \"tea\": \"three minutes\"\n}\n";
    assert_eq!(ran.output, expected);
}

#[test]
fn a_memory_that_was_never_written_is_empty() {
    let ran = Session::new().run(async {
        assert_eq!(list_memories(String::new()).unwrap(), []);
        remember(text("tea"), text("three minutes")).unwrap();
        recall(text("tea")).unwrap()
    });
    assert_eq!(ran.output, "three minutes");
}

#[test]
fn a_name_that_is_remembered_again_has_the_newer_text() {
    let ran = session().run(async {
        let said = remember(text("tea"), text("four minutes")).unwrap();
        assert_eq!(said, "Remembered \"tea\", in place of: three minutes");
        recall(text("tea")).unwrap()
    });
    assert_eq!(ran.output, "four minutes");
}

#[test]
fn what_is_forgotten_is_gone() {
    let ran = session().run(async {
        forget(text("tea")).unwrap();
        message(recall(text("tea")))
    });
    assert_eq!(ran.output, "nothing is remembered as \"tea\"; list_memories gives the names");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest() {
    let ran =
        session().run(async { (message(recall(text("tee"))), message(forget(text("milk")))) });
    assert!(ran.output.0.ends_with("the nearest name is \"tea\""), "{}", ran.output.0);
    assert!(ran.output.1.ends_with("list_memories gives the names"), "{}", ran.output.1);
}

#[test]
fn names_and_texts_have_limits() {
    let ran = session().run(async {
        (
            message(remember(String::new(), text("x"))),
            message(remember(text("x"), "x".repeat(20_000))),
        )
    });
    assert_eq!(ran.output.0, "\"name\" has 0 characters, not 1 to 100");
    assert_eq!(ran.output.1, "\"text\" has 20000 bytes, over 16384");
}

#[test]
fn the_bench_may_configure_another_file() {
    let session = session().config("file", "notes/other.json");
    let ran = session.run(async {
        remember(text("milk"), text("cold")).unwrap();
        files::read_text("notes/other.json").unwrap()
    });
    assert_eq!(ran.output, "{\n  \"milk\": \"cold\"\n}\n");
}

#[test]
fn a_file_that_holds_no_memory_is_not_overwritten() {
    let session = Session::new().file("memory.json", "[]");
    let ran = session.run(async { message(remember(text("tea"), text("hot"))) });
    assert!(ran.output.starts_with("memory.json holds no memory: "), "{}", ran.output);
}
