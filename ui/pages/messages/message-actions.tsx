// What one does with one message, with those that were chosen, and with all that a filter finds.
import type { JSX } from 'preact'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { ask } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { type KeyBinding, useKeys } from '../../lib/keys.ts'
import { apiPath, query } from '../../lib/names.ts'
import { traceUrl } from '../../lib/trace-url.ts'
import { Button } from '../../parts/button.tsx'
import { type JobKind, type JobSource, jobVerbs } from '../../parts/job/job-asked.ts'
import { Menu, type MenuItem } from '../../parts/menu.tsx'
import { toast } from '../../parts/toast.tsx'
import { copyText } from '../../parts/values.tsx'
import { asCommand, asCurl } from './copy-as.ts'
import { isEmptyFilter } from './filter-terms.ts'
import type { PagesAsked } from './message-pages.ts'
import { type Message, messagePath, placeOf, type StreamRef, type WholeMessage } from './message.ts'

/** What stands open over the page. */
export type Opened =
  | { readonly kind: 'job'; readonly job: JobKind; readonly source: JobSource }
  | { readonly kind: 'publish'; readonly message: WholeMessage | undefined }
  | { readonly kind: 'replay'; readonly message: Message }
  | { readonly kind: 'compare'; readonly places: readonly [string, string] }
  | { readonly kind: 'import' }

type Open = (opened: Opened) => void

/** Jobs that make sense here: a topic keeps its messages, and only what died is redriven. */
function jobsFor({ kind, dead_letter_sources: sources }: StreamShownJson): JobKind[] {
  if (kind === 'topic') return ['copy']
  return sources > 0 ? ['redrive', 'move', 'copy', 'delete'] : ['move', 'copy', 'delete']
}

const jobKeys = { redrive: 'R', move: 'm', copy: 'y', delete: 'd' } as const

/** Keys for those that are chosen, or else for the one that stands open; each asks first. */
export function useJobKeys(
  stream: StreamShownJson | undefined,
  messages: readonly Message[],
  onOpen: Open,
): void {
  const keysFor = (of: StreamShownJson): KeyBinding[] =>
    jobsFor(of).map((job) => ({
      keys: jobKeys[job],
      does: `${job} the chosen or open message`,
      run: () => onOpen({ kind: 'job', job, source: chosenIn(of, messages) }),
    }))
  useKeys(stream === undefined || messages.length === 0 ? [] : keysFor(stream))
}

function chosenIn({ vhost, name }: StreamRef, messages: readonly Message[]): JobSource {
  const places = messages.map(({ partition, offset }) => ({ partition, offset }))
  return { stream: { vhost, name }, messages: places }
}

export function OneMessageActions({
  stream,
  message,
  onOpen,
}: {
  readonly stream: StreamShownJson
  readonly message: WholeMessage
  readonly onOpen: Open
}): JSX.Element {
  const source = chosenIn(stream, [message])
  const jobs = jobsFor(stream)
  const whole = async (): Promise<WholeMessage> => {
    const { payload_bytes: size, payload } = message
    if (payload === undefined || !message.sees_payload)
      throw new Error('You may not see the payload')
    if (size > payloadMax) throw new Error('Its payload is too large: download it instead')
    return ask('GET', messagePath(stream, placeOf(message), payloadMax))
  }
  const copyAs = (what: string, textOf: (message: WholeMessage) => string) => () => {
    whole()
      .then((found) => copyText(textOf(found)))
      .then(
        () => toast(`Copied as ${what}`),
        (error: Error) => toast(error.message),
      )
  }
  const edit = (): void => {
    whole().then(
      (found) => onOpen({ kind: 'publish', message: found }),
      (error: Error) => toast(error.message),
    )
  }
  useKeys([{ keys: 'e', does: 'edit the message and publish it', run: edit }])
  return (
    <>
      {jobs.map((job) => (
        <Button key={job} onClick={() => onOpen({ kind: 'job', job, source })}>
          {jobVerbs[job]}
        </Button>
      ))}
      <Button onClick={edit}>Edit and publish</Button>
      <Menu
        label="More for this message"
        items={[
          { label: 'Copy as curl', run: copyAs('curl', (found) => asCurl(stream, found)) },
          {
            label: 'Copy as pabal publish',
            run: copyAs('a command', (found) => asCommand(stream, found)),
          },
          {
            label: 'Copy as JSON',
            run: copyAs('JSON', (found) => JSON.stringify(found, undefined, 2)),
          },
          ...(stream.keeps_acked
            ? [{ label: 'Replay from here', run: () => onOpen({ kind: 'replay', message }) }]
            : []),
          { label: 'Follow its way', to: traceUrl(stream.vhost, message.properties, stream.name) },
        ]}
      >
        More
      </Menu>
    </>
  )
}

