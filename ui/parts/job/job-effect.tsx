// What a job would do, in words: how many messages, where they would go, and which would stay.
import type { JSX } from 'preact'
import type { PreviewJson } from '../../../src/admin/v1/job-json.ts'
import { bytes, count, counted } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'
import { Name } from '../values.tsx'
import type { JobKind, JobSource } from './job-asked.ts'

/** Neither: it is still asked for. */
export interface JobPreview {
  readonly data?: PreviewJson
  readonly problem?: string
}

export interface JobEffectProps {
  readonly kind: JobKind
  readonly source: JobSource
  /** What has to be said before it can be asked for. */
  readonly missing: string | undefined
  readonly preview: JobPreview
}

/** Known to do nothing: a preview of the beginning alone does not know. */
export function willDoNothing({ messages, is_all: isAll }: PreviewJson): boolean {
  return messages === 0 && isAll
}

export function JobEffect({ kind, source, missing, preview }: JobEffectProps): JSX.Element {
  const { data, problem } = preview
  if (missing !== undefined) return <span>{missing}</span>
  if (problem !== undefined) {
    return (
      <span class="job-problem" role="alert">
        {problem}
      </span>
    )
  }
  if (data === undefined) return <span>Looks how many it would be …</span>
  const { targets, skipped } = data
  return (
    <span class="job-effect" aria-live="polite">
      <span>{sentenceOf(kind, source, data)}</span>
      {targets.slice(0, 5).map(({ queue, messages }) => (
        <span key={queue}>
          {count(messages)} to <Name value={queue} />
        </span>
      ))}
      {targets.length > 5 && <span>and to {count(targets.length - 5)} other queues</span>}
      {skipped.map(({ reason, count: number }) => (
        <span key={reason} class="job-skips">
          {counted(number, 'message')} cannot: {reason}
        </span>
      ))}
      <span class="soft">{afterwards[kind]}</span>
    </span>
  )
}

function sentenceOf(kind: JobKind, source: JobSource, data: PreviewJson): string {
  if (willDoNothing(data)) return `There is nothing to ${kind}.`
  const { messages, bytes: size, is_all: isAll } = data
  const number = `${isAll ? '' : 'at least '}${counted(messages, 'message')} (${bytes(size)})`
  return `${does[kind]} ${number} of ${plainName(source.stream.name)}${whichText(source, data)}.`
}

/** Which they are, where that is not clear. */
function whichText(source: JobSource, { messages, skipped }: PreviewJson): string {
  if (source.messages === undefined) {
    const { filter = {} } = source
    if ('death' in filter) return ', all of this group'
    return Object.keys(filter).length === 0 ? '' : ', all that the filter finds'
  }
  const found = skipped.reduce((sum, { count: number }) => sum + number, messages)
  const chosen = source.messages.length
  return chosen === found ? '' : `, of ${count(chosen)} that you chose: the others are not ready`
}

const does: Readonly<Record<JobKind, string>> = {
  redrive: 'Redrives',
  move: 'Moves',
  copy: 'Copies',
  delete: 'Deletes',
}

const afterwards: Readonly<Record<JobKind, string>> = {
  redrive: 'It can be undone for what nobody has taken by then.',
  move: 'It can be undone for what nobody has taken by then.',
  copy: 'The messages stay here as well.',
  delete: 'They cannot be brought back.',
}
