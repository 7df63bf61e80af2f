DROP TABLE event_change;
DROP TRIGGER count_new ON event;
DROP TRIGGER count_changed ON event;
DROP TRIGGER count_removed ON event;
DROP FUNCTION count_new_events, count_changed_events, count_removed_events;
DROP TABLE event_count_change, event_count;
DROP INDEX event_listed, event_listed_by_type, event_listed_by_location, event_listed_by_problem, event_listed_by_past_sync;
ALTER TABLE event
  DROP COLUMN queued_on_intake,
  DROP COLUMN taken_in_by,
  ALTER COLUMN number TYPE text COLLATE "default",
  ALTER COLUMN external_id TYPE text COLLATE "default";
CREATE INDEX event_listed ON event (tenant_id, occurred_at, id);
CREATE INDEX event_listed_by_status ON event (tenant_id, status, occurred_at, id);
CREATE INDEX event_never_synced ON event (tenant_id, business_date) WHERE status = 'never_synced';
CREATE INDEX event_failed ON event (tenant_id, problem_code) WHERE status = 'failed';
