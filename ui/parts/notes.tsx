// What stands where there is nothing to show: nothing yet, or nothing because of a problem.
import type { ComponentChildren, JSX } from 'preact'
import { Problem } from '../lib/api.ts'
import { refresh } from '../lib/live.ts'
import { Button } from './button.tsx'
import { CopyButton } from './values.tsx'
import './notes.css'

export interface EmptyProps {
  readonly title: string
  /** What would stand here. */
  readonly text: ComponentChildren
  /** The command that makes it so. */
  readonly command?: string | undefined
  readonly action?: ComponentChildren
}

export function Empty({ title, text, command, action }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{text}</p>
      {command !== undefined && (
        <p class="empty-command">
          <code>{command}</code>
          <CopyButton text={command} what="command" />
        </p>
      )}
      {action !== undefined && <div class="empty-action">{action}</div>}
    </div>
  )
}

/** Says what failed, why, and what to do next. */
export function ProblemNote({
  problem,
  onRetry = refresh,
}: {
  readonly problem: Error
  readonly onRetry?: (() => void) | undefined
}): JSX.Element {
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{inWords(problem.message)}</strong>
      </p>
      <p class="soft">{nextStep(problem)}</p>
      <Button onClick={onRetry}>Ask again</Button>
    </div>
  )
}

/** `Not monitor user` is what RabbitMQ's API says, and so does Pabal's. */
function inWords(reason: string): string {
  const [, tag] = /^Not (administrator|monitor|policymaker|management) user$/.exec(reason) ?? []
  if (tag === undefined) return reason
  return `This is for users with the tag ${tag === 'monitor' ? 'monitoring' : tag}`
}

function nextStep(problem: Error): string {
  const status = problem instanceof Problem ? problem.status : undefined
  if (status === 0) return 'The page goes on by itself once the broker answers.'
  if (status === 401 || status === 403)
    return 'An administrator can give you the right, on the page Access.'
  if (status === 404) return 'It was deleted, or its name is another one.'
  if (status === 429 || status === 503) return 'The broker is busy. The page asks again by itself.'
  return 'Mend what it says and ask again.'
}

/** Grey lines of the size of what will stand there. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }): JSX.Element {
  return (
    <div class="skeleton-lines" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton" style={{ width: `${90 - ((line * 23) % 45)}%` }} />
      ))}
    </div>
  )
}
