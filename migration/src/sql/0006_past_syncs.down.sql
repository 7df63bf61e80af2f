DROP INDEX event_of_past_sync;
DROP INDEX past_sync_unfinished;
ALTER TABLE past_sync DROP COLUMN finished_at, DROP COLUMN cancelled_by, DROP COLUMN cancelled_at;
