//! Where a secret could have gone: what PostgreSQL and Redis hold, and what PostgreSQL writes into its log.

use crate::house::House;
use crate::running::eventually;
use std::path::Path;

/// Lets PostgreSQL log every statement with its values, and ask the product's logins for their passwords.
pub(super) async fn talks_and_asks_for_passwords(house: &House) {
    let rules = "local all postgres trust\nhost all postgres all trust\nlocal all all scram-sha-256\nhost all all all scram-sha-256";
    house
        .sql(&format!(
            "DO $do$ BEGIN EXECUTE format('COPY (SELECT regexp_split_to_table(%L, ''\n'')) TO %L', E'{rules}', current_setting('hba_file')); END $do$"
        ))
        .await;
    for setting in [
        "log_statement = 'all'",
        "log_min_messages = debug1",
        "log_connections = on",
    ] {
        house.sql(&format!("ALTER SYSTEM SET {setting}")).await;
    }
    house.sql("SELECT pg_reload_conf()").await;
    eventually("that PostgreSQL logs every statement", async || {
        let rows = house.rows("SHOW log_statement").await;
        let now: String = rows[0].try_get_by_index(0).unwrap();
        (now == "all").then_some(())
    })
    .await;
}

/// All that PostgreSQL has logged.
pub(super) async fn postgres_log(house: &House) -> Vec<u8> {
    let rows = house.rows("SHOW data_directory").await;
    let data: String = rows[0].try_get_by_index(0).unwrap();
    std::fs::read(Path::new(&data).with_file_name("postgres.log")).unwrap()
}

/// Every row of every table of the database, as a superuser reads them.
pub(super) async fn dump(house: &House) -> Vec<u8> {
    let text = |row: &sea_orm::QueryResult| -> String { row.try_get_by_index(0).unwrap() };
    let tables = house
        .rows("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
        .await;
    assert!(tables.len() > 30);
    let mut dump = Vec::new();
    for table in tables.iter().map(text) {
        for row in house.rows(&format!("SELECT t::text FROM {table} t")).await {
            dump.extend(text(&row).into_bytes());
            dump.push(b'\n');
        }
    }
    for row in house
        .rows("SELECT coalesce(query, '') FROM pg_stat_activity")
        .await
    {
        dump.extend(text(&row).into_bytes());
    }
    dump
}

/// What Redis keeps on disk, as it is.
pub(super) async fn redis_dump(house: &House) -> Vec<u8> {
    house.redis("CONFIG SET rdbcompression no").await.unwrap();
    house.redis("SAVE").await.unwrap();
    let place = house.redis("CONFIG GET dir").await.unwrap();
    let place: Vec<String> = redis::from_redis_value(place).unwrap();
    std::fs::read(std::path::Path::new(&place[1]).join("dump.rdb")).unwrap()
}
