//! What publishing and a lane ask of the database. Each reads the rows it is about and no others, also in a new house, before
//! PostgreSQL has counted anything: until then the planner takes a tenant for a handful of rows, and would rather read all of them.
//!
//! So no statement joins a table to a list of its keys. A row is found by `ON CONFLICT`, which asks one index by its name and leaves
//! nothing to choose (the row is there, and nothing is inserted); or within `LATERAL … OFFSET 0`, one by one. And a condition that
//! another index could serve is written so that it cannot.

/// The messages that wait for a number, in the order in which they happened, `$2` at the most; with what they tell, where the platform
/// is told of their type, one of `$3`.
pub const FRESH: &str =
    "SELECT id, type, occurred_at, CASE WHEN type = ANY ($3) THEN data END AS data
   FROM webhook_message WHERE {mine} AND number IS NULL ORDER BY occurred_at, id LIMIT $2";

/// Numbers the messages `$2` in their order, places a delivery for each endpoint that wants them, and makes its lane due.
pub const NUMBER: &str = "WITH series AS (
   UPDATE webhook_series SET last_number = last_number + cardinality($2::uuid[]) WHERE {mine}
     RETURNING last_number - cardinality($2::uuid[]) AS before),
 numbered AS (
   INSERT INTO webhook_message AS m (tenant_id, id, number, type, data)
     SELECT $1, f.id, s.before + f.place, '', '{}' FROM series s, unnest($2::uuid[]) WITH ORDINALITY AS f(id, place)
     ON CONFLICT (tenant_id, id) DO UPDATE SET number = excluded.number WHERE {mine:m}
     RETURNING m.id, m.number, m.type, m.occurred_at, m.only_endpoint),
 placed AS (
   INSERT INTO webhook_delivery (tenant_id, endpoint_id, message_id, number, type, occurred_at)
     SELECT $1, e.id, n.id, n.number, n.type, n.occurred_at
       FROM numbered n JOIN webhook_endpoint e ON {mine:e} AND e.enabled AND e.deleted_at IS NULL
        AND CASE WHEN n.only_endpoint IS NULL THEN e.types = '{}' OR n.type = ANY (e.types)
                 ELSE e.id = n.only_endpoint END
     RETURNING endpoint_id)
 UPDATE webhook_lane l SET due_at = least(l.due_at, greatest(tillpost_now(), l.not_before))
  WHERE {mine:l} AND l.endpoint_id IN (SELECT endpoint_id FROM placed)";

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
