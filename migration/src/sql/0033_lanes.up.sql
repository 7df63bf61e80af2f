-- Why: a burst of webhooks is taken in the order of its numbers, also before PostgreSQL has counted anything. Until then it took two
-- indexes of what waits for equals, and with the other one it read and sorted all that was due.

DROP INDEX webhook_delivery_due;
-- Serves: a lane asks when the next message is due. It is for that question alone: whoever does not look for the least time does
-- not say that there is one.
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, endpoint_id, due_at) WHERE state = 'waiting' AND due_at IS NOT NULL;
