//! What an operator meets at the start: told everything at once, refused where it would be unsafe.

use crate::house::House;
use crate::running::{Environment, run};
use std::process::Output;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_start_without_settings_tells_every_one_that_is_missing_and_what_it_is_for() {
    for command in ["serve", "api", "worker"] {
        let refused = run(command, &Environment::new()).await;
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        for name in [
            "DATABASE_URL",
            "PLATFORM_DATABASE_URL",
            "REDIS_URL",
            "TILLPOST_PEPPER",
            "TILLPOST_KEY_ENCRYPTION_KEY",
            "TILLPOST_PLATFORM_KEY",
            "TILLPOST_PUBLIC_URL",
            "QUICKBOOKS_ENVIRONMENT",
            "QUICKBOOKS_CLIENT_ID",
            "QUICKBOOKS_CLIENT_SECRET",
        ] {
            let told = said(&refused);
            let line = told
                .lines()
                .find_map(|line| line.trim().strip_prefix(&format!("{name} is missing: ")))
                .unwrap_or_else(|| panic!("{command} does not ask for {name}: {told}"));
            assert!(line.len() > 10, "{name} is for: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_is_not_in_order_is_not_opened() {
    let mut house = House::empty().await;

    let unprepared = run("serve", &house.environment).await;
    assert_eq!(unprepared.status.code(), Some(1));
    assert!(!said(&unprepared).is_empty());

    // The roles and no table.
    house.migrate().await;
    house.sql("CREATE DATABASE bare OWNER tillpost_owner").await;
    let proper = house.environment.clone();
    for name in ["DATABASE_URL", "PLATFORM_DATABASE_URL"] {
        let url = house.environment.get_mut(name).unwrap();
        *url = format!("{}/bare", url.strip_suffix("/postgres").unwrap());
    }
    let bare = run("serve", &house.environment).await;
    assert_eq!(bare.status.code(), Some(1));
    assert!(
        said(&bare).contains("run `tillpost migrate`"),
        "{}",
        said(&bare)
    );
    house.environment = proper;

    // An older schema than the program's.
    house
        .sql("CREATE TABLE applied AS SELECT * FROM seaql_migrations; DELETE FROM seaql_migrations")
        .await;
    let old = run("serve", &house.environment).await;
    assert_eq!(old.status.code(), Some(1));
    assert!(
        said(&old).contains("run `tillpost migrate`"),
        "{}",
        said(&old)
    );
    house
        .sql("INSERT INTO seaql_migrations SELECT * FROM applied; DROP TABLE applied")
        .await;

    // A gap in the wall between tenants.
    house
        .sql("ALTER TABLE event NO FORCE ROW LEVEL SECURITY")
        .await;
    let open = run("serve", &house.environment).await;
    assert_eq!(open.status.code(), Some(1));
    assert!(
        said(&open).contains("row-level security of table event"),
        "{}",
        said(&open)
    );
    house
        .sql("ALTER TABLE event FORCE ROW LEVEL SECURITY")
        .await;

    // A pepper that was not made at random.
    let pepper = house
        .environment
        .insert("TILLPOST_PEPPER", "zq7-short".into())
        .unwrap();
    let short = run("serve", &house.environment).await;
    assert_eq!(short.status.code(), Some(1));
    assert!(
        said(&short).contains("TILLPOST_PEPPER has 9 characters"),
        "{}",
        said(&short)
    );
    assert!(
        !said(&short).contains("zq7-short"),
        "a refusal repeats no secret: {}",
        said(&short)
    );
    house.environment.insert("TILLPOST_PEPPER", pepper);

    // All is well, and it opens.
    let mut product = house.start("serve");
    product.says("serving on http://").await;
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_changes_nothing_and_keeps_what_is_there() {
    let house = House::empty().await;
    house.migrate().await;
    house
        .sql("INSERT INTO tenant (tenant_id, name) VALUES (gen_random_uuid(), 'Harbour Street Outfitters')")
        .await;
    const SCHEMA: &str = "SELECT md5(string_agg(c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' ORDER BY c.relname, a.attnum))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace";
    let schema = |row: &sea_orm::QueryResult| -> String { row.try_get_by_index(0).unwrap() };
    let before = schema(&house.rows(SCHEMA).await[0]);
    house.migrate().await;
    assert_eq!(schema(&house.rows(SCHEMA).await[0]), before);
    assert_eq!(house.number("SELECT count(*) FROM tenant").await, 1);
    // As the owner of the tables, who may not make roles, it is harmless too.
    let mut as_owner = house.environment.clone();
    let url = as_owner["OWNER_DATABASE_URL"]
        .replace("postgres://postgres@", "postgres://tillpost_owner@");
    as_owner.insert("OWNER_DATABASE_URL", url);
    let again = run("migrate", &as_owner).await;
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(schema(&house.rows(SCHEMA).await[0]), before);
}

#[tokio::test]
async fn the_committed_contract_is_what_the_code_says() {
    let compared = run("openapi --check", &Environment::new()).await;
    assert!(compared.status.success(), "{}", said(&compared));
}
