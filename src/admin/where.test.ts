import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openManagedBroker } from '../../test/support/managed-broker.ts'
import { whereOf } from './api/operation.ts'
import { Sessions } from './api/sessions.ts'
import { managementOperations } from './management-routes.ts'

test('each operation says where it is answered in a cluster', () => {
  const parts = {
    ...openManagedBroker(),
    origin: { rabbitVersion: '4.2.0', clusterName: 'test' },
    openDemo: () => assert.fail(),
    maintenance: { isOn: false, drain: () => assert.fail(), revive: () => assert.fail() },
  }
  const { access, clock, random } = parts.broker
  const callers = { isOwner: true, access, sessions: new Sessions({ access, clock, random }) }
  const operations = managementOperations(parts, callers, () => () => assert.fail())
  const silent = operations.filter((each) => whereOf(each) === undefined)
  assert.deepEqual(
    silent.map(({ method, path }) => `${method} ${path}`),
    [],
    'give these a `where`',
  )
})
