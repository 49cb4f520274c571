// How much of large queues has been read, and reading on.
import type { JSX } from 'preact'
import { count } from '../../lib/format.ts'
import { Button } from '../../parts/button.tsx'
import { Bar } from '../../parts/facts.tsx'
import { ProblemNote } from '../../parts/notes.tsx'
import type { Deaths } from './use-deaths.ts'

/** Below that nobody sees it happen. */
const saidFrom = 20_000

export function ReadingNote({ deaths }: { readonly deaths: Deaths }): JSX.Element | null {
  const { looked, total, isWhole, isReading, problem, readOn, again, others } = deaths
  if (problem !== undefined) return <ProblemNote problem={problem} onRetry={again} />
  if (!isWhole && total >= saidFrom) {
    const text = `Read ${count(looked)} of ${count(total)}`
    return (
      <div class="deaths-reading" role="status">
        <span class="number">{text}</span>
        <Bar share={total === 0 ? 1 : looked / total} label={text} />
        {!isReading && <Button onClick={readOn}>Read all</Button>}
      </div>
    )
  }
  if (others === 0 || isReading) return null
  return (
    <p class="soft">
      {count(others)} more {others === 1 ? 'message does' : 'messages do'} not say that{' '}
      {others === 1 ? 'it' : 'they'} died.
    </p>
  )
}
