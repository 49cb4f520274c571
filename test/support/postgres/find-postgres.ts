// Whether tests with PostgreSQL can run.
import { findPostgres } from '../../../src/cli/cluster-dev/find-postgres.ts'

/** Why a test with PostgreSQL is skipped, or false; where everything is required, it fails instead. */
export function postgresMissing(): string | false {
  if (findPostgres()) return false
  if (process.env['PABAL_REQUIRE_ALL'] === '1') throw new Error('missing: PostgreSQL')
  return 'PostgreSQL is not installed'
}
