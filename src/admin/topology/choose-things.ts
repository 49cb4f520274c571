// Which things of a virtual host are drawn, when not all can be: those around one, or those with the most traffic.
import { compareNames } from '../../lib/compare-names.ts'
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import { sortInSteps } from '../api/sort-in-steps.ts'
import { linksFrom, linksTo } from './links.ts'
import type { Ranked, Survey } from './survey.ts'

const { lookedAtOnce, neighboursMax, readersPerQueueMax, sourcesPerQueueMax } = topologyLimits

/** Ids of what is at most `steps` links away from `start`; those with the most traffic where there are too many. */
export function* chooseAround(
  survey: Survey,
  start: string,
  { steps, count }: { readonly steps: number; readonly count: number },
): Steps<Set<string>> {
  const chosen = new Set([start])
  let border = [start]
  for (let step = 0; step < steps && chosen.size < count; step++) {
    const found = new Set<string>()
    for (const id of border) yield* addNeighbours(survey, id, { chosen, found })
    const ranked = yield* inOrder(survey, found)
    border = ranked.slice(0, count - chosen.size).map(({ id }) => id)
    for (const id of border) chosen.add(id)
  }
  return chosen
}

interface Search {
  readonly chosen: ReadonlySet<string>
  readonly found: Set<string>
}

function* addNeighbours(survey: Survey, id: string, { chosen, found }: Search): Steps<void> {
  const thing = survey.find(id)
  if (thing === undefined) return
  let looked = 0
  for (const links of [linksFrom(survey, thing), linksTo(survey, thing)]) {
    for (const { from, to } of links) {
      const other = from === id ? to : from
      if (!chosen.has(other) && survey.find(other) !== undefined) found.add(other)
      if (found.size >= neighboursMax) return
      if (++looked % lookedAtOnce === 0) yield
    }
  }
}

function* inOrder(survey: Survey, ids: Iterable<string>): Steps<Ranked[]> {
  const ranked: Ranked[] = []
  for (const id of ids) {
    ranked.push({ id, score: survey.scoreOf(id) })
    if (ranked.length % lookedAtOnce === 0) yield
  }
  return yield* sortInSteps(ranked, byScore)
}

function byScore(a: Ranked, b: Ranked): number {
  return b.score - a.score || compareNames(a.id, b.id)
}

/** Ids of what has the most traffic: queues with what leads to them, then other exchanges, then who reads. */
export function* chooseByTraffic(survey: Survey, count: number): Steps<Set<string>> {
  const chosen = new Set<string>()
  const { exchanges, queues } = survey
  const readers = [...survey.readers.all.keys()]
  const isAll = exchanges.length + queues.length + readers.length <= count
  const queueCount = isAll ? count : Math.floor(count * 0.75)
  const exchangeCount = isAll ? count : Math.floor(count * 0.8)
  const rankedQueues = yield* sortInSteps(queues, byScore)
  for (const { id } of rankedQueues) {
    if (chosen.size >= queueCount) break
    chosen.add(id)
    addSources(survey, id, { chosen, count: queueCount })
    yield
  }
  for (const { id } of yield* sortInSteps(exchanges, byScore)) {
    if (chosen.size >= exchangeCount) break
    chosen.add(id)
    yield
  }
  yield* addReaders(survey, chosen, count)
  for (const { id } of rankedQueues) {
    if (chosen.size >= count) break
    chosen.add(id)
    yield
  }
  return chosen
}

interface Growing {
  readonly chosen: Set<string>
  readonly count: number
}

/** Exchanges on the way to something, and those that they name. */
function addSources(survey: Survey, start: string, { chosen, count }: Growing): void {
  const added = [start]
  for (const id of added) {
    const thing = survey.find(id)
    let left: number = sourcesPerQueueMax
    for (const { from } of thing === undefined ? [] : linksTo(survey, thing)) {
      if (chosen.size >= count || left-- <= 0) break
      if (chosen.has(from)) continue
      chosen.add(from)
      added.push(from)
    }
    if (added.length > sourcesPerQueueMax) return
  }
}

function* addReaders(survey: Survey, chosen: Set<string>, count: number): Steps<void> {
  const things = [...chosen].map((id) => survey.find(id))
  for (const thing of things) {
    yield
    if (thing === undefined) continue
    // What something names and is not there is drawn with it.
    let left: number = readersPerQueueMax
    for (const { kind, to } of thing.kind === 'queue' ? linksFrom(survey, thing) : []) {
      if (chosen.size >= count || left <= 0) break
      if (kind === 'binding' || kind === 'source') continue
      if (!chosen.has(to)) left--
      if (survey.find(to) !== undefined) chosen.add(to)
    }
    const alternate = thing.kind === 'exchange' ? thing.exchange.alternate : undefined
    if (alternate !== undefined && chosen.size < count) chosen.add(`exchange:${alternate}`)
  }
}
