-- Answers under data keys cannot be read by what came before. Their keys stay used: who asks again is told of an error, and
-- nothing is done twice.
ALTER TABLE idempotency_key DROP COLUMN id;
