// Two messages beside each other: what differs in properties, headers and payload.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { counted } from '../../lib/format.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/confirm.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { bytesOfBase64, decodePayload } from './decode/decode-payload.ts'
import { diffLines, foldSame } from './decode/diff.ts'
import { linesOf } from './decode/tree.ts'
import { hexLine } from './hex-view.tsx'
import { useMessage } from './message-view.tsx'
import { headersOf, plainValue, type StreamRef, type WholeMessage } from './message.ts'
import './diff-dialog.css'

export interface DiffDialogProps {
  readonly stream: StreamRef
  /** Two places. */
  readonly places: readonly [string, string]
  readonly onClose: () => void
}

const marks = { same: ' ', gone: '−', new: '+' }
/** Of bytes that are no text. */
const hexLinesMax = 1000

export function DiffDialog({ stream, places, onClose }: DiffDialogProps): JSX.Element {
  const before = useMessage(stream, places[0], 0)
  const after = useMessage(stream, places[1], 0)
  const problem = before.problem ?? after.problem
  return (
    <Dialog onClose={onClose} label="Compare two messages">
      <div class="diff">
        <header class="diff-head">
          <h2>
            {places[0]} and {places[1]}
          </h2>
          <Button onClick={onClose}>Close</Button>
        </header>
        {problem !== undefined && <ProblemNote problem={problem} />}
        {problem === undefined && before.message !== undefined && after.message !== undefined ? (
          <Difference before={before.message} after={after.message} />
        ) : (
          <Skeleton lines={8} />
        )}
      </div>
    </Dialog>
  )
}

function Difference(props: {
  readonly before: WholeMessage
  readonly after: WholeMessage
}): JSX.Element {
  const { before, after } = props
  const lines = useMemo(() => {
    const own = outsideLines(before)
    const others = outsideLines(after)
    return foldSame([
      ...diffLines(own, others),
      ...diffLines(['payload:', ...payloadLines(before)], ['payload:', ...payloadLines(after)]),
    ])
  }, [before, after])
  const changed = lines.filter(({ kind }) => kind === 'gone' || kind === 'new').length
  return (
    <>
      <p class="soft" role="status">
        {changed === 0
          ? 'They are the same, but for their places.'
          : `${counted(changed, 'line')} ${changed === 1 ? 'differs' : 'differ'}.`}
        {isCut(before) || isCut(after)
          ? ' Only the first 64 KiB of the payloads are compared.'
          : ''}
      </p>
      <pre class="diff-lines" tabIndex={0} aria-label="Difference">
        {lines.map((line, index) =>
          line.kind === 'fold' ? (
            <div key={index} class="diff-fold">
              {counted(line.count, 'line')} the same
            </div>
          ) : (
            <div key={index} class={`diff-${line.kind}`}>
              <span aria-hidden="true">{marks[line.kind]} </span>
              {line.kind !== 'same' && (
                <span class="unseen">
                  {line.kind === 'gone' ? 'only the first: ' : 'only the second: '}
                </span>
              )}
              {line.text}
            </div>
          ),
        )}
      </pre>
    </>
  )
}

function isCut({
  payload = '',
  payload_encoding: encoding,
  payload_bytes: size,
}: WholeMessage): boolean {
  // Base64 has four characters for three bytes; text never has more characters than bytes.
  return encoding === 'base64' ? (payload.length / 4) * 3 < size : size > 64 * 1024
}

function outsideLines(message: WholeMessage): string[] {
  const { headers: _, ...properties } = message.properties ?? {}
  return [
    `exchange: ${message.exchange}`,
    `routing key: ${message.routing_key}`,
    ...Object.entries(properties).map(([name, value]) => `${name}: ${String(value)}`),
    ...headersOf(message).map(
      (header) => `header ${header.name}: ${JSON.stringify(plainValue(header))}`,
    ),
  ]
}

function payloadLines({
  payload = '',
  payload_encoding: encoding,
  ...message
}: WholeMessage): string[] {
  const bytes = encoding === 'base64' ? bytesOfBase64(payload) : new TextEncoder().encode(payload)
  const contentType = message.properties?.content_type
  const { tree, text, format } = decodePayload(bytes, {
    contentType: typeof contentType === 'string' ? contentType : '',
    isCut: bytes.length < message.payload_bytes,
  })
  if (tree !== undefined) return linesOf(tree)
  if (text !== undefined && format !== 'binary') return text.split('\n')
  const count = Math.min(hexLinesMax, Math.ceil(bytes.length / 16))
  return Array.from({ length: count }, (_, line) => hexLine(bytes, line * 16, 16))
}
