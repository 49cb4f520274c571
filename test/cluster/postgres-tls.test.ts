// A cluster's PostgreSQL behind TLS and SCRAM, as services that are bought have it.
import assert from 'node:assert/strict'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { postgresUser } from '../../src/cli/cluster-dev/find-postgres.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { ClusterTables } from '../../src/log/cluster/postgres/cluster-tables.ts'
import { makeCertificate } from '../support/make-certificate.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'

const rules = `local all all trust
hostssl all pabal all scram-sha-256
hostnossl all pabal all reject
host all postgres 127.0.0.1/32 trust
`

describe('a PostgreSQL behind TLS', { skip: postgresMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-tls-'))
  const authority = makeCertificate({ name: 'authority' })
  let server: PostgresServer

  before(async () => {
    server = await PostgresServer.start()
    const { certificate, key } = makeCertificate({
      name: 'db',
      hosts: ['localhost'],
      issuer: authority,
    })
    const user = postgresUser()
    const own = (name: string, text: string): void => {
      const file = join(server.folder, name)
      writeFileSync(file, text, { mode: 0o600 })
      if (user) chownSync(file, user.uid, user.gid)
    }
    own('server.crt', certificate)
    own('server.key', key)
    own('pg_hba.conf', rules)
    writeFileSync(join(folder, 'authority.pem'), authority.certificate)
    writeFileSync(join(folder, 'other.pem'), makeCertificate({ name: 'other' }).certificate)
    await server.run("CREATE ROLE pabal LOGIN PASSWORD 'p@ss/word'")
    await server.run('GRANT CREATE ON DATABASE postgres TO pabal')
    await server.run('ALTER SYSTEM SET ssl = on')
    await server.run('SELECT pg_reload_conf()')
  })

  after(async () => {
    await server?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const open = (host: string, password: string, query: string): Promise<ClusterTables> => {
    const login = password === '' ? 'pabal' : `pabal:${encodeURIComponent(password)}`
    return ClusterTables.open({
      address: `postgres://${login}@${host}:${server.port}/postgres?${query}`,
      clock: systemClock,
      random: systemRandom,
    })
  }
  const verified = (authorityFile = 'authority.pem'): string =>
    `sslmode=verify-full&sslrootcert=${encodeURIComponent(join(folder, authorityFile))}`

  test('it is used when its certificate is for its name and the password is right', async () => {
    const tables = await open('localhost', 'p@ss/word', verified())
    const self = await tables.join({ name: 'n1', address: '', info: '' })
    assert.ok(await tables.beat(self))
    const used = await server.run(
      `SELECT string_agg(DISTINCT s.version, ',') FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
        WHERE a.usename = 'pabal'`,
    )
    assert.equal(used, 'TLSv1.3')
    tables.close()
  })

  test('what is not as it should be is refused, and no password is told', async () => {
    const secret = 'p@ss/word'
    const cases: readonly [host: string, password: string, query: string, says: RegExp][] = [
      ['localhost', secret, verified('other.pem'), /certificate/],
      ['127.0.0.1', secret, verified(), /IP: 127\.0\.0\.1 is not in the cert/],
      ['localhost', 'wrong-one', verified(), /password authentication failed/],
      ['localhost', secret, 'sslmode=disable', /pg_hba\.conf rejects/],
    ]
    for (const [host, password, query, says] of cases) {
      await assert.rejects(open(host, password, query), (error: Error) => {
        assert.match(error.message, says)
        assert.ok(!error.message.includes(password) && !error.message.includes('p%40ss'))
        return true
      })
    }
  })

  test('an address without a password is told where one is given', async () => {
    const says = /: a password is wanted, and the address has none \(PABAL_CLUSTER keeps it/
    await assert.rejects(open('localhost', '', verified()), says)
  })
})
