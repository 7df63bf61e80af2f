//! `migrate`: the roles where the login may make them, then the schema.

use crate::schema::{self, Passwords};
use anyhow::Context;
use url::Url;

/// Bring the database up to date.
#[derive(clap::Args)]
pub(crate) struct Migrate {
    /// Take the last N migrations back instead, with the data they hold.
    #[arg(long, value_name = "N", conflicts_with = "roles")]
    down: Option<u32>,
    /// Yes, destroy the data that the migrations taken back hold.
    #[arg(long, requires = "down")]
    destroy_data: bool,
    /// Fail where the login may not make the three roles, instead of taking them as made.
    #[arg(long)]
    roles: bool,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let url = std::env::var("OWNER_DATABASE_URL")
            .context("OWNER_DATABASE_URL is missing: the database, as the role tillpost_owner or as an administrator")?;
        if let Some(steps) = self.down {
            anyhow::ensure!(
                self.destroy_data,
                "taking migrations back destroys the data they hold; add --destroy-data where that is meant"
            );
            let taken = schema::take_back(&url, steps).await?;
            println!("took back: {}", taken.join(", "));
            return Ok(());
        }
        let passwords = Passwords {
            application: password_in("DATABASE_URL")?,
            platform: password_in("PLATFORM_DATABASE_URL")?,
        };
        let made = schema::ensure_roles(&url, &passwords).await?;
        anyhow::ensure!(
            made || !self.roles,
            "the login of OWNER_DATABASE_URL may not make roles"
        );
        schema::bring_up(&url).await?;
        println!(
            "the database is up to date{}",
            if made {
                ", and its three roles are made"
            } else {
                ""
            }
        );
        Ok(())
    }
}

// The product's roles log in with what their own addresses say.
fn password_in(variable: &str) -> anyhow::Result<Option<String>> {
    let Ok(text) = std::env::var(variable) else {
        return Ok(None);
    };
    password(&text).with_context(|| format!("{variable} is no address of a database"))
}

fn password(text: &str) -> anyhow::Result<Option<String>> {
    let url = Url::parse(text)?;
    let pairs = url.password().map(|password| {
        format!(
            "password={}",
            password.replace('+', "%2B").replace('&', "%26")
        )
    });
    Ok(pairs.and_then(|pair| {
        url::form_urlencoded::parse(pair.as_bytes())
            .next()
            .map(|(_, password)| password.into_owned())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_out_of_an_address() {
        let socket = "postgres://tillpost_app:se%40cr+et@%2Fvar%2Frun%2Fpostgresql/tillpost";
        assert_eq!(password(socket).unwrap().as_deref(), Some("se@cr+et"));
        assert_eq!(
            password("postgres://tillpost_app@localhost/tillpost").unwrap(),
            None
        );
        assert!(password("tillpost").is_err());
    }
}
