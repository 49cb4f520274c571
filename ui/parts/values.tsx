// Single values: numbers, sizes, moments and names, each with the whole of it on hover.
import type { JSX } from 'preact'
import { ago, bytes, clockTime, count, duration, isoTime, moment, rate } from '../lib/format.ts'
import { now } from '../lib/live.ts'
import { timeZone } from '../lib/preferences.ts'
import { showName } from '../lib/show-name.ts'
import { toast } from './toast.tsx'
import './values.css'

interface NumberProps {
  readonly value: number | null | undefined
  /** What is counted, since when, and its name in the metrics. */
  readonly hint?: string | undefined
}

export function Num({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  return (
    <span class="number" title={hint}>
      {count(value)}
    </span>
  )
}

export function Rate({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  const exact = `${value.toFixed(1)} per second`
  return (
    <span class="number" title={hint === undefined ? exact : `${exact}. ${hint}`}>
      {rate(value)}
    </span>
  )
}

export function Bytes({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  const exact = `${count(value)} bytes`
  return (
    <span class="number" title={hint === undefined ? exact : `${exact}. ${hint}`}>
      {bytes(value)}
    </span>
  )
}

/** A length of time in milliseconds. */
export function Duration({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  return (
    <span class="number" title={hint ?? `${count(value)} ms`}>
      {duration(value)}
    </span>
  )
}

/** A moment in milliseconds since the Unix epoch, told from now. */
export function Ago({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  const exact = moment(value, timeZone.value)
  return (
    <time
      class="number"
      dateTime={isoTime(value)}
      title={hint === undefined ? exact : `${exact}. ${hint}`}
    >
      {ago(value, now.value)}
    </time>
  )
}

/** A moment by the clock. */
export function At({ value, hint }: NumberProps): JSX.Element {
  if (value === null || value === undefined) return <Nothing hint={hint} />
  const exact = moment(value, timeZone.value)
  const isToday = exact.slice(0, 10) === moment(now.peek(), timeZone.value).slice(0, 10)
  return (
    <time class="number" dateTime={isoTime(value)} title={exact}>
      {isToday ? clockTime(value, timeZone.value) : exact.slice(0, 19)}
    </time>
  )
}

function Nothing({ hint }: { readonly hint: string | undefined }): JSX.Element {
  return (
    <span class="number soft" title={hint}>
      –
    </span>
  )
}

export interface NameProps {
  readonly value: string
  /** Where it leads. */
  readonly to?: string | undefined
  readonly isCopied?: boolean
}

/** A name as what it is: empty, with control characters, in any direction. What is too long is cut; copies never are. */
export function Name({ value, to, isCopied = false }: NameProps): JSX.Element {
  const parts = showName(value)
  const shown = (
    <bdi class="name-text">
      {parts.map(({ text, isSpecial }) =>
        isSpecial ? <span class="name-special">{text}</span> : text,
      )}
    </bdi>
  )
  return (
    <span class="name mono" title={value.length > 24 ? value.toWellFormed() : undefined}>
      {to === undefined ? shown : <a href={to}>{shown}</a>}
      {isCopied && <CopyButton text={value} what="name" />}
    </span>
  )
}

export function CopyButton({
  text,
  what,
  label,
}: {
  readonly text: string
  /** For its label: "Copy name". */
  readonly what: string
  readonly label?: string
}): JSX.Element {
  const copy = (event: Event): void => {
    event.stopPropagation()
    copyText(text).then(
      () => toast(`Copied the ${what}`),
      () => toast(`The browser does not let this page copy the ${what}`),
    )
  }
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} onClick={copy}>
      {label ?? <CopyMark />}
    </button>
  )
}

function CopyMark(): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-1h-8v8h1" />
    </svg>
  )
}

/** Copies a text. Pages that came without TLS from elsewhere have no clipboard; a selection does there. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
