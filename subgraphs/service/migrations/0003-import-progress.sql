-- How far each export file has been read in, so that a run that was cut off goes on where it stopped.
CREATE TABLE service.import_progress (
  -- SHA-256 of the file's content, in hexadecimal: a file is known again whatever its name
  file_digest    text PRIMARY KEY,
  file_name      text NOT NULL,
  file_bytes     bigint NOT NULL,
  bytes_done     bigint NOT NULL,
  lines_done     bigint NOT NULL,
  lines_accepted bigint NOT NULL,
  rows_inserted  bigint NOT NULL,
  rows_updated   bigint NOT NULL,
  lines_refused  bigint NOT NULL,
  started_at     timestamptz NOT NULL,
  finished_at    timestamptz
);

-- Lines that were refused, without their contents.
CREATE TABLE service.import_refusal (
  file_digest    text NOT NULL REFERENCES service.import_progress ON DELETE CASCADE,
  line_number    bigint NOT NULL,
  reason         text NOT NULL,
  PRIMARY KEY (file_digest, line_number)
);
