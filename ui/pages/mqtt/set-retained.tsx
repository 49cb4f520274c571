// Publishes a message that is retained, as a client would.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'

type Qos = '0' | '1' | '2'

export interface SetRetainedProps {
  readonly vhost: string
  /** That stands open. */
  readonly topic: string | undefined
  readonly onClose: () => void
}

export function SetRetained({ vhost, topic: first = '', onClose }: SetRetainedProps): JSX.Element {
  const [topic, setTopic] = useState(first)
  const [payload, setPayload] = useState('')
  const [qos, setQos] = useState<Qos>('1')
  const path = apiPath`/v1/mqtt/retained/${vhost}/${topic}`
  const body = { payload, qos: Number(qos) }
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  const run = async (): Promise<void> => {
    await ask('PUT', path, body)
    refresh()
    toast(payload === '' ? 'The message is retained no more' : 'Published, and retained')
  }
  return (
    <Confirm
      title="Set a retained message"
      effect="Publishes a message: subscribers get it now, and new ones when they subscribe. An empty one takes away what is retained."
      verb="Publish and retain"
      kind="primary"
      isDisabled={topic === ''}
      cli={`pabal mqtt retained set ${shellQuoted(topic)} --payload ${shellQuoted(payload)} --qos ${qos}${where}`}
      curl={curlOf('PUT', path, body)}
      run={run}
      onClose={onClose}
    >
      <Field label="Topic">
        <input
          class="mono"
          type="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="sensors/kitchen/state"
          value={topic}
          onInput={({ currentTarget }) => setTopic(currentTarget.value)}
        />
      </Field>
      <Field label="Message">
        <textarea
          class="mono"
          rows={4}
          spellcheck={false}
          value={payload}
          onInput={({ currentTarget }) => setPayload(currentTarget.value)}
        />
      </Field>
      <Choice<Qos>
        label="QoS"
        value={qos}
        options={(['0', '1', '2'] as const).map((value) => ({ value, label: `QoS ${value}` }))}
        onChange={setQos}
      />
    </Confirm>
  )
}
