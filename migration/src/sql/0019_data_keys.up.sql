-- Why: keys are changed while values are sealed and opened under them, and a tenant that is deleted takes its secrets with it.
-- A tenant has a data key a generation; the newest seals, the older ones open until nothing is sealed under them.

ALTER TABLE data_key
  ADD COLUMN generation integer NOT NULL DEFAULT 1 CHECK (generation > 0),
  -- Nothing is sealed under it any more. Kept a while, for whoever read a value before it was sealed anew.
  ADD COLUMN retired_at timestamptz,
  DROP CONSTRAINT data_key_pkey,
  ADD PRIMARY KEY (tenant_id, generation);
ALTER TABLE data_key ALTER COLUMN generation DROP DEFAULT;
GRANT DELETE ON data_key TO tillpost_app;

-- The platform's narrow door: which tenants' keys are of which generation, and wrapped by which key; never a key.
GRANT SELECT (tenant_id, generation, created_at, retired_at) ON data_key TO tillpost_platform;

-- A tenant that was deleted: its keys do not work, its connection has ended, its secrets cannot be opened. Its books stay.
ALTER TABLE tenant
  DROP CONSTRAINT tenant_status_check,
  ADD CONSTRAINT tenant_status_check CHECK (status IN ('active', 'suspended', 'deleted')),
  ADD COLUMN deleted_at timestamptz,
  ADD CONSTRAINT tenant_deleted CHECK ((status = 'deleted') = (deleted_at IS NOT NULL));
