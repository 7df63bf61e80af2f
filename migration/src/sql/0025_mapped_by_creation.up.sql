-- Why: the history of the mapping says what happened: an account that was created for a slot is neither chosen by hand nor a
-- suggestion that was taken.

ALTER TABLE mapping_change
  DROP CONSTRAINT mapping_change_way_check,
  ADD CONSTRAINT mapping_change_way_check CHECK (way IN ('by_hand', 'suggestion', 'creation'));
