//! What a component takes from its host and gives to it, found by decoding it.

use wasmparser::{ComponentTypeRef, Parser, Payload};

use super::sections::{custom_sections, damaged};
use crate::error::{MarketError, Result};
use crate::permissions::Permissions;

/// The section of the permission manifest.
pub(crate) const PERMISSION_SECTION: &str = "timeslip:permissions";

/// What a component takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// The interfaces that it imports, with their versions, in its order.
    pub imports: Vec<String>,
    /// What it exports: interfaces and functions.
    pub exports: Vec<String>,
    /// The components inside it.
    pub nested: Vec<NestedComponent>,
}

/// A component inside another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NestedComponent {
    /// The interfaces that it imports, from whatever stands around it.
    pub imports: Vec<String>,
    /// The permission manifest that it was packed with, if it was.
    pub permissions: Option<Permissions>,
}

/// What an import needs in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing: it has no effect outside the session.
    Nothing,
    Net,
    Fs,
    Llm,
    Tools,
}

impl Need {
    fn declaration(self) -> &'static str {
        match self {
            Need::Nothing => "",
            Need::Net => "[[net]]",
            Need::Fs => "[[fs]]",
            Need::Llm => "[llm]",
            Need::Tools => "[tools]",
        }
    }

    fn is_declared(self, permissions: &Permissions) -> bool {
        match self {
            Need::Nothing => true,
            Need::Net => !permissions.net.is_empty(),
            Need::Fs => !permissions.fs.is_empty(),
            Need::Llm => permissions.llm.is_some(),
            Need::Tools => permissions.tools.is_some(),
        }
    }
}

/// What an interface needs, or nothing at all where no host gives it.
fn need_of(import: &str) -> Option<Need> {
    let interface = import.split('@').next().unwrap_or_default();
    Some(match interface {
        "timeslip:tool/http" | "timeslip:tool/http-blocking" => Need::Net,
        "timeslip:tool/files" => Need::Fs,
        "timeslip:agent/model" | "timeslip:agent/model-blocking" => Need::Llm,
        "timeslip:agent/tools" | "timeslip:agent/tools-blocking" => Need::Tools,
        "timeslip:tool/http-types" => Need::Nothing,
        _ => match interface.split('/').next().unwrap_or_default() {
            "timeslip:agent" => Need::Nothing,
            "wasi:filesystem" => Need::Fs,
            // The session's clock and chance, the journal, and sockets that refuse everything.
            "wasi:clocks" | "wasi:random" | "wasi:io" | "wasi:cli" | "wasi:sockets" => {
                Need::Nothing
            }
            _ => return None,
        },
    })
}

