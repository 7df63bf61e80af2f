//! The wall in the database: that it stands, that its inspector sees every hole, and what stands behind it.

use crate::lab::{Lab, lab};
use crate::retailers::Retailer;
use crate::world::World;
use entity::id::TenantId;
use entity::store::Store;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use service::catalogue;

async fn gaps(world: &World) -> Vec<String> {
    catalogue::gaps(world.service.store())
        .await
        .unwrap()
        .into_iter()
        .map(|gap| gap.gap)
        .collect()
}

#[tokio::test]
async fn every_hole_in_the_wall_is_found() {
    let world = World::new().await;
    assert_eq!(gaps(&world).await, Vec::<String>::new());
    for (hole, mended, gap) in [
        ("ALTER TABLE event DISABLE ROW LEVEL SECURITY", "ALTER TABLE event ENABLE ROW LEVEL SECURITY", "table event"),
        ("ALTER TABLE event NO FORCE ROW LEVEL SECURITY", "ALTER TABLE event FORCE ROW LEVEL SECURITY", "table event"),
        ("CREATE TABLE note (id uuid)", "DROP TABLE note", "table note has no tenant_id"),
        (
            "CREATE POLICY all_of_them ON event TO tillpost_app USING (true)",
            "DROP POLICY all_of_them ON event",
            "policy all_of_them of table event",
        ),
        (
            "CREATE POLICY all_of_them ON event FOR SELECT USING (true)",
            "DROP POLICY all_of_them ON event",
            "policy all_of_them of table event",
        ),
        (
            "ALTER POLICY own_tenant ON event WITH CHECK (true)",
            "ALTER POLICY own_tenant ON event WITH CHECK (tenant_id = (SELECT current_tenant()))",
            "policy own_tenant of table event",
        ),
        (
            "CREATE POLICY books ON event TO tillpost_platform USING (true)",
            "DROP POLICY books ON event",
            "policy books of table event",
        ),
        (
            "GRANT SELECT (refresh_token) ON connection_grant TO tillpost_platform",
            "REVOKE SELECT (refresh_token) ON connection_grant FROM tillpost_platform",
            "column refresh_token of table connection_grant",
        ),
        (
            "GRANT UPDATE (actor) ON audit_record TO tillpost_app",
            "REVOKE UPDATE (actor) ON audit_record FROM tillpost_app",
            "may be altered by tillpost_app",
        ),
        (
            "GRANT UPDATE (witnessed) ON audit_head TO tillpost_app",
            "REVOKE UPDATE (witnessed) ON audit_head FROM tillpost_app",
            "what the platform has seen of audit logs",
        ),
        (
            "ALTER TABLE audit_record DISABLE TRIGGER chain",
            "ALTER TABLE audit_record ENABLE TRIGGER chain",
            "are not chained",
        ),
        ("CREATE UNIQUE INDEX loose ON event (number)", "DROP INDEX loose", "unique key loose"),
        (
            "ALTER TABLE mapping ADD COLUMN other uuid;
             ALTER TABLE mapping ADD CONSTRAINT loose FOREIGN KEY (other, account_id) REFERENCES account (tenant_id, id)",
            "ALTER TABLE mapping DROP COLUMN other",
            "foreign key loose",
        ),
        ("CREATE VIEW peek AS SELECT * FROM event", "DROP VIEW peek", "view peek"),
        ("CREATE MATERIALIZED VIEW peek AS SELECT * FROM event", "DROP MATERIALIZED VIEW peek", "view peek"),
        (
            "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM event'",
            "DROP FUNCTION peek()",
            "function peek",
        ),
        ("ALTER TABLE event OWNER TO tillpost_app", "ALTER TABLE event OWNER TO tillpost_owner", "owns table event"),
    ] {
        world.sql(hole).await;
        let found = gaps(&world).await;
        assert!(found.iter().any(|found| found.contains(gap)), "{hole}: {found:?}");
        world.sql(mended).await;
        assert_eq!(gaps(&world).await, Vec::<String>::new(), "{mended}");
    }
    // A view with the reader's own rights shows no more than its tables do.
    world
        .sql("CREATE VIEW peek WITH (security_invoker = true) AS SELECT * FROM event")
        .await;
    assert_eq!(gaps(&world).await, Vec::<String>::new());
}

