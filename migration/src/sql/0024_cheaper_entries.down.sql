ALTER TABLE attempt RESET (fillfactor);
CREATE INDEX event_of_past_sync ON event (tenant_id, past_sync_id, status) WHERE past_sync_id IS NOT NULL;
