// Definitions of a cluster: written by each cell and put together, and taken apart for each cell when they are imported.
// Users and what they may do are above cells.
import { parseExactJson, writeExactJson } from '../../definitions/exact-json.ts'
import type { DefinitionsReport } from '../../definitions/report.ts'
import { isObject } from '../../lib/is-object.ts'
import { definitionsLimits } from '../../limits/definitions.ts'
import type { Asked, ClusterDoor, ClusterRequest, ClusterWay, Target } from '../api/where.ts'
import { askedOf, targetsOf, tell } from '../cluster/gather.ts'
import { readDefinitionsFile } from './definitions-file.ts'

/** Lists of what is above cells. */
const shared = ['users', 'permissions', 'topic_permissions'] as const

type File = Readonly<Record<string, unknown>>

export const exportOfAll: ClusterWay = {
  async answer(request, cluster) {
    const lead = leadOf(cluster)
    const targets = targetsOf('vhosts', cluster.directory)
    const answers = await askAll([lead, ...targets], cluster, () => askedOf(request))
    if (answers instanceof Response) return answers
    const [first, ...files] = answers.map((text) => parseExactJson(text) as File)
    const text = textOf(joinFiles(first!, files))
    const name = new URL(request.url, 'http://localhost').searchParams.get('download')
    const headers = {
      'content-type': 'application/json',
      ...(name !== null && { 'content-disposition': `attachment; filename=${name}` }),
    }
    return new Response(text, { headers })
  },
}

/** Definitions that lack something would be taken for all: everybody answers, or there are none. */
async function askAll(
  targets: readonly Target[],
  cluster: ClusterDoor,
  asked: (target: Target) => Asked,
): Promise<string[] | Response> {
  const answers = await Promise.all(
    targets.map(async (target) => ({ target, answer: await cluster.ask(target, asked(target)) })),
  )
  const refusal = answers.find(({ answer }) => !answer.ok)
  if (refusal !== undefined && refusal.answer.status < 500) return refusal.answer
  if (refusal !== undefined) {
    const reason = `${tell(refusal.target, cluster.directory)} does not answer, and without it this would not be all`
    return Response.json(
      { error: 'service_unavailable', reason },
      { status: 503, headers: { 'retry-after': '5' } },
    )
  }
  return Promise.all(answers.map(({ answer }) => answer.text()))
}

/** Above cells is the node that has the first of them. */
function leadOf({ directory }: ClusterDoor): Target {
  return { node: (directory.cells[0]?.owner ?? directory.self).node }
}

function joinFiles(lead: File, cells: readonly File[]): File {
  const isShared = new Set<string>(shared)
  const [first = lead] = cells
  const lists = new Set(
    [first, ...cells].flatMap((file) =>
      Object.keys(file).filter((key) => Array.isArray(file[key]) && !isShared.has(key)),
    ),
  )
  const origin = Object.entries(first).filter(([, value]) => !Array.isArray(value))
  const listed = (key: string): unknown[] => distinct(cells.flatMap((file) => asList(file[key])))
  return Object.fromEntries([
    ...origin,
    ...shared.map((key) => [key, asList(lead[key])]),
    ...[...lists].map((key) => [key, listed(key)]),
  ]) as File
}

/** What all cells share stands in the definitions of each. */
function distinct(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [writeExactJson(item), item])).values()]
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A line for each thing, as a single broker writes them. */
function textOf(file: File): string {
  const parts = Object.entries(file).map(([key, value]) => {
    const text = Array.isArray(value)
      ? `[${value.map((item) => `\n${writeExactJson(item)}`).join()}]`
      : writeExactJson(value)
    return `${JSON.stringify(key)}:${text}`
  })
  return `{${parts.join(',\n')}}\n`
}

export const importOfAll: ClusterWay = {
  async answer(request, cluster) {
    const bytes = await readDefinitionsFile(request.context)
    const file = parse(bytes?.toString() ?? '')
    // What is no such file the first cell refuses, as ever.
    if (file === undefined)
      return cluster.ask({ cell: 0 }, asFile(request, bytes?.toString() ?? ''))
    const isCheck = new URL(request.url, 'http://localhost').searchParams.get('check') === 'true'
    const problem = isCheck ? undefined : await placeAll(file, cluster)
    if (problem !== undefined) return problem
    const reports: DefinitionsReport[] = []
    for (const [target, part] of partsOf(file, cluster)) {
      const answer = await cluster.ask(target, asFile(request, writeExactJson(part)))
      if (!answer.ok)
        return stopped(answer, target, { cluster, hasBegun: !isCheck && reports.length > 0 })
      const report = (await answer.json()) as DefinitionsReport
      reports.push('node' in target ? withoutKind(report, 'virtual host') : report)
    }
    return Response.json(joinReports(reports, isCheck))
  },
}

function parse(text: string): File | undefined {
  try {
    const file = parseExactJson(text.replace(/^\ufeff/, ''))
    return isObject(file) ? file : undefined
  } catch {
    return undefined
  }
}

