ALTER TABLE tenant DROP COLUMN batches;
