//! Whether the database is what this binary was built for, and bringing it there.

use anyhow::Context;
use entity::store::Store;
use migration::Migrator;
use migration::roles::{APPLICATION, Login, OWNER, PLATFORM};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, FromQueryResult, Statement,
};
use sea_orm_migration::MigratorTrait;
use service::catalogue;
use std::collections::BTreeSet;
use url::Url;

/// The passwords that the product's roles are to log in with; `None` leaves a login to the server's own rules.
#[derive(Default)]
pub(crate) struct Passwords {
    pub(crate) application: Option<String>,
    pub(crate) platform: Option<String>,
}

/// Runs the migrations as the owner of the tables.
///
/// # Errors
/// The database cannot be reached; a migration fails; or the login is neither an administrator's nor the owner's.
pub(crate) async fn bring_up(url: &str) -> anyhow::Result<()> {
    let owner_url = owner_url(url).await?;
    migration::up(&owner_url)
        .await
        .context("a migration failed")?;
    let database = Database::connect(&owner_url).await?;
    // The list of migrations belongs to no tenant; whoever starts looks at it.
    database
        .execute_unprepared(&format!("GRANT SELECT ON seaql_migrations TO {PLATFORM}"))
        .await?;
    database.close().await?;
    Ok(())
}

/// Takes the last `steps` migrations back, as the owner of the tables, and names them.
///
/// # Errors
/// As [`bring_up`]; or fewer are there.
pub(crate) async fn take_back(url: &str, steps: u32) -> anyhow::Result<Vec<String>> {
    let owner_url = owner_url(url).await?;
    let database = Database::connect(&owner_url).await?;
    let there = Migrator::get_applied_migrations(&database).await?;
    database.close().await?;
    let kept = there
        .len()
        .checked_sub(usize::try_from(steps)?)
        .with_context(|| format!("only {} migrations are there to be taken back", there.len()))?;
    migration::down(&owner_url, Some(steps))
        .await
        .context("a migration could not be taken back")?;
    Ok(there[kept..]
        .iter()
        .rev()
        .map(|migration| migration.name().to_owned())
        .collect())
}

/// Refuses a database that lacks a migration, has one this binary does not know, or has a gap in the wall between tenants.
///
/// # Errors
/// What is wrong and what to do about it.
pub(crate) async fn check(store: &Store) -> anyhow::Result<()> {
    let tx = store
        .platform()
        .await
        .context("the database does not answer")?;
    let done: BTreeSet<String> = match tx
        .query_as::<Done>("SELECT version FROM seaql_migrations", vec![])
        .await
    {
        Ok(rows) => rows.into_iter().map(|row| row.version).collect(),
        Err(error) => {
            return Err(error)
                .context("the database was not prepared for this program: run `tillpost migrate`");
        }
    };
    drop(tx);
    let known: BTreeSet<String> = Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    let missing: Vec<_> = known.difference(&done).cloned().collect();
    anyhow::ensure!(
        missing.is_empty(),
        "the database lacks {}: run `tillpost migrate`",
        missing.join(", ")
    );
    let beyond: Vec<_> = done.difference(&known).cloned().collect();
    anyhow::ensure!(
        beyond.is_empty(),
        "the database has {}, which this program does not know: run the newer program",
        beyond.join(", ")
    );
    let gaps: Vec<_> = catalogue::gaps(store)
        .await?
        .into_iter()
        .map(|gap| gap.gap)
        .collect();
    anyhow::ensure!(
        gaps.is_empty(),
        "the wall between tenants has gaps, so this program does not start:\n  {}",
        gaps.join("\n  ")
    );
    Ok(())
}

#[derive(FromQueryResult)]
struct Done {
    version: String,
}

/// Makes the roles where the login of `url` may, and says whether it may. The database's schema is given to the owner: an
/// administrator's tables would be out of its reach.
///
/// # Errors
/// The database cannot be reached, or refuses.
pub(crate) async fn ensure_roles(url: &str, passwords: &Passwords) -> anyhow::Result<bool> {
    let database = Database::connect(url)
        .await
        .context("the database does not answer")?;
    if !may_create_roles(&database).await? {
        database.close().await?;
        return Ok(false);
    }
    let logins = [
        Login {
            role: OWNER,
            password: None,
        },
        Login {
            role: APPLICATION,
            password: passwords.application.as_deref(),
        },
        Login {
            role: PLATFORM,
            password: passwords.platform.as_deref(),
        },
    ];
    migration::roles::ensure(url, &logins)
        .await
        .context("the roles could not be made")?;
    database
        .execute_unprepared(&format!(
            "GRANT {OWNER} TO CURRENT_USER; GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}"
        ))
        .await
        .context("the schema could not be given to its owner")?;
    database.close().await?;
    Ok(true)
}

async fn may_create_roles(database: &DatabaseConnection) -> anyhow::Result<bool> {
    let row = database
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            "SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user",
        ))
        .await?
        .context("the login has no role")?;
    Ok(row.try_get("", "may")?)
}

// An administrator steps into the owner's role.
async fn owner_url(url: &str) -> anyhow::Result<String> {
    let database = Database::connect(url)
        .await
        .context("the database does not answer")?;
    let administrator = may_create_roles(&database).await?;
    database.close().await?;
    if administrator {
        as_owner(url)
    } else {
        Ok(url.to_owned())
    }
}

fn as_owner(url: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(url).context("OWNER_DATABASE_URL is no address")?;
    url.query_pairs_mut()
        .append_pair("options", &format!("-c role={OWNER}"));
    Ok(url.into())
}
