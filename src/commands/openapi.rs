//! `openapi`: the committed contract, written from the code or compared with it.

use anyhow::Context;
use std::path::{Path, PathBuf};

/// Where the contract is, below the folder of the project.
const PATH: &str = "openapi/openapi.json";

/// Write `openapi/openapi.json`, or compare it.
#[derive(clap::Args)]
pub(crate) struct OpenApi {
    /// Change nothing; fail where the file is not what the code says.
    #[arg(long)]
    check: bool,
    /// The project's folder.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

impl OpenApi {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let path = self.folder.join(PATH);
        let document = api::document();
        if self.check {
            return compare(&path, &document);
        }
        std::fs::write(&path, document)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
        Ok(())
    }
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
