-- Why: lines carry the QuickBooks Locations and Classes that the tenant's own locations are mapped to; and what changes in
-- QuickBooks' lists is learned by one cheap look a day, or as soon as QuickBooks refuses something that they hold.

-- The Locations (QuickBooks' older word is department) and Classes of the company.
CREATE TABLE dimension (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  kind               text        NOT NULL CHECK (kind IN ('location', 'class')),
  qbo_id             text        NOT NULL,
  name               text        NOT NULL,
  fully_qualified_name text      NOT NULL,
  active             boolean     NOT NULL,
  -- Since when it is not on QuickBooks' list any more; none while it is, active or not.
  vanished_at        timestamptz,
  imported_at        timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id, kind, qbo_id)
);
-- Serves: locations and classes listed by name.
CREATE INDEX dimension_listed ON dimension (tenant_id, company_id, kind, fully_qualified_name, id);

CREATE TABLE dimension_import (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  state              text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
  locations_read     integer     NOT NULL DEFAULT 0,
  classes_read       integer     NOT NULL DEFAULT 0,
  problem_code       text,
  problem_detail     text,
  requested_by       text        NOT NULL,
  requested_at       timestamptz NOT NULL DEFAULT tillpost_now(),
  due_at             timestamptz DEFAULT tillpost_now(),
  finished_at        timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state IN ('queued', 'running')) = (due_at IS NOT NULL))
);
-- Serves: a turn takes the imports that wait.
CREATE INDEX dimension_import_waiting ON dimension_import (tenant_id, due_at) WHERE state IN ('queued', 'running');

-- What a location of the tenant's is in the company's books. One without a row posts without either.
CREATE TABLE location_mapping (
  tenant_id          uuid        NOT NULL REFERENCES tenant,
  id                 uuid        NOT NULL,
  company_id         text        NOT NULL,
  location           text        NOT NULL CHECK (length(location) BETWEEN 1 AND 64),
  dimension_location_id uuid,
  dimension_class_id uuid,
  set_by             text        NOT NULL,
  set_at             timestamptz NOT NULL DEFAULT tillpost_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, company_id, location),
  FOREIGN KEY (tenant_id, dimension_location_id) REFERENCES dimension (tenant_id, id),
  FOREIGN KEY (tenant_id, dimension_class_id) REFERENCES dimension (tenant_id, id),
  CHECK (dimension_location_id IS NOT NULL OR dimension_class_id IS NOT NULL)
);
-- Serve: which locations are mapped to a Location or Class that broke.
CREATE INDEX location_mapping_of_location ON location_mapping (tenant_id, dimension_location_id);
CREATE INDEX location_mapping_of_class ON location_mapping (tenant_id, dimension_class_id);

-- An account that is not in QuickBooks' chart any more, as after two were merged, is told from one that was made inactive.
ALTER TABLE account ADD COLUMN vanished_at timestamptz;

-- Up to when QuickBooks' lists are known, by QuickBooks' own clock; and when they are looked at next: a day after the last
-- look, or as soon as something that QuickBooks refused says that they changed. Null: the chart was not imported yet.
ALTER TABLE connection ADD COLUMN lists_known_through timestamptz,
  ADD COLUMN lists_due_at timestamptz;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['dimension', 'dimension_import', 'location_mapping']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tillpost_app
      USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tillpost_app', t);
  END LOOP;
END $$;
GRANT DELETE ON location_mapping TO tillpost_app;