// Roles belong to the whole server, so these holes are made in one that no other story uses.
#[tokio::test]
async fn a_role_that_passes_the_wall_is_found() {
    let world = World::on(Lab::apart().await, Default::default()).await;
    for role in ["tillpost_app", "tillpost_platform"] {
        for (hole, mended) in [
            (
                format!("ALTER ROLE {role} BYPASSRLS"),
                format!("ALTER ROLE {role} NOBYPASSRLS"),
            ),
            (
                format!("ALTER ROLE {role} SUPERUSER"),
                format!("ALTER ROLE {role} NOSUPERUSER"),
            ),
            (
                format!("GRANT tillpost_owner TO {role}"),
                format!("REVOKE tillpost_owner FROM {role}"),
            ),
        ] {
            assert_eq!(gaps(&world).await, Vec::<String>::new());
            world.sql(&hole).await;
            let found = gaps(&world).await;
            assert!(
                found
                    .iter()
                    .any(|found| found.contains(&format!("role {role}"))),
                "{hole}: {found:?}"
            );
            world.sql(&mended).await;
        }
    }
    assert_eq!(gaps(&world).await, Vec::<String>::new());
}

// What the door to the rows does, by hand: one connection, and a tenant set for one transaction.
struct Connection(DatabaseConnection);

impl Connection {
    async fn of(world: &World) -> Self {
        let mut options =
            sea_orm::ConnectOptions::new(world.database_url(migration::roles::APPLICATION));
        options.max_connections(1);
        Self(Database::connect(options).await.unwrap())
    }

    async fn begin(&self, tenant: TenantId) {
        self.run(&format!("BEGIN; SET LOCAL app.tenant_id = '{}'", tenant.0))
            .await
            .unwrap();
    }

    async fn run(&self, sql: &str) -> Result<u64, String> {
        let done = self.0.execute_unprepared(sql).await;
        done.map(|done| done.rows_affected())
            .map_err(|error| error.to_string())
    }

    async fn count(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        self.0
            .query_one_raw(statement)
            .await
            .unwrap()
            .unwrap()
            .try_get_by_index(0)
            .unwrap()
    }
}

#[tokio::test]
async fn a_tenants_transaction_neither_sees_nor_touches_rows_of_others() {
    let world = World::new().await;
    let theirs = Retailer::new(&world, "harbour").await;
    let ours = Retailer::new(&world, "hillside").await;
    let before = theirs.rows().await;
    let (their_id, our_id) = (theirs.tenant.id.0, ours.tenant.id);
    let connection = Connection::of(&world).await;
    let mut seen = 0;
    for table in before.keys() {
        let all = format!("SELECT count(*) FROM {table}");
        assert_eq!(
            connection.count(&all).await,
            0,
            "{table}: seen without a tenant"
        );
        connection.begin(our_id).await;
        seen += connection.count(&all).await;
        let others = format!(
            "SELECT count(*) FROM {table} WHERE tenant_id <> '{}'",
            our_id.0
        );
        assert_eq!(
            connection.count(&others).await,
            0,
            "{table}: rows of others are seen"
        );
        connection.run("ROLLBACK").await.unwrap();
        for (statement, what) in [
            (
                format!(
                    "UPDATE {table} SET tenant_id = '{their_id}' WHERE tenant_id = '{}'",
                    our_id.0
                ),
                "given away",
            ),
            (
                format!(
                    "INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('tenant_id', '{their_id}'))).* FROM {table} t"
                ),
                "planted",
            ),
        ] {
            connection.begin(our_id).await;
            let refused = connection.run(&statement).await;
            connection.run("ROLLBACK").await.unwrap();
            let is_wall = |error: &String| {
                error.contains("row-level security") || error.contains("permission denied")
            };
            match refused {
                Ok(rows) => assert_eq!(rows, 0, "{table}: a row was {what}"),
                Err(error) => assert!(is_wall(&error), "{table}: {error}"),
            }
        }
        for statement in [
            format!("UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = '{their_id}'"),
            format!("DELETE FROM {table} WHERE tenant_id = '{their_id}'"),
        ] {
            connection.begin(our_id).await;
            let touched = connection.run(&statement).await;
            connection.run("COMMIT").await.unwrap();
            assert!(
                touched.as_ref().is_ok_and(|rows| *rows == 0) || touched.is_err(),
                "{statement}: {touched:?}"
            );
        }
    }
    assert!(seen > 0, "nothing was there to be seen");
    assert_eq!(theirs.rows().await, before);
}

