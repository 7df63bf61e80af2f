-- Why: an entry is written at least twice, and each of its versions into each of its indexes.

-- One index for both: the entries of an event, and that a generation in a company is there once.
ALTER TABLE journal_entry DROP CONSTRAINT journal_entry_tenant_id_company_id_event_id_generation_key;
DROP INDEX journal_entry_of_event;
ALTER TABLE journal_entry ADD CONSTRAINT journal_entry_one_generation UNIQUE (tenant_id, event_id, company_id, generation);
-- A request id is reckoned from tenant, company, event and generation: it is theirs alone as they are there once.
ALTER TABLE journal_entry DROP CONSTRAINT journal_entry_tenant_id_company_id_request_id_key;
