//! The `server` lines of a cassette: MCP servers whose tools were used, and what they offer.

use timeslip_timeline::conversation::ToolDefinition;

use super::Cassette;
use super::lines::ServerLine;
use super::record::CassetteRecorder;

impl Cassette {
    /// The tools that an MCP server of this name offers, in its own order, if the server is recorded.
    pub fn tools_of_server(&self, name: &str) -> Option<&[ToolDefinition]> {
        let server = self.servers.iter().find(|server| server.name == name)?;
        Some(&server.definitions)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What is wrong with it, and the fix.
    pub(super) fn add_server_line(&mut self, line: ServerLine) -> Result<(), (String, String)> {
        if self.tools_of_server(&line.name).is_some() {
            return Err((
                format!("the server `{}` stands here twice", line.name),
                "keep the line that the calls after it belong to".to_owned(),
            ));
        }
        self.servers.push(line);
        Ok(())
    }
}

impl CassetteRecorder {
    /// Takes an MCP server and what it offers, before anything that is asked of it, and gives the text
    /// to append to the cassette; nothing where the server stands there already.
    ///
    /// # Errors
    /// When it stands there with other tools, so that what was recorded is of another server.
    pub fn server(
        &mut self,
        name: &str,
        definitions: &[ToolDefinition],
    ) -> Result<&str, ServerHasChanged> {
        match self.known_server(name) {
            Some(known) if known == definitions => {}
            Some(_) => return Err(ServerHasChanged { name: name.to_owned() }),
            None => self.write_server(ServerLine {
                name: name.to_owned(),
                definitions: definitions.to_vec(),
            }),
        }
        Ok(self.take_text())
    }
}

/// A server offers other tools than it did when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the MCP server `{name}` offers other tools now than it did when it was recorded")]
pub struct ServerHasChanged {
    name: String,
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::ToolAnnotations;

    use super::super::KeyPart;
    use super::super::tests::header;
    use super::*;

    fn tool(name: &str) -> ToolDefinition {
        ToolDefinition {
            name: name.to_owned(),
            description: String::new(),
            input_schema: "{}".to_owned(),
            output_schema: None,
            annotations: ToolAnnotations::default(),
        }
    }

    #[test]
    fn a_server_is_written_once_and_read_again() {
        let mut recorder = CassetteRecorder::new(header(&[KeyPart::Messages]));
        let mut text = recorder.beginning().to_owned();
        text += recorder.server("files", &[tool("read"), tool("list")]).unwrap();
        let cassette = Cassette::parse("c", text.as_bytes()).unwrap();
        let names = |name| -> Option<Vec<&str>> {
            let tools = cassette.tools_of_server(name)?;
            Some(tools.iter().map(|tool| tool.name.as_str()).collect())
        };
        assert_eq!(names("files").unwrap(), ["read", "list"]);
        assert_eq!(names("other"), None);

        let mut again = CassetteRecorder::after(&cassette);
        assert_eq!(again.server("files", &[tool("read"), tool("list")]), Ok(""));
        let changed = again.server("files", &[tool("read")]).unwrap_err().to_string();
        assert!(changed.contains("`files` offers other tools"), "{changed}");
        let twice = format!("{text}{}", text.lines().last().unwrap());
        let error = Cassette::parse("c", twice.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("c:3") && error.contains("stands here twice"), "{error}");
    }
}
