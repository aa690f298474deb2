"""What Django's models cannot say: partitions, sequences, vacuum settings, and who may make new partitions.

Events and attempts are cut by day through their UUIDv7 (its first 48 bits are Unix milliseconds), history by the day a
job finished, idempotency keys by hash. The running application needs no right to change the schema: it calls
`autopilot_keep_partitions`, which runs as the owner. The days in `awaited` keep their events: some of those are still to
happen. A partition may come late, after an installation was off for longer than they are made ahead, or a clock was set:
what was written meanwhile lies in the default partition, which refuses a new one for those rows, so they are moved.
"""

from django.db import migrations

# Each table is remade as a partitioned one; it is empty at this point of the migrations.
_REMAKE = """
ALTER TABLE {table} RENAME TO {table}_plain;
CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS) PARTITION BY {by};
DROP TABLE {table}_plain;
ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({key});
"""

TABLES = "".join(
    _REMAKE.format(table=table, by=by, key=key)
    for table, by, key in (
        ("autopilot_event", "RANGE (id)", "id"),
        ("autopilot_job_attempt", "RANGE (id)", "id"),
        ("autopilot_job_done", "RANGE (finished_at)", "public_id, finished_at"),
        ("autopilot_idem", "HASH (workspace_id, idempotency_key)", "workspace_id, idempotency_key"),
    )
)

INDEXES = """
CREATE INDEX event_recent ON autopilot_event (workspace_id, id);
CREATE INDEX event_thread ON autopilot_event (workspace_id, correlation_id);
CREATE INDEX event_stream ON autopilot_event (workspace_id, aggregate_type, aggregate_id, position);
CREATE INDEX job_attempt_job ON autopilot_job_attempt (workspace_id, job_id);
CREATE INDEX job_done_recent ON autopilot_job_done (workspace_id, finished_at);
CREATE INDEX job_done_thread ON autopilot_job_done (workspace_id, correlation_id);
CREATE INDEX autopilot_idem_age ON autopilot_idem USING brin (created_at);
"""

FIRST_PARTITIONS = """
CREATE TABLE autopilot_event_rest PARTITION OF autopilot_event DEFAULT;
CREATE TABLE autopilot_job_attempt_rest PARTITION OF autopilot_job_attempt DEFAULT;
CREATE TABLE autopilot_job_done_rest PARTITION OF autopilot_job_done DEFAULT;
DO $$ BEGIN
  FOR n IN 0..15 LOOP
    EXECUTE format('CREATE TABLE autopilot_idem_%s PARTITION OF autopilot_idem FOR VALUES WITH (MODULUS 16, REMAINDER %s)', n, n);
  END LOOP;
END $$;
"""

KEEPER = """
CREATE FUNCTION autopilot_uuid_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

CREATE FUNCTION autopilot_uuid7() RETURNS uuid LANGUAGE sql VOLATILE
RETURN (substr(replace(autopilot_uuid_floor(clock_timestamp())::text, '-', ''), 1, 12) || '7'
  || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid;

CREATE FUNCTION autopilot_keep_partitions(days_ahead integer, days_kept integer, awaited date[] DEFAULT '{}')
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
REVOKE ALL ON FUNCTION autopilot_keep_partitions(integer, integer, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION autopilot_keep_partitions(integer, integer, date[]) TO pilar_platform;
SELECT autopilot_keep_partitions(7, 30);
"""

# Leases need only be unique, so sessions may keep numbers in stock; fencing tokens must grow, so they may not.
SEQUENCES = """
CREATE SEQUENCE autopilot_lease CACHE 500;
CREATE SEQUENCE autopilot_fence;
"""

# Small tables whose rows change or go all the time are cleaned by count, not by share; big ones that only grow are
# vacuumed after inserts so that index-only scans and freezing keep up.
STORAGE = """
ALTER TABLE autopilot_job SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE autopilot_turn SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_worker SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 100);
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
ALTER TABLE autopilot_cache SET UNLOGGED;
ALTER TABLE autopilot_cache SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE autopilot_lane_figures SET (fillfactor = 50, autovacuum_vacuum_threshold = 100);
ALTER TABLE autopilot_lane_count SET (fillfactor = 50, autovacuum_vacuum_threshold = 500);
ALTER TABLE autopilot_throttle SET (fillfactor = 50, autovacuum_vacuum_threshold = 100);
ALTER TABLE autopilot_type_time SET (fillfactor = 50, autovacuum_vacuum_threshold = 500);
DO $$ BEGIN
  FOR n IN 0..15 LOOP
    EXECUTE format('ALTER TABLE autopilot_idem_%s SET (autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0.05)', n);
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("backplane", "0001_initial")]
    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (TABLES, INDEXES, FIRST_PARTITIONS, KEEPER, SEQUENCES, STORAGE)
    ]
