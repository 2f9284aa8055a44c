//! Why a component cannot be loaded.

/// Why a component cannot be loaded. Every message names the component and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not a component.
    #[error("{name} is not a WebAssembly component: {problem}")]
    NotAComponent {
        /// The component's name.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The component asks for more memories, tables or core instances than the host keeps room for.
    #[error("{name} needs more than one instance may have: {problem}")]
    TooLarge {
        /// The component's name.
        name: String,
        /// What there is too much of.
        problem: String,
    },
    /// The component is made for another world.
    #[error("{name} does not fit the world {wanted}: {problem}")]
    WrongWorld {
        /// The component's name.
        name: String,
        /// The world it was to fit.
        wanted: &'static str,
        /// The import or export that does not fit, and what to do.
        problem: String,
    },
    /// A plugin's definitions are not usable.
    #[error("the plugin {name} defines its tools wrongly: {problem}")]
    Definitions {
        /// The plugin's name.
        name: String,
        /// Which tool, and what is wrong with it.
        problem: String,
    },
    /// The engine could not be set up.
    #[error("the WebAssembly engine cannot start: {problem}")]
    Engine {
        /// What failed.
        problem: String,
    },
}
