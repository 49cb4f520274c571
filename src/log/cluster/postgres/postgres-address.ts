// Where a cluster's PostgreSQL is: `postgres://user:password@host1,host2:5433/database?schema=pabal`, with
// several hosts as libpq has them. Other parameters (sslmode, sslrootcert …) go to the library as they are.
import { postgresLimits } from '../../../limits/postgres.ts'

/** One server. */
export interface PostgresHost {
  /** For messages: without a password. */
  readonly name: string
  /** Address of this host alone; has the password. */
  readonly url: string
}

/** Hosts in the order of the address, and the schema that has the cluster's tables. */
export interface PostgresAddress {
  readonly hosts: readonly PostgresHost[]
  readonly schema: string
}

const form: RegExp =
  /^postgres(?:ql)?:\/\/(?:(?<login>.*)@)?(?<hosts>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/
const schemaForm: RegExp = /^[a-z_][a-z0-9_]{0,39}$/

/** @throws Error with what is wrong, without the password. */
export function parsePostgresAddress(address: string): PostgresAddress {
  const parts = form.exec(address)?.groups
  if (!parts) throw new Error('a PostgreSQL address is postgres://user:password@host,host/database')
  const parameters = new URLSearchParams(parts['query'] ?? '')
  const schema = parameters.get('schema') ?? 'pabal'
  parameters.delete('schema')
  if (!schemaForm.test(schema)) {
    throw new Error(`schema "${schema}": lower-case letters, digits and _, at most 40`)
  }
  const query = parameters.size === 0 ? '' : `?${parameters.toString()}`
  const login = parts['login'] === undefined ? '' : `${parts['login']}@`
  const names = (parts['hosts'] ?? '').split(',').map((name) => name || 'localhost')
  if (names.length > postgresLimits.hostsMax) {
    throw new Error(`at most ${postgresLimits.hostsMax} hosts of PostgreSQL`)
  }
  const hosts = names.map((name) => {
    const url = `postgres://${login}${name}${parts['path'] ?? ''}${query}`
    if (!URL.canParse(url)) throw new Error(`"${name}" is no host of PostgreSQL`)
    return { name: decodeURIComponent(name), url }
  })
  return { hosts, schema }
}
