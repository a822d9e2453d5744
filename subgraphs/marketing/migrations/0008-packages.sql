-- What is installed, with which settings, and exactly what the installation made.
CREATE TABLE marketing.journey_package (
  name           text PRIMARY KEY,
  version        integer NOT NULL CHECK (version > 0),
  settings       jsonb NOT NULL,
  installed_on   timestamptz NOT NULL,
  changed_on     timestamptz NOT NULL,
  changed_by     text NOT NULL
);

CREATE TABLE marketing.journey_package_object (
  object_type    text NOT NULL CHECK (object_type IN ('Journey', 'Operation')),
  object_id      text NOT NULL,
  package_name   text NOT NULL REFERENCES marketing.journey_package ON DELETE CASCADE,
  -- as it was installed: what is otherwise now was changed by hand
  document       text NOT NULL,
  PRIMARY KEY (object_type, object_id)
);
CREATE INDEX journey_package_object_of_package ON marketing.journey_package_object (package_name);

-- A journey whose package was removed stays for those who were in it, and is listed no more.
ALTER TABLE marketing.journey ADD COLUMN is_listed boolean NOT NULL DEFAULT true;

-- Orders that count for somebody's being in a journey: figures of a measurement, brought up to date whenever the order changes.
CREATE TABLE marketing.journey_conversion (
  instance_id    text NOT NULL REFERENCES marketing.journey_instance ON DELETE CASCADE,
  order_number   text NOT NULL,
  ordered_on     timestamptz NOT NULL,
  amount         numeric NOT NULL,
  currency       text NOT NULL,
  -- cancelled or returned: counts no more
  is_void        boolean NOT NULL,
  PRIMARY KEY (instance_id, order_number)
);
CREATE INDEX journey_conversion_of_order ON marketing.journey_conversion (order_number);