impl Surface {
    /// Decodes a component.
    ///
    /// # Errors
    /// When the bytes are no component, or it imports what is no interface.
    pub fn of(bytes: &[u8]) -> Result<Surface> {
        let mut surface = Surface::default();
        let mut open: Vec<Option<NestedComponent>> = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| damaged(&error))? {
                Payload::Version { encoding, .. } => {
                    let is_component = encoding == wasmparser::Encoding::Component;
                    open.push(is_component.then(NestedComponent::default));
                }
                Payload::End(_) => {
                    let ended = open.pop().flatten();
                    if !open.is_empty() {
                        surface.nested.extend(ended);
                    }
                }
                Payload::ComponentImportSection(imports) => {
                    let is_top = open.len() == 1;
                    for import in imports {
                        let import = import.map_err(|error| damaged(&error))?;
                        let name = import_name(import.name.name, &import.ty, is_top)?;
                        match open.last_mut() {
                            Some(Some(nested)) if !is_top => nested.imports.extend(name),
                            _ => surface.imports.extend(name),
                        }
                    }
                }
                Payload::ComponentExportSection(exports) if open.len() == 1 => {
                    for export in exports {
                        let export = export.map_err(|error| damaged(&error))?;
                        surface.exports.push(export.name.name.to_owned());
                    }
                }
                Payload::CustomSection(custom) if custom.name() == PERMISSION_SECTION => {
                    if let (true, Some(Some(nested))) = (open.len() > 1, open.last_mut()) {
                        nested.permissions = Some(read_section(custom.data())?);
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    /// Refuses imports, the component's own and those inside it, that the manifest does not declare.
    ///
    /// # Errors
    /// When there is one, naming it and what to declare.
    pub fn check_declared(&self, permissions: &Permissions) -> Result<()> {
        for import in &self.imports {
            check_import(import, permissions, "it")?;
        }
        for (number, nested) in self.nested.iter().enumerate() {
            let who = format!("the component number {} inside it", number + 1);
            // What the outer one gives to the inner one it need not take from the host, but a
            // name that stands for an effect is taken for it.
            for import in nested.imports.iter().filter(|import| need_of(import).is_some()) {
                check_import(import, permissions, &who)?;
            }
            let wanted = nested.permissions.iter().find(|wanted| !permissions.covers(wanted));
            if let Some(wanted) = wanted {
                let beyond = wanted.difference_from(permissions);
                let beyond: Vec<String> = beyond
                    .into_iter()
                    .filter(|change| change.kind == crate::permissions::ChangeKind::Added)
                    .map(|change| change.phrase)
                    .collect();
                return Err(MarketError::refused(format!(
                    "{who} was packed with permissions that the manifest does not declare: {}",
                    beyond.join("; ")
                )));
            }
        }
        Ok(())
    }

    /// The world that it fits, if it is one of the contracts'.
    pub fn world(&self) -> Option<&'static str> {
        let has = |name: &str| self.exports.iter().any(|export| export == name);
        let imports = |name: &str| self.imports.iter().any(|import| import.starts_with(name));
        if has("timeslip:tool/plugin@0.1.0") {
            Some("timeslip:tool/tool@0.1.0")
        } else if has("timeslip:tool/plugin-blocking@0.1.0") {
            Some("timeslip:tool/tool-blocking@0.1.0")
        } else if has("timeslip:hardware/step-cost@0.1.0") {
            Some("timeslip:hardware/hardware@0.1.0")
        } else if !has("run") {
            None
        } else if imports("timeslip:agent/model-blocking")
            || imports("timeslip:agent/session-blocking")
        {
            Some("timeslip:agent/agent-blocking@0.1.0")
        } else {
            Some("timeslip:agent/agent@0.1.0")
        }
    }
}

/// The name of an import that is an interface; types have no effect.
fn import_name(name: &str, ty: &ComponentTypeRef, is_top: bool) -> Result<Option<String>> {
    match ty {
        ComponentTypeRef::Instance(_) => Ok(Some(name.to_owned())),
        ComponentTypeRef::Type(_) => Ok(None),
        _ if !is_top => Ok(Some(name.to_owned())),
        other => {
            let kind = match other {
                ComponentTypeRef::Module(_) => "a core module",
                ComponentTypeRef::Component(_) => "a component",
                ComponentTypeRef::Func(_) => "a function outside any interface",
                _ => "a value",
            };
            Err(MarketError::refused(format!(
                "it imports `{}`, {kind}, and what that would do cannot be told from its name; a \
                 plugin imports interfaces alone",
                name.escape_debug()
            )))
        }
    }
}

fn check_import(import: &str, permissions: &Permissions, who: &str) -> Result<()> {
    let Some(need) = need_of(import) else {
        return Err(MarketError::refused(format!(
            "{who} imports `{}`, which no host of this release gives",
            import.escape_debug()
        )));
    };
    if need.is_declared(permissions) {
        return Ok(());
    }
    let interface = import.split('@').next().unwrap_or_default();
    let package = interface.split('/').next().unwrap_or_default();
    let is_unused =
        permissions.unused.iter().any(|one| [interface, package].contains(&&*one.import));
    match is_unused {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "{who} imports `{import}`, and the permission manifest does not declare it; add {} with \
             its `why`, build the plugin without the import, or, if its toolchain links it for \
             nothing, add [[unused]] with `import = \"{interface}\"`",
            need.declaration()
        ))),
    }
}

/// The manifest in a section.
pub(crate) fn read_section(data: &[u8]) -> Result<Permissions> {
    let in_section = |error: MarketError| error.of("its permission section");
    let text = std::str::from_utf8(data)
        .map_err(|_| in_section(MarketError::refused("it is not UTF-8 text")))?;
    let permissions = Permissions::parse(text).map_err(in_section)?;
    match permissions.to_toml() == text {
        true => Ok(permissions),
        false => Err(in_section(MarketError::refused(
            "it is not in the form that `timeslip plugin pack` writes, so it was changed by hand",
        ))),
    }
}

