-- Why: the whole house of the main job. Every tenant table has `tenant_id` first in its keys and in its foreign keys, so a
-- row can neither name another tenant's row nor be reached without naming its own tenant, and so the tables can be
-- distributed by tenant later without a rewrite.

-- The product's only clock. Stable, so that it can stand in an index condition; tests replace it to set the time.
CREATE FUNCTION tillpost_now() RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT statement_timestamp() $$;

-- The tenant of the running transaction, null outside one. `nullif`: the setting is an empty string after a commit.
CREATE FUNCTION current_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;

CREATE TABLE tenant (
  tenant_id          uuid        NOT NULL PRIMARY KEY,
  name               text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status             text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  -- Thousandths of a major unit: the tolerance is at most 1.00 in any currency.
  rounding_tolerance_milli integer NOT NULL DEFAULT 0 CHECK (rounding_tolerance_milli BETWEEN 0 AND 1000),
  net_lines          boolean     NOT NULL DEFAULT false,
  closed_period      text        NOT NULL DEFAULT 'fail' CHECK (closed_period IN ('fail', 'first_open_day')),
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  updated_at         timestamptz NOT NULL DEFAULT tillpost_now()
);

-- The next number of the tenant's own series of document numbers.
CREATE TABLE number_series (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  next_number        bigint      NOT NULL DEFAULT 100001 CHECK (next_number > 0)
);

-- A tenant's data key, wrapped by a key-encryption key of the configuration.
CREATE TABLE data_key (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  wrapped            bytea       NOT NULL,
  key_encryption_key text        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now()
);

CREATE TABLE api_key (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  name               text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  secret_hash        bytea       NOT NULL,
  scopes             text[]      NOT NULL CHECK (cardinality(scopes) > 0),
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  created_by         text        NOT NULL,
  expires_at         timestamptz,
  last_used_at       timestamptz,
  revoked_at         timestamptz,
  PRIMARY KEY (tenant_id, id)
);
-- Serves: a caller presents a key; its tenant is not known yet.
CREATE INDEX api_key_presented ON api_key (id);

CREATE TABLE connection (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  -- Intuit's realm ID.
  company_id         text        NOT NULL CHECK (length(company_id) BETWEEN 1 AND 64),
  company_name       text        NOT NULL,
  country            text,
  home_currency      text        NOT NULL,
  closing_date       date,
  -- Whether the company itself refuses a document number that is taken (WarnDuplicateJournalNumber).
  guards_numbers     boolean     NOT NULL DEFAULT false,
  preferences_read_at timestamptz NOT NULL DEFAULT tillpost_now(),
  preferences_stale  boolean     NOT NULL DEFAULT false,
  state              text        NOT NULL CHECK (state IN ('connected', 'action_required', 'disconnected')),
  problem_code       text,
  -- The company the tenant's events go to; an earlier company's row stays, for the entries that were posted there.
  is_current         boolean     NOT NULL,
  connected_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  disconnected_at    timestamptz,
  last_success_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id),
  CHECK (is_current OR state = 'disconnected')
);
CREATE UNIQUE INDEX connection_one_current ON connection (tenant_id) WHERE is_current;
-- A company's books take entries from one tenant at a time. Not led by tenant_id: it speaks across tenants on purpose.
CREATE UNIQUE INDEX connection_company_live ON connection (company_id) WHERE state <> 'disconnected';

