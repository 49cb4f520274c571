// Every statement that a cell's owner sends. Each write is one autocommit statement that locks the cell's row
// before anything else and looks at epoch and session under that lock: a bare look would race a claim. The
// lock is also a record in PostgreSQL's WAL, so the statement waits for the standby even if it finds
// its work done. Each answers `owned`: whether the lock found the row as it was expected.
import { postgresLimits } from '../../../limits/postgres.ts'
import type { FinishedFile } from '../cell-table.ts'
import type { Row, Statement } from './postgres-connection.ts'

/** What made somebody the owner: `claim` is by chance, so no two are the same. */
export interface Claim {
  readonly cell: number
  readonly epoch: number
  readonly claim: string
}

/** Who writes: the claim, and the connection under it. A number that was given once is never given again. */
export interface Fence {
  readonly cell: number
  readonly epoch: number
  readonly session: number
}

/** What goes into an append. */
export interface AppendedRows {
  readonly slot: number
  readonly fileId: number
  readonly position: number
  readonly bytes: Buffer
}

type Values = NonNullable<Statement['values']>

/** Statements over the tables of one schema. */
export class CellStatements {
  readonly #schema: string
  /** Locks the row, if it is ours: $1 cell, $2 epoch, $3 session. */
  readonly #owner: string

  constructor(schema: string) {
    this.#schema = schema
    this.#owner = `WITH owner AS MATERIALIZED (SELECT 1 AS one FROM ${schema}.cells
      WHERE cell = $1::int AND epoch = $2::bigint AND session = $3::bigint FOR NO KEY UPDATE)`
  }

  /**
   * What older connections under this epoch still send does nothing from then on. `claim` tells two epochs of
   * the same number apart, which there may be after the database was restored.
   */
  beginSession({ cell, epoch, claim }: Claim): Statement {
    return {
      text: `UPDATE ${this.#schema}.cells SET session = session + 1
        WHERE cell = $1::int AND epoch = $2::bigint AND claim = $3 RETURNING session`,
      values: [cell, epoch, claim],
    }
  }

  /** Nothing but the lock, which is a write as well. */
  lock(fence: Fence): Statement {
    return {
      text: `${this.#owner} SELECT EXISTS (SELECT FROM owner) AS owned`,
      values: ownerValues(fence),
    }
  }

  /** The first try: fails with `exists` when there is such a row. */
  append(fence: Fence, rows: AppendedRows): Statement {
    const table = this.#slot(fence.cell, rows.slot)
    const isOneRow = rows.bytes.length <= postgresLimits.rowSizeMax
    const from = isOneRow
      ? '$4::bigint, $5::bigint, $6::bytea FROM owner'
      : `$4::bigint, piece.position, piece.bytes FROM owner, ${pieces} piece`
    return {
      name: `append-${isOneRow ? 'row' : 'rows'}-${fence.cell}-${rows.slot}`,
      text: `${this.#owner}, added AS (INSERT INTO ${table} (file, position, bytes)
        SELECT ${from} RETURNING 1)
        SELECT EXISTS (SELECT FROM added) AS owned`,
      values: appendValues(fence, rows),
    }
  }

  /**
   * Every other try. `matching` is whether the rows that are there now, or that it adds, are these bytes.
   * It comes after `beginSession`, which has waited for earlier tries: what they did is to be seen.
   */
  appendAgain(fence: Fence, rows: AppendedRows): Statement {
    const table = this.#slot(fence.cell, rows.slot)
    return {
      text: `${this.#owner}, piece AS MATERIALIZED (SELECT * FROM ${pieces} piece),
        added AS (INSERT INTO ${table} (file, position, bytes)
          SELECT $4::bigint, position, bytes FROM owner, piece
          ON CONFLICT (file, position) DO NOTHING RETURNING 1),
        same AS (SELECT 1 FROM piece JOIN ${table} w ON w.file = $4::bigint
          AND w.position = piece.position AND w.bytes = piece.bytes)
        SELECT EXISTS (SELECT FROM owner) AS owned,
          (SELECT count(*) FROM added) + (SELECT count(*) FROM same)
            = (SELECT count(*) FROM piece) AS matching`,
      values: appendValues(fence, rows),
    }
  }

