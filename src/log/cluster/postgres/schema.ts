// The tables of a cluster, made by whichever node starts first, and their migrations. All nodes do this at their
// start, at the same time: one transaction under one lock. A node goes on with newer tables as long as they
// say that its version can, so nodes one version apart work together.
import { postgresLimits } from '../../../limits/postgres.ts'
import { numberIn } from './cell-statements.ts'
import { type Row, type PostgresConnection } from './postgres-connection.ts'
import { createShared } from './shared-schema.ts'

/** What was settled when the cluster was made. */
export interface ClusterSettings {
  readonly clusterId: string
  readonly cellCount: number
  /** Nodes know each other by it. */
  readonly secret: string
}

/** What a cluster that is not there yet begins with. */
export type WantedCluster = Pick<ClusterSettings, 'clusterId' | 'cellCount'>

/** A change of the tables; older nodes work with them when `compatibleFrom` is no higher than their version. */
interface Migration {
  readonly version: number
  readonly compatibleFrom: number
  readonly statements: (schema: string) => string
}

const migrations: readonly Migration[] = [
  { version: 1, compatibleFrom: 1, statements: createTables },
  // A node that knows no shared rows would serve clients without their users.
  { version: 2, compatibleFrom: 2, statements: createShared },
  { version: 3, compatibleFrom: 2, statements: addEnds },
]

const newest: Migration | undefined = migrations.at(-1)

/**
 * Makes or migrates the tables; `wanted` counts only for a cluster that is not there yet.
 * @throws Error when a newer version has made tables that this one does not understand.
 */
export async function prepareSchema(
  connection: PostgresConnection,
  schema: string,
  wanted: WantedCluster,
): Promise<ClusterSettings> {
  if (wanted.cellCount < 1 || wanted.cellCount > postgresLimits.cellsMax) {
    throw new Error(`a cluster has 1 to ${postgresLimits.cellsMax} cells`)
  }
  const run = async (text: string, values?: (string | number)[]): Promise<readonly Row[]> => {
    const { rows, doubt } = await connection.run(values ? { text, values } : { text })
    if (doubt !== undefined) throw new Error(doubt)
    return rows
  }
  // A transaction that is left open ends with its connection.
  await run('BEGIN')
  await createCluster(run, schema)
  await run(`LOCK TABLE ${schema}.cluster IN EXCLUSIVE MODE`)
  const [found] = await run(`SELECT version, compatible_from FROM ${schema}.cluster`)
  const version = found ? numberIn(found, 'version') : 0
  const compatibleFrom = found ? numberIn(found, 'compatible_from') : 0
  if (newest && compatibleFrom > newest.version) {
    throw new Error(
      `the cluster's tables are of version ${version}, this Pabal knows ${newest.version}: update it`,
    )
  }
  for (const migration of migrations.filter((step) => step.version > version)) {
    await run(migration.statements(schema))
    await noteVersion(run, schema, migration, wanted)
  }
  const [settings] = await run(`SELECT id, cell_count, secret FROM ${schema}.cluster`)
  await run('COMMIT')
  if (!settings) throw new Error('the cluster has no settings')
  return {
    clusterId: String(settings['id']),
    cellCount: numberIn(settings, 'cell_count'),
    secret: String(settings['secret']),
  }
}

type Run = (text: string, values?: (string | number)[]) => Promise<readonly Row[]>

async function noteVersion(
  run: Run,
  schema: string,
  { version, compatibleFrom }: Migration,
  { clusterId, cellCount }: WantedCluster,
): Promise<void> {
  await run(
    `INSERT INTO ${schema}.cluster (one, version, compatible_from, id, cell_count)
      VALUES (true, $1, $2, $3, $4) ON CONFLICT (one) DO UPDATE
      SET version = excluded.version, compatible_from = excluded.compatible_from`,
    [version, compatibleFrom, clusterId, cellCount],
  )
  await run(
    `INSERT INTO ${schema}.cells (cell) SELECT generate_series(0, cell_count - 1)
      FROM ${schema}.cluster ON CONFLICT DO NOTHING`,
  )
}

