-- Why: the books are compared with what was posted. A run goes through the turns of its tenant, a metered read at a time and
-- within a budget; what it finds stays known until it is gone or somebody accepts it.

CREATE TABLE reconciliation (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  -- The window of accounting dates; none: only what changed since the last look.
  from_date          date,
  to_date            date,
  -- Reads it may use in a day, those it has used, and those of them on `reads_on`.
  reads_per_day      integer     NOT NULL CHECK (reads_per_day > 0),
  reads_used         integer     NOT NULL DEFAULT 0,
  reads_today        integer     NOT NULL DEFAULT 0,
  reads_on           date,
  state              text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'paused', 'finished', 'failed')),
  -- What it is at: the changes, or the days from `next_date` on.
  phase              text        NOT NULL DEFAULT 'changes' CHECK (phase IN ('changes', 'days')),
  -- The moment from which it asked for changes, and how far those it was told reach, in QuickBooks' time.
  changes_since      timestamptz,
  changes_through    timestamptz,
  -- The days still to be read, the last day of the part it is at, and where the next page of that begins.
  next_date          date,
  last_date          date,
  part_to            date,
  position           integer     NOT NULL DEFAULT 1,
  -- When the part it is at was begun: what was settled later is not missed there.
  part_began_at      timestamptz,
  -- What it has read of that part and not compared yet.
  notes              jsonb,
  entries_read       bigint      NOT NULL DEFAULT 0,
  -- Findings that stand open after it, by kind, and those that somebody has accepted.
  missing            integer     NOT NULL DEFAULT 0,
  deleted            integer     NOT NULL DEFAULT 0,
  duplicated         integer     NOT NULL DEFAULT 0,
  edited             integer     NOT NULL DEFAULT 0,
  strange            integer     NOT NULL DEFAULT 0,
  accepted           integer     NOT NULL DEFAULT 0,
  problem_detail     text,
  requested_by       text        NOT NULL,
  requested_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  -- When it may go on.
  due_at             timestamptz DEFAULT tillpost_now(),
  finished_at        timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((from_date IS NULL) = (to_date IS NULL)),
  CHECK (from_date <= to_date),
  CHECK ((state IN ('finished', 'failed')) = (finished_at IS NOT NULL)),
  CHECK ((state IN ('finished', 'failed')) = (due_at IS NULL))
);
-- Serve: runs listed, newest first; a turn takes the one that is due; the reads of a tenant's day; how far changes are known.
CREATE INDEX reconciliation_listed ON reconciliation (tenant_id, requested_at, id);
CREATE INDEX reconciliation_waiting ON reconciliation (tenant_id, due_at) WHERE state IN ('queued', 'running', 'paused');
CREATE INDEX reconciliation_reads ON reconciliation (tenant_id, reads_on);
CREATE INDEX reconciliation_changes ON reconciliation (tenant_id, company_id, changes_through) WHERE changes_through IS NOT NULL;

CREATE TABLE finding (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  kind               text        NOT NULL CHECK (kind IN ('missing', 'deleted', 'duplicated', 'edited', 'foreign')),
  -- The entry in QuickBooks that it is about, and ours that it concerns.
  qbo_id             text        NOT NULL,
  our_qbo_id         text,
  event_id           uuid,
  -- The mark that our entry carries in its note.
  mark               text,
  -- Of a foreign entry: why it is one.
  reason             text        CHECK ((kind = 'foreign') = (reason IS NOT NULL)),
  number             text,
  accounting_date    date        NOT NULL,
  differences        jsonb       NOT NULL DEFAULT '[]',
  -- What a person reads.
  detail             text        NOT NULL,
  -- Stands for all that was found: what somebody accepted is accepted as it was.
  fingerprint        text        NOT NULL,
  state              text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'gone')),
  -- Of ours that is gone: the entry that stands in its place, to be looked after too.
  stand_in           text,
  reconciliation_id  uuid        NOT NULL,
  found_at           timestamptz NOT NULL DEFAULT tillpost_now(),
  seen_at            timestamptz NOT NULL DEFAULT tillpost_now(),
  accepted_at        timestamptz,
  accepted_by        text,
  gone_at            timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES reconciliation (tenant_id, id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES event (tenant_id, id),
  CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
  CHECK (state <> 'accepted' OR accepted_at IS NOT NULL),
  CHECK ((state = 'gone') = (gone_at IS NOT NULL))
);
-- A thing is found once, until it is gone.
CREATE UNIQUE INDEX finding_one_alive ON finding (tenant_id, company_id, kind, qbo_id) WHERE state <> 'gone';
-- Serve: findings listed, newest first, and those of a run; those of some entries, events and days.
CREATE INDEX finding_listed ON finding (tenant_id, found_at, id);
CREATE INDEX finding_of_run ON finding (tenant_id, reconciliation_id, found_at, id);
CREATE INDEX finding_of_entry ON finding (tenant_id, company_id, qbo_id);
CREATE INDEX finding_of_stand_in ON finding (tenant_id, company_id, stand_in) WHERE stand_in IS NOT NULL;
CREATE INDEX finding_of_event ON finding (tenant_id, event_id) WHERE state <> 'gone';
CREATE INDEX finding_of_day ON finding (tenant_id, company_id, accounting_date) WHERE state <> 'gone';
-- Serves: the alerts of what is open, at the end of every turn.
CREATE INDEX finding_open ON finding (tenant_id, company_id, kind, found_at) WHERE state = 'open';

-- Serve: what was posted for a window of days, and since a moment.
CREATE INDEX journal_entry_posted_for ON journal_entry (tenant_id, company_id, accounting_date) WHERE state = 'posted';
CREATE INDEX journal_entry_posted_since ON journal_entry (tenant_id, company_id, settled_at) WHERE state = 'posted';

-- When the tenant's books are looked after next, without anybody asking. The look is queued then, where there is something
-- to look after; it is not a turn by itself, so that an idle tenant costs a row a day.
ALTER TABLE turn ADD COLUMN reconcile_at timestamptz NOT NULL DEFAULT tillpost_now() + interval '1 day';
CREATE INDEX turn_reconciled ON turn (reconcile_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['reconciliation', 'finding']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tillpost_app', t);
  END LOOP;
END $$;
