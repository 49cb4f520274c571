// With PABAL_TEST_CLUSTER set, what tests take for one broker is a node of a cluster of three, on a PostgreSQL and a
// store of objects of its own. Its value says which node: 1 and 2 are those that do not serve `/` and pass its clients
// on, 3 is the one that serves it.
import { ClusterUnderTest } from './cluster-under-test.ts'
import type { TestBroker } from './start-test-broker.ts'

const wanted: string | undefined = process.env['PABAL_TEST_CLUSTER'] || undefined

/** Whether tests run on three nodes. @throws Error for a value that names no node. */
export function isOnThreeNodes(): boolean {
  if (wanted !== undefined && !['1', '2', '3'].includes(wanted))
    throw new Error(`PABAL_TEST_CLUSTER is 1, 2 or 3, not ${wanted}`)
  return wanted !== undefined
}

export interface ThreeNodes {
  /** From the wanted one on. */
  readonly nodes: readonly TestBroker[]
  /** Kills them all. */
  readonly cluster: AsyncDisposable
}

/** Starts three nodes with these flags; each has its share of the cells. */
export async function startThreeNodes(flags: readonly string[]): Promise<ThreeNodes> {
  const cluster = await ClusterUnderTest.start()
  try {
    const names = ['n1', 'n2', 'n3']
    const started = await Promise.all(names.map((name) => cluster.startNode(name, flags)))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    // KafkaJS sends again what it has sent elsewhere when one leader was not the right one.
    for (const node of started) await cluster.waitUntilKnown(node)
    const owner = names.indexOf((await cluster.ownerOf(0)) ?? '')
    // The owner of `/` last.
    const nodes = [...started.slice(owner + 1), ...started.slice(0, owner + 1)]
    const first = Number(wanted ?? 1) - 1
    return { nodes: [...nodes.slice(first), ...nodes.slice(0, first)], cluster }
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
}