/** Only what is missing: a role may have rights in a schema and none to make one. */
async function createCluster(run: Run, schema: string): Promise<void> {
  const [there] = await run(
    'SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS cluster',
    [schema, `${schema}.cluster`],
  )
  if (there?.['schema'] !== true) await run(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  if (there?.['cluster'] === true) return
  await run(`CREATE TABLE IF NOT EXISTS ${schema}.cluster (
    one boolean PRIMARY KEY CHECK (one),
    version int NOT NULL,
    compatible_from int NOT NULL,
    id text NOT NULL,
    cell_count int NOT NULL)`)
}

/**
 * A cell's row is locked by each of its writes and changed only by claims and new connections; a node's row
 * changes every second. Both leave room for that in their page, so that no index changes with them. The tables of
 * open files come and go with their cell's owner (wal-slots.ts).
 */
function createTables(schema: string): string {
  return `CREATE TABLE ${schema}.nodes (
      node int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      incarnation bigint NOT NULL DEFAULT 1,
      heartbeat bigint NOT NULL DEFAULT 0,
      is_draining boolean NOT NULL DEFAULT false,
      address text NOT NULL,
      info text NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE ${schema}.cells (
      cell int PRIMARY KEY,
      epoch bigint NOT NULL DEFAULT 0,
      session bigint NOT NULL DEFAULT 0,
      owner int,
      owner_incarnation bigint,
      claim text NOT NULL DEFAULT '',
      is_down boolean NOT NULL DEFAULT false,
      crashes timestamptz[] NOT NULL DEFAULT '{}') WITH (fillfactor = 50);
    CREATE TABLE ${schema}.files (
      cell int NOT NULL,
      name text NOT NULL,
      key text NOT NULL,
      size bigint NOT NULL,
      crc32c bigint NOT NULL,
      PRIMARY KEY (cell, name));
    CREATE TABLE ${schema}.manifests (
      cell int PRIMARY KEY,
      version bigint NOT NULL,
      bytes bytea NOT NULL);
    ALTER TABLE ${schema}.manifests ALTER COLUMN bytes SET STORAGE EXTERNAL;
    ${createEmptySlot(schema)}`
}

/**
 * The ends of files, as far as they are kept. They are those of the object `ends_key`: a node that does not know them
 * changes the key alone.
 */
function addEnds(schema: string): string {
  return `ALTER TABLE ${schema}.files ADD head bytea, ADD tail bytea, ADD ends_key text`
}

/**
 * The table's lock comes first, as in every append, so the two never wait for each other. `pg_dump` holds such
 * a lock for as long as it runs: whoever asks is told, and nobody queues up behind. The cell's row, which
 * appends need, is locked last: making a table's new files takes longer than a commit.
 */
function createEmptySlot(schema: string): string {
  return `CREATE FUNCTION ${schema}.empty_slot(p_cell int, p_epoch bigint, p_session bigint,
      p_slot int, p_file bigint) RETURNS boolean LANGUAGE plpgsql
      SET lock_timeout = '${postgresLimits.emptyLockMs}ms' AS $$
    DECLARE
      slot text := format('%I.wal_%s_%s', '${schema}', p_cell, p_slot);
      has_others boolean;
    BEGIN
      EXECUTE 'LOCK TABLE ' || slot || ' IN ACCESS EXCLUSIVE MODE';
      PERFORM set_config('lock_timeout', '0', true);
      EXECUTE 'SELECT EXISTS (SELECT FROM ' || slot || ' WHERE file <> $1)' INTO has_others USING p_file;
      IF has_others THEN
        EXECUTE 'DELETE FROM ' || slot || ' WHERE file = $1' USING p_file;
      ELSE
        EXECUTE 'TRUNCATE ' || slot;
      END IF;
      PERFORM 1 FROM ${schema}.cells WHERE cell = p_cell AND epoch = p_epoch
        AND session = p_session FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'another session' USING ERRCODE = 'PB001';
      END IF;
      RETURN true;
    EXCEPTION WHEN SQLSTATE 'PB001' THEN
      -- Nothing above has happened.
      RETURN false;
    END $$`
}
