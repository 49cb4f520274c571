// The payload of a message: as a tree, as text or as bytes, with what it was taken for and how large it is.
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { bytes, count } from '../../lib/format.ts'
import { Button } from '../../parts/button.tsx'
import { Choice } from '../../parts/field.tsx'
import { Skeleton } from '../../parts/notes.tsx'
import type { Decoded } from './decode/decode-payload.ts'
import type { Tree } from './decode/tree.ts'
import { HexView } from './hex-view.tsx'
import { payloadPath, placeOf, type StreamRef, type WholeMessage } from './message.ts'
import { TextView } from './text-view.tsx'
import { TreeView } from './tree-view.tsx'
import { type Payload, usePayload } from './use-payload.ts'
import './payload-view.css'

export interface PayloadViewProps {
  readonly stream: StreamRef
  readonly message: WholeMessage
  readonly onFilter: (path: string, value: Tree) => void
}

type Kind = 'tree' | 'text' | 'hex'

export function PayloadView({ stream, message, onFilter }: PayloadViewProps): JSX.Element {
  const payload = usePayload(stream, message)
  const [chosen, setChosen] = useState<Kind>()
  const [sought, setSought] = useState('')
  const [turn, setTurn] = useState(0)
  const [found, setFound] = useState(0)
  const { decoded } = payload
  if (decoded === undefined) return <Skeleton lines={6} />
  if (decoded.format === 'empty') return <p class="soft">The payload is empty.</p>
  const kinds = kindsOf(decoded)
  const kind = chosen !== undefined && kinds.includes(chosen) ? chosen : kinds[0]!
  const look = { sought, soughtTurn: turn, onFound: setFound }
  return (
    <div class="payload">
      <div class="payload-bar">
        {kinds.length > 1 && (
          <Choice
            label="Show the payload as"
            value={kind}
            options={kinds.map((value) => ({ value, label: nameOf(value, decoded) }))}
            onChange={setChosen}
          />
        )}
        {kind !== 'hex' && (
          <Finder
            sought={sought}
            turn={turn}
            found={found}
            onSeek={(text) => {
              setSought(text)
              setTurn(0)
            }}
            onTurn={(step) => found > 0 && setTurn((turn + step + found) % found)}
          />
        )}
        <a
          class="button button-quiet"
          href={`/api${payloadPath(stream, placeOf(message))}`}
          download=""
        >
          Download
        </a>
      </div>
      <p class="payload-says soft">{sentenceOf(payload, decoded, message)}</p>
      {!payload.isWhole && <LoadMore payload={payload} size={message.payload_bytes} />}
      {kind === 'tree' && decoded.tree !== undefined && (
        <TreeView
          key={decoded.tree}
          tree={decoded.tree}
          onFilter={
            decoded.format === 'JSON' && decoded.schemaId === undefined ? onFilter : undefined
          }
          {...look}
        />
      )}
      {kind === 'text' && <TextView text={decoded.text ?? ''} {...look} />}
      {kind === 'hex' && <HexView bytes={decoded.bytes} />}
    </div>
  )
}

function kindsOf({ tree, text, format }: Decoded): Kind[] {
  const kinds: Kind[] = []
  if (tree !== undefined) kinds.push('tree')
  if (text !== undefined && format !== 'binary') kinds.push('text')
  kinds.push('hex')
  return kinds
}

function nameOf(kind: Kind, { format }: Decoded): string {
  return { tree: format, text: 'Text', hex: 'Hex' }[kind]
}

function Finder(props: {
  readonly sought: string
  readonly turn: number
  readonly found: number
  readonly onSeek: (text: string) => void
  readonly onTurn: (step: number) => void
}): JSX.Element {
  const { sought, turn, found, onSeek, onTurn } = props
  const [text, setText] = useState(sought)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const seek = (wanted: string): void => {
    setText(wanted)
    clearTimeout(timer.current)
    // A large payload is not searched for each letter.
    timer.current = setTimeout(() => onSeek(wanted), 120)
  }
  return (
    <span class="payload-finder">
      <input
        type="search"
        aria-label="Find in the payload"
        placeholder="Find in the payload"
        value={text}
        onInput={({ currentTarget }) => seek(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onTurn(event.shiftKey ? -1 : 1)
          if (event.key === 'Escape' && text !== '') {
            event.preventDefault()
            seek('')
          }
        }}
      />
      <span class="soft number" role="status">
        {sought === '' ? '' : found === 0 ? 'none' : `${count(turn + 1)} of ${count(found)}`}
      </span>
    </span>
  )
}

function sentenceOf(
  { compression, isUnpacked, isWhole, loadedSize }: Payload,
  { format, schemaId, bytes: shown, text }: Decoded,
  { payload_bytes: size, properties }: WholeMessage,
): string {
  const parts = [format === 'binary' ? 'Binary' : format === 'text' ? 'Text' : format]
  if (format === 'Protobuf') parts.push('without its schema: fields by number')
  if (schemaId !== undefined) {
    parts.push(`schema ${schemaId} of a registry (Avro or Protobuf begin with 0 and its id)`)
  }
  if (text !== undefined && format !== 'binary') parts.push('UTF-8')
  parts.push(bytes(size))
  if (compression !== undefined) {
    parts.push(
      isUnpacked
        ? `unpacked from ${compression}: ${bytes(shown.length)}`
        : `${compression}, which could not be unpacked`,
    )
  }
  if (typeof properties?.content_type === 'string') parts.push(`sent as ${properties.content_type}`)
  if (!isWhole) parts.push(`the first ${bytes(loadedSize)} are shown`)
  return parts.join(' · ')
}

function LoadMore({
  payload: { isLoading, problem, loadAll },
  size,
}: {
  readonly payload: Payload
  readonly size: number
}): JSX.Element {
  return (
    <p class="payload-more">
      <Button isBusy={isLoading} onClick={loadAll}>
        Load all {bytes(size)}
      </Button>
      {problem !== undefined && <span role="alert">{problem}</span>}
    </p>
  )
}
