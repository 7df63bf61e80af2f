-- Why: a lane whose holder died waited for the end of its lease, and with it every message to that receiver.

-- The advisory lock that the holder has while its process is there; none: only the lease tells.
ALTER TABLE webhook_lane ADD COLUMN presence bigint;
