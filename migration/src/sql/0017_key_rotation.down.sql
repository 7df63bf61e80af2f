ALTER TABLE api_key DROP COLUMN replaces;
