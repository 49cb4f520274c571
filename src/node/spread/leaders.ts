// Which nodes lead the partitions of cells, as Kafka's clients are told, and whether these can reach them.
import type { Directory, KnownCell, KnownNode } from '../../cluster/directory.ts'

/** A cell that somebody serves, as far as is known here. */
export function servedCell({ cells }: Directory, cell: number): KnownCell | undefined {
  const known = cells.find((each) => each.cell === cell)
  return known?.owner && known
}

const kinds = ['kafka', 'kafkaTls'] as const

/**
 * Whether clients of Kafka reach each node that is there by an address of its own, as far as it takes any. Behind one
 * address for all they come to any node, whichever they mean: then all is left to the home of the topics, to which they
 * are passed on.
 */
export function areLeadersReached({ nodes }: Pick<Directory, 'nodes'>): boolean {
  const living = nodes.filter(({ isAlive }) => isAlive)
  return kinds.every((kind) => {
    const known = addressesOf(living, kind)
    return new Set(known).size === known.length
  })
}

/**
 * Whether partitions of a new topic may be led by all nodes, for good: clients have to reach each one that is there, and
 * those that are away will come back. A node that takes no clients of Kafka has no cell beside others, and one that
 * starts leads nothing yet. A node that is alone may be the first of many behind its address, unless somebody has said
 * that each has one of its own (`isPromised`), or that one shows it.
 */
export function mayBeSpread({ nodes }: Pick<Directory, 'nodes'>, isPromised: boolean): boolean {
  const [first] = nodes
  if (nodes.length === 1 && !isPromised && first !== undefined && mayBeShared(first)) return false
  const takers = nodes.filter(
    ({ isAlive, addresses: { kafka, kafkaTls } }) => isAlive && (kafka ?? kafkaTls) !== undefined,
  )
  return kinds.every((kind) => {
    const known = addressesOf(nodes, kind)
    const takersCount = addressesOf(takers, kind).length
    const isSame = takersCount === 0 || takersCount === takers.length
    return isSame && new Set(known).size === known.length
  })
}

/** Other nodes reach it by another host, which is certainly its own. */
function mayBeShared({ addresses }: KnownNode): boolean {
  return kinds.some((kind) => {
    const address = addresses[kind]
    return address !== undefined && address.host !== addresses.link?.host
  })
}

function addressesOf(nodes: readonly KnownNode[], kind: (typeof kinds)[number]): readonly string[] {
  return nodes.flatMap(({ addresses: { [kind]: address } }) =>
    address === undefined ? [] : [`${address.host}:${address.port}`],
  )
}