-- The OAuth grant of a connection. `version` is the compare-and-set of a refresh.
CREATE TABLE connection_grant (
  tenant_id          uuid        NOT NULL,
  connection_id      uuid        NOT NULL,
  version            bigint      NOT NULL,
  access_token       bytea       NOT NULL,
  refresh_token      bytea       NOT NULL,
  access_expires_at  timestamptz NOT NULL,
  refresh_expires_at timestamptz NOT NULL,
  hard_expires_at    timestamptz,
  refreshed_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  refresh_started_at timestamptz,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connection (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE authorization_request (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  start_hash         bytea       NOT NULL,
  state_hash         bytea,
  browser_hash       bytea,
  return_url         text        NOT NULL,
  allow_company_change boolean   NOT NULL DEFAULT false,
  requested_by       text        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  expires_at         timestamptz NOT NULL,
  used_at            timestamptz,
  PRIMARY KEY (tenant_id, id)
);
-- Serve: a browser comes with the start link, or back from Intuit with the state; its tenant is not known yet.
CREATE INDEX authorization_request_started ON authorization_request (start_hash);
CREATE INDEX authorization_request_returned ON authorization_request (state_hash);

CREATE TABLE account (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  qbo_id             text        NOT NULL,
  name               text        NOT NULL,
  fully_qualified_name text      NOT NULL,
  number             text,
  account_type       text        NOT NULL,
  account_sub_type   text,
  classification     text,
  currency           text,
  active             boolean     NOT NULL,
  deleted_at         timestamptz,
  imported_at        timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id, qbo_id)
);
-- Serves: the chart of accounts, listed by number and name.
CREATE INDEX account_listed ON account (tenant_id, company_id, fully_qualified_name, id) WHERE deleted_at IS NULL;

CREATE TABLE account_import (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  state              text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
  accounts_read      integer     NOT NULL DEFAULT 0,
  problem_code       text,
  problem_detail     text,
  requested_by       text        NOT NULL,
  requested_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  due_at             timestamptz DEFAULT tillpost_now(),
  finished_at        timestamptz,
  PRIMARY KEY (tenant_id, id)
);
-- Serves: a turn takes the imports that wait.
CREATE INDEX account_import_waiting ON account_import (tenant_id, due_at) WHERE state IN ('queued', 'running');

CREATE TABLE mapping (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  slot               text        NOT NULL,
  -- Empty: the slot's default, or every location.
  key                text        NOT NULL DEFAULT '' CHECK (length(key) <= 128),
  location           text        NOT NULL DEFAULT '' CHECK (length(location) <= 128),
  account_id         uuid        NOT NULL,
  set_by             text        NOT NULL,
  set_at             timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id, slot, key, location),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
);
CREATE INDEX mapping_of_account ON mapping (tenant_id, account_id);

CREATE TABLE sync (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  running            boolean     NOT NULL DEFAULT false,
  -- The line of Start Sync: an event that occurred before it is not queued by itself.
  started_at         timestamptz,
  stopped_at         timestamptz,
  last_success_at    timestamptz,
  -- Why queued events wait although the sync runs: a transient trouble, in words of `service::sync`.
  waiting_code       text,
  waiting_until      timestamptz
);

CREATE TABLE past_sync (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  from_date          date        NOT NULL,
  to_date            date        NOT NULL,
  events             bigint      NOT NULL,
  created_by         text        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  CHECK (from_date <= to_date)
);
-- Serves: past syncs listed, newest first.
CREATE INDEX past_sync_listed ON past_sync (tenant_id, created_at, id);

