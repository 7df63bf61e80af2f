ALTER TABLE journal_entry
  ADD CONSTRAINT journal_entry_tenant_id_company_id_request_id_key UNIQUE (tenant_id, company_id, request_id),
  DROP CONSTRAINT journal_entry_one_generation,
  ADD CONSTRAINT journal_entry_tenant_id_company_id_event_id_generation_key UNIQUE (tenant_id, company_id, event_id, generation);
CREATE INDEX journal_entry_of_event ON journal_entry (tenant_id, event_id, generation);
