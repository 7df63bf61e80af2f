-- Why: whoever takes the end of an audit log away, and moves its head back, leaves a chain that is whole. So the heads of tenants'
-- logs are written down in the platform's own log, once a day: who would hide it must write that log anew too, from there on.

ALTER TABLE audit_head
  -- The last record that stands in the platform's log, and since when.
  ADD COLUMN witnessed    bigint NOT NULL DEFAULT 0 CHECK (witnessed >= 0),
  ADD COLUMN witnessed_at timestamptz;
-- The application makes chains longer, and says nothing about who has seen them.
REVOKE INSERT, UPDATE ON audit_head FROM tillpost_app;
GRANT INSERT (tenant_id), UPDATE (sequence, hash, recorded_at) ON audit_head TO tillpost_app;

-- Serves: who verifies a log reads which heads of it were written down.
CREATE INDEX audit_record_witness ON audit_record (tenant_id, sequence) WHERE action = 'audit_heads.witnessed';
