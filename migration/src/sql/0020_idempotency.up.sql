-- Why: a request with an Idempotency-Key has its effect once. Its answer is kept here in the transaction of its effect, so that
-- there is never the one without the other, and whoever asks again is answered as the first time.

CREATE TABLE idempotency_key (
  -- Of a request that is no tenant's: the platform's own place.
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  operation          text        NOT NULL,
  -- Keyed hashes: of the key as it was sent, and of what it came with (caller, method, path, query, body).
  key_hash           bytea       NOT NULL,
  fingerprint        bytea       NOT NULL,
  status             smallint    NOT NULL CHECK (status BETWEEN 200 AND 299),
  -- Headers and body, sealed: an answer may hold a secret that is shown once.
  answer             bytea       NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  expires_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, operation, key_hash)
);
-- Serves: those that are kept no longer are looked for and removed.
CREATE INDEX idempotency_key_expired ON idempotency_key (expires_at);

ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON idempotency_key TO tillpost_app
  USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO tillpost_app;

-- The platform's narrow door: its own requests, and which are kept no longer.
CREATE POLICY platform ON idempotency_key TO tillpost_platform
  USING (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid) WITH CHECK (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid);
CREATE POLICY platform_looks ON idempotency_key FOR SELECT TO tillpost_platform USING (expires_at <= tillpost_now());
CREATE POLICY platform_forgets ON idempotency_key FOR DELETE TO tillpost_platform USING (expires_at <= tillpost_now());
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO tillpost_platform;
