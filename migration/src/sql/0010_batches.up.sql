-- Why: a retailer may want every entry posted by a request of its own, whatever that costs in speed.

ALTER TABLE tenant ADD COLUMN batches boolean NOT NULL DEFAULT true;
