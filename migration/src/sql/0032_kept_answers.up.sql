-- Why: an answer that is kept for a tenant's request is sealed under the tenant's data key, as its other secrets are, so that it
-- ends with the tenant in every backup, and is sealed anew when keys change.

ALTER TABLE idempotency_key
  -- What the seal knows the row by: a hash of operation, key and fingerprint. Without it the answer is sealed under a key of the
  -- pepper's: the platform's own are, and those from before, which end within thirty days.
  ADD COLUMN id uuid;
-- Serves: a tenant's answers are sealed anew a hundred at a time.
CREATE UNIQUE INDEX idempotency_key_sealed ON idempotency_key (tenant_id, id) WHERE id IS NOT NULL;
