ALTER TABLE connection DROP COLUMN closed_through_refused, DROP COLUMN held_code, DROP COLUMN held_until, DROP COLUMN held_times;
ALTER TABLE event DROP COLUMN problem_facts;
