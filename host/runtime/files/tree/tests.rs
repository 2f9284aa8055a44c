//! Trees: what a session does to one, and what the granted folder keeps.

use proptest::prelude::*;

use super::*;

const NOW: Instant = Instant::ZERO;

fn folder() -> Arc<Folder> {
    let file = |path: &str, text: &str| (path.to_owned(), Arc::from(text.as_bytes()));
    Arc::new(Folder::new([file("a", "one"), file("b/c", "two"), file("b-c", "three")].into()))
}

fn tree() -> Tree {
    Tree::new(folder(), 10_000)
}

fn text(tree: &Tree, path: &str) -> String {
    String::from_utf8(tree.bytes(tree.file(path).unwrap()).to_vec()).unwrap()
}

#[test]
fn a_file_is_written_in_the_middle_behind_its_end_and_cut_off() {
    let mut tree = tree();
    let file = tree.file("a").unwrap();
    tree.write(file, 1, b"XY", NOW).unwrap();
    assert_eq!(text(&tree, "a"), "oXY");
    tree.write(file, 5, b"!", NOW).unwrap();
    assert_eq!(text(&tree, "a"), "oXY\0\0!");
    tree.resize(file, 2, NOW).unwrap();
    assert_eq!(text(&tree, "a"), "oX");
    assert_eq!(tree.write(file, u64::MAX, b"!", NOW), Err(TreeProblem::Full));
    assert_eq!(tree.changes().written.len(), 1);
}

#[test]
fn a_folder_shows_its_own_by_name() {
    let mut tree = tree();
    tree.create("b/a", NOW).unwrap();
    tree.create_folder("b/d").unwrap();
    let names = |path: &str| -> Vec<String> {
        tree.children(path).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(""), ["a", "b", "b-c"]);
    assert_eq!(names("b"), ["a", "c", "d"]);
}

#[test]
fn what_is_in_the_way_is_named() {
    let mut tree = tree();
    assert_eq!(tree.create("a", NOW), Err(TreeProblem::Exists));
    assert_eq!(tree.create("a/x", NOW), Err(TreeProblem::NotAFolder));
    assert_eq!(tree.create("x/y", NOW), Err(TreeProblem::NotFound));
    assert_eq!(tree.unlink("b"), Err(TreeProblem::IsAFolder));
    assert_eq!(tree.remove_folder("b"), Err(TreeProblem::NotEmpty));
    assert_eq!(tree.remove_folder("a"), Err(TreeProblem::NotAFolder));
    assert_eq!(tree.remove_folder(""), Err(TreeProblem::Invalid));
    assert_eq!(tree.rename("b", "b/d"), Err(TreeProblem::Invalid));
    assert_eq!(tree.rename("a", "b"), Err(TreeProblem::IsAFolder));
    assert_eq!(tree.rename("b", "a"), Err(TreeProblem::NotAFolder));
    assert_eq!(tree.rename("x", "a"), Err(TreeProblem::NotFound));
    assert!(tree.changes().is_empty());
}

#[test]
fn a_folder_moves_with_all_that_lies_in_it() {
    let mut tree = tree();
    tree.rename("b", "z").unwrap();
    assert_eq!(text(&tree, "z/c"), "two");
    assert_eq!(tree.at("b/c"), Err(TreeProblem::NotFound));
    assert_eq!(text(&tree, "b-c"), "three");
    let changes = tree.changes();
    assert_eq!(changes.written.keys().collect::<Vec<_>>(), ["z/c"]);
    assert_eq!(changes.removed, ["b/c".to_owned()].into());
    assert_eq!(changes.folders_made, ["z".to_owned()].into());
    assert_eq!(changes.folders_removed, ["b".to_owned()].into());
}

#[test]
fn an_open_file_outlives_its_path_and_its_bytes_are_given_back_after_it() {
    let mut tree = tree();
    let file = tree.create("t", NOW).unwrap();
    tree.opened(file);
    tree.write(file, 0, &[7; 5_000], NOW).unwrap();
    tree.unlink("t").unwrap();
    assert_eq!(tree.length(file), 5_000);
    assert!(tree.changes().is_empty());
    let other = tree.create("u", NOW).unwrap();
    assert_eq!(tree.write(other, 0, &[7; 5_000], NOW), Err(TreeProblem::Full));
    tree.closed(file);
    tree.write(other, 0, &[7; 5_000], NOW).unwrap();
}

#[test]
fn files_and_folders_without_bytes_are_not_free() {
    let mut tree = tree();
    let made = (0..1_000).take_while(|number| tree.create_folder(&number.to_string()).is_ok());
    assert_eq!(made.count(), 39);
    tree.remove_folder("0").unwrap();
    tree.create_folder("again").unwrap();
    assert_eq!(tree.create_folder("more"), Err(TreeProblem::Full));
}

proptest! {
    /// A tree does what a plain table of paths does, and its count of bytes is right.
    #[test]
    fn a_tree_counts_what_it_holds(acts in proptest::collection::vec((0u8..6, 0usize..6, 0usize..6), 0..60)) {
        const PATHS: [&str; 6] = ["a", "b", "b/c", "b/d", "e", "e/f"];
        let mut tree = tree();
        for (act, path, other) in acts {
            let (path, other) = (PATHS[path], PATHS[other]);
            let _ = match act {
                0 => tree.create(path, NOW).map(|_| ()),
                1 => tree.create_folder(path),
                2 => tree.unlink(path),
                3 => tree.remove_folder(path),
                4 => tree.rename(path, other),
                _ => tree.file(path).and_then(|file| tree.write(file, 3, b"xyz", NOW)),
            };
            for (path, _) in tree.entries.iter() {
                let above = parent(path);
                prop_assert!(above.is_empty() || tree.entries.get(above) == Some(&Entry::Folder));
            }
            let files: u64 = tree.written.values().map(|one| one.bytes.len() as u64 + ENTRY_BYTES).sum();
            let folders = tree.folders_made * ENTRY_BYTES;
            prop_assert_eq!(tree.written_bytes, files + folders);
        }
    }
}
