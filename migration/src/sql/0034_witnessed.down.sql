DROP INDEX audit_record_witness;
REVOKE INSERT (tenant_id), UPDATE (sequence, hash, recorded_at) ON audit_head FROM tillpost_app;
ALTER TABLE audit_head DROP COLUMN witnessed, DROP COLUMN witnessed_at;
GRANT INSERT, UPDATE ON audit_head TO tillpost_app;
