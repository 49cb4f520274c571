// Publishes what was exported: lines of NDJSON from a file, in batches, and says how far it is.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'
import type { StreamRef } from './message.ts'
import { batchesOf } from './read-export.ts'

export interface ImportDialogProps {
  readonly stream: StreamRef
  readonly onDone: () => void
  readonly onClose: () => void
}

interface Published {
  readonly results: readonly { readonly outcome: string; readonly reason?: string }[]
}

export function ImportDialog({ stream, onDone, onClose }: ImportDialogProps): JSX.Element {
  const { vhost, name } = stream
  const [file, setFile] = useState<File>()
  const [done, setDone] = useState(0)
  const path = apiPath`/v1/streams/${vhost}/${name}/messages`
  const words = ['pabal', 'import', name, file?.name ?? 'messages.ndjson']
  if (vhost !== '/') words.push('--vhost', vhost)
  const run = async (): Promise<void> => {
    let count = 0
    for await (const messages of batchesOf(file!)) {
      const { results } = await ask<Published>('POST', path, { messages })
      const bad = results.findIndex(({ outcome }) => outcome !== 'routed')
      count += bad < 0 ? results.length : bad
      setDone(count)
      const problem = results[bad]
      if (problem === undefined) continue
      const why = problem.reason ?? problem.outcome
      throw new Error(`It stopped after ${counted(count, 'message')}: ${why}`)
    }
    toast(`${counted(count, 'message')} published to ${plainName(name)}`)
    onDone()
  }
  return (
    <Confirm
      title={`Import into ${plainName(name)}`}
      effect="Publishes the messages of an export to this stream, with their properties and headers, in their order."
      verb="Publish them"
      kind="primary"
      isDisabled={file === undefined}
      cli={words.map(shellQuoted).join(' ')}
      curl={curlOf('POST', path, { messages: ['…'] })}
      run={run}
      onClose={onClose}
    >
      <Field label="A file of NDJSON, as exports are">
        <input
          type="file"
          accept=".ndjson,.jsonl,.json,application/x-ndjson"
          onChange={({ currentTarget }) => setFile(currentTarget.files?.[0])}
        />
      </Field>
      {done > 0 && <p role="status">{counted(done, 'message')} published so far</p>}
    </Confirm>
  )
}
