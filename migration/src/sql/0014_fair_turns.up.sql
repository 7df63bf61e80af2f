-- Why: live events of any tenant go ahead of other tenants' past syncs, so whoever is due waits in one of two lines. Which one
-- stands here, with the time, so that the lines can be made again from the database alone.

-- Only past events wait: others' live events go first.
ALTER TABLE turn ADD COLUMN past boolean NOT NULL DEFAULT false;
