//! The house's rules that a machine can keep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which of our crates each may be built on.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("accounting", &[]),
    ("quickbooks", &[]),
    ("entity", &[]),
    ("migration", &[]),
    ("service", &["accounting", "entity", "quickbooks"]),
    ("api", &["accounting", "entity", "service"]),
    ("worker", &["entity", "service"]),
    ("sandbox", &["accounting"]),
    ("simulator", &["accounting"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            names.insert(name.trim().to_owned());
        }
    }
    names
}

#[test]
fn dependencies_point_the_way_the_architecture_says() {
    let ours: BTreeSet<_> = DIRECTIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    for (name, allowed) in DIRECTIONS {
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let used = dependencies(&manifest);
        assert!(!used.is_empty(), "{name}: no dependencies were read");
        for other in used.intersection(&ours) {
            assert!(
                allowed.contains(&other.as_str()),
                "{name} must not be built on {other}"
            );
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_is_left_for_later_and_no_file_holds_two_ideas() {
    let mut files = Vec::new();
    for (name, _) in DIRECTIONS {
        sources(&root().join(name).join("src"), &mut files);
    }
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 50, "only {} files were found", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["TODO", "FIXME", "todo!(", "unimplemented!("] {
            assert!(!text.contains(word), "{} says {word}", file.display());
        }
        let lines = text.lines().count();
        assert!(
            lines <= 650,
            "{} has {lines} lines: look for the second idea",
            file.display()
        );
    }
}

// What a shipped binary is built of: cargo's own answer, without what only tests ask for.
fn features_of(package: &str, edges: &str) -> String {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "tillpost"])
        .args(["--edges", edges, "--invert", package])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    String::from_utf8(tree.stdout).unwrap()
}

#[test]
fn a_shipped_binary_has_no_fail_points_and_the_process_tests_have() {
    assert!(!features_of("service", "features,no-dev").contains("fail-points"));
    assert!(features_of("service", "features,all").contains("fail-points"));
}

#[test]
fn a_shipped_binary_has_no_mutants_and_the_simulator_is_not_built_with_it() {
    let features = features_of("accounting", "features,no-dev");
    assert!(features.contains("accounting"), "{features}");
    assert!(!features.contains("mutants"), "{features}");
    // Members that are built together share features, so whoever names no package must not get the simulator.
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut by_default = manifest
        .lines()
        .filter(|line| line.starts_with("default-members"));
    assert!(
        by_default
            .next()
            .is_some_and(|line| !line.contains("simulator"))
    );
}
