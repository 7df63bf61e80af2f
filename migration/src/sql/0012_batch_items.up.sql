-- Why: an entry may go out as an item of a batch. QuickBooks recognises a repeated item by the batch's request id and the
-- item's id together, so both are fixed with the first intent, and the entry goes out under them ever after.

ALTER TABLE journal_entry
  ADD COLUMN batch_request_id text CHECK (length(batch_request_id) BETWEEN 1 AND 36),
  ADD COLUMN batch_item_id    text CHECK (length(batch_item_id) BETWEEN 1 AND 10),
  ADD CONSTRAINT journal_entry_batch_item CHECK ((batch_request_id IS NULL) = (batch_item_id IS NULL));
-- An item's name is of one entry.
CREATE UNIQUE INDEX journal_entry_batch ON journal_entry (tenant_id, company_id, batch_request_id, batch_item_id)
  WHERE batch_request_id IS NOT NULL;
