// What an import would do, or has done: each thing with its outcome, and from what to what.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { count } from '../../lib/format.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Chip } from '../../parts/chips.tsx'
import { Name } from '../../parts/values.tsx'

type Outcome = 'add' | 'change' | 'same' | 'differs' | 'ignored'

interface ReportRow {
  readonly kind: string
  readonly vhost?: string
  readonly name: string
  readonly outcome: Outcome
  readonly note?: string
  readonly differences?: readonly Difference[]
}

interface Difference {
  readonly field: string
  readonly from?: unknown
  readonly to?: unknown
}

/** As the API answers an import. */
export interface DefinitionsReport {
  readonly check: boolean
  readonly counts: Readonly<Record<string, Readonly<Record<Outcome, number>>>>
  readonly rows: readonly ReportRow[]
  readonly left_out: number
}

const outcomes: readonly Outcome[] = ['add', 'change', 'differs', 'ignored', 'same']

/** In words before and after; `differs` and `ignored` are the same then. */
const words: Readonly<Record<Outcome, readonly [before: string, after: string]>> = {
  add: ['add', 'added'],
  change: ['change', 'changed'],
  differs: ['stays', 'stayed'],
  ignored: ['refused', 'refused'],
  same: ['same', 'same'],
}

const meanings: Readonly<Record<Outcome, string>> = {
  add: 'It is not there yet',
  change: 'It is there with other values, which are replaced',
  differs: 'It is there with other properties, and stays as it is',
  ignored: 'It cannot be had here; the rest is imported',
  same: 'It is there already, as the file has it',
}

const tones: Readonly<Record<Outcome, Tone>> = {
  add: 'good',
  change: 'look',
  differs: 'plain',
  ignored: 'bad',
  same: 'plain',
}

/** How many things there are to do. */
export function workIn(report: DefinitionsReport | undefined): { add: number; change: number } {
  const total = { add: 0, change: 0 }
  for (const { add, change } of Object.values(report?.counts ?? {})) {
    total.add += add
    total.change += change
  }
  return total
}

export function ReportView({ report }: { readonly report: DefinitionsReport }): JSX.Element {
  const [only, setOnly] = useState<Outcome>()
  const { check, counts, rows, left_out: leftOut } = report
  const tense = check ? 0 : 1
  const shown = rows.filter(({ outcome }) => only === undefined || outcome === only)
  const totals = outcomes.map(
    (outcome) =>
      [outcome, Object.values(counts).reduce((sum, each) => sum + each[outcome], 0)] as const,
  )
  return (
    <>
      <p class="definitions-outcomes">
        {totals.map(([outcome, total]) => (
          <Chip
            key={outcome}
            isOn={only === outcome}
            title={meanings[outcome]}
            onClick={() => setOnly(only === outcome ? undefined : outcome)}
          >
            {count(total)} {words[outcome][tense]}
          </Chip>
        ))}
      </p>
      {rows.length === 0 && <p class="soft">Everything in the file is there already.</p>}
      <ul class="definitions-list">
        {shown.map((row, index) => (
          <Row key={index} row={row} word={words[row.outcome][tense] ?? row.outcome} />
        ))}
      </ul>
      {leftOut > 0 && <p class="soft">… and {count(leftOut)} more like these</p>}
      {only === 'same' && <p class="soft">What is the same is counted, and not told one by one.</p>}
    </>
  )
}

function Row({ row, word }: { readonly row: ReportRow; readonly word: string }): JSX.Element {
  const { kind, vhost, name, outcome, note, differences = [] } = row
  const hasDetails = note !== undefined || differences.length > 0
  return (
    <li>
      <span>
        <Badge tone={tones[outcome]} title={meanings[outcome]}>
          {word}
        </Badge>
      </span>
      <span class="soft">{kind}</span>
      <span>
        <Name value={name} />
        {vhost !== undefined && vhost !== '/' && (
          <span class="soft">
            {' '}
            in <Name value={vhost} />
          </span>
        )}
      </span>
      {hasDetails && (
        <div class="definitions-details">
          {differences.map((difference) => (
            <DifferenceLine key={difference.field} difference={difference} />
          ))}
          {note !== undefined && <p>{note}</p>}
        </div>
      )}
    </li>
  )
}

function DifferenceLine({
  difference: { field, from, to },
}: {
  readonly difference: Difference
}): JSX.Element {
  return (
    <p>
      {field}: <del>{told(from)}</del> → <ins>{told(to)}</ins>
    </p>
  )
}

function told(value: unknown): JSX.Element {
  if (value === undefined) return <span>not set</span>
  return <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
}
