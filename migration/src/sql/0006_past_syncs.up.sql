-- Why: a past sync can be cancelled, says when it was done, and is watched while it runs: its progress and its summary are
-- read by index. One of before is told finished by the end of its tenant's next turn.

ALTER TABLE past_sync
  ADD COLUMN cancelled_at    timestamptz,
  ADD COLUMN cancelled_by    text,
  -- When the last of its events was settled; a later retry of a failed one does not change it.
  ADD COLUMN finished_at     timestamptz,
  ADD CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL));
-- Serves: the end of a turn looks which past syncs are done now.
CREATE INDEX past_sync_unfinished ON past_sync (tenant_id, id) WHERE finished_at IS NULL;

-- Serve: the progress of past syncs, whether one of their events still waits, and the entries of one.
CREATE INDEX event_of_past_sync ON event (tenant_id, past_sync_id, status) WHERE past_sync_id IS NOT NULL;
