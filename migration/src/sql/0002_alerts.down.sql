DROP TABLE webhook_series, webhook_message;
ALTER TABLE event DROP COLUMN retried_code;
ALTER TABLE sync DROP COLUMN queue_since, DROP COLUMN waiting_since;
ALTER TABLE alert DROP COLUMN acknowledged_by, DROP COLUMN acknowledged_at, DROP COLUMN subjects, DROP COLUMN example_events,
  DROP COLUMN events;
