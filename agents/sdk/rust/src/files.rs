//! The files that the bench grants to a tool plugin.

use crate::contract::timeslip::tool::files as contract;
pub use crate::contract::timeslip::tool::files::FileInfo;
use crate::error::{ToolError, contract_error};
use crate::host::files;

contract_error! {
    /// Why a file could not be read or written.
    FileError,
    /// The kinds of [`FileError`].
    FileErrorKind,
    contract::FileError as Cases,
    "",
    /// No grant covers the path, or the grant is not for writing. The text names the line to change.
    Refused = "refused",
    /// A grant covers the path, but there is no such file.
    NotFound = "not-found",
    /// The path is not one the host accepts: absolute, empty, or with `..` in it.
    InvalidPath = "invalid-path",
}

impl From<FileError> for ToolError {
    fn from(error: FileError) -> ToolError {
        ToolError::failed(error.text())
    }
}

/// The granted files whose path begins with `prefix`, sorted by path; all with an empty one.
pub fn list(prefix: &str) -> Vec<FileInfo> {
    files::list(prefix)
}

/// The whole file.
///
/// # Errors
/// The kinds of [`FileError`].
pub fn read(path: &str) -> Result<Vec<u8>, FileError> {
    Ok(files::read(path)?)
}

/// The whole file as text; what is no UTF-8 is replaced.
///
/// # Errors
/// The kinds of [`FileError`].
pub fn read_text(path: &str) -> Result<String, FileError> {
    Ok(String::from_utf8_lossy(&read(path)?).into_owned())
}

/// At most `length` bytes from `offset`; fewer, or none, at the end of the file.
///
/// # Errors
/// The kinds of [`FileError`].
pub fn read_range(path: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
    Ok(files::read_range(path, offset, length)?)
}

/// Writes a whole file, in place of what it held.
///
/// # Errors
/// The kinds of [`FileError`].
pub fn write(path: &str, contents: impl AsRef<[u8]>) -> Result<(), FileError> {
    Ok(files::write(path, contents.as_ref())?)
}

/// Removes a file.
///
/// # Errors
/// The kinds of [`FileError`].
pub fn remove(path: &str) -> Result<(), FileError> {
    Ok(files::remove(path)?)
}
