-- Why: an account that the chart lacks is created in QuickBooks when somebody asks for it. Each wish is a row, so that a lost
-- answer is asked again under the same request id, and who asked for what stays known.

CREATE TABLE account_creation (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  name               text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  number             text        CHECK (length(number) BETWEEN 1 AND 20),
  account_type       text        NOT NULL,
  account_sub_type   text,
  -- The slot, and its key, that the account is mapped to once it is there; empty key: the slot's default.
  slot               text,
  key                text        NOT NULL DEFAULT '',
  state              text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'failed')),
  account_id         uuid,
  problem_code       text,
  problem_detail     text,
  requested_by       text        NOT NULL,
  requested_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  -- When QuickBooks may be asked next.
  due_at             timestamptz DEFAULT tillpost_now(),
  finished_at        timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  CHECK ((state = 'queued') = (due_at IS NOT NULL)),
  CHECK ((state = 'done') = (account_id IS NOT NULL)),
  CHECK (slot IS NOT NULL OR key = '')
);
-- Serves: a turn takes the creations that wait, and asks when the next one is due.
CREATE INDEX account_creation_waiting ON account_creation (tenant_id, due_at) WHERE state = 'queued';
-- A name is asked for once at a time: QuickBooks holds each name once.
CREATE UNIQUE INDEX account_creation_one_waiting ON account_creation (tenant_id, company_id, lower(name)) WHERE state = 'queued';

ALTER TABLE account_creation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON account_creation TO tillpost_app
  USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON account_creation TO tillpost_app;
