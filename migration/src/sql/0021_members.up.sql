-- Why: people whom the vendor's identity provider knows are members of tenants, each in a role. The provider says who somebody is;
-- what they may do stands here.

CREATE TABLE member (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  -- A subject means somebody only together with its issuer.
  issuer             text        NOT NULL CHECK (length(issuer) BETWEEN 1 AND 2048),
  subject            text        NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  name               text        NOT NULL DEFAULT '' CHECK (length(name) <= 200),
  role               text        NOT NULL CHECK (role IN ('owner', 'admin', 'accountant', 'read_only')),
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  created_by         text        NOT NULL,
  updated_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  -- Also serves: a person asks for a tenant's resources.
  UNIQUE (tenant_id, issuer, subject)
);
ALTER TABLE member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON member TO tillpost_app
  USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON member TO tillpost_app;
