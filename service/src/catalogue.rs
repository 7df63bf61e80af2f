//! The second wall, looked over: what the database's own catalogue says of policies, keys, views, functions and roles.

use crate::error::Error;
use entity::store::{PlatformTx, Store};
use sea_orm::FromQueryResult;

/// What is wrong with the wall, in words an operator acts on.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Gap {
    /// The rule that is broken, and where.
    pub gap: String,
}

/// Unique keys that speak across tenants on purpose.
const ACROSS_TENANTS: &str = "'connection_company_live'";

/// Every gap in the second wall; none means that it stands.
///
/// # Errors
/// The database does not answer.
pub async fn gaps(store: &Store) -> Result<Vec<Gap>, Error> {
    let tx = store.platform().await?;
    let mut gaps = Vec::new();
    for sql in RULES {
        gaps.extend(ask(&tx, sql).await?);
    }
    Ok(gaps)
}

/// Each setting of a login, the role it logs in as, and the role it must be.
///
/// # Errors
/// The database does not answer.
pub async fn logins(store: &Store) -> Result<[(&'static str, String, &'static str); 2], Error> {
    #[derive(FromQueryResult)]
    struct Login {
        login: String,
    }
    let of = |rows: Vec<Login>| {
        rows.into_iter()
            .next()
            .map(|row| row.login)
            .unwrap_or_default()
    };
    let nobody = store.tenant(entity::id::TenantId::new()).await?;
    let application = nobody
        .query_as::<Login>(
            "SELECT current_user::text AS login FROM (SELECT $1 AS tenant_id) AS own WHERE {mine}",
            vec![],
        )
        .await?;
    let platform = store
        .platform()
        .await?
        .query_as::<Login>("SELECT current_user::text AS login", vec![])
        .await?;
    Ok([
        ("DATABASE_URL", of(application), "tillpost_app"),
        ("PLATFORM_DATABASE_URL", of(platform), "tillpost_platform"),
    ])
}

async fn ask(tx: &PlatformTx, sql: &str) -> Result<Vec<Gap>, Error> {
    Ok(tx
        .query_as::<Gap>(&sql.replace("ACROSS_TENANTS", ACROSS_TENANTS), vec![])
        .await?)
}

// `public` holds nothing but ours and the list of migrations.
const RULES: &[&str] = &[
    "SELECT 'table ' || c.relname || ' has no tenant_id' AS gap FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname NOT IN ('seaql_migrations', 'test_clock')
        AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)",
    "SELECT 'row-level security of table ' || c.relname || ' is not forced' AS gap FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    "SELECT 'policy ' || p.policyname || ' of table ' || p.tablename || ' lets the application past its tenant' AS gap
       FROM pg_policies p
      WHERE p.schemaname = 'public' AND (p.roles && ARRAY['tillpost_app', 'public']::name[])
        AND (p.qual IS DISTINCT FROM '(tenant_id = ( SELECT current_tenant() AS current_tenant))'
          OR p.with_check IS DISTINCT FROM '(tenant_id = ( SELECT current_tenant() AS current_tenant))')",
    // The platform's narrow door, and no further.
    "SELECT 'policy ' || p.policyname || ' of table ' || p.tablename || ' opens it to the platform' AS gap FROM pg_policies p
      WHERE p.schemaname = 'public' AND 'tillpost_platform' = ANY (p.roles)
        AND NOT (p.tablename IN ('tenant', 'turn', 'webhook_lane', 'audit_head')
          OR p.tablename = 'idempotency_key' AND (p.qual LIKE '(tenant_id = ''00000000-0000-0000-0000-000000000000''%'
            OR p.cmd IN ('SELECT', 'DELETE') AND p.qual = '(expires_at <= tillpost_now())')
          OR p.tablename IN ('api_key', 'authorization_request', 'connection_grant', 'data_key', 'webhook_message', 'connection', 'connection_link', 'member') AND p.cmd = 'SELECT'
          OR p.tablename IN ('number_series', 'sync', 'audit_record') AND p.cmd = 'INSERT')",
    "SELECT 'column ' || a.attname || ' of table ' || c.relname || ' is open to the platform' AS gap
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        AND (c.relname = 'connection_grant' AND a.attname NOT IN ('tenant_id', 'connection_id', 'due_at')
          OR c.relname = 'connection' AND a.attname NOT IN ('tenant_id', 'id', 'company_id', 'state')
          OR c.relname = 'connection_link' AND a.attname NOT IN ('tenant_id', 'id', 'secret_hash')
          OR c.relname = 'member' AND a.attname NOT IN ('tenant_id', 'id', 'issuer', 'subject')
          OR c.relname = 'webhook_message' AND a.attname NOT IN ('tenant_id', 'number'))
        AND has_column_privilege('tillpost_platform', c.oid, a.attnum, 'SELECT, INSERT, UPDATE')",
    "SELECT 'records of the audit log may be altered by ' || r.role AS gap
       FROM unnest(ARRAY['tillpost_app', 'tillpost_platform']) AS r(role)
      WHERE has_any_column_privilege(r.role, 'audit_record', 'UPDATE') OR has_table_privilege(r.role, 'audit_record', 'DELETE, TRUNCATE')",
    "SELECT 'what the platform has seen of audit logs may be altered by the application' AS gap
      WHERE has_column_privilege('tillpost_app', 'audit_head', 'witnessed', 'INSERT, UPDATE')
         OR has_table_privilege('tillpost_app', 'audit_head', 'DELETE, TRUNCATE')",
    "SELECT 'records of the audit log are not chained' AS gap WHERE NOT EXISTS (SELECT FROM pg_trigger t
      WHERE t.tgrelid = 'audit_record'::regclass AND t.tgname = 'chain' AND t.tgenabled IN ('O', 'A'))",
    "SELECT 'unique key ' || i.relname || ' does not begin with tenant_id' AS gap
       FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
      WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique
        AND c.relname NOT IN ('seaql_migrations', 'test_clock') AND i.relname NOT IN (ACROSS_TENANTS)
        AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = x.indkey[0]) <> 'tenant_id'",
    "SELECT 'foreign key ' || k.conname || ' does not carry tenant_id' AS gap FROM pg_constraint k
      WHERE k.connamespace = 'public'::regnamespace AND k.contype = 'f'
        AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = 'tenant_id')",
    "SELECT 'view ' || c.relname || ' reads with its owner''s rights' AS gap FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm' OR c.relkind = 'v'
        AND NOT coalesce(c.reloptions::text[] @> ARRAY['security_invoker=true'], false))",
    "SELECT 'function ' || p.proname || ' runs with its owner''s rights' AS gap FROM pg_proc p
      WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef",
    "SELECT 'role ' || r.rolname || ' can pass row-level security' AS gap FROM pg_roles r
      WHERE r.rolname IN ('tillpost_app', 'tillpost_platform') AND (r.rolsuper OR r.rolbypassrls)",
    "SELECT 'role ' || pg_get_userbyid(m.member) || ' has the rights of ' || pg_get_userbyid(m.roleid) AS gap
       FROM pg_auth_members m WHERE pg_get_userbyid(m.member) IN ('tillpost_app', 'tillpost_platform')",
    "SELECT 'role ' || pg_get_userbyid(c.relowner) || ' owns table ' || c.relname AS gap FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) IN ('tillpost_app', 'tillpost_platform')",
];
