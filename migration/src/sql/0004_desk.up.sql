-- Why: the accountant's desk. What the events need of the mapping is known as soon as they are taken in, so that what is
-- missing is shown before it fails; whoever changes the mapping sees what changed since they looked, and by whom.

-- Raised by each change of the mapping: two people do not overwrite each other.
ALTER TABLE connection ADD COLUMN mapping_version bigint NOT NULL DEFAULT 1;

-- What an event asks of the mapping, as the hash of the sorted set of its needs and locations: many events ask for the
-- same. Null: taken in before needs were learned; a turn catches up.
ALTER TABLE event ADD COLUMN footprint_id uuid;
-- Serves: how many events wait for a need, and whether any carries it at all; a turn finds those without a footprint.
CREATE INDEX event_footprint ON event (tenant_id, footprint_id, status);
-- Serves: how many failed events a change of the mapping cures.
CREATE INDEX event_unmapped ON event (tenant_id, footprint_id) WHERE status = 'failed' AND problem_code = 'missing_mappings';

-- The needs of a footprint. Empty: no key, or no location.
CREATE TABLE footprint_need (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  footprint_id       uuid        NOT NULL,
  slot               text        NOT NULL,
  key                text        NOT NULL DEFAULT '',
  location           text        NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, footprint_id, slot, key, location)
);
-- Serves: which footprints have a need.
CREATE INDEX footprint_need_asked ON footprint_need (tenant_id, slot, key, location, footprint_id);

-- Each need that any event ever had.
CREATE TABLE need (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  slot               text        NOT NULL,
  key                text        NOT NULL DEFAULT '',
  location           text        NOT NULL DEFAULT '',
  first_seen_at      timestamptz NOT NULL DEFAULT tillpost_now(),
  first_event_id     uuid        NOT NULL,
  PRIMARY KEY (tenant_id, slot, key, location),
  FOREIGN KEY (tenant_id, first_event_id) REFERENCES event (tenant_id, id)
);

-- The keys and locations the tenant's events carry, and those that were declared before any event did.
CREATE TABLE known_key (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  kind               text        NOT NULL,
  key                text        NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
  source             text        NOT NULL CHECK (source IN ('event', 'declared')),
  first_seen_at      timestamptz NOT NULL DEFAULT tillpost_now(),
  first_event_id     uuid,
  declared_by        text,
  PRIMARY KEY (tenant_id, kind, key),
  FOREIGN KEY (tenant_id, first_event_id) REFERENCES event (tenant_id, id),
  CHECK ((source = 'event') = (first_event_id IS NOT NULL)),
  CHECK (source = 'event' OR declared_by IS NOT NULL)
);

-- Who mapped what, and when. Append-only.
CREATE TABLE mapping_change (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  changed_at         timestamptz NOT NULL DEFAULT tillpost_now(),
  changed_by         text        NOT NULL,
  way                text        NOT NULL CHECK (way IN ('by_hand', 'suggestion')),
  slot               text        NOT NULL,
  key                text        NOT NULL DEFAULT '',
  location           text        NOT NULL DEFAULT '',
  -- None before: it was not mapped. None after: it was cleared.
  from_account_id    uuid,
  to_account_id      uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, from_account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, to_account_id) REFERENCES account (tenant_id, id),
  CHECK (from_account_id IS DISTINCT FROM to_account_id)
);
-- Serves: the history listed, newest first.
CREATE INDEX mapping_change_listed ON mapping_change (tenant_id, changed_at, id);
-- Serves: the history of one slot, or of one key of it.
CREATE INDEX mapping_change_of_slot ON mapping_change (tenant_id, slot, key, changed_at, id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['footprint_need', 'need', 'known_key', 'mapping_change']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO tillpost_app', t);
  END LOOP;
END $$;
GRANT UPDATE, DELETE ON known_key TO tillpost_app;
