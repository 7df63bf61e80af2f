DROP TRIGGER chain ON audit_record;
DROP FUNCTION chain_audit_record();
DROP FUNCTION audit_record_form(audit_record);
ALTER TABLE audit_record DROP COLUMN sequence, DROP COLUMN previous_hash, DROP COLUMN hash;
DROP TABLE audit_head;
DROP FUNCTION spell_id(text, uuid);
DROP FUNCTION canonical_json(jsonb);
