-- Why: an audit log that somebody could have altered proves nothing. Each tenant's records are numbered without gaps, and each
-- carries the hash of the one before it, so that whoever holds an export, and the number and hash of its end, can tell whether
-- a record was changed, taken out, put in, moved or cut off.
--
-- The link is made here and not by whoever inserts, so that no door leads around it. The chain's head is locked from the first
-- record of a transaction to its end; records are therefore the last thing that a transaction writes.

-- JSON in the form of RFC 8785, for what stands in audit records: keys of ASCII, whole numbers below 2^53, any text.
CREATE FUNCTION canonical_json(value jsonb) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  AS $$
BEGIN
  RETURN CASE jsonb_typeof(value)
    WHEN 'object' THEN '{' || coalesce((SELECT string_agg(to_json(m.key)::text || ':' || canonical_json(m.value), ',' ORDER BY m.key COLLATE "C")
      FROM jsonb_each(value) AS m), '') || '}'
    WHEN 'array' THEN '[' || coalesce((SELECT string_agg(canonical_json(m.value), ',' ORDER BY m.place)
      FROM jsonb_array_elements(value) WITH ORDINALITY AS m(value, place)), '') || ']'
    WHEN 'string' THEN to_json(value #>> '{}')::text
    ELSE value::text
  END;
END $$;

-- An id as the API spells it: its prefix, and the 128 bits in Crockford's base 32.
CREATE FUNCTION spell_id(prefix text, id uuid) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT prefix || '_' || string_agg(
        substr('0123456789abcdefghjkmnpqrstvwxyz', substring(b.bits FROM 5 * i + 1 FOR 5)::integer + 1, 1), '' ORDER BY i)
      FROM (SELECT B'00' || ('x' || replace(id::text, '-', ''))::bit(128)) AS b(bits), generate_series(0, 25) AS i
  $$;

-- The end of each tenant's chain.
CREATE TABLE audit_head (
  tenant_id          uuid        NOT NULL PRIMARY KEY REFERENCES tenant,
  sequence           bigint      NOT NULL DEFAULT 0 CHECK (sequence >= 0),
  hash               bytea       NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(hash) = 32),
  recorded_at        timestamptz NOT NULL DEFAULT '-infinity'
);

ALTER TABLE audit_record
  ADD COLUMN sequence      bigint,
  ADD COLUMN previous_hash bytea,
  ADD COLUMN hash          bytea;

-- What a record's hash is taken over: everything else of it.
CREATE FUNCTION audit_record_form(r audit_record) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$
    SELECT canonical_json(jsonb_build_object(
      'tenant_id', spell_id('ten', r.tenant_id),
      'sequence', r.sequence,
      'id', spell_id('aud', r.id),
      'recorded_at', to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'actor', r.actor,
      'action', r.action,
      'subject', r.subject,
      'detail', r.detail,
      'previous_hash', encode(r.previous_hash, 'hex')))
  $$;

CREATE FUNCTION chain_audit_record() RETURNS trigger
  LANGUAGE plpgsql
  AS $$
DECLARE
  head audit_head;
BEGIN
  SELECT * INTO head FROM audit_head WHERE tenant_id = NEW.tenant_id FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO audit_head (tenant_id) VALUES (NEW.tenant_id) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT head FROM audit_head WHERE tenant_id = NEW.tenant_id FOR UPDATE;
  END IF;
  NEW.sequence := head.sequence + 1;
  NEW.previous_hash := head.hash;
  -- Who waited for the head began before whoever had it, and comes after.
  NEW.recorded_at := greatest(NEW.recorded_at, head.recorded_at);
  NEW.hash := sha256(convert_to(audit_record_form(NEW), 'UTF8'));
  UPDATE audit_head SET sequence = NEW.sequence, hash = NEW.hash, recorded_at = NEW.recorded_at WHERE tenant_id = NEW.tenant_id;
  RETURN NEW;
END $$;

-- What was recorded before is chained in its order. The owner is not exempt from the policies, and has none.
ALTER TABLE audit_record NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  r    audit_record;
  last audit_record;
BEGIN
  FOR r IN SELECT * FROM audit_record ORDER BY tenant_id, recorded_at, id LOOP
    IF last.tenant_id IS DISTINCT FROM r.tenant_id THEN
      last := NULL;
    END IF;
    r.sequence := coalesce(last.sequence, 0) + 1;
    r.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    r.hash := sha256(convert_to(audit_record_form(r), 'UTF8'));
    UPDATE audit_record SET sequence = r.sequence, previous_hash = r.previous_hash, hash = r.hash
     WHERE tenant_id = r.tenant_id AND id = r.id;
    INSERT INTO audit_head (tenant_id, sequence, hash, recorded_at) VALUES (r.tenant_id, r.sequence, r.hash, r.recorded_at)
      ON CONFLICT (tenant_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, recorded_at = excluded.recorded_at;
    last := r;
  END LOOP;
END $$;
ALTER TABLE audit_record FORCE ROW LEVEL SECURITY;

ALTER TABLE audit_record
  ALTER COLUMN sequence SET NOT NULL,
  ALTER COLUMN previous_hash SET NOT NULL,
  ALTER COLUMN hash SET NOT NULL,
  -- Serves: an export, and whoever verifies, read the chain in its order.
  ADD CONSTRAINT audit_record_sequence UNIQUE (tenant_id, sequence);

CREATE TRIGGER chain BEFORE INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION chain_audit_record();

ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit_head TO tillpost_app
  USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON audit_head TO tillpost_app;
-- The platform makes and changes tenants, and records that in their chains: it sees where each ends, and no record.
CREATE POLICY platform ON audit_head TO tillpost_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON audit_head TO tillpost_platform;
