//! What the bench configures.

/// The model calls of a session unless the bench says otherwise.
const MODEL_CALLS_MAX: u32 = 30;

/// The tool that ends a session unless the bench says otherwise.
const ENDS_WITH_TOOL: &str = "transfer_to_human_agents";

/// How the agent works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The policy that the model follows.
    pub(crate) system_prompt: String,
    /// The session ends with the output of this tool.
    pub(crate) ends_with_tool: String,
    /// The session ends with the step of this model call, counted from 1.
    pub(crate) model_calls_max: u32,
}

impl Settings {
    /// Reads the configured values.
    ///
    /// # Errors
    /// A value that is missing or cannot be used, with the line to write.
    pub(crate) fn read(config: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let system_prompt = config("system-prompt").ok_or(
            "the airline's service has no policy: add `system-prompt = { file = \"PATH\" }` \
             under [agent.config] in the bench",
        )?;
        let model_calls_max = match config("model-calls-max") {
            Some(text) => read_count(&text)?,
            None => MODEL_CALLS_MAX,
        };
        Ok(Settings {
            system_prompt,
            ends_with_tool: config("ends-with-tool").unwrap_or_else(|| ENDS_WITH_TOOL.to_owned()),
            model_calls_max,
        })
    }
}

fn read_count(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!(
            "{text:?} is not a number of model calls: write `model-calls-max = \
             \"{MODEL_CALLS_MAX}\"`, or another number over 0, under [agent.config] in the bench"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|wanted| {
            let value = values.iter().find(|(key, _)| *key == wanted);
            value.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_the_policy_must_be_configured() {
        let settings = read(&[("system-prompt", "Be kind.\n")]).unwrap();
        assert_eq!(settings.system_prompt, "Be kind.\n");
        assert_eq!(settings.ends_with_tool, "transfer_to_human_agents");
        assert_eq!(settings.model_calls_max, 30);
        let problem = read(&[]).unwrap_err();
        assert!(problem.contains("`system-prompt = { file = \"PATH\" }` under [agent.config]"));
    }

    #[test]
    fn the_ends_of_a_session_can_be_configured() {
        let values =
            [("system-prompt", ""), ("ends-with-tool", "hand_over"), ("model-calls-max", "5")];
        let settings = read(&values).unwrap();
        assert_eq!((settings.ends_with_tool.as_str(), settings.model_calls_max), ("hand_over", 5));
        for count in ["0", "-1", "many", ""] {
            let problem = read(&[("system-prompt", ""), ("model-calls-max", count)]).unwrap_err();
            assert!(problem.contains("`model-calls-max = \"30\"`"), "{problem}");
        }
    }
}
