// Getting old messages once more: a queue that keeps what was acked is rewound; a topic gets a queue that begins
// somewhere in it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted, isoTime } from '../../lib/format.ts'
import { now, refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { goToUrl } from '../../lib/router.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { FormProblem } from '../../parts/form-end.tsx'
import { Section } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { toast } from '../../parts/toast.tsx'
import { readTime } from '../streams/create-fields.ts'

/** Nothing where neither can be done. */
export function Replay({ stream }: { readonly stream: StreamShownJson }): JSX.Element | null {
  if (stream.kind === 'queue') {
    return stream.keeps_acked && stream.may.read ? <Rewind stream={stream} /> : null
  }
  return stream.may.read ? <ReplayQueue stream={stream} /> : null
}

/** Milliseconds since the Unix epoch of an age or a time; undefined for neither. */
function timeOf(text: string, at: number): number | undefined {
  const ageMs = /^\d+$/.test(text) ? undefined : readTime(text)
  const isTime = /^\d{4}-\d\d-\d\d/.test(text)
  const time = ageMs === undefined ? (isTime ? Date.parse(text) : Number.NaN) : at - ageMs
  return isoTime(time) === undefined ? undefined : time
}

function Rewind({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [text, setText] = useState('1h')
  const [isAsked, setAsked] = useState(false)
  const time = timeOf(text.trim(), now.peek())
  const path = apiPath`/queues/${stream.vhost}/${stream.name}/rewind`
  const run = async (): Promise<void> => {
    const { message_count: number } = await ask<{ message_count: number }>('POST', path, { time })
    refresh()
    toast(`${counted(number, 'message')} ready again`)
  }
  const iso = time === undefined ? '' : isoTime(time)
  return (
    <Section title="Rewind">
      <p class="soft">
        The queue keeps what was acked. Messages that came in since then are ready again, and
        consumers get them once more.
      </p>
      <div class="consumers-line">
        <Field label="Since" problem={time === undefined ? 'An age or a time' : undefined}>
          <input
            type="text"
            autocomplete="off"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </Field>
        <Button isDisabled={time === undefined} onClick={() => setAsked(true)}>
          Rewind …
        </Button>
      </div>
      {isAsked && (
        <Confirm
          title="Rewind the queue"
          effect={`Acked messages that came in since ${iso}, as far as they are kept, are ready again. ${counted(stream.consumers, 'consumer')} will get them. It cannot be taken back but by consuming or purging them.`}
          verb="Rewind the queue"
          kind="primary"
          cli={`pabal queue rewind ${shellQuoted(stream.name)} --to-time ${iso}`}
          curl={curlOf('POST', path, { time })}
          run={run}
          onClose={() => setAsked(false)}
        />
      )}
    </Section>
  )
}

function ReplayQueue({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [name, setName] = useState(`${stream.name.slice(0, 200)}.replay`)
  const [from, setFrom] = useState('1h')
  const { isBusy, problem, start } = useRun()
  const path = apiPath`/queues/${stream.vhost}/${name}`
  const offset = from.trim() === '' ? 'first' : from.trim()
  const body = {
    durable: true,
    arguments: {
      'x-source': stream.name,
      'x-source-offset': /^\d+$/.test(offset) ? Number(offset) : offset,
    },
  }
  const create = async (): Promise<void> => {
    await ask('PUT', path, body)
    goToUrl(streamUrl({ vhost: stream.vhost, name }))
  }
  return (
    <Section title="Replay to a queue">
      <p class="soft">
        A queue whose messages are those of this topic, from a place on: workers consume and ack
        them one by one, and groups are not touched. Nothing is copied.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          start(create)
        }}
      >
        <div class="consumers-line">
          <Field label="From" hint="first, an offset, an age, a time">
            <input
              type="text"
              autocomplete="off"
              value={from}
              onInput={({ currentTarget }) => setFrom(currentTarget.value)}
            />
          </Field>
          <Field label="Name of the queue" hint={'\u00a0'}>
            <input
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={name}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          </Field>
          <Button type="submit" isBusy={isBusy} isDisabled={name === ''}>
            Create the queue
          </Button>
        </div>
        <FormProblem problem={problem} />
      </form>
      <AsCommand
        cli={`pabal create ${shellQuoted(name)} --argument ${shellQuoted(`x-source=${stream.name}`)} --argument x-source-offset=${shellQuoted(offset)}`}
        curl={curlOf('PUT', path, body)}
      />
    </Section>
  )
}
