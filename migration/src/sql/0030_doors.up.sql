-- Why: what was refused is recorded where it can be looked into. A person whom a tenant refuses is told of in the logs of the tenants that they are a member of. The platform's narrow door: who
-- is a member where; neither name nor role.
CREATE POLICY platform ON member FOR SELECT TO tillpost_platform USING (true);
GRANT SELECT (tenant_id, id, issuer, subject) ON member TO tillpost_platform;
-- Serves: the places of a person who was refused.
CREATE INDEX member_person ON member (issuer, subject);
