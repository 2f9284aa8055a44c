//! {{name}}: tools that search and read the documents that the bench grants.

use schemars::JsonSchema;
use serde::Serialize;
use timeslip_sdk::{Failure, export_tools, files, tool};

/// A document that holds what was looked for.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Found {
    path: String,
    /// The first line that holds it.
    line: String,
}

/// Finds the documents that hold a text.
#[tool(read_only, idempotent)]
fn search(
    /// The text to look for; case does not matter.
    text: String,
    /// The most documents.
    #[default(5)]
    limit: usize,
) -> Result<Vec<Found>, Failure> {
    let text = text.to_lowercase();
    let mut found = Vec::new();
    for file in files::list("") {
        let document = files::read_text(&file.path)?;
        let line = document
            .lines()
            .find(|line| line.to_lowercase().contains(&text));
        if let Some(line) = line {
            found.push(Found {
                path: file.path,
                line: line.to_owned(),
            });
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Reads a document.
#[tool(read_only, idempotent)]
fn read(path: String) -> Result<String, Failure> {
    Ok(files::read_text(&path)?)
}

export_tools![search, read];

#[cfg(test)]
mod tests {
    use timeslip_sdk::plugin::Tool;
    use timeslip_sdk::testing::Session;

    use super::*;

    fn session() -> Session {
        Session::new()
            .file("a.md", "# Hours\nOpen at nine.")
            .file("b.md", "Closed on Sundays.")
    }

    #[test]
    fn a_search_gives_the_line_and_where_it_stands() {
        let ran = session().run(async { search("OPEN".to_owned(), 5) });
        let line = "Open at nine.".to_owned();
        assert_eq!(
            ran.output.unwrap(),
            [Found {
                path: "a.md".to_owned(),
                line
            }]
        );
    }

    #[test]
    fn arguments_that_do_not_fit_are_named() {
        let ran = session().run(search::call(r#"{"text": 5}"#));
        let error = ran.output.unwrap_err();
        assert!(error.text().contains("\"text\""), "{error}");
    }

    #[test]
    fn a_document_that_is_not_there_is_an_error() {
        assert!(
            session()
                .run(async { read("c.md".to_owned()) })
                .output
                .is_err()
        );
    }
}
