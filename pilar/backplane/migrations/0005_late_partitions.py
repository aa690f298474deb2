"""Partitions that come late: an installation that was off for longer than they are made ahead, or a clock that was set.

What was written meanwhile lies in the default partition, which refuses a new one for those rows. They are moved into it.
"""

from django.db import migrations

KEEPER = """
CREATE OR REPLACE FUNCTION autopilot_keep_partitions(days_ahead integer, days_kept integer, awaited date[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  parent text; day date; part text; cut text; lower text; upper text; is_late boolean; changed integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('autopilot_keep_partitions'));
  FOREACH parent IN ARRAY ARRAY['autopilot_event', 'autopilot_job_attempt', 'autopilot_job_done'] LOOP
    cut := CASE parent WHEN 'autopilot_job_done' THEN 'finished_at' ELSE 'id' END;
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
      EXECUTE format('SELECT EXISTS (SELECT FROM %1$I WHERE %2$I >= %3$s AND %2$I < %4$s)', parent || '_rest', cut, lower, upper)
        INTO is_late;
      IF is_late THEN
        -- Nobody may write into the rest between the move and the attaching.
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent);
        EXECUTE format('WITH moved AS (DELETE FROM %1$I WHERE %2$I >= %3$s AND %2$I < %4$s RETURNING *)
          INSERT INTO %5$I SELECT * FROM moved', parent || '_rest', cut, lower, upper, part);
      END IF;
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
"""


class Migration(migrations.Migration):
    dependencies = [("backplane", "0004_upkeep")]
    operations = [migrations.RunSQL(KEEPER, migrations.RunSQL.noop)]
