// What is wrong with a cluster: nodes that are gone, cells that nobody has, what they are kept in.
import type { Directory, KnownCell } from '../../../cluster/directory.ts'
import type { NodeFacts } from '../../../cluster/node-facts.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Finding } from './finding.ts'
import { many, named, size, span } from './words.ts'

/** Of the cluster as a node sees it. */
export function clusterFindings({ nodes, cells }: Directory): Finding[] {
  // Who has stopped was told to.
  const gone = nodes.filter(({ isAlive, isStopped }) => !isAlive && !isStopped)
  return [...cellFindings(cells), ...goneFindings(gone.map(({ name }) => name))]
}

/** Who has not answered whoever looks: what is of these is not in what is shown. */
export function missingFindings(missing: readonly string[]): Finding[] {
  if (missing.length === 0) return []
  return [
    {
      kind: 'no-answer',
      severity: 'bad',
      text: `Not all is shown here: ${missing.join(', ')} did not answer in time`,
      count: missing.length,
      command: 'pabal cluster status',
    },
  ]
}

function cellFindings(cells: readonly KnownCell[]): Finding[] {
  const down = cells.filter(({ isDown }) => isDown)
  const unowned = cells.filter(({ isDown, owner }) => !isDown && owner === undefined)
  const findings: Finding[] = []
  for (const { cell } of down) {
    findings.push({
      kind: 'cell-down',
      severity: 'bad',
      text: `Cell ${cell} is down, because its owners crashed too often: its virtual hosts are not served until somebody opens it again`,
      command: `pabal cluster reopen ${cell}`,
    })
  }
  if (unowned.length > 0) {
    const which = unowned.map(({ cell }) => cell).join(', ')
    findings.push({
      kind: 'cell-unowned',
      severity: 'bad',
      text: `${many(unowned.length, 'cell')} ${unowned.length === 1 ? 'has' : 'have'} no owner at this moment: ${which}`,
      count: unowned.length,
      command: 'pabal cluster status',
    })
  }
  return findings
}

function goneFindings(names: readonly string[]): Finding[] {
  if (names.length === 0) return []
  const which = names.map(named).join(', ')
  const text =
    names.length === 1
      ? `Node ${which} is gone`
      : `${many(names.length, 'node')} are gone: ${which}`
  return [
    {
      kind: 'node-gone',
      severity: 'look',
      text,
      count: names.length,
      command: 'pabal cluster status',
    },
  ]
}

/** Of what a node's cells are kept in. */
export function keepingFindings(facts: NodeFacts | undefined): Finding[] {
  if (facts === undefined) return []
  const findings: Finding[] = []
  if (facts.isFrozen) {
    findings.push({
      kind: 'frozen',
      severity: 'bad',
      text: 'PostgreSQL does not answer: nothing is confirmed until it does',
      command: 'pabal cluster status',
    })
  }
  if (facts.hasStandby === false) {
    findings.push({
      kind: 'no-standby',
      severity: 'look',
      text: 'PostgreSQL has no synchronous standby: what is confirmed is on one machine',
    })
  }
  const bytes = facts.cells.reduce((sum, { rowsBytes }) => sum + rowsBytes, 0)
  const ageMs = Math.max(0, ...facts.cells.map(({ rowsAgeMs }) => rowsAgeMs))
  if (bytes > healthLimits.rowsSizeMax && ageMs > healthLimits.rowsMsMax) {
    findings.push({
      kind: 'rows-wait',
      severity: 'look',
      text: `${size(bytes)} have waited for the store of objects for ${span(ageMs)}: publishers wait at 1 GiB of a cell`,
      command: 'pabal cluster status',
    })
  } else if (facts.objects.isFailing) {
    findings.push({
      kind: 'objects-fail',
      severity: 'look',
      text: 'The store of objects fails, which is tried again until it works',
      command: 'pabal cluster status',
    })
  }
  return findings
}
