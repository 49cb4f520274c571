// Checks of a whole cluster: each node or cell answers for itself, and the first that is not well speaks for all.
import type { Directory } from '../../cluster/directory.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { ClusterWay, Target } from '../api/where.ts'
import { askedOf, dropAll } from './gather.ts'

/** Who does not answer is not well either. */
export function worstOf(targetsOf: (directory: Directory) => Target[]): ClusterWay {
  return {
    async answer(request, cluster) {
      const patience = { ownerMs: 0, headMs: clusterHttpLimits.gatherMs }
      const answers = await Promise.all(
        targetsOf(cluster.directory).map((target) =>
          cluster.ask(target, askedOf(request), patience),
        ),
      )
      const worst = answers.find(({ ok }) => !ok) ?? answers[0]
      await dropAll(answers.filter((answer) => answer !== worst))
      return worst ?? Response.json({ status: 'ok' })
    },
  }
}

/** This node and the cells that it has. */
export function ofThisNode({ self, cells }: Directory): Target[] {
  const own = cells.filter(({ owner }) => owner?.isSelf === true)
  return [{ node: self.node }, ...own.map(({ cell }) => ({ cell }))]
}

/** A virtual host is up when somebody has its cell. */
export const allVHostsUp: ClusterWay = {
  answer(_, { directory }) {
    const owned = new Set(
      directory.cells.filter(({ owner }) => owner !== undefined).map(({ cell }) => cell),
    )
    const down = [...directory.vhosts].filter(([, cell]) => !owned.has(cell)).map(([name]) => name)
    const answer =
      down.length === 0
        ? Response.json({ status: 'ok' })
        : Response.json(
            {
              status: 'failed',
              reason: 'Some virtual hosts are down: nobody has their cells',
              'virtual-hosts': down,
            },
            { status: 503 },
          )
    return Promise.resolve(answer)
  },
}
