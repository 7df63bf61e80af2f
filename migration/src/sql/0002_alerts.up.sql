-- Why: an alert says whom it concerns and how much, people acknowledge it, and every opening and closing is a message to
-- the outside, recorded with its fact. What is needed to tell that a sync stalls or that QuickBooks is away for long is kept.

ALTER TABLE alert
  -- Events that this keeps from the books now, and the latest few of them.
  ADD COLUMN events          bigint      NOT NULL DEFAULT 0,
  ADD COLUMN example_events  uuid[]      NOT NULL DEFAULT '{}',
  -- What it is about, in words of the mapping or the books: `payment[paypal]`, `1010 Cash in Drawer`.
  ADD COLUMN subjects        text[]      NOT NULL DEFAULT '{}',
  ADD COLUMN acknowledged_at timestamptz,
  ADD COLUMN acknowledged_by text,
  ADD CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL));

ALTER TABLE sync
  -- Since when a transient trouble stands in the way; null while none does.
  ADD COLUMN waiting_since   timestamptz,
  -- Since when the queue has not been empty, as the ends of turns saw it.
  ADD COLUMN queue_since     timestamptz;

-- The problem an event was retried from, until the retry has shown whether it is cured: no alert closes on hope.
ALTER TABLE event ADD COLUMN retried_code text CHECK (retried_code IS NULL OR status IN ('not_synced', 'processing', 'never_synced'));
-- Serves: which problems are on trial.
CREATE INDEX event_on_trial ON event (tenant_id, retried_code) WHERE retried_code IS NOT NULL;

-- What is told to the outside, in order. A message is written in the transaction of its fact, so none is lost and none invented.
CREATE TABLE webhook_message (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  number             bigint      NOT NULL CHECK (number > 0),
  type               text        NOT NULL,
  occurred_at        timestamptz NOT NULL DEFAULT tillpost_now(),
  data               jsonb       NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number)
);

-- The number of the tenant's latest message. Its lock puts messages in the order in which their facts are committed.
CREATE TABLE webhook_series (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  last_number        bigint      NOT NULL CHECK (last_number > 0)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhook_message', 'webhook_series']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO tillpost_app', t);
  END LOOP;
END $$;
GRANT UPDATE ON webhook_series TO tillpost_app;
