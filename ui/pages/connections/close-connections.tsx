// Closes connections: what that touches is counted by a dry run first.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'

const path = '/v1/connections/close'

interface Closed {
  readonly done: readonly {
    readonly id: number
    readonly name: string
    readonly user: string
    readonly consumers: number
    readonly unacked: number
  }[]
  readonly refused: readonly { readonly id: number; readonly reason: string }[]
}

export interface CloseConnectionsProps {
  readonly ids: readonly number[]
  readonly onClose: () => void
  readonly onDone: () => void
}

export function CloseConnections({ ids, onClose, onDone }: CloseConnectionsProps): JSX.Element {
  const [dry, setDry] = useState<Closed>()
  const [problem, setProblem] = useState<string>()
  const [reason, setReason] = useState('')
  useEffect(() => {
    ask<Closed>('POST', path, { connections: ids, dry_run: true }).then(setDry, (error: Error) =>
      setProblem(error.message),
    )
  }, [])
  const what = counted(ids.length, 'connection')
  const body = { connections: ids, ...(reason !== '' && { reason }) }
  const run = async (): Promise<void> => {
    const { done, refused } = await ask<Closed>('POST', path, body)
    refresh()
    if (done.length === 0) throw new Error(refused[0]?.reason ?? 'Nothing was closed')
    toast(`Closed ${counted(done.length, 'connection')}`)
    onDone()
  }
  const [only] = dry?.done.length === 1 ? dry.done : []
  return (
    <Confirm
      title={`Close ${what}`}
      effect={problem ?? effectOf(dry)}
      verb={`Close ${what}`}
      cli={only === undefined ? undefined : `pabal conn close ${shellQuoted(only.name)}`}
      curl={curlOf('POST', path, body)}
      isDisabled={dry === undefined || dry.done.length === 0}
      run={run}
      onClose={onClose}
    >
      <Field label="What their clients are told">
        <input
          type="text"
          maxLength={200}
          placeholder="Closed by an operator"
          value={reason}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </Field>
    </Confirm>
  )
}

function effectOf(dry: Closed | undefined): string {
  if (dry === undefined) return 'Counting what it would touch …'
  const { done, refused } = dry
  if (done.length === 0) return `Nothing of it can be closed: ${refused[0]?.reason ?? ''}.`
  const consumers = done.reduce((sum, each) => sum + each.consumers, 0)
  const unacked = done.reduce((sum, each) => sum + each.unacked, 0)
  const users = [...new Set(done.map(({ user }) => user))]
  const whose = users.length === 1 ? ` of ${users[0]}` : ` of ${users.length} users`
  const ends =
    consumers === 0 ? '' : ` ${counted(consumers, 'consumer')} ${consumers === 1 ? 'ends' : 'end'}.`
  const back =
    unacked === 0
      ? ''
      : ` ${counted(unacked, 'unacked message')} ${unacked === 1 ? 'goes' : 'go'} back to where ${unacked === 1 ? 'it came' : 'they came'} from.`
  const left = refused.length === 0 ? '' : ` ${counted(refused.length, 'other')} cannot be closed.`
  return `Closes ${counted(done.length, 'connection')}${whose}.${ends}${back}${left} Most clients connect again by themselves.`
}
