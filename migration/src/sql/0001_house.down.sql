DROP TABLE audit_record, alert, turn, company_lease, attempt, journal_entry, event, past_sync, sync, mapping, account_import,
  account, authorization_request, connection_grant, connection, api_key, data_key, number_series, tenant;
DROP FUNCTION current_tenant();
DROP FUNCTION tillpost_now();
