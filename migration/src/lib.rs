#![doc = include_str!("../README.md")]

pub mod roles;
mod sql;
mod verifier;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{Database, DatabaseConnection};

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        sql::migrations![
            "0001_house",
            "0002_alerts",
            "0004_desk",
            "0005_event_list",
            "0006_past_syncs",
            "0007_problems",
            "0008_account_creations",
            "0009_dimensions",
            "0010_batches",
            "0011_tokens",
            "0012_batch_items",
            "0014_fair_turns",
            "0015_reconciliations",
            "0016_webhooks",
            "0017_key_rotation",
            "0018_audit_chain",
            "0019_data_keys",
            "0020_idempotency",
            "0021_members",
            "0022_links_and_hints",
            "0024_cheaper_entries",
            "0025_mapped_by_creation",
            "0026_presence",
            "0027_fewer_indexes",
            "0028_listed",
            "0030_doors",
            "0032_kept_answers",
            "0033_lanes",
            "0034_witnessed",
        ]
    }
}

/// Brings the database up to date; doing so again changes nothing.
///
/// # Errors
/// The database cannot be reached, the login may not create tables, or the roles of [`roles::ensure`] are missing.
pub async fn up(owner_url: &str) -> Result<(), DbErr> {
    let database = Database::connect(owner_url).await?;
    Migrator::up(&database, None).await?;
    close(database).await
}

/// Takes the last `steps` migrations back, or all of them.
///
/// # Errors
/// As [`up`].
pub async fn down(owner_url: &str, steps: Option<u32>) -> Result<(), DbErr> {
    let database = Database::connect(owner_url).await?;
    Migrator::down(&database, steps).await?;
    close(database).await
}

async fn close(database: DatabaseConnection) -> Result<(), DbErr> {
    database.close().await
}
