//! A tool plugin that searches and reads the documents of a granted folder.

mod search;

use schemars::JsonSchema;
use serde::Serialize;
use timeslip_sdk::{Failure, ToolError, export_tools, files, tool};

/// A document that holds words that were looked for.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Found {
    path: String,
    /// The line that holds most of the words.
    excerpt: String,
}

/// Finds the documents that hold the words of a query; the one that holds most of them comes first.
#[tool(read_only, idempotent)]
fn search_documents(
    /// The words to look for; case does not matter.
    query: String,
    /// The most documents to give.
    #[default(5)]
    limit: usize,
) -> Result<Vec<Found>, Failure> {
    let words = search::words(&query);
    let mut hits = Vec::new();
    for file in files::list("") {
        let document = files::read_text(&file.path)?;
        hits.extend(search::hit(file.path, &document, &words));
    }
    let best = search::best(hits, limit).into_iter();
    Ok(best.map(|hit| Found { path: hit.path, excerpt: hit.excerpt }).collect())
}

/// Reads a document, or a part of its lines.
#[tool(read_only, idempotent)]
fn read_document(
    /// The document's path, as search_documents gives it.
    path: String,
    /// The first line to give, counted from 1.
    #[default(1)]
    first_line: usize,
    /// The most lines to give.
    #[default(200)]
    lines: usize,
) -> Result<String, ToolError> {
    let document = files::read_text(&path)?;
    let count = document.lines().count();
    if first_line == 0 || first_line > count.max(1) {
        return Err(ToolError::invalid_arguments(format!(
            "\"first_line\" is {first_line}, and {path} has the lines 1 to {count}"
        )));
    }
    let part: Vec<&str> = document.lines().skip(first_line - 1).take(lines).collect();
    Ok(part.join("\n"))
}

export_tools![search_documents, read_document];

#[cfg(test)]
mod tests {
    use timeslip_sdk::testing::Session;

    use super::*;

    fn session() -> Session {
        Session::new()
            .file("cards.md", "# Cards\nA card is free.")
            .file("hours.md", "# Opening hours\nSaturday, ten to four.\nSunday closed.")
    }

    #[test]
    fn the_document_with_most_of_the_words_comes_first() {
        let ran = session().run(async { search_documents("free SATURDAY hours".to_owned(), 5) });
        let found = |path: &str, excerpt: &str| Found {
            path: path.to_owned(),
            excerpt: excerpt.to_owned(),
        };
        let expected = [found("hours.md", "# Opening hours"), found("cards.md", "A card is free.")];
        assert_eq!(ran.output.unwrap(), expected);
        let one = session().run(async { search_documents("free hours".to_owned(), 1) });
        assert_eq!(one.output.unwrap().len(), 1);
    }

    #[test]
    fn a_part_of_the_lines_is_read_and_none_beyond_the_end() {
        let read = |first_line, lines| {
            session().run(async move { read_document("hours.md".to_owned(), first_line, lines) })
        };
        assert_eq!(read(2, 1).output.unwrap(), "Saturday, ten to four.");
        let error = read(4, 1).output.unwrap_err();
        assert_eq!(error.text(), "\"first_line\" is 4, and hours.md has the lines 1 to 3");
    }
}
