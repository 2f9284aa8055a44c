//! How much room a run's instances need. A toolchain for a language with a runtime of its own links
//! dozens of modules into one component, others a single one, so room is counted, not guessed.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Instance, Parser, Payload,
};

/// What one instance of a component takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
}

/// What the instances take that live at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Instances of components.
    pub instances: u32,
    /// What all of them take.
    pub all: Need,
    /// What the largest takes.
    pub largest: Need,
}

/// The most that one component may have: far more than any toolchain makes, and little enough that
/// no component takes the room of another session.
const MOST: Need = Need { memories: 16, tables: 1000 };

/// The most modules that one component may instantiate. They take no room by themselves, and the
/// engine adds some of its own between the parts of a component.
pub(crate) const CORE_INSTANCES_MAX: u32 = 1000;

impl Room {
    /// The room of components, each with how many of its instances live at once.
    pub fn of<'a>(components: impl Iterator<Item = (&'a [u8], usize)>) -> Room {
        let mut room = Room::default();
        for (bytes, instances) in components {
            let need = Need::of(bytes).capped();
            let instances = u32::try_from(instances).unwrap_or(u32::MAX);
            room.instances = room.instances.saturating_add(instances);
            room.all = room.all.plus(need.times(instances));
            room.largest = room.largest.most(need);
        }
        room
    }

    /// The room of so many instances of components with a main module, a shim and fix-ups.
    pub fn of_small(instances: usize) -> Room {
        let instances = u32::try_from(instances).unwrap_or(u32::MAX);
        let need = Need { memories: 2, tables: 8 };
        Room { instances, all: need.times(instances), largest: need }
    }
}

impl Need {
    /// What an instance of a component takes, as far as the component can be read: what is wrong
    /// with one that cannot, the compiler says.
    pub fn of(component: &[u8]) -> Need {
        let mut levels = Levels::default();
        for payload in Parser::new(0).parse_all(component) {
            let Ok(payload) = payload else { break };
            if levels.read(payload).is_none() {
                break;
            }
        }
        levels.outermost
    }

    /// Why a component may not have so much, if it may not.
    pub(crate) fn problem(self) -> Option<String> {
        let counts =
            [(self.memories, MOST.memories, "memories"), (self.tables, MOST.tables, "tables")];
        let (count, most, what) = counts.into_iter().find(|(count, most, _)| count > most)?;
        Some(format!("it has {count} {what}, and the most is {most}"))
    }

    fn capped(self) -> Need {
        Need { memories: self.memories.min(MOST.memories), tables: self.tables.min(MOST.tables) }
    }

    fn add_memories(&mut self, count: u32) {
        self.memories = self.memories.saturating_add(count);
    }

    fn add_tables(&mut self, count: u32) {
        self.tables = self.tables.saturating_add(count);
    }

    fn plus(self, other: Need) -> Need {
        self.with(other, u32::saturating_add)
    }

    fn most(self, other: Need) -> Need {
        self.with(other, u32::max)
    }

    fn with(self, other: Need, join: impl Fn(u32, u32) -> u32) -> Need {
        Need {
            memories: join(self.memories, other.memories),
            tables: join(self.tables, other.tables),
        }
    }

    fn times(self, count: u32) -> Need {
        self.with(Need { memories: count, tables: count }, u32::saturating_mul)
    }
}

/// The components and modules that are being read, the innermost last.
#[derive(Default)]
struct Levels {
    open: Vec<Level>,
    outermost: Need,
}

/// What has been read of a component or a module.
#[derive(Default)]
struct Level {
    is_module: bool,
    need: Need,
    modules: Vec<Need>,
    components: Vec<Need>,
}

