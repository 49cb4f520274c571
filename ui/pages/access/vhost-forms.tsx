// Dialogs that make a virtual host, and change what is known of it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { pushParams } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import type { VHost } from './access-json.ts'
import { quoted } from './permissions.tsx'

const queueTypes = ['classic', 'quorum', 'stream']

interface Known {
  readonly description: string
  readonly default_queue_type: string
}

function commandOf(name: string, { description, default_queue_type: type }: Known): string {
  const words = description === '' ? '' : ` --description ${quoted(description)}`
  return `pabal vhost add ${quoted(name || 'NAME')}${words} --default-queue-type ${type}`
}

export function NewVHost({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [name, setName] = useState('')
  const [known, setKnown] = useState<Known>({ description: '', default_queue_type: 'classic' })
  const path = apiPath`/vhosts/${name}`
  return (
    <Confirm
      title="Add a virtual host"
      effect="It is empty, and only the user of the settings may enter it until somebody gets a permission there."
      verb={name === '' ? 'Add it' : `Add ${plainName(name)}`}
      kind="primary"
      isDisabled={name === ''}
      cli={commandOf(name, known)}
      curl={curlOf('PUT', path, known)}
      run={async () => {
        await ask('PUT', path, known)
        refresh()
        pushParams({ vhost: name })
      }}
      onClose={onClose}
    >
      <Field label="Name">
        <input
          spellcheck={false}
          autocomplete="off"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <KnownFields known={known} onChange={setKnown} />
    </Confirm>
  )
}

export function EditVHost({
  vhost,
  onClose,
}: {
  readonly vhost: VHost
  readonly onClose: () => void
}): JSX.Element {
  const { name, description, default_queue_type } = vhost
  const [known, setKnown] = useState<Known>({ description, default_queue_type })
  const path = apiPath`/vhosts/${name}`
  return (
    <Confirm
      title={<>Edit virtual host {plainName(name)}</>}
      effect="Streams that are there stay what they are; the type is for those to come."
      verb="Save"
      kind="primary"
      cli={commandOf(name, known)}
      curl={curlOf('PUT', path, known)}
      run={async () => {
        await ask('PUT', path, known)
        refresh()
      }}
      onClose={onClose}
    >
      <KnownFields known={known} onChange={setKnown} />
    </Confirm>
  )
}

function KnownFields({
  known,
  onChange,
}: {
  readonly known: Known
  readonly onChange: (known: Known) => void
}): JSX.Element {
  return (
    <>
      <Field label="What it is for">
        <input
          value={known.description}
          onInput={({ currentTarget }) => onChange({ ...known, description: currentTarget.value })}
        />
      </Field>
      <Field label="Type of streams that are declared without one">
        <select
          value={known.default_queue_type}
          onChange={({ currentTarget }) =>
            onChange({ ...known, default_queue_type: currentTarget.value })
          }
        >
          {queueTypes.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </Field>
    </>
  )
}
