ALTER TABLE tenant
  DROP CONSTRAINT tenant_deleted,
  DROP COLUMN deleted_at,
  DROP CONSTRAINT tenant_status_check,
  ADD CONSTRAINT tenant_status_check CHECK (status IN ('active', 'suspended'));
REVOKE SELECT (tenant_id, generation, created_at, retired_at) ON data_key FROM tillpost_platform;
REVOKE DELETE ON data_key FROM tillpost_app;
ALTER TABLE data_key
  DROP CONSTRAINT data_key_pkey,
  DROP COLUMN retired_at,
  DROP COLUMN generation,
  ADD PRIMARY KEY (tenant_id);