impl Levels {
    /// Takes in a part; `None` when it cannot be read.
    fn read(&mut self, payload: Payload<'_>) -> Option<()> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_module = encoding == wasmparser::Encoding::Module;
                self.open.push(Level { is_module, ..Level::default() });
            }
            Payload::MemorySection(section) => {
                self.open.last_mut()?.need.add_memories(section.count())
            }
            Payload::TableSection(section) => {
                self.open.last_mut()?.need.add_tables(section.count())
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { module_index, .. } = instance.ok()? {
                        self.open.last_mut()?.instantiate_module(module_index);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance.ok()? {
                        self.open.last_mut()?.instantiate_component(component_index);
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    match import.ok()?.ty {
                        ComponentTypeRef::Module(_) => {
                            self.open.last_mut()?.modules.push(Need::default())
                        }
                        ComponentTypeRef::Component(_) => {
                            self.open.last_mut()?.components.push(Need::default());
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    self.open.last_mut()?.export(export.kind, export.index);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(alias.ok()?)?;
                }
            }
            Payload::End(_) => self.close()?,
            _ => {}
        }
        Some(())
    }

    fn alias(&mut self, alias: ComponentAlias<'_>) -> Option<()> {
        match alias {
            ComponentAlias::Outer { kind, count, index } => {
                let at = self.open.len().checked_sub(1 + count as usize)?;
                let outer = self.open.get(at)?;
                let module = outer.modules.get(index as usize).copied().unwrap_or_default();
                let component = outer.components.get(index as usize).copied().unwrap_or_default();
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        self.open.last_mut()?.modules.push(module)
                    }
                    ComponentOuterAliasKind::Component => {
                        self.open.last_mut()?.components.push(component);
                    }
                    _ => {}
                }
            }
            // What is inside another instance is not known here.
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => {
                self.open.last_mut()?.modules.push(Need::default());
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                self.open.last_mut()?.components.push(Need::default());
            }
            _ => {}
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let level = self.open.pop()?;
        match self.open.last_mut() {
            Some(outer) if level.is_module => outer.modules.push(level.need),
            Some(outer) => outer.components.push(level.need),
            None => self.outermost = level.need,
        }
        Some(())
    }
}

impl Level {
    fn instantiate_module(&mut self, index: u32) {
        let need = self.modules.get(index as usize).copied().unwrap_or_default();
        self.need = self.need.plus(need);
    }

    fn instantiate_component(&mut self, index: u32) {
        let need = self.components.get(index as usize).copied().unwrap_or_default();
        self.need = self.need.plus(need);
    }

    /// An export is one more name of the same thing.
    fn export(&mut self, kind: ComponentExternalKind, index: u32) {
        let index = index as usize;
        match kind {
            ComponentExternalKind::Module => {
                self.modules.push(self.modules.get(index).copied().unwrap_or_default());
            }
            ComponentExternalKind::Component => {
                self.components.push(self.components.get(index).copied().unwrap_or_default());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(text: &str) -> Need {
        Need::of(&wat::parse_str(text).expect("the text is right"))
    }

    #[test]
    fn what_is_instantiated_is_counted_as_often_as_it_is() {
        let two = r#"(component
            (core module $a (memory 1) (table 1 funcref) (table 2 funcref))
            (core module $unused (memory 1))
            (core instance (instantiate $a)) (core instance (instantiate $a)))"#;
        assert_eq!(need(two), Need { memories: 2, tables: 4 });
        let nested = r#"(component
            (core module $outer (memory 1))
            (component $inner
                (alias outer 1 $outer (core module $a))
                (core instance (instantiate $a)))
            (instance (instantiate $inner)) (instance (instantiate $inner))
            (instance (instantiate $inner)))"#;
        assert_eq!(need(nested), Need { memories: 3, tables: 0 });
        assert_eq!(Need::of(b"no component"), Need::default());
    }

    #[test]
    fn room_is_the_sum_and_the_largest() {
        let one = wat::parse_str(
            "(component (core module $a (memory 1)) (core instance (instantiate $a)))",
        );
        let one = one.expect("the text is right");
        let room = Room::of([(&*one, 10), (&*one, 5)].into_iter());
        assert_eq!(room.instances, 15);
        assert_eq!(room.all.memories, 15);
        assert_eq!(room.largest, Need { memories: 1, tables: 0 });
    }

    #[test]
    fn more_than_any_toolchain_makes_is_refused_by_its_count() {
        let modules = "(core instance (instantiate $a))".repeat(17);
        let need = need(&format!("(component (core module $a (memory 1)) {modules})"));
        assert_eq!(need.problem().unwrap(), "it has 17 memories, and the most is 16");
    }
}
