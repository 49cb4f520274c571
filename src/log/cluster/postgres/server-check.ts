// What a server must be for confirms to mean what they say, as far as it tells: asked at a start, before anybody
// is served. A managed service that copies below PostgreSQL has no standby to show; whoever runs one says so.
import { numberIn } from './cell-statements.ts'
import type { Row, Statement } from './postgres-connection.ts'

/**
 * - `refuse`: what was confirmed may be lost when this server's process ends, or its machine.
 * - `no standby`: what was confirmed is on one machine.
 * - `advice`: it works, and may come to be slow.
 */
export interface ServerFinding {
  readonly kind: 'refuse' | 'no standby' | 'advice'
  /** What it is, and what to do. */
  readonly text: string
}

/** Older ones lack what ends statements of clients that have gone. */
const versionMin = 140_000

export const readServerSettings: Statement = {
  text: `SELECT current_setting('server_version_num')::int AS version,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
    current_setting('synchronous_standby_names') AS standbys,
    current_setting('autovacuum') AS autovacuum,
    current_setting('max_connections')::int AS connections`,
}

/** `connectionCount`: how many the nodes of the cluster may come to need. */
export function findInServer(row: Row, connectionCount: number): readonly ServerFinding[] {
  const findings: ServerFinding[] = []
  const add = (kind: ServerFinding['kind'], text: string): void => {
    findings.push({ kind, text })
  }
  if (numberIn(row, 'version') < versionMin) add('refuse', 'PostgreSQL 14 is the oldest that works')
  if (row['fsync'] !== 'on')
    add('refuse', 'fsync is off: a crash of its machine damages the database')
  if (row['pages'] !== 'on') {
    add('refuse', 'full_page_writes is off: a crash of its machine may damage the database')
  }
  if (row['standbys'] === '') {
    add('no standby', 'synchronous_standby_names is empty: nobody waits for a standby')
  }
  if (row['autovacuum'] !== 'on') add('advice', 'autovacuum is off: tables grow')
  if (numberIn(row, 'connections') < connectionCount) {
    add('advice', `max_connections is below ${connectionCount}, which the cells may come to need`)
  }
  return findings
}
