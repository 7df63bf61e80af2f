DROP INDEX event_listed_by_location;
CREATE INDEX event_listed_by_location ON event (tenant_id, location, type, status, business_date, occurred_at, id)
  WHERE location IS NOT NULL;
DROP INDEX dimension_import_listed;
DROP INDEX account_import_listed;
