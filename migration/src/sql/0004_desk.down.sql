DROP TABLE mapping_change, known_key, need, footprint_need;
DROP INDEX event_unmapped, event_footprint;
ALTER TABLE event DROP COLUMN footprint_id;
ALTER TABLE connection DROP COLUMN mapping_version;
