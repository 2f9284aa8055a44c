//! What a component may reach. Everything is denied unless it is granted here, and every refusal
//! names the line that would grant it.

/// The models an agent may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelGrant {
    /// None.
    Nothing,
    /// These.
    Named(Vec<String>),
    /// Every model the run's machines serve.
    Every,
}

impl ModelGrant {
    /// Whether the model may be asked; `table` is where the bench grants it.
    ///
    /// # Errors
    /// The refusal, which names the line to add to the bench.
    pub fn check(&self, model: &str, table: &str) -> Result<(), String> {
        let granted = match self {
            ModelGrant::Nothing => false,
            ModelGrant::Named(names) => names.iter().any(|name| name == model),
            ModelGrant::Every => true,
        };
        if granted {
            return Ok(());
        }
        Err(format!(
            "the agent has no grant for the model \"{model}\": \
             add \"{model}\" to `models` under {table} in the bench"
        ))
    }
}

/// What is left of a session's budgets; absent is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Calls of models.
    pub model_calls: Option<u64>,
    /// Calls of tools.
    pub tool_calls: Option<u64>,
    /// Output tokens of all chats.
    pub output_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_refused_unless_granted_and_the_refusal_names_the_line() {
        assert!(ModelGrant::Every.check("m", "[agent]").is_ok());
        assert!(ModelGrant::Named(vec!["m".into()]).check("m", "[agent]").is_ok());
        let refusal = ModelGrant::Named(vec!["m".into()]).check("n", "[agent]").unwrap_err();
        assert!(refusal.contains("add \"n\" to `models` under [agent]"), "{refusal}");
        assert!(ModelGrant::Nothing.check("m", "[agent]").is_err());
    }
}
