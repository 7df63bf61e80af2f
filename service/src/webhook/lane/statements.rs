//! What a lane asks of the database. Each reads the rows it is about and no others, also in a new house, before PostgreSQL has
//! counted anything: until then the planner takes a tenant for a handful of rows, and would rather read all of them.
//!
//! So no statement joins a table to a list of its keys. A row is found by `ON CONFLICT`, which asks one index by its name and leaves
//! nothing to choose (the row is there, and nothing is inserted); or within `LATERAL … OFFSET 0`, one by one. And a condition that
//! another index could serve is written so that it cannot.

/// Takes what is due of an endpoint `$2`, `$3` messages at the most in the order of their numbers, and writes down that an attempt of
/// each begins.
pub const TAKE: &str = "WITH due AS (
   SELECT message_id, number, type, occurred_at FROM webhook_delivery
    WHERE {mine} AND endpoint_id = $2 AND state = 'waiting' AND (due_at <= tillpost_now()) IS TRUE
    ORDER BY number LIMIT $3),
 taken AS (
   INSERT INTO webhook_delivery AS d (tenant_id, endpoint_id, message_id, number, type, occurred_at)
     SELECT $1, $2, message_id, number, type, occurred_at FROM due
     ON CONFLICT (tenant_id, endpoint_id, message_id) DO UPDATE SET attempts = d.attempts + 1 WHERE {mine:d}
     RETURNING d.message_id, d.attempts, d.tries),
 begun AS (
   INSERT INTO webhook_attempt (tenant_id, endpoint_id, message_id, number)
     SELECT $1, $2, message_id, attempts FROM taken)
 SELECT t.attempts, t.tries, m.id AS message_id, m.number, m.type, m.occurred_at, m.about_tenant, m.data
   FROM taken t CROSS JOIN LATERAL (
     SELECT * FROM webhook_message m WHERE {mine:m} AND m.id = t.message_id OFFSET 0) m";

/// Writes down what came of attempts to an endpoint `$2`: an array `$3`.
pub const SETTLE: &str = "WITH outcome AS (
   SELECT * FROM jsonb_to_recordset($3) AS o(message_id uuid, number int, state text, wait_seconds float8, outcome text,
     http_status int, took_ms int, detail text, answer text)),
 noted AS (
   INSERT INTO webhook_attempt AS a (tenant_id, endpoint_id, message_id, number, finished_at, outcome, http_status, took_ms,
       detail, answer)
     SELECT $1, $2, message_id, number, tillpost_now(), outcome, http_status, took_ms, detail, answer FROM outcome
     ON CONFLICT (tenant_id, endpoint_id, message_id, number) DO UPDATE SET finished_at = excluded.finished_at,
       outcome = excluded.outcome, http_status = excluded.http_status, took_ms = excluded.took_ms, detail = excluded.detail,
       answer = excluded.answer WHERE {mine:a})
 INSERT INTO webhook_delivery AS d (tenant_id, endpoint_id, message_id, number, type, occurred_at, state, http_status, tries,
     due_at, settled_at)
   SELECT $1, $2, message_id, 0, '', tillpost_now(), state, http_status, CASE WHEN state = 'delivered' THEN 0 ELSE 1 END,
          CASE WHEN state = 'waiting' THEN tillpost_now() + make_interval(secs => wait_seconds) END,
          CASE WHEN state <> 'waiting' THEN tillpost_now() END
     FROM outcome
   ON CONFLICT (tenant_id, endpoint_id, message_id) DO UPDATE SET state = excluded.state, http_status = excluded.http_status,
     tries = d.tries + excluded.tries, due_at = excluded.due_at, settled_at = excluded.settled_at WHERE {mine:d}";

/// Gives the lane of an endpoint `$2` back, due when its next message is.
pub const GIVE_BACK: &str = "UPDATE webhook_lane l SET holder = NULL, presence = NULL, leased_until = NULL, not_before = e.open_until,
     due_at = CASE WHEN e.enabled AND e.deleted_at IS NULL THEN (
       SELECT greatest(min(d.due_at), e.open_until) FROM webhook_delivery d
        WHERE {mine:d} AND d.endpoint_id = $2 AND d.state = 'waiting' HAVING min(d.due_at) IS NOT NULL) END
   FROM webhook_endpoint e
  WHERE {mine:l} AND {mine:e} AND l.endpoint_id = $2 AND e.id = $2";
