"""Vacuum settings of every table that is written all the time, and partitions that wait for their future events."""

from django.db import migrations

# Small tables whose rows change or go all the time are cleaned by count, not by share; big ones that only grow are
# vacuumed after inserts so that index-only scans and freezing keep up.
STORAGE = """
ALTER TABLE autopilot_event_dispatch SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_event_stream SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);
ALTER TABLE autopilot_effect SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_lock SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_budget_window SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_budget_entry SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);
ALTER TABLE autopilot_receipt SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);
ALTER TABLE autopilot_activity SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE autopilot_cache SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_worker SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE autopilot_lane_figures SET (fillfactor = 50, autovacuum_vacuum_threshold = 100);
ALTER TABLE autopilot_lane_count SET (fillfactor = 50, autovacuum_vacuum_threshold = 500);
ALTER TABLE autopilot_throttle SET (fillfactor = 50, autovacuum_vacuum_threshold = 100);
DO $$ BEGIN
  FOR n IN 0..15 LOOP
    EXECUTE format('ALTER TABLE autopilot_idem_%s SET (autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.05)', n);
  END LOOP;
END $$;
"""

# As before, but the days in `awaited` keep their events: some of those are still to happen.
KEEPER = """
DROP FUNCTION autopilot_keep_partitions(integer, integer);
CREATE FUNCTION autopilot_keep_partitions(days_ahead integer, days_kept integer, awaited date[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  parent text; day date; part text; lower text; upper text; changed integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('autopilot_keep_partitions'));
  FOREACH parent IN ARRAY ARRAY['autopilot_event', 'autopilot_job_attempt', 'autopilot_job_done'] LOOP
    FOR n IN -1..least(days_ahead, 60) LOOP
      day := (statement_timestamp() AT TIME ZONE 'UTC')::date + n;
      part := parent || '_p' || to_char(day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      lower := quote_literal(day || ' 00:00+00');
      upper := quote_literal(day + 1 || ' 00:00+00');
      IF parent <> 'autopilot_job_done' THEN
        lower := quote_literal(autopilot_uuid_floor((day || ' 00:00+00')::timestamptz));
        upper := quote_literal(autopilot_uuid_floor((day + 1 || ' 00:00+00')::timestamptz));
      END IF;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, parent);
      -- A partition read by its own name is not covered by its parent's policy.
      EXECUTE format('REVOKE ALL ON %I FROM pilar_app, pilar_platform', part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, part, lower, upper);
      changed := changed + 1;
    END LOOP;
    FOR part IN
      SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
      WHERE inhparent = parent::regclass AND c.relname ~ '_p[0-9]{8}$'
        AND to_date(right(c.relname, 8), 'YYYYMMDD') < statement_timestamp()::date - greatest(days_kept, 7)
    LOOP
      CONTINUE WHEN parent = 'autopilot_event' AND to_date(right(part, 8), 'YYYYMMDD') = ANY (awaited);
      EXECUTE format('DROP TABLE %I', part);
      changed := changed + 1;
    END LOOP;
  END LOOP;
  RETURN changed;
END $$;
REVOKE ALL ON FUNCTION autopilot_keep_partitions(integer, integer, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION autopilot_keep_partitions(integer, integer, date[]) TO pilar_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("backplane", "0003_flow")]
    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (STORAGE, KEEPER)]
