// What there is to say about a cluster, by what `/api/v1/cluster` tells of its nodes, cells and stores.
import { fail, type Finding, ok, warn } from './finding.ts'

/** As far as it is looked at here. */
export interface ClusterFacts {
  readonly is_cluster: boolean
  readonly nodes: readonly { readonly name: string; readonly state: string }[]
  readonly cells: readonly { readonly cell: number; readonly state: string }[]
  readonly postgres: { readonly has_standby: boolean | null } | null
  readonly objects: { readonly failing: boolean } | null
  /** Who did not answer in time; left out where all have. */
  readonly missing?: readonly string[]
}

/** Nothing for a broker alone. */
export function checkCluster({ is_cluster: isCluster, ...facts }: ClusterFacts): Finding[] {
  if (!isCluster) return []
  return [
    checkNodes(facts.nodes, facts.missing),
    checkCells(facts.cells),
    ...checkPostgres(facts.postgres),
    ...checkObjects(facts.objects),
  ]
}

function checkNodes(nodes: ClusterFacts['nodes'], missing: readonly string[] = []): Finding {
  const [gone, frozen] = [namesIn(nodes, 'gone'), namesIn(nodes, 'frozen')]
  if (frozen !== '') {
    return fail('nodes', `frozen: ${frozen}`, 'look at PostgreSQL, and at the way from there to it')
  }
  if (gone !== '') {
    const advice = 'start them; one that does not come back: pabal cluster forget NODE'
    return warn('nodes', `gone: ${gone}`, advice)
  }
  if (missing.length > 0) {
    return warn('nodes', `no answer: ${missing.join(', ')}`, 'see pabal cluster status')
  }
  const counts = Map.groupBy(nodes, ({ state }) => state)
  const told = [...counts].map(([state, { length }]) => `${length} ${state}`)
  return ok('nodes', told.join(', '))
}

function checkCells(cells: ClusterFacts['cells']): Finding {
  const named = cells.map(({ cell, state }) => ({ name: cell, state }))
  const [down, unowned] = [namesIn(named, 'down'), namesIn(named, 'unowned')]
  if (down !== '') {
    const advice = 'find in the logs why their owners crashed, then pabal cluster reopen'
    return fail('cells', `down: ${down}`, advice)
  }
  if (unowned !== '') {
    const advice = 'nodes take them within seconds; see pabal cluster status'
    return fail('cells', `without a node: ${unowned}`, advice)
  }
  return ok('cells', `${cells.length}, all served`)
}

/** Empty where none is in this state. */
function namesIn(
  all: readonly { readonly name: string | number; readonly state: string }[],
  wanted: string,
): string {
  return all
    .filter(({ state }) => state === wanted)
    .map(({ name }) => name)
    .join(', ')
}

function checkPostgres(postgres: ClusterFacts['postgres']): Finding[] {
  if (postgres === null) return []
  if (postgres.has_standby === true) return [ok('postgres', 'has a synchronous standby')]
  if (postgres.has_standby === null) return []
  const advice = 'set synchronous_standby_names: see docs/cluster.md'
  return [warn('postgres', 'no synchronous standby: what is confirmed is on one machine', advice)]
}

function checkObjects(objects: ClusterFacts['objects']): Finding[] {
  if (objects === null) return []
  if (!objects.failing) return [ok('objects', 'the store works')]
  const advice = 'look at the store, its rights and its address: rows pile up in PostgreSQL'
  return [fail('objects', 'requests to the store fail', advice)]
}
