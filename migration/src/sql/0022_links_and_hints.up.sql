-- Why: Intuit says of a company that something changed there, and whose company it is, is not known yet. And a vendor hands a
-- retailer a link that connects QuickBooks, once.

-- The platform's narrow door: whose company it is; nothing of what is in it.
CREATE POLICY platform ON connection FOR SELECT TO tillpost_platform USING (true);
GRANT SELECT (tenant_id, id, company_id, state) ON connection TO tillpost_platform;

CREATE TABLE connection_link (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  secret_hash        bytea       NOT NULL,
  return_url         text        NOT NULL DEFAULT '',
  allow_company_change boolean   NOT NULL DEFAULT false,
  created_by         text        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  expires_at         timestamptz NOT NULL,
  -- How often somebody has gone on to Intuit with it: a person may turn back there, and come again.
  begun              integer     NOT NULL DEFAULT 0,
  -- A company was connected through it; it is of no more use.
  used_at            timestamptz,
  revoked_at         timestamptz,
  PRIMARY KEY (tenant_id, id)
);
-- Serve: a browser comes with the link, its tenant is not known yet; links listed, the newest first.
CREATE INDEX connection_link_presented ON connection_link (secret_hash);
CREATE INDEX connection_link_listed ON connection_link (tenant_id, created_at, id);
ALTER TABLE connection_link ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON connection_link TO tillpost_app
  USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON connection_link TO tillpost_app;
CREATE POLICY platform ON connection_link FOR SELECT TO tillpost_platform USING (true);
GRANT SELECT (tenant_id, id, secret_hash) ON connection_link TO tillpost_platform;

-- The link that a flow was begun from, where it was.
ALTER TABLE authorization_request
  ADD COLUMN connection_link_id uuid,
  ADD FOREIGN KEY (tenant_id, connection_link_id) REFERENCES connection_link (tenant_id, id);
