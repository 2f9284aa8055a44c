//! The files that a profile inherits from.

use toml::de::DeTable;

use super::{Catalogue, File, ProfileKind};
use crate::profile::{InheritedFiles, ProfileError, line_of};

/// What a file says that it inherits from.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    name: String,
    /// Where in the text it says so.
    at: usize,
}

/// The file of a profile and those that it inherits from, the nearest first, each with its name.
pub(super) fn lineage<'a>(
    catalogue: &'a Catalogue,
    kind: ProfileKind,
    name: &str,
) -> Result<Vec<(String, &'a File)>, ProfileError> {
    let mut lineage = vec![(name.to_owned(), catalogue.file(kind, name)?)];
    loop {
        let (_, file) = lineage.last().expect("it begins with the file that is asked for");
        let parent = file.parent.get_or_init(|| parent(kind, &file.text)).as_ref();
        let Some(Parent { name: parent, at }) = parent else {
            return Ok(lineage);
        };
        let invalid = |message| {
            let line = line_of(&file.text, *at);
            ProfileError::Invalid { path: file.path.clone(), line, message }
        };
        if lineage.iter().any(|(name, _)| name == parent) {
            let names: Vec<&str> = lineage.iter().map(|(name, _)| &**name).collect();
            return Err(invalid(format!(
                "`inherits` leads in a circle: {}, {parent}; remove one of them, or give this file \
                 another name",
                names.join(", ")
            )));
        }
        let next = catalogue.file(kind, parent).map_err(|error| invalid(error.to_string()))?;
        lineage.push((parent.clone(), next));
    }
}

/// The texts of a lineage, to be read as one.
pub(super) fn files<'a>(lineage: &[(String, &'a File)]) -> InheritedFiles<'a> {
    InheritedFiles::new(lineage.iter().map(|(_, file)| (file.path.as_path(), &*file.text)))
}

/// What a file inherits from, and where it says so. What else is wrong with it is found when it is
/// read.
fn parent(kind: ProfileKind, text: &str) -> Option<Parent> {
    if kind == ProfileKind::Model {
        return None;
    }
    let table = DeTable::parse(text).ok()?;
    let value = table.get_ref().get("inherits")?;
    Some(Parent { name: value.get_ref().as_str()?.to_owned(), at: value.span().start })
}
