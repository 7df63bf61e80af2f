//! `openapi`: the committed contract, written from the code or compared with it.

use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the contract is, below the folder of the project.
const PATH: &str = "openapi/openapi.json";

/// Write the project's `openapi/openapi.json`, compare it, or print it.
#[derive(clap::Args)]
pub(crate) struct OpenApi {
    /// Change nothing; fail where the file is not what the code says.
    #[arg(long, conflicts_with = "print")]
    check: bool,
    /// Print the document, and write nothing. Works anywhere.
    #[arg(long)]
    print: bool,
    /// The project's folder; left out: the one around the present folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl OpenApi {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let document = api::document();
        if self.print {
            return std::io::stdout()
                .write_all(document.as_bytes())
                .context("the document cannot be printed");
        }
        let path = match &self.folder {
            Some(folder) => of_project(folder).then(|| folder.join(PATH)),
            None => {
                let here = std::env::current_dir().context("there is no present folder")?;
                around(&here)
            }
        };
        let Some(path) = path else {
            let place = self.folder.map_or_else(
                || "this folder is not in Tillpost's project".to_owned(),
                |folder| {
                    format!(
                        "{} is not the folder of Tillpost's project",
                        folder.display()
                    )
                },
            );
            let would = if self.check { "compares" } else { "writes" };
            anyhow::bail!(
                "nothing was done: {place}, whose {PATH} this {would}; go there, or name it with --folder, or see the document \
                 with --print"
            );
        };
        if self.check {
            return compare(&path, &document);
        }
        std::fs::write(&path, document)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// The contract of the project that a folder lies in.
fn around(folder: &Path) -> Option<PathBuf> {
    let project = folder.ancestors().find(|folder| of_project(folder))?;
    Some(project.join(PATH))
}

/// Whether this is the project's folder: it says so in its manifest, and holds a contract.
fn of_project(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let named = manifest
        .lines()
        .any(|line| line.replace(' ', "") == "name=\"tillpost\"");
    named && folder.join(PATH).is_file()
}

fn compare(path: &Path, document: &str) -> anyhow::Result<()> {
    let committed =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let differs = committed
        .lines()
        .zip(document.lines())
        .position(|(committed, now)| committed != now)
        .or((committed != document)
            .then_some(committed.lines().count().min(document.lines().count())));
    if let Some(line) = differs {
        anyhow::bail!(
            "{} differs from the code at line {}: run `tillpost openapi`",
            path.display(),
            line + 1
        );
    }
    println!("{} is what the code says", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_known_from_anywhere_inside_and_from_nowhere_else() {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let contract = project.join(PATH);
        assert_eq!(around(project), Some(contract.clone()));
        assert_eq!(around(&project.join("service/src")), Some(contract));
        // A folder of somebody else's, though it has a file of that name.
        let other = std::env::temp_dir().join(format!("not-tillpost-{}", std::process::id()));
        std::fs::create_dir_all(other.join("openapi")).unwrap();
        std::fs::write(other.join(PATH), "{}\n").unwrap();
        std::fs::write(other.join("Cargo.toml"), "[package]\nname = \"shop\"\n").unwrap();
        assert_eq!(around(&other), None);
        let command = OpenApi {
            check: false,
            print: false,
            folder: Some(other.clone()),
        };
        let told = command.run().unwrap_err().to_string();
        assert!(
            told.starts_with("nothing was done: ") && told.contains("--print"),
            "{told}"
        );
        assert_eq!(std::fs::read_to_string(other.join(PATH)).unwrap(), "{}\n");
        std::fs::remove_dir_all(&other).unwrap();
    }

    #[test]
    fn a_contract_that_differs_is_told_by_its_line() {
        let path =
            std::env::temp_dir().join(format!("tillpost-openapi-{}.json", std::process::id()));
        std::fs::write(&path, "{\n  \"a\": 1\n}\n").unwrap();
        assert!(compare(&path, "{\n  \"a\": 1\n}\n").is_ok());
        for (now, line) in [
            ("{\n  \"a\": 2\n}\n", "line 2"),
            ("{\n  \"a\": 1\n}\n{}\n", "line 4"),
            ("{\n  \"a\": 1\n}", "line 4"),
        ] {
            let told = compare(&path, now).unwrap_err().to_string();
            assert!(told.contains(line), "{told}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