#[tokio::test]
async fn a_reused_connection_forgets_whose_transaction_it_was() {
    let world = World::new().await;
    let (first, second) = (
        world.tenant("Harbour").await,
        world.tenant("Hillside").await,
    );
    let store = Store::connect(
        &world.database_url(migration::roles::APPLICATION),
        &world.database_url(migration::roles::PLATFORM),
        1,
    )
    .await
    .unwrap()
    .without_typed_filter();
    for round in 0..3 {
        for tenant in [first.id, second.id] {
            let tx = store.tenant(tenant).await.unwrap();
            let rows = tx.all(tx.find::<entity::tenant::Entity>()).await.unwrap();
            assert_eq!(
                rows.iter().map(|row| row.tenant_id).collect::<Vec<_>>(),
                [tenant]
            );
            match round {
                0 => tx.commit().await.unwrap(),
                // Dropped, as when a request is cut off.
                1 => drop(tx),
                _ => {
                    tx.execute("UPDATE tenant SET name = '' WHERE {mine}", vec![])
                        .await
                        .unwrap_err();
                }
            }
        }
    }
    // And with the same connection outside any transaction of a tenant: nothing.
    let connection = Connection::of(&world).await;
    for ending in ["COMMIT", "ROLLBACK"] {
        connection.begin(first.id).await;
        assert_eq!(connection.count("SELECT count(*) FROM tenant").await, 1);
        connection.run(ending).await.unwrap();
        assert_eq!(
            connection.count("SELECT count(*) FROM tenant").await,
            0,
            "after {ending}"
        );
        assert_eq!(
            connection
                .count("SELECT count(*) FROM tenant WHERE current_tenant() IS NOT NULL")
                .await,
            0
        );
    }
}

#[tokio::test]
async fn the_migrations_go_down_and_up_again_to_the_same_schema() {
    let lab = lab().await;
    let name = format!("migrated_{}", uuid::Uuid::new_v4().simple());
    migration::roles::create_database(&lab.url("postgres", "postgres"), &name, None)
        .await
        .unwrap();
    let owner = lab.url(migration::roles::OWNER, &name);
    let empty = schema(&owner).await;
    migration::up(&owner).await.unwrap();
    let first = schema(&owner).await;
    assert!(first.len() > 200, "{} things are described", first.len());
    migration::up(&owner).await.unwrap();
    assert_eq!(schema(&owner).await, first, "going up twice");
    migration::down(&owner, None).await.unwrap();
    let left: Vec<_> = schema(&owner)
        .await
        .into_iter()
        .filter(|thing| !empty.contains(thing))
        .collect();
    assert!(
        left.iter().all(|thing| thing.contains("seaql_migrations")),
        "{left:#?}"
    );
    migration::up(&owner).await.unwrap();
    assert_eq!(schema(&owner).await, first, "going up again");
}

// All that is ours in the catalogue, a line each.
async fn schema(url: &str) -> Vec<String> {
    let database = Database::connect(url).await.unwrap();
    let rows = database
        .query_all_raw(Statement::from_string(
            DbBackend::Postgres,
            "SELECT * FROM (
               SELECT format('table %s %s %s %s', relname, relrowsecurity, relforcerowsecurity, relacl) FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S')
               UNION ALL SELECT format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                   a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl)
                 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
               UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
               UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT format('policy %s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
                 FROM pg_policies WHERE schemaname = 'public'
               UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace
             ) AS things(thing) ORDER BY thing",
        ))
        .await
        .unwrap();
    database.close().await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}
