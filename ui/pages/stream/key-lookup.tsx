// What a topic has for a key: the latest message with it, as a table of the topic would have it.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { curlOf, Problem, shellQuoted } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { ProblemNote } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { At, Bytes } from '../../parts/values.tsx'
import { firstLineOf, placeOf, type WholeMessage } from '../messages/message.ts'
import {
  type KeyAsked,
  type KeyEncoding,
  type KeyFound,
  lookUpKey,
  lookUpPath,
} from './look-up-key.ts'

const encodings: readonly { readonly value: KeyEncoding; readonly label: string }[] = [
  { value: 'text', label: 'Text' },
  { value: 'hex', label: 'Hex' },
  { value: 'base64', label: 'Base64' },
]

export function KeyLookup({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [asked] = useParam('key')
  const [encodingParam] = useParam('encoding')
  const askedEncoding = encodings.find(({ value }) => value === encodingParam)?.value ?? 'text'
  const [typed, setTyped] = useState(asked ?? '')
  const [encoding, setEncoding] = useState(askedEncoding)
  const [turn, setTurn] = useState(0)
  const { vhost, name } = stream
  const lookedUp =
    asked === undefined ? undefined : { vhost, name, key: asked, encoding: askedEncoding }
  const submit = (event: Event): void => {
    event.preventDefault()
    setParams({ key: typed, encoding: encoding === 'text' ? undefined : encoding })
    setTurn(turn + 1)
  }
  return (
    <Section title="Latest message of a key">
      <form class="key-lookup" onSubmit={submit}>
        <Field label="Key">
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            class="mono"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </Field>
        <Choice
          label="How the key is written"
          value={encoding}
          options={encodings}
          onChange={setEncoding}
        />
        <Button type="submit" isDisabled={typed === ''}>
          Look up
        </Button>
      </form>
      {lookedUp !== undefined && (
        <Answer key={`${turn} ${JSON.stringify(lookedUp)}`} asked={lookedUp} />
      )}
    </Section>
  )
}

interface Looking {
  readonly found?: KeyFound
  readonly problem?: Problem
  readonly lookedAt: number
  readonly isStopped?: boolean
}

/** Looks once, when it appears, until it has found something or somebody stops it. */
function useLookUp(asked: KeyAsked): Looking & { readonly stop: () => void } {
  const [looking, setLooking] = useState<Looking>({ lookedAt: 0 })
  const [abort] = useState(() => new AbortController())
  useEffect(() => {
    const { signal } = abort
    lookUpKey(asked, signal, (lookedAt) => setLooking({ lookedAt })).then(
      (found) => setLooking({ found, lookedAt: 0 }),
      (error: unknown) => {
        if (signal.aborted) return
        const problem = error instanceof Problem ? error : new Problem(0, String(error))
        setLooking({ problem, lookedAt: 0 })
      },
    )
    return () => abort.abort()
  }, [])
  const stop = (): void => {
    abort.abort()
    setLooking((before) => ({ ...before, isStopped: true }))
  }
  return { ...looking, stop }
}

function Answer({ asked }: { readonly asked: KeyAsked }): JSX.Element {
  const { found, problem, lookedAt, isStopped = false, stop } = useLookUp(asked)
  const isLooking = found === undefined && problem === undefined && !isStopped
  return (
    <div class="key-answer" role="status">
      {problem !== undefined && <ProblemNote problem={problem} />}
      {isLooking && (
        <p class="key-progress">
          Looks back from the newest message
          {lookedAt > 0 && `: ${count(lookedAt)} so far`} …{' '}
          {lookedAt > 0 && <Button onClick={stop}>Stop</Button>}
        </p>
      )}
      {isStopped && <p>Stopped: it is not among the newest {count(lookedAt)}.</p>}
      {found?.kind === 'none' && <p>No message has this key.</p>}
      {found?.kind === 'deleted' && (
        <p>
          The key was deleted <At value={found.at.time} />, at{' '}
          <a class="mono" href={streamUrl(asked, 'messages', { at: placeOf(found.at) })}>
            {placeOf(found.at)}
          </a>
          .
        </p>
      )}
      {found?.kind === 'message' && <Found asked={asked} message={found.message} />}
      <AsCommand cli={commandFor(asked)} curl={curlOf('GET', lookUpPath(asked))} />
    </div>
  )
}

function commandFor({ vhost, name, key, encoding }: KeyAsked): string | undefined {
  if (key === '') return undefined
  const flags = [
    ...(vhost === '/' ? [] : [`--vhost ${shellQuoted(vhost)}`]),
    ...(encoding === 'text' ? [] : [`--encoding ${encoding}`]),
  ]
  return ['pabal topic get', shellQuoted(name), shellQuoted(key), ...flags].join(' ')
}

function Found({
  asked,
  message,
}: {
  readonly asked: KeyAsked
  readonly message: WholeMessage
}): JSX.Element {
  const { payload, payload_encoding: encoding, payload_bytes: size, sees_payload: sees } = message
  const isText = payload !== undefined && encoding !== 'base64'
  const place = placeOf(message)
  return (
    <>
      <Facts
        facts={[
          {
            name: 'Message',
            value: (
              <a class="mono" href={streamUrl(asked, 'messages', { at: place })}>
                {place}
              </a>
            ),
            hint: 'Partition and offset',
          },
          { name: 'Came', value: <At value={message.time} /> },
          { name: 'Size', value: <Bytes value={size} /> },
        ]}
      />
      {!sees && <p class="soft">You may not read this topic: its payload is not shown.</p>}
      {payload !== undefined && (
        <CodeBlock code={isText ? payload : firstLineOf(message)} label="Payload" />
      )}
      {payload !== undefined && size > (isText ? payload.length : 48) && (
        <p class="soft">
          Its start; all of it is on the page of{' '}
          <a href={streamUrl(asked, 'messages', { at: place })}>the message</a>.
        </p>
      )}
    </>
  )
}
