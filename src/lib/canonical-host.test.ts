import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalHost } from './canonical-host.ts'

const same: Readonly<Record<string, readonly string[]>> = {
  '::1': ['::1', '0:0:0:0:0:0:0:1', '0000::0001'],
  '10.0.0.1': ['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:a00:1'],
  'fe80::1': ['fe80::1%eth0', 'FE80:0::1'],
  '*': ['*'],
  'broker.example': ['Broker.example'],
  'no:address': ['no:address'],
}

for (const [canonical, hosts] of Object.entries(same)) {
  test(`canonicalHost() of ${hosts.join(', ')} is ${canonical}`, () => {
    for (const host of hosts) assert.equal(canonicalHost(host), canonical)
  })
}
