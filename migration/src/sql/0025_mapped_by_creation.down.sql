UPDATE mapping_change SET way = 'suggestion' WHERE way = 'creation';
ALTER TABLE mapping_change
  DROP CONSTRAINT mapping_change_way_check,
  ADD CONSTRAINT mapping_change_way_check CHECK (way IN ('by_hand', 'suggestion'));
