DROP INDEX turn_reconciled;
ALTER TABLE turn DROP COLUMN reconcile_at;
DROP INDEX journal_entry_posted_since, journal_entry_posted_for;
DROP TABLE finding;
DROP TABLE reconciliation;
