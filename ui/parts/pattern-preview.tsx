// What a pattern fits, while one writes it: asked of the broker, whose rules of patterns are the ones that count.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { PatternTestJson } from '../../src/admin/v1/pattern-test-operation.ts'
import { ask } from '../lib/api.ts'
import { counted } from '../lib/format.ts'
import { apiPath } from '../lib/names.ts'
import { Name } from './values.tsx'
import './pattern-preview.css'

/** While one writes, one is left alone for so long. */
const patienceMs = 200

/** What `POST /api/v1/pattern-test` answers; undefined until it does. */
export function usePatternTest(vhost: string, body: object): PatternTestJson | undefined {
  const [tested, setTested] = useState<PatternTestJson>()
  const text = JSON.stringify(body)
  useEffect(() => {
    const end = new AbortController()
    const timer = setTimeout(() => {
      ask<PatternTestJson>('POST', apiPath`/v1/pattern-test/${vhost}`, JSON.parse(text), end).then(
        setTested,
        () => setTested(undefined),
      )
    }, patienceMs)
    return () => {
      clearTimeout(timer)
      end.abort()
    }
  }, [vhost, text])
  return tested
}

/** "fits 12 of 40 streams and 3 of 9 exchanges", with some of them. */
export function PatternPreview({
  vhost,
  pattern,
}: {
  readonly vhost: string
  readonly pattern: string
}): JSX.Element {
  const tested = usePatternTest(vhost, { pattern })
  if (pattern === '') return <p class="pattern-preview soft">Empty: it fits nothing.</p>
  if (tested === undefined) return <p class="pattern-preview soft">{'\u00a0'}</p>
  const { problem, streams, exchanges, examples } = tested
  if (problem !== null) {
    return (
      <p class="pattern-preview pattern-problem" role="alert">
        {problem}
      </p>
    )
  }
  const shown = examples.slice(0, 3)
  const more = streams.matched + exchanges.matched - shown.length
  return (
    <p class="pattern-preview soft">
      fits {fraction(streams, 'stream')} and {fraction(exchanges, 'exchange')}
      {shown.length > 0 && ': '}
      {shown.map(({ name, kind }, index) => (
        <span key={`${kind} ${name}`}>
          {index > 0 && ', '}
          <Name value={name} />
        </span>
      ))}
      {shown.length > 0 && more > 0 && ' …'}
    </p>
  )
}

function fraction(
  { matched, total }: { readonly matched: number; readonly total: number },
  one: string,
): string {
  return `${matched.toLocaleString('en')} of ${counted(total, one)}`
}