/// The manifest at the top of a component.
///
/// # Errors
/// When there is none, or more than one, or it was changed.
pub(crate) fn permissions_of(bytes: &[u8]) -> Result<Permissions> {
    let sections = custom_sections(bytes)?;
    let mut own = sections.iter().filter(|one| one.depth == 0 && one.name == PERMISSION_SECTION);
    match (own.next(), own.next()) {
        (None, _) => Err(MarketError::refused(
            "it has no permission section; pack it with `timeslip plugin pack`",
        )),
        (Some(section), None) => read_section(section.data),
        (Some(_), Some(_)) => Err(MarketError::refused(
            "it has two permission sections, and which of them holds nobody can tell",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sections::with_section;
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    const HTTP: &str = "(component (import \"timeslip:tool/http@0.1.0\" (instance)))";
    const NET: &str = "[[net]]\nhost = \"a.org\"\nwhy = \"a\"\n";

    fn problem(bytes: &[u8], manifest: &str) -> Option<String> {
        let permissions = Permissions::parse(manifest).unwrap();
        let checked = Surface::of(bytes).and_then(|surface| surface.check_declared(&permissions));
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn an_import_without_a_declaration_is_refused_by_name() {
        let bytes = component(HTTP);
        assert_eq!(problem(&bytes, NET), None);
        let told = problem(&bytes, "").unwrap();
        assert!(told.contains("`timeslip:tool/http@0.1.0`") && told.contains("[[net]]"), "{told}");
        let unused = "[[unused]]\nimport = \"wasi:filesystem\"\nwhy = \"a\"\n";
        let files = component("(component (import \"wasi:filesystem/types@0.2.6\" (instance)))");
        assert_eq!(problem(&files, unused), None);
        assert!(problem(&files, NET).unwrap().contains("[[fs]]"));
    }

    #[test]
    fn what_no_host_gives_and_what_is_no_interface_is_refused() {
        for (text, told) in [
            ("(import \"acme:secret/door@1.0.0\" (instance))", "no host of this release gives"),
            ("(import \"wasi:http/types@0.2.6\" (instance))", "no host of this release gives"),
            ("(import \"run\" (func))", "a function outside any interface"),
            ("(import \"a\" (component))", "`a`, a component"),
            ("(import \"a\" (core module))", "`a`, a core module"),
        ] {
            let told_by_it = problem(&component(&format!("(component {text})")), NET).unwrap();
            assert!(told_by_it.contains(told), "{text}: {told_by_it}");
        }
    }

    #[test]
    fn a_component_inside_hides_no_import() {
        let outer = component(&format!("(component {HTTP})"));
        let told = problem(&outer, "").unwrap();
        assert!(told.starts_with("the component number 1 inside it imports"), "{told}");
        assert_eq!(problem(&outer, NET), None);
        let deeper = component(&format!("(component (component {HTTP}))"));
        assert!(problem(&deeper, "").is_some());
    }

    #[test]
    fn permissions_of_a_component_inside_are_declared_outside() {
        let manifest = Permissions::parse(NET).unwrap().to_toml();
        let inner = component("(component)");
        let inner = with_section(inner, PERMISSION_SECTION, manifest.as_bytes());
        // A component section holds the whole inner component.
        let mut outer = component("(component)");
        outer.push(4);
        super::super::sections::push_length(&mut outer, inner.len());
        outer.extend(&inner);
        let told = problem(&outer, "").unwrap();
        assert!(told.contains("fetch from a.org:443"), "{told}");
        assert_eq!(problem(&outer, NET), None);
        assert!(permissions_of(&outer).unwrap_err().to_string().contains("no permission section"));
    }

    #[test]
    fn a_second_or_a_changed_permission_section_is_refused() {
        let text = Permissions::parse(NET).unwrap().to_toml();
        let one = with_section(component("(component)"), PERMISSION_SECTION, text.as_bytes());
        assert!(permissions_of(&one).is_ok());
        let two = with_section(one, PERMISSION_SECTION, b"");
        assert!(permissions_of(&two).unwrap_err().to_string().contains("two permission sections"));
        for changed in [format!("{text}# harmless\n"), text.replace("\n\n", "\n"), "x".to_owned()] {
            if changed == text {
                continue;
            }
            let bytes =
                with_section(component("(component)"), PERMISSION_SECTION, changed.as_bytes());
            assert!(permissions_of(&bytes).is_err(), "{changed}");
        }
        let bytes = with_section(component("(component)"), PERMISSION_SECTION, b"\xff");
        assert!(permissions_of(&bytes).unwrap_err().to_string().contains("not UTF-8"));
    }
}
