// Whether Kafka's clients reach the nodes that lead partitions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KnownNode, NodeAddresses } from '../../cluster/directory.ts'
import { areLeadersReached, mayBeSpread } from './leaders.ts'

const away = { isAlive: false }

function nodeAt(
  node: number,
  addresses: NodeAddresses,
  more: Partial<Pick<KnownNode, 'isAlive'>> = {},
): KnownNode {
  return {
    node,
    name: `n${node}`,
    incarnation: 1,
    isSelf: node === 1,
    isAlive: true,
    isStopped: false,
    isDraining: false,
    version: '1.2.3',
    addresses,
    ...more,
  }
}

const own = (node: number): NodeAddresses => ({
  link: { host: `n${node}`, port: 25672 },
  kafka: { host: `n${node}`, port: 9092 },
})
const shared: NodeAddresses = { kafka: { host: 'kafka.example.com', port: 9092 } }

test('nodes with addresses of their own are reached, and topics are spread', () => {
  const nodes = [nodeAt(1, own(1)), nodeAt(2, own(2)), nodeAt(3, own(3), away)]
  assert.equal(areLeadersReached({ nodes }), true)
  assert.equal(mayBeSpread({ nodes }, true), true)
})

test('nodes behind one address are not, also while all but one are away', () => {
  const both = [nodeAt(1, shared), nodeAt(2, shared)]
  assert.equal(areLeadersReached({ nodes: both }), false)
  assert.equal(mayBeSpread({ nodes: both }, true), false)
  const alone = [nodeAt(1, shared), nodeAt(2, shared, away)]
  assert.equal(mayBeSpread({ nodes: alone }, true), false)
})

test('the first node of a cluster may be the first of many behind the address that it advertises', () => {
  const link = { host: 'n1', port: 25672 }
  const first = [nodeAt(1, { ...shared, link })]
  assert.equal(mayBeSpread({ nodes: first }, false), false)
  assert.equal(mayBeSpread({ nodes: first }, true), true, 'somebody has said that it is not')
  const own1 = [nodeAt(1, own(1))]
  assert.equal(mayBeSpread({ nodes: own1 }, false), true, 'other nodes reach it there, too')
  const secure = [nodeAt(1, { ...own(1), kafkaTls: shared.kafka! })]
  assert.equal(mayBeSpread({ nodes: secure }, false), false)
})

test('a node without a port of Kafka keeps nobody from the others, among which topics are spread', () => {
  const nodes = [
    nodeAt(1, own(1)),
    nodeAt(2, own(2)),
    nodeAt(3, { link: { host: 'n3', port: 25672 } }),
  ]
  assert.equal(areLeadersReached({ nodes }), true)
  assert.equal(mayBeSpread({ nodes }, false), true)
})

test('nodes that take clients of different kinds have no partitions of the others', () => {
  const secure: NodeAddresses = { kafkaTls: { host: 'n2', port: 9093 } }
  assert.equal(mayBeSpread({ nodes: [nodeAt(1, own(1)), nodeAt(2, secure)] }, false), false)
})

test('a node that has not said yet where it is reached changes nothing', () => {
  const nodes = [nodeAt(1, own(1)), nodeAt(2, {}), nodeAt(3, own(3))]
  assert.equal(areLeadersReached({ nodes }), true)
  assert.equal(mayBeSpread({ nodes }, true), true)
})
