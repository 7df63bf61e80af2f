DROP INDEX member_person;
REVOKE SELECT (tenant_id, id, issuer, subject) ON member FROM tillpost_platform;
DROP POLICY platform ON member;
