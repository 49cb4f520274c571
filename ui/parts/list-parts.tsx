// What lists of clients have around their table: how many there are, who holds them back, and what is chosen.
import type { ComponentChildren, JSX } from 'preact'
import { counted } from '../lib/format.ts'
import { setParams } from '../lib/router.ts'
import { Button } from './button.tsx'
import { Chip } from './chips.tsx'
import { Empty } from './notes.tsx'
import './list-parts.css'

/** `12 sessions fit. `; `what` is the word for one. */
export function foundText(found: number, what: string, isFiltered: boolean): string {
  const fit = isFiltered ? ` ${found === 1 ? 'fits' : 'fit'}` : ''
  return `${counted(found, what)}${fit}. `
}

/** What is done to those that are chosen: buttons. */
export function ChosenBar({
  what,
  count,
  onNone,
  children,
}: {
  /** The word for one. */
  readonly what: string
  readonly count: number
  readonly onNone: () => void
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div class="chosen-bar" role="region" aria-label={`Chosen ${what}s`}>
      <b>{counted(count, what)} chosen</b>
      {children}
      <Button kind="quiet" onClick={onNone}>
        Choose none
      </Button>
    </div>
  )
}

/** Filters that links set, and that are only taken away here. */
export function OwnerChips({
  user,
  vhost,
}: {
  readonly user: string | undefined
  readonly vhost: string | undefined
}): JSX.Element {
  return (
    <>
      {user !== undefined && (
        <Chip label="user" onRemove={() => setParams({ user: undefined })}>
          user {user}
        </Chip>
      )}
      {vhost !== undefined && (
        <Chip label="virtual host" onRemove={() => setParams({ vhost: undefined })}>
          virtual host {vhost}
        </Chip>
      )}
    </>
  )
}

/** `href`: the list without filters. */
export function NothingFits({
  what,
  href,
}: {
  /** The word for one. */
  readonly what: string
  readonly href: string
}): JSX.Element {
  return (
    <Empty
      title={`No ${what} fits`}
      text={`The filters hold all ${what}s back.`}
      action={<a href={href}>Show all {what}s</a>}
    />
  )
}