  /** Rows from the one that holds `from` on, up to those that begin below `to`. */
  read(fence: Fence, slot: number, range: { fileId: number; from: number; to: number }): Statement {
    const table = this.#slot(fence.cell, slot)
    return {
      name: `read-${fence.cell}-${slot}`,
      text: `SELECT c.epoch, c.session, w.position, w.bytes FROM ${this.#schema}.cells c
        LEFT JOIN ${table} w ON w.file = $2::bigint AND w.position < $4::bigint
          AND w.position >= (SELECT max(position) FROM ${table}
            WHERE file = $2::bigint AND position <= $3::bigint)
        WHERE c.cell = $1::int ORDER BY w.position`,
      values: [fence.cell, range.fileId, range.from, range.to],
    }
  }

  /** Slots of a cell, by the names of their tables. */
  listSlots(cell: number): Statement {
    return {
      text: `SELECT substr(tablename, length($2::text) + 1)::int AS slot FROM pg_tables
        WHERE schemaname = $1 AND tablename ~ ('^' || $2 || '[0-9]+$') ORDER BY 1`,
      values: [this.#schema, `wal_${cell}_`],
    }
  }

  /** Files of a slot with the ends of their last rows, found by the index alone. */
  listFiles(cell: number, slot: number): Statement {
    const table = this.#slot(cell, slot)
    return {
      text: `WITH RECURSIVE files AS ((SELECT file FROM ${table} ORDER BY file LIMIT 1)
        UNION ALL SELECT (SELECT w.file FROM ${table} w WHERE w.file > f.file
          ORDER BY w.file LIMIT 1) FROM files f WHERE f.file IS NOT NULL)
        SELECT f.file, l.position + length(l.bytes) AS size FROM files f, LATERAL (
          SELECT position, bytes FROM ${table} w WHERE w.file = f.file
          ORDER BY position DESC LIMIT 1) l WHERE f.file IS NOT NULL`,
    }
  }

  /** Several statements at once, which is one transaction; nothing that an epoch would have to guard. */
  createSlot(cell: number, slot: number): Statement {
    const table = this.#slot(cell, slot)
    return {
      text: `CREATE TABLE IF NOT EXISTS ${table} (file bigint NOT NULL, position bigint NOT NULL,
          bytes bytea NOT NULL, PRIMARY KEY (file, position))
          WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false);
        ALTER TABLE ${table} ALTER COLUMN bytes SET STORAGE EXTERNAL`,
    }
  }

  /** $4 file, $5 size: what lies above it goes, and the row that holds it is cut. */
  truncate(fence: Fence, slot: number, at: { fileId: number; size: number }): Statement {
    const table = this.#slot(fence.cell, slot)
    return {
      text: `${this.#owner}, cut AS (UPDATE ${table} w
          SET bytes = substring(w.bytes FROM 1 FOR ($5::bigint - w.position)::int) FROM owner
          WHERE w.file = $4::bigint AND w.position = (SELECT max(position) FROM ${table}
            WHERE file = $4::bigint AND position < $5::bigint)
          AND w.position + length(w.bytes) > $5::bigint RETURNING 1),
        gone AS (DELETE FROM ${table} w USING owner
          WHERE w.file = $4::bigint AND w.position >= $5::bigint RETURNING 1)
        SELECT EXISTS (SELECT FROM owner) AS owned`,
      values: [...ownerValues(fence), at.fileId, at.size],
    }
  }

  /** Empties the table when the file is the only one in it, otherwise deletes rows; `busy` when a reader has it. */
  emptySlot(fence: Fence, slot: number, fileId: number): Statement {
    return {
      text: `SELECT ${this.#schema}.empty_slot($1::int, $2::bigint, $3::bigint, $4::int, $5::bigint) AS owned`,
      values: [...ownerValues(fence), slot, fileId],
    }
  }

  deleteRows(fence: Fence, slot: number, fileId: number): Statement {
    return {
      text: `${this.#owner}, gone AS (DELETE FROM ${this.#slot(fence.cell, slot)} w USING owner
          WHERE w.file = $4::bigint RETURNING 1)
        SELECT EXISTS (SELECT FROM owner) AS owned`,
      values: [...ownerValues(fence), fileId],
    }
  }

  listFinished(fence: Fence): Statement {
    return {
      text: `SELECT c.epoch, c.session, f.name, f.key, f.size, f.crc32c,
          CASE WHEN f.ends_key = f.key THEN f.head END AS head,
          CASE WHEN f.ends_key = f.key THEN f.tail END AS tail
        FROM ${this.#schema}.cells c LEFT JOIN ${this.#schema}.files f USING (cell)
        WHERE c.cell = $1::int ORDER BY f.name`,
      values: [fence.cell],
    }
  }

  addFinished(fence: Fence, name: string, { key, size, crc32c, ends }: FinishedFile): Statement {
    return {
      text: `${this.#owner}, added AS (INSERT INTO ${this.#schema}.files AS f
          (cell, name, key, size, crc32c, head, tail, ends_key)
          SELECT $1::int, $4::text, $5::text, $6::bigint, $7::bigint, $8::bytea, $9::bytea, $5::text FROM owner
          ON CONFLICT (cell, name) DO UPDATE
            SET key = excluded.key, size = excluded.size, crc32c = excluded.crc32c,
              head = excluded.head, tail = excluded.tail, ends_key = excluded.ends_key RETURNING 1)
        SELECT EXISTS (SELECT FROM owner) AS owned`,
      values: [
        ...ownerValues(fence),
        name,
        key,
        size,
        crc32c,
        ends?.head ?? null,
        ends?.tail ?? null,
      ],
    }
  }

  removeFinished(fence: Fence, name: string): Statement {
    return {
      text: `${this.#owner}, gone AS (DELETE FROM ${this.#schema}.files f USING owner
          WHERE f.cell = $1::int AND f.name = $4::text RETURNING 1)
        SELECT EXISTS (SELECT FROM owner) AS owned`,
      values: [...ownerValues(fence), name],
    }
  }

  readManifest(fence: Fence): Statement {
    return {
      text: `SELECT c.epoch, c.session, m.version, m.bytes
        FROM ${this.#schema}.cells c LEFT JOIN ${this.#schema}.manifests m USING (cell)
        WHERE c.cell = $1::int`,
      values: [fence.cell],
    }
  }

  /** `matching`: it took the place of `version`, now or in an earlier try. */
  replaceManifest(fence: Fence, version: number, bytes: Buffer): Statement {
    return {
      text: `${this.#owner}, replaced AS (INSERT INTO ${this.#schema}.manifests AS m
          (cell, version, bytes) SELECT $1::int, $4::bigint + 1, $5::bytea FROM owner
          ON CONFLICT (cell) DO UPDATE SET version = excluded.version, bytes = excluded.bytes
          WHERE m.version = $4::bigint
            OR (m.version = excluded.version AND m.bytes = excluded.bytes) RETURNING 1)
        SELECT EXISTS (SELECT FROM owner) AS owned, EXISTS (SELECT FROM replaced) AS matching`,
      values: [...ownerValues(fence), version, bytes],
    }
  }

  #slot(cell: number, slot: number): string {
    return `${this.#schema}.wal_${cell}_${slot}`
  }
}

/** Rows of at most `rowSizeMax` bytes of $6, the first at position $5. */
const pieces: string = `(SELECT $5::bigint + at AS position,
  substring($6::bytea FROM at + 1 FOR ${postgresLimits.rowSizeMax}) AS bytes
  FROM generate_series(0, length($6::bytea) - 1, ${postgresLimits.rowSizeMax}) at)`

function ownerValues({ cell, epoch, session }: Fence): Values {
  return [cell, epoch, session]
}

function appendValues(fence: Fence, { fileId, position, bytes }: AppendedRows): Values {
  return [...ownerValues(fence), fileId, position, bytes]
}

/** `bigint` comes as text: PostgreSQL's are larger than a number may be, ours are not. */
export function numberIn(row: Row, column: string): number {
  return Number(row[column])
}
