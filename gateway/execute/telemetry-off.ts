/** Apollo's gateway reports its use unless this is set when it is loaded: import this file before any part of it. */
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
