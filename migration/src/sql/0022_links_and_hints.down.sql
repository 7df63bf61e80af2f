ALTER TABLE authorization_request DROP COLUMN connection_link_id;
DROP TABLE connection_link;
REVOKE SELECT (tenant_id, id, company_id, state) ON connection FROM tillpost_platform;
DROP POLICY platform ON connection;
