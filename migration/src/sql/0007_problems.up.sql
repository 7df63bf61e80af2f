-- Why: a failure explains itself. Beside its code and words an event keeps the facts that the words say, so that programs
-- need not read text; and a connection remembers what QuickBooks refused for a cause that reaches further than one event,
-- so that the others are not sent one by one to be refused for the same.

-- What the problem is about: slots, accounts, dates, numbers; see service::problem::Facts.
ALTER TABLE event ADD COLUMN problem_facts jsonb;

ALTER TABLE connection
  -- The latest date that was refused as closed although the preferences show no closing date that covers it.
  ADD COLUMN closed_through_refused date,
  -- Every entry is refused for this cause: the queue is held until then, and tried with one entry.
  ADD COLUMN held_code text,
  ADD COLUMN held_until timestamptz,
  -- How often in a row it was tried in vain.
  ADD COLUMN held_times smallint NOT NULL DEFAULT 0,
  ADD CONSTRAINT connection_held CHECK ((held_code IS NULL) = (held_until IS NULL));
