// What an error of PostgreSQL, or of the connection to it, means for a statement that was sent. Every write
// here may be sent again, so all that can pass by itself is sent again, whether it took place or not.

/**
 * - `again`: it may have taken place or not; the same statement on a new connection finds out.
 * - `exists`: it did not take place, because a row with this key is there.
 * - `busy`: it did not take place, because somebody else holds a lock.
 * - `full`, `hopeless`, `io`: it did not take place; kinds of `DiskError`.
 */
export type PostgresVerdict = 'again' | 'exists' | 'busy' | 'full' | 'hopeless' | 'io'

/** SQLSTATE, or its class, and what it means; the longer one wins. PostgreSQL's appendix A. */
const verdicts: Readonly<Record<string, PostgresVerdict>> = {
  // Connection exceptions, and what servers say that stop, start, or have become standbys.
  '08': 'again',
  '57': 'again',
  '25': 'again',
  // Deadlocks and serialization.
  '40': 'again',
  // Out of memory, connections or configured room; a full disk is the one that is told.
  '53': 'again',
  '53100': 'full',
  // Errors of the operating system on the server's side.
  '58': 'again',
  '55': 'again',
  '55P03': 'busy',
  '23505': 'exists',
  // Schemas and tables that somebody else makes at the same moment.
  '42P06': 'exists',
  '42P07': 'exists',
  // Rights, and tables that are not there: somebody must come and mend it.
  '42': 'hopeless',
  '28': 'hopeless',
  '3D': 'hopeless',
  '3F': 'hopeless',
}

/** Errors without an SQLSTATE are those of the socket. */
export function judgePostgresError(error: unknown): PostgresVerdict {
  const code = sqlStateOf(error)
  if (code === undefined) return 'again'
  return verdicts[code] ?? verdicts[code.slice(0, 2)] ?? 'io'
}

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error
    ? code
    : undefined
}

/** What servers say of statements that are in order: everything went well, or it was there already. */
const harmlessNotices: ReadonlySet<string> = new Set(['00000', '42P06', '42P07', '42710'])

/**
 * Whether a notice puts a write in doubt. A wait for the standby that was cancelled or ended is a success with a
 * warning (01000, 57P01: "committed locally, but might not have been replicated"), so is who knows what else.
 */
export function isDoubt(notice: { readonly code?: string | undefined }): boolean {
  return !harmlessNotices.has(notice.code ?? '')
}

/** As the library says it, but for a password that is wanted and not there: its words do not say what to do. */
export function explainLogin(error: unknown): unknown {
  if (!(error instanceof Error) || !/password must be a string$/i.test(error.message)) return error
  const problem =
    'a password is wanted, and the address has none (PABAL_CLUSTER keeps it out of flags)'
  return new Error(problem, { cause: error })
}
