-- Why: messages to the outside reach somebody. An endpoint says where they go and which; a message that is published gets its
-- number and a delivery for each endpoint that wants it; each attempt is recorded before it leaves. What is due, and who holds
-- it, is the lane's, one for each endpoint, so that an endpoint that hangs costs only itself.

CREATE TABLE webhook_endpoint (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  url                text        NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
  description        text        NOT NULL DEFAULT '' CHECK (length(description) <= 200),
  -- The types it wants; empty: every type.
  types              text[]      NOT NULL DEFAULT '{}',
  enabled            boolean     NOT NULL DEFAULT true,
  -- Why it is disabled: by hand, since it said 410, or since nothing reached it for days.
  disabled_reason    text        CHECK (disabled_reason IN ('by_hand', 'gone', 'failing')),
  disabled_at        timestamptz,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  created_by         text        NOT NULL,
  deleted_at         timestamptz,
  -- Changed whenever a sender must read the endpoint's secrets anew.
  secrets_version    integer     NOT NULL DEFAULT 1,
  last_success_at    timestamptz,
  last_failure_at    timestamptz,
  -- Since the last success: when the first attempt failed, and how many did.
  failing_since      timestamptz,
  failures           integer     NOT NULL DEFAULT 0,
  -- The breaker: attempts since the first failure of the window, how many failed, and until when it is open.
  window_at          timestamptz,
  window_tries       integer     NOT NULL DEFAULT 0,
  window_failures    integer     NOT NULL DEFAULT 0,
  open_until         timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (enabled = (disabled_reason IS NULL)),
  CHECK (enabled = (disabled_at IS NULL))
);

-- What an endpoint's messages are signed with: the newest, and older ones while they still count.
CREATE TABLE webhook_secret (
  tenant_id          uuid        NOT NULL,
  id                 uuid        NOT NULL,
  endpoint_id        uuid        NOT NULL,
  -- `whsec_…` and `whsk_…`, sealed.
  secret             bytea       NOT NULL,
  signing_key        bytea       NOT NULL,
  public_key         text        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  expires_at         timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
);
-- Serves: the secrets of an endpoint, the newest first.
CREATE INDEX webhook_secret_of_endpoint ON webhook_secret (tenant_id, endpoint_id, created_at);

-- When an endpoint has something due, and who is sending to it.
CREATE TABLE webhook_lane (
  tenant_id          uuid        NOT NULL,
  endpoint_id        uuid        NOT NULL,
  due_at             timestamptz,
  -- Nothing is sent before: the breaker is open, or the endpoint asked for it.
  not_before         timestamptz,
  holder             text,
  leased_until       timestamptz,
  PRIMARY KEY (tenant_id, endpoint_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
);
-- Serves: a worker finds the endpoints that have something due.
CREATE INDEX webhook_lane_due ON webhook_lane (due_at) WHERE due_at IS NOT NULL;
-- Serves: a worker says, every second, that it still holds what it holds.
CREATE INDEX webhook_lane_held ON webhook_lane (holder) WHERE holder IS NOT NULL;

-- A message is recorded without a number, so that no fact waits for another; it is numbered when it is published.
ALTER TABLE webhook_message
  ALTER COLUMN number DROP NOT NULL,
  -- A message that is meant for one endpoint: a test.
  ADD COLUMN only_endpoint uuid,
  -- Of the platform's messages: the tenant that it is about.
  ADD COLUMN about_tenant  uuid;
-- Serves: which messages wait to be numbered, in their order, and whose they are.
CREATE INDEX webhook_message_fresh ON webhook_message (tenant_id, occurred_at, id) WHERE number IS NULL;
-- Serves: replaying everything since a time.
CREATE INDEX webhook_message_since ON webhook_message (tenant_id, occurred_at);
ALTER TABLE webhook_series
  DROP CONSTRAINT webhook_series_last_number_check,
  ADD CONSTRAINT webhook_series_last_number_check CHECK (last_number >= 0);

-- A message on its way to one endpoint.
CREATE TABLE webhook_delivery (
  tenant_id          uuid        NOT NULL,
  endpoint_id        uuid        NOT NULL,
  message_id         uuid        NOT NULL,
  number             bigint      NOT NULL,
  type               text        NOT NULL,
  occurred_at        timestamptz NOT NULL,
  placed_at          timestamptz NOT NULL DEFAULT tillpost_now(),
  state              text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  due_at             timestamptz DEFAULT tillpost_now(),
  -- Failed attempts of the present round of the schedule; a replay begins another.
  tries              integer     NOT NULL DEFAULT 0,
  -- All attempts.
  attempts           integer     NOT NULL DEFAULT 0,
  http_status        integer,
  settled_at         timestamptz,
  PRIMARY KEY (tenant_id, endpoint_id, message_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id),
  FOREIGN KEY (tenant_id, message_id) REFERENCES webhook_message (tenant_id, id),
  CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);
-- Serve: a lane takes what is due in the order of numbers, and asks when the next is due.
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (tenant_id, endpoint_id, number) INCLUDE (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, endpoint_id, due_at) WHERE state = 'waiting';
-- Serves: deliveries of an endpoint, the newest first.
CREATE INDEX webhook_delivery_listed ON webhook_delivery (tenant_id, endpoint_id, placed_at, message_id);

-- One POST, recorded before it leaves.
CREATE TABLE webhook_attempt (
  tenant_id          uuid        NOT NULL,
  endpoint_id        uuid        NOT NULL,
  message_id         uuid        NOT NULL,
  number             integer     NOT NULL CHECK (number > 0),
  started_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  finished_at        timestamptz,
  outcome            text,
  http_status        integer,
  took_ms            integer,
  detail             text,
  answer             text,
  PRIMARY KEY (tenant_id, endpoint_id, message_id, number),
  FOREIGN KEY (tenant_id, endpoint_id, message_id) REFERENCES webhook_delivery (tenant_id, endpoint_id, message_id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhook_endpoint', 'webhook_secret', 'webhook_lane', 'webhook_delivery', 'webhook_attempt']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tillpost_app', t);
  END LOOP;
END $$;
GRANT UPDATE (number) ON webhook_message TO tillpost_app;

-- The platform's narrow door: whose messages wait to be published, and which lanes are due; no message.
CREATE POLICY platform ON webhook_message FOR SELECT TO tillpost_platform USING (number IS NULL);
CREATE POLICY platform ON webhook_lane TO tillpost_platform USING (true) WITH CHECK (true);
GRANT SELECT (tenant_id, number) ON webhook_message TO tillpost_platform;
GRANT SELECT, UPDATE ON webhook_lane TO tillpost_platform;
