// The tables for what a cluster shares above its cells: which cell a virtual host is in, users and what they may do.
// Each change raises a number, so that a node sees with its heartbeat whether it has to read them again.

/**
 * Keys and rows are JSON as text: names may have characters that PostgreSQL's text has not. `user_key` and
 * `vhost_key` say with whom a row goes.
 */
export function createShared(schema: string): string {
  return `ALTER TABLE ${schema}.cluster
      ADD secret text NOT NULL DEFAULT replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
      ADD changes bigint NOT NULL DEFAULT 1;
    CREATE TABLE ${schema}.shared (
      kind text NOT NULL,
      key text NOT NULL,
      user_key text,
      vhost_key text,
      cell int,
      row text NOT NULL,
      PRIMARY KEY (kind, key));
    INSERT INTO ${schema}.shared (kind, key, cell, row) VALUES ('vhost', '"/"', 0, '{"name":"/"}');
    ${changeShared(schema)};
    ${placeVHost(schema)}`
}

/**
 * Several are one change. The cluster's row comes first, so changes of two nodes never wait for each other. What comes
 * for a user whom another node has just deleted is dropped: the next user of that name would have it.
 */
function changeShared(schema: string): string {
  return `CREATE FUNCTION ${schema}.change_shared(p_changes jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
      change record;
      version bigint;
    BEGIN
      UPDATE ${schema}.cluster SET changes = changes + 1 RETURNING changes INTO version;
      FOR change IN SELECT * FROM jsonb_to_recordset(p_changes)
          AS c(op text, kind text, key text, user_key text, vhost_key text, row text) LOOP
        IF change.op = 'put' THEN
          INSERT INTO ${schema}.shared (kind, key, user_key, vhost_key, row)
            SELECT change.kind, change.key, change.user_key, change.vhost_key, change.row
            WHERE change.user_key IS NULL OR EXISTS (SELECT FROM ${schema}.shared s
              WHERE s.kind = 'user' AND s.key = change.user_key)
            ON CONFLICT (kind, key) DO UPDATE SET row = excluded.row;
        ELSE
          DELETE FROM ${schema}.shared WHERE kind = change.kind AND key = change.key;
          DELETE FROM ${schema}.shared WHERE change.kind = 'user' AND user_key = change.key;
          DELETE FROM ${schema}.shared WHERE change.kind = 'vhost' AND vhost_key = change.key;
        END IF;
      END LOOP;
      RETURN version;
    END $$`
}

/** The cell with the fewest gets a virtual host that is new; -1 when there are too many. */
function placeVHost(schema: string): string {
  return `CREATE FUNCTION ${schema}.place_vhost(p_key text, p_row text, p_cell int, p_max int)
      RETURNS int LANGUAGE plpgsql AS $$
    DECLARE
      v_cell int;
    BEGIN
      PERFORM 1 FROM ${schema}.cluster FOR UPDATE;
      SELECT s.cell INTO v_cell FROM ${schema}.shared s WHERE s.kind = 'vhost' AND s.key = p_key;
      IF FOUND THEN RETURN v_cell; END IF;
      IF (SELECT count(*) FROM ${schema}.shared s WHERE s.kind = 'vhost') >= p_max THEN RETURN -1; END IF;
      SELECT coalesce(p_cell, c.cell) INTO v_cell FROM ${schema}.cells c
        LEFT JOIN ${schema}.shared s ON s.kind = 'vhost' AND s.cell = c.cell
        WHERE NOT c.is_down GROUP BY c.cell ORDER BY count(s.key), c.cell LIMIT 1;
      IF NOT FOUND THEN RETURN -1; END IF;
      INSERT INTO ${schema}.shared (kind, key, cell, row) VALUES ('vhost', p_key, v_cell, p_row);
      UPDATE ${schema}.cluster SET changes = changes + 1;
      RETURN v_cell;
    END $$`
}
