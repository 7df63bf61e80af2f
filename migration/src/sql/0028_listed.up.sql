-- Why: imports of QuickBooks' lists are listed, newest first; and events that have no location are listed as those of one are.

CREATE INDEX account_import_listed ON account_import (tenant_id, requested_at, id);
CREATE INDEX dimension_import_listed ON dimension_import (tenant_id, requested_at, id);

-- Serves: events listed by location, or by none, alone or with types and statuses.
DROP INDEX event_listed_by_location;
CREATE INDEX event_listed_by_location ON event (tenant_id, location, type, status, business_date, occurred_at, id);
