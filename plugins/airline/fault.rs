//! Why a call gave no ordinary output.

/// What keeps a tool from doing what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The tool's own refusal, or an exception inside it: the model reads it as the output, behind
    /// `Error: `.
    Told(String),
    /// The arguments are not the JSON text of an object.
    Arguments(String),
    /// The data files are not granted; the text names the line to add to the bench.
    NotGranted(String),
    /// A data file is missing or not what it should be.
    Data(String),
}

impl From<String> for Fault {
    fn from(text: String) -> Fault {
        Fault::Told(text)
    }
}

impl From<&str> for Fault {
    fn from(text: &str) -> Fault {
        Fault::Told(text.to_owned())
    }
}
