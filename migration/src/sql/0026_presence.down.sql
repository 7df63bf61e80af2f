ALTER TABLE webhook_lane DROP COLUMN presence;