CREATE TABLE event (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  type               text        NOT NULL,
  external_id        text        NOT NULL,
  number             text        NOT NULL CHECK (number ~ '^[A-Za-z0-9-]{1,21}$'),
  version            integer     NOT NULL DEFAULT 1 CHECK (version > 0),
  -- The event as its sender wrote it, and the hash of its canonical form: what means the same hashes the same.
  body               text        NOT NULL,
  body_hash          bytea       NOT NULL,
  occurred_at        timestamptz NOT NULL,
  business_date      date        NOT NULL,
  location           text,
  status             text        NOT NULL CHECK (status IN ('never_synced', 'not_synced', 'processing', 'synced', 'failed', 'skipped')),
  -- Queued by a past sync: goes after live events.
  past               boolean     NOT NULL DEFAULT false,
  past_sync_id       uuid,
  -- When a queued event may be tried next.
  due_at             timestamptz,
  tries              integer     NOT NULL DEFAULT 0,
  problem_code       text,
  problem_detail     text,
  taken_in_at        timestamptz NOT NULL DEFAULT tillpost_now(),
  updated_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  synced_at          timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, type, external_id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, past_sync_id) REFERENCES past_sync (tenant_id, id),
  CHECK ((status = 'not_synced') = (due_at IS NOT NULL)),
  CHECK ((status IN ('failed', 'skipped')) = (problem_code IS NOT NULL))
);
-- Serves: a turn takes the next slice, live before past, in order of occurrence.
CREATE INDEX event_queue ON event (tenant_id, past, occurred_at, id) INCLUDE (due_at) WHERE status = 'not_synced';
-- Serves: when is the tenant's next turn due.
CREATE INDEX event_due ON event (tenant_id, due_at) WHERE status = 'not_synced';
-- Serves: events listed newest first, all or of one status.
CREATE INDEX event_listed ON event (tenant_id, occurred_at, id);
CREATE INDEX event_listed_by_status ON event (tenant_id, status, occurred_at, id);
-- Serves: a past sync takes its window.
CREATE INDEX event_never_synced ON event (tenant_id, business_date) WHERE status = 'never_synced';
-- Serves: retry failed, all or of one problem.
CREATE INDEX event_failed ON event (tenant_id, problem_code) WHERE status = 'failed';

-- The sealed journal entry of an event in a company. Its bytes never change under one generation.
CREATE TABLE journal_entry (
  tenant_id          uuid        NOT NULL,
  id                 uuid        NOT NULL,
  event_id           uuid        NOT NULL,
  event_version      integer     NOT NULL,
  company_id         text        NOT NULL,
  generation         integer     NOT NULL CHECK (generation > 0),
  request_id         text        NOT NULL CHECK (length(request_id) BETWEEN 1 AND 36),
  number             text        NOT NULL,
  accounting_date    date        NOT NULL,
  body               bytea       NOT NULL,
  content_hash       text        NOT NULL,
  state              text        NOT NULL CHECK (state IN ('sealed', 'sending', 'unknown', 'posted', 'rejected', 'withdrawn')),
  -- Looked up and not found so many times since the outcome became unknown.
  absences           smallint    NOT NULL DEFAULT 0,
  -- When an unknown outcome may be looked up next.
  due_at             timestamptz,
  attempts           integer     NOT NULL DEFAULT 0,
  qbo_id             text,
  sealed_at          timestamptz NOT NULL DEFAULT tillpost_now(),
  settled_at         timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id, event_id, generation),
  UNIQUE (tenant_id, company_id, request_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES event (tenant_id, id),
  CHECK ((state = 'posted') = (qbo_id IS NOT NULL)),
  CHECK ((state = 'unknown') = (due_at IS NOT NULL))
);
-- An event has at most one journal entry alive in a company: the promise, held by the database.
CREATE UNIQUE INDEX journal_entry_one_alive ON journal_entry (tenant_id, company_id, event_id)
  WHERE state IN ('sealed', 'sending', 'unknown', 'posted');
-- An entry in QuickBooks belongs to one of ours.
CREATE UNIQUE INDEX journal_entry_qbo ON journal_entry (tenant_id, company_id, qbo_id) WHERE qbo_id IS NOT NULL;
-- Serves: a turn finds what a dead holder left behind, and which unknown outcomes are due.
CREATE INDEX journal_entry_in_doubt ON journal_entry (tenant_id, company_id, state, due_at) WHERE state IN ('sending', 'unknown');
-- Serves: the journal entries of an event.
CREATE INDEX journal_entry_of_event ON journal_entry (tenant_id, event_id, generation);

-- One POST, recorded before it leaves.
CREATE TABLE attempt (
  tenant_id          uuid        NOT NULL,
  journal_entry_id   uuid        NOT NULL,
  number             integer     NOT NULL CHECK (number > 0),
  fence              bigint      NOT NULL,
  started_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  send_not_after     timestamptz NOT NULL,
  finished_at        timestamptz,
  outcome            text,
  http_status        integer,
  intuit_tid         text,
  detail             text,
  PRIMARY KEY (tenant_id, journal_entry_id, number),
  FOREIGN KEY (tenant_id, journal_entry_id) REFERENCES journal_entry (tenant_id, id)
);

