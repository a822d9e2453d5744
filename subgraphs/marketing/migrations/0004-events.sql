-- Events tell whose record changed.
SELECT marketing.watch('subscriber', 'SourceRecordChanged', 'subscriber_key', 'subscriber_key');
SELECT marketing.watch('consent', 'ContactPointConsentChanged', 'consent_id', 'subscriber_key');
SELECT marketing.watch('campaign_member', 'CampaignMemberChanged', 'member_id', 'subscriber_key');
SELECT marketing.watch('email_event', 'EmailEngagementChanged', 'event_id', 'subscriber_key');
