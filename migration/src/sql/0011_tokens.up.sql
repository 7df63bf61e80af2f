-- Why: a grant is refreshed by whoever needs it and by a job that keeps idle ones alive, so the row says when it is looked at
-- next; and a refresh may die at any step, so the row says what is not known of it.

ALTER TABLE connection_grant
  -- Refreshes claimed so far: each has its number, and only the latest one's answer counts.
  ADD COLUMN claims bigint NOT NULL DEFAULT 0,
  -- The claim whose answer is the pair that is stored; a consent counts as one.
  ADD COLUMN answered bigint NOT NULL DEFAULT 0,
  -- An answer to a refresh with this refresh token was lost then: QuickBooks may have given another token, which nobody has.
  ADD COLUMN doubt_since timestamptz,
  -- How often in a row the token endpoint was asked in vain, and when it may be asked again.
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN retry_at timestamptz,
  -- QuickBooks refused the refresh token for good.
  ADD COLUMN ended_at timestamptz,
  -- When the grant is looked at next: refreshed ahead of its access token's end, kept alive, or told of. Grants from before this
  -- are spread over the first days; volatile, so that each row draws its own.
  ADD COLUMN due_at timestamptz DEFAULT (statement_timestamp() + random() * interval '6 days'),
  ADD CONSTRAINT connection_grant_answered CHECK (answered <= claims),
  ADD CONSTRAINT connection_grant_ended CHECK (ended_at IS NULL OR due_at IS NULL);
ALTER TABLE connection_grant ALTER COLUMN due_at DROP DEFAULT;

-- Serves: the job finds the grants that are due.
CREATE INDEX connection_grant_due ON connection_grant (due_at) WHERE due_at IS NOT NULL;

-- The platform sees which grants are due, and nothing of a token.
CREATE POLICY platform ON connection_grant FOR SELECT TO tillpost_platform USING (true);
GRANT SELECT (tenant_id, connection_id, due_at) ON connection_grant TO tillpost_platform;
