DROP POLICY platform ON webhook_message;
REVOKE SELECT (tenant_id, number) ON webhook_message FROM tillpost_platform;
REVOKE UPDATE (number) ON webhook_message FROM tillpost_app;
DROP TABLE webhook_attempt, webhook_delivery, webhook_lane, webhook_secret, webhook_endpoint;
DROP INDEX webhook_message_since, webhook_message_fresh;
-- The owner is not exempt from the policies, and has none.
ALTER TABLE webhook_message NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_series NO FORCE ROW LEVEL SECURITY;
DELETE FROM webhook_message WHERE number IS NULL;
ALTER TABLE webhook_message DROP COLUMN about_tenant, DROP COLUMN only_endpoint, ALTER COLUMN number SET NOT NULL;
DELETE FROM webhook_series WHERE last_number = 0;
ALTER TABLE webhook_series
  DROP CONSTRAINT webhook_series_last_number_check,
  ADD CONSTRAINT webhook_series_last_number_check CHECK (last_number > 0);
ALTER TABLE webhook_message FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_series FORCE ROW LEVEL SECURITY;