-- One holder a company, on the database's clock; the fence orders every settle.
CREATE TABLE company_lease (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  company_id         text        NOT NULL,
  holder             text        NOT NULL,
  fence              bigint      NOT NULL,
  expires_at         timestamptz NOT NULL,
  throttled_until    timestamptz,
  PRIMARY KEY (tenant_id, company_id)
);

-- When the tenant's next turn is due. `bell` counts the wake-ups, so that a turn sees one that came while it ran.
CREATE TABLE turn (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  bell               bigint      NOT NULL DEFAULT 0,
  due_at             timestamptz,
  -- A task is on its way to a worker until then.
  rung_until         timestamptz
);
-- Serves: the sweep finds turns that are due and were not rung.
CREATE INDEX turn_due ON turn (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE alert (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  code               text        NOT NULL,
  -- What tells two alerts of one code apart; empty where there is only one.
  cause              text        NOT NULL DEFAULT '',
  state              text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  detail             text        NOT NULL,
  occurrences        bigint      NOT NULL DEFAULT 1,
  opened_at          timestamptz NOT NULL DEFAULT tillpost_now(),
  last_seen_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  closed_at          timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX alert_one_open ON alert (tenant_id, code, cause) WHERE state = 'open';
-- Serves: alerts listed, newest first.
CREATE INDEX alert_listed ON alert (tenant_id, opened_at, id);

-- Append-only: the application may add and read, never change.
CREATE TABLE audit_record (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  recorded_at        timestamptz NOT NULL DEFAULT tillpost_now(),
  actor              text        NOT NULL,
  action             text        NOT NULL,
  subject            text        NOT NULL,
  detail             jsonb       NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
);
-- Serves: the audit log, newest first.
CREATE INDEX audit_record_listed ON audit_record (tenant_id, recorded_at, id);

-- The second wall. Forced, so that not even the owner is exempt. The sub-select makes the setting an init plan.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['tenant', 'number_series', 'data_key', 'api_key', 'connection', 'connection_grant',
    'authorization_request', 'account', 'account_import', 'mapping', 'sync', 'past_sync', 'event', 'journal_entry', 'attempt',
    'company_lease', 'turn', 'alert', 'audit_record']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tillpost_app', t);
  END LOOP;
END $$;
REVOKE INSERT ON tenant FROM tillpost_app;
REVOKE UPDATE ON audit_record FROM tillpost_app;
GRANT DELETE ON mapping, connection_grant TO tillpost_app;

-- The platform's narrow door: tenants themselves, whose key was presented, which flow a browser returns to, who is due.
CREATE POLICY platform ON tenant TO tillpost_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON number_series FOR INSERT TO tillpost_platform WITH CHECK (true);
CREATE POLICY platform ON sync FOR INSERT TO tillpost_platform WITH CHECK (true);
CREATE POLICY platform ON turn TO tillpost_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON api_key FOR SELECT TO tillpost_platform USING (true);
CREATE POLICY platform ON authorization_request FOR SELECT TO tillpost_platform USING (true);
CREATE POLICY platform ON data_key FOR SELECT TO tillpost_platform USING (true);
CREATE POLICY platform ON audit_record FOR INSERT TO tillpost_platform WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON tenant TO tillpost_platform;
GRANT INSERT ON number_series, sync, audit_record TO tillpost_platform;
GRANT SELECT, INSERT, UPDATE ON turn TO tillpost_platform;
GRANT SELECT (tenant_id, id, secret_hash, scopes, expires_at, revoked_at, last_used_at) ON api_key TO tillpost_platform;
-- Which key-encryption keys are in use, to refuse a start with another; never a data key itself.
GRANT SELECT (key_encryption_key) ON data_key TO tillpost_platform;
GRANT SELECT (tenant_id, id, start_hash, state_hash) ON authorization_request TO tillpost_platform;
