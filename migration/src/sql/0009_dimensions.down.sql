ALTER TABLE connection DROP COLUMN lists_known_through, DROP COLUMN lists_due_at;
ALTER TABLE account DROP COLUMN vanished_at;
DROP TABLE location_mapping;
DROP TABLE dimension_import;
DROP TABLE dimension;
