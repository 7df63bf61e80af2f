//! Three years of a retailer, as SQL: events, and what became of them. `MINE` stands for the condition on the tenant.

/// The entry of each event in the books.
pub const ENTRIES: &str = "INSERT INTO journal_entry (tenant_id, id, event_id, event_version, company_id, generation, request_id,
     number, accounting_date, body, content_hash, state, attempts, qbo_id, sealed_at, settled_at)
   SELECT tenant_id, id, id, 1, 'c', 1, 'tp' || md5(id::text), number, business_date, convert_to(repeat(md5(id::text), 24), 'UTF8'),
     md5(id::text), 'posted', 1, (number::integer + 300000)::text, taken_in_at, taken_in_at
    FROM event WHERE MINE AND status = 'synced'";
/// Its attempt.
pub const ATTEMPTS: &str = "INSERT INTO attempt (tenant_id, journal_entry_id, number, fence, started_at, send_not_after, finished_at,
     outcome, http_status, intuit_tid)
   SELECT tenant_id, id, 1, 7, sealed_at, sealed_at + interval '10 seconds', sealed_at + interval '1 second', 'posted', 200,
     '1-' || left(content_hash, 24)
    FROM journal_entry WHERE MINE";
/// What became of those that failed: twice, with a retry between.
pub const CHANGES: &str = "INSERT INTO event_change (tenant_id, event_id, recorded_at, change, actor, code, detail)
   SELECT tenant_id, id, taken_in_at + n * interval '1 minute', (ARRAY['failed', 'retried', 'failed'])[n],
     CASE WHEN n = 2 THEN 'key_bench' END, CASE WHEN n <> 2 THEN problem_code END, CASE WHEN n <> 2 THEN problem_detail END
    FROM event, generate_series(1, 3) AS n WHERE MINE AND status = 'failed'";

/// Events of a tenant, from one number to another: statuses and types as a retailer has them, nearly all tickets in the books.
pub fn events(tenant: &str, first: u32, last: u32, events: u32) -> String {
    format!(
        "INSERT INTO event (tenant_id, id, type, external_id, number, body, body_hash, occurred_at, business_date, location,
           status, due_at, problem_code, problem_detail, past_sync_id, taken_in_at)
         SELECT '{tenant}', gen_random_uuid(),
           CASE WHEN n % 100 < 90 THEN 'ticket' WHEN n % 100 = 99 THEN 'cash_paid' ELSE 'sales_invoice' END,
           'tkt_' || n, (100000 + n)::text, '[' || repeat('{{\"lines\":[]}},', 40) || '{{}}]', decode(md5(n::text), 'hex'), at, at::date,
           CASE WHEN n % 50 <> 49 THEN 'store-' || n % 20 END, s.status, CASE WHEN s.status = 'not_synced' THEN at END,
           CASE s.status WHEN 'failed' THEN (ARRAY['missing_mappings', 'closed_period'])[1 + n / 200 % 2]
             WHEN 'skipped' THEN 'nothing_to_post' END,
           CASE WHEN s.status IN ('failed', 'skipped') THEN 'words' END,
           CASE WHEN at < '2024-02-01' THEN '{tenant}'::uuid END, at
          FROM generate_series({first}, {last}) AS n,
            LATERAL (SELECT timestamptz '2024-01-01' + n * (interval '1000 days' / {events}) AS at) AS t,
            LATERAL (SELECT CASE WHEN n % 200 = 0 THEN 'failed' WHEN n % 200 = 1 THEN 'skipped'
              WHEN n > {events} - 2000 THEN 'not_synced' WHEN n < {events} / 50 THEN 'never_synced'
              ELSE 'synced' END AS status) AS s"
    )
}
