// Deletes retained messages: of a topic, or of all that a filter has, counted first.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { bytes, count, counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name } from '../../parts/values.tsx'

interface Deleted {
  readonly topics: number
  readonly payload_bytes: number
  readonly refused: number
  readonly examples: readonly string[]
}

export interface DeleteRetainedProps {
  readonly vhost: string
  readonly filter: string
  readonly onClose: () => void
}

const examplesShown = 8

export function DeleteRetained({ vhost, filter, onClose }: DeleteRetainedProps): JSX.Element {
  const [dry, setDry] = useState<Deleted>()
  const [problem, setProblem] = useState<string>()
  const path = apiPath`/v1/mqtt/retained/${vhost}/delete`
  useEffect(() => {
    ask<Deleted>('POST', path, { filter, dry_run: true }).then(setDry, (error: Error) =>
      setProblem(error.message),
    )
  }, [])
  const what = dry === undefined ? 'messages' : counted(dry.topics, 'retained message')
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  const run = async (): Promise<void> => {
    const { topics } = await ask<Deleted>('POST', path, { filter })
    refresh()
    toast(`Deleted ${counted(topics, 'retained message')}`)
  }
  return (
    <Confirm
      title={`Delete ${what}`}
      effect={problem ?? effectOf(dry)}
      verb={`Delete ${what}`}
      cli={`pabal mqtt retained delete ${shellQuoted(filter)}${where}`}
      curl={curlOf('POST', path, { filter })}
      isDisabled={dry === undefined || dry.topics === 0}
      run={run}
      onClose={onClose}
    >
      {dry !== undefined && dry.topics > 1 && (
        <ul class="mqtt-examples">
          {dry.examples.slice(0, examplesShown).map((topic) => (
            <li key={topic}>
              <Name value={topic} />
            </li>
          ))}
          {dry.topics > examplesShown && (
            <li class="soft">
              and {count(dry.topics - Math.min(examplesShown, dry.examples.length))} more
            </li>
          )}
        </ul>
      )}
    </Confirm>
  )
}

function effectOf(dry: Deleted | undefined): string {
  if (dry === undefined) return 'Counting what it would delete …'
  if (dry.topics === 0 && dry.refused > 0) return 'You may not write to any of its topics.'
  if (dry.topics === 0) return 'Nothing is retained for it.'
  const left =
    dry.refused === 0 ? '' : ` ${count(dry.refused)} more stay: you may not write to their topics.`
  return `Deletes ${counted(dry.topics, 'retained message')} of ${bytes(dry.payload_bytes)}. New subscribers do not get them any more; those that have them are not told.${left} This cannot be undone.`
}
