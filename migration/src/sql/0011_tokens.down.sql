DROP POLICY platform ON connection_grant;
REVOKE ALL (tenant_id, connection_id, due_at) ON connection_grant FROM tillpost_platform;
ALTER TABLE connection_grant DROP COLUMN due_at, DROP COLUMN ended_at, DROP COLUMN retry_at, DROP COLUMN failures,
  DROP COLUMN doubt_since, DROP COLUMN answered, DROP COLUMN claims;