const payloadMax = 1024 * 1024

export function ChosenActions({
  stream,
  chosen,
  onOpen,
  onClear,
}: {
  readonly stream: StreamShownJson
  readonly chosen: readonly Message[]
  readonly onOpen: Open
  readonly onClear: () => void
}): JSX.Element {
  // The older one first.
  const [first, second] = chosen.toSorted((a, b) => a.time - b.time || a.offset - b.offset)
  const exportThem = (): void => {
    exportChosen(stream, chosen).catch((error: Error) => toast(error.message))
  }
  return (
    <div class="chosen" role="toolbar" aria-label="Chosen messages">
      <strong>{counted(chosen.length, 'message')} chosen</strong>
      {jobsFor(stream).map((job) => (
        <Button
          key={job}
          onClick={() => onOpen({ kind: 'job', job, source: chosenIn(stream, chosen) })}
        >
          {jobVerbs[job]}
        </Button>
      ))}
      {chosen.length === 2 && first !== undefined && second !== undefined && (
        <Button
          onClick={() => onOpen({ kind: 'compare', places: [placeOf(first), placeOf(second)] })}
        >
          Compare
        </Button>
      )}
      <Button onClick={exportThem}>Export</Button>
      <Button kind="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  )
}

const exportMax = 500

/** Whole messages, one after the other, as an export has them. */
async function exportChosen(stream: StreamRef, chosen: readonly Message[]): Promise<void> {
  if (chosen.length > exportMax) throw new Error(`At most ${exportMax}: export by a filter instead`)
  const lines: string[] = []
  for (const message of chosen) {
    if (message.payload_bytes > payloadMax)
      throw new Error(`${placeOf(message)} is larger than 1 MiB`)
    const { sees_payload: _, ...whole } = await ask<WholeMessage>(
      'GET',
      messagePath(stream, placeOf(message), payloadMax),
    )
    lines.push(`${JSON.stringify(whole)}\n`)
  }
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${stream.name}.ndjson`
  link.click()
  URL.revokeObjectURL(url)
}

/** What one does with all that is shown. */
export function AllActions({
  stream,
  asked,
  onOpen,
}: {
  readonly stream: StreamShownJson
  readonly asked: PagesAsked
  readonly onOpen: Open
}): JSX.Element {
  const { filter } = asked
  const isAll = isEmptyFilter(filter)
  const what = isAll ? 'all that are ready' : 'what the filter finds'
  const items: MenuItem[] = jobsFor(stream).map((job) => ({
    label: `${jobVerbs[job]} ${stream.kind === 'topic' && isAll ? 'all' : what} …`,
    isDangerous: job === 'delete',
    run: () => onOpen({ kind: 'job', job, source: { stream: asked, filter } }),
  }))
  items.push(
    {
      label: isAll ? 'Export all as NDJSON' : 'Export what the filter finds',
      run: () => download(exportPath(asked)),
    },
    { label: 'Import NDJSON …', run: () => onOpen({ kind: 'import' }) },
  )
  return (
    <Menu label="What to do with all of them" items={items}>
      {isAll ? 'All' : 'Found'}
    </Menu>
  )
}

function exportPath({ vhost, name, partition, from, order, filter }: PagesAsked): string {
  const start = order === 'oldest' ? from : undefined
  const params = {
    from: start ?? 'first',
    partition,
    filter: isEmptyFilter(filter) ? undefined : JSON.stringify(filter),
  }
  return apiPath`/v1/streams/${vhost}/${name}/export` + query(params)
}

function download(path: string): void {
  const link = document.createElement('a')
  link.href = `/api${path}`
  link.download = 'messages.ndjson'
  link.click()
}
