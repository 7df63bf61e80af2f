-- Why: a key is rotated by a successor, and for a stated time the two live side by side; which took whose place is kept, so that
-- no key has two successors.

ALTER TABLE api_key
  ADD COLUMN replaces uuid,
  ADD CONSTRAINT api_key_replaces_fkey FOREIGN KEY (tenant_id, replaces) REFERENCES api_key (tenant_id, id),
  ADD CONSTRAINT api_key_replaces_another CHECK (replaces <> id);
-- Serves: one successor a key, and finding it.
CREATE UNIQUE INDEX api_key_replaces ON api_key (tenant_id, replaces) WHERE replaces IS NOT NULL;