function asFile(request: ClusterRequest, body: string): Asked {
  return {
    ...askedOf(request, { body }),
    headers: { 'content-type': 'application/json' },
  }
}

/** New virtual hosts get their cells first, so that what is in them goes there. */
async function placeAll(file: File, cluster: ClusterDoor): Promise<Response | undefined> {
  await cluster.directory.refresh()
  for (const { name } of asList(file['vhosts']).filter(isObject)) {
    if (typeof name !== 'string' || cluster.directory.vhosts.has(name)) continue
    const cell = await cluster.placeVHost(name)
    if (cell !== undefined) continue
    const reason = `there is no room for the virtual host '${name}'`
    return Response.json({ error: 'bad_request', reason }, { status: 400 })
  }
  return undefined
}

/**
 * Whom each part is for, in the order in which they are done: users may be named by nothing else, permissions name users
 * and virtual hosts.
 */
function partsOf(file: File, cluster: ClusterDoor): readonly (readonly [Target, File])[] {
  const isShared = new Set<string>(shared)
  const origin = Object.entries(file).filter(([, value]) => !Array.isArray(value))
  const cells = new Map<number, Record<string, unknown[]>>()
  const listIn = (cell: number, key: string): unknown[] => {
    const lists = cells.get(cell) ?? {}
    cells.set(cell, lists)
    return (lists[key] ??= [])
  }
  for (const [key, value] of Object.entries(file)) {
    if (!Array.isArray(value) || isShared.has(key)) continue
    for (const item of value) listIn(cellOf(key, item, cluster), key).push(item)
  }
  if (cells.size === 0) cells.set(0, {})
  const lead = Object.fromEntries(
    [...shared, 'vhosts'].filter((key) => key in file).map((key) => [key, file[key]]),
  )
  const hasShared = shared.some((key) => asList(file[key]).length > 0)
  const first = cells.has(0) ? 0 : [...cells.keys()][0]
  return [
    ...[...cells]
      .toSorted(([a], [b]) => a - b)
      // What is of no list is told once.
      .map(
        ([cell, lists]) =>
          [
            { cell },
            cell === first
              ? { ...Object.fromEntries(origin), ...lists }
              : { ...versionOf(file), ...lists },
          ] as const,
      ),
    ...(hasShared ? [[leadOf(cluster), { ...versionOf(file), ...lead }] as const] : []),
  ]
}

/** Some things are read as the version means them that wrote them. */
function versionOf(file: File): File {
  const keys = ['rabbit_version', 'rabbitmq_version'].filter((key) => key in file)
  return Object.fromEntries(keys.map((key) => [key, file[key]]))
}

/** What names no virtual host, or one that is not there, is for the first cell to judge. */
function cellOf(key: string, item: unknown, { directory }: ClusterDoor): number {
  if (!isObject(item)) return 0
  const { value } = item
  const vhost =
    key === 'vhosts'
      ? item['name']
      : (item['vhost'] ?? (isObject(value) ? value['vhost'] : undefined))
  return (typeof vhost === 'string' ? directory.vhosts.get(vhost) : undefined) ?? 0
}

interface Stopped {
  readonly cluster: ClusterDoor
  readonly hasBegun: boolean
}

/** Importing twice is importing once, so whoever is told that may do it again. */
async function stopped(
  answer: Response,
  target: Target,
  { cluster, hasBegun }: Stopped,
): Promise<Response> {
  if (!hasBegun) return answer
  const json: unknown = await answer.json().catch(() => undefined)
  const why = isObject(json) ? String(json['reason']) : `status ${answer.status}`
  const where = tell(target, cluster.directory)
  const reason = `${where}: ${why}; a part of the definitions has been imported: import them again`
  const error = answer.status < 500 ? 'bad_request' : 'service_unavailable'
  return Response.json({ error, reason }, { status: answer.status })
}

/** The lead is told of virtual hosts so that it knows them, and does not count them once more. */
function withoutKind(report: DefinitionsReport, kind: string): DefinitionsReport {
  const { [kind]: _, ...counts } = report.counts
  return { ...report, counts, rows: report.rows.filter((row) => row.kind !== kind) }
}

function joinReports(reports: readonly DefinitionsReport[], isCheck: boolean): DefinitionsReport {
  const counts: Record<string, Record<string, number>> = {}
  for (const report of reports) {
    for (const [kind, ofKind] of Object.entries(report.counts)) {
      const sum = (counts[kind] ??= {})
      for (const [outcome, count] of Object.entries(ofKind)) {
        sum[outcome] = (sum[outcome] ?? 0) + count
      }
    }
  }
  const rows = reports.flatMap((report) => report.rows)
  const told = rows.slice(0, definitionsLimits.reportRowsMax)
  const leftOut = reports.reduce((sum, report) => sum + report.left_out, rows.length - told.length)
  return {
    check: isCheck,
    counts: counts as DefinitionsReport['counts'],
    rows: told,
    left_out: leftOut,
  }
}
