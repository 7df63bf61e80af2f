-- Why: what a posted entry costs is mostly its versions in the indexes.

-- `event_listed_by_past_sync` begins with the same columns.
DROP INDEX event_of_past_sync;
-- An attempt is written twice: its second version finds room beside the first, and no index hears of it.
ALTER TABLE attempt SET (fillfactor = 60);
