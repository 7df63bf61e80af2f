//! The three roles of the database. Roles belong to the whole server, so they are made once, beside the migrations.

use crate::verifier;
use sea_orm_migration::sea_orm::{ConnectionTrait, Database, DbErr};

/// Owns the tables and runs migrations; nothing of the product logs in with it.
pub const OWNER: &str = "tillpost_owner";
/// What requests and turns log in with: owns nothing, cannot bypass row-level security.
pub const APPLICATION: &str = "tillpost_app";
/// The narrow door for what spans tenants: creating them, finding a key's tenant, sweeping for due turns.
pub const PLATFORM: &str = "tillpost_platform";

/// A role and the password it logs in with; `None` leaves the login to the server's own rules (a private socket).
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// One of [`OWNER`], [`APPLICATION`], [`PLATFORM`].
    pub role: &'static str,
    /// Its password.
    pub password: Option<&'a str>,
}

/// Makes the roles that are missing and sets the passwords given, which the server never sees.
///
/// # Errors
/// `administrator_url` cannot be reached, or its login may not create roles.
pub async fn ensure(administrator_url: &str, logins: &[Login<'_>]) -> Result<(), DbErr> {
    let server = Database::connect(administrator_url).await?;
    for login in logins {
        server.execute_unprepared(&create(login.role)).await?;
        if let Some(password) = login.password {
            let verifier = verifier::of(password)
                .ok_or_else(|| DbErr::Custom("the machine has no random bytes".to_owned()))?;
            server
                .execute_unprepared(&format!("ALTER ROLE {} PASSWORD '{verifier}'", login.role))
                .await?;
        }
    }
    server.close().await
}

// The lock makes two starts at once wait for each other: CREATE ROLE has no IF NOT EXISTS.
fn create(role: &str) -> String {
    format!(
        "DO $$ BEGIN
           PERFORM pg_advisory_xact_lock(7421906);
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
             CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
           END IF;
         END $$"
    )
}

/// Creates a database that [`OWNER`] owns, empty or as a copy of `template`.
///
/// # Errors
/// As [`ensure`]; or the name is taken.
pub async fn create_database(
    administrator_url: &str,
    name: &str,
    template: Option<&str>,
) -> Result<(), DbErr> {
    let server = Database::connect(administrator_url).await?;
    let from = template.map_or(String::new(), |template| {
        format!(" TEMPLATE {}", quoted(template))
    });
    server
        .execute_unprepared(&format!(
            "CREATE DATABASE {} OWNER {OWNER}{from}",
            quoted(name)
        ))
        .await?;
    server.close().await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
