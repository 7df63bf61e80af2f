DROP INDEX journal_entry_batch;
ALTER TABLE journal_entry
  DROP COLUMN batch_request_id,
  DROP COLUMN batch_item_id;
