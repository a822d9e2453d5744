-- The audience store's own vocabulary: subscribers with a bag of attributes, one-letter channels, Y and N.
CREATE TABLE marketing.subscriber (
  subscriber_key text PRIMARY KEY,
  email_address  text,
  mobile_number  text,
  -- {"FirstName", "LastName", "BirthDate" as MM/DD/YYYY, "Postcode", "City", "Country", "LoyaltyNumber", "Social": {"instagram": …}}
  attributes     jsonb NOT NULL DEFAULT '{}',
  created_on     timestamptz NOT NULL,
  modified_on    timestamptz NOT NULL
);
CREATE INDEX subscriber_name_search ON marketing.subscriber
  USING gin (to_tsvector('simple', coalesce(attributes #>> '{FirstName}', '') || ' ' || coalesce(attributes #>> '{LastName}', '')));

CREATE TABLE marketing.consent (
  consent_id     text PRIMARY KEY,
  subscriber_key text NOT NULL,
  channel        text NOT NULL CHECK (channel IN ('E', 'S', 'P', 'T')),
  purpose        text NOT NULL CHECK (purpose IN ('promo', 'service', 'profile')),
  address        text,
  granted        text NOT NULL CHECK (granted IN ('Y', 'N', '?')),
  captured_on    timestamptz NOT NULL,
  captured_by    text,
  UNIQUE (subscriber_key, channel, purpose)
);

CREATE TABLE marketing.campaign (
  campaign_id    text PRIMARY KEY,
  title          text NOT NULL,
  stage          text NOT NULL CHECK (stage IN ('draft', 'live', 'done', 'stopped')),
  channel        text NOT NULL CHECK (channel IN ('E', 'S', 'P', 'T')),
  starts_on      timestamptz NOT NULL,
  ends_on        timestamptz
);
CREATE INDEX campaign_by_start ON marketing.campaign (starts_on DESC, campaign_id DESC);

CREATE TABLE marketing.campaign_member (
  member_id      text PRIMARY KEY,
  campaign_id    text NOT NULL REFERENCES marketing.campaign,
  subscriber_key text NOT NULL,
  added_on       timestamptz NOT NULL,
  responded      boolean NOT NULL DEFAULT false
);
CREATE INDEX campaign_member_of_subscriber ON marketing.campaign_member (subscriber_key, added_on DESC, member_id DESC);

CREATE TABLE marketing.email_event (
  event_id       text PRIMARY KEY,
  subscriber_key text NOT NULL,
  campaign_id    text REFERENCES marketing.campaign,
  kind           text NOT NULL CHECK (kind IN ('sent', 'delivered', 'open', 'click', 'bounce', 'spam', 'unsub')),
  subject_line   text,
  url            text,
  happened_on    timestamptz NOT NULL
);
CREATE INDEX email_event_of_subscriber ON marketing.email_event (subscriber_key, happened_on DESC, event_id DESC);

SELECT marketing.watch('subscriber', 'SourceRecordChanged', 'subscriber_key');
SELECT marketing.watch('consent', 'ContactPointConsentChanged', 'consent_id');
SELECT marketing.watch('campaign_member', 'CampaignMemberChanged', 'member_id');
SELECT marketing.watch('email_event', 'EmailEngagementChanged', 'event_id');
