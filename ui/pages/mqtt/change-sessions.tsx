// Disconnects or deletes sessions: what that touches is counted by a dry run first.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { toast } from '../../parts/toast.tsx'

export type ChangeVerb = 'disconnect' | 'delete'

interface SessionPlace {
  readonly vhost: string
  readonly client_id: string
}

interface Changed {
  readonly done: readonly (SessionPlace & {
    readonly connected: boolean
    readonly queued: number
    readonly in_flight: number
    readonly subscriptions: number
    readonly will: string | null
  })[]
  readonly refused: readonly (SessionPlace & { readonly reason: string })[]
}

export interface ChangeSessionsProps {
  readonly verb: ChangeVerb
  readonly sessions: readonly SessionPlace[]
  readonly onClose: () => void
  readonly onDone: () => void
}

export function ChangeSessions(props: ChangeSessionsProps): JSX.Element {
  const { verb, sessions, onClose, onDone } = props
  const path = `/v1/mqtt/sessions/${verb}`
  const [dry, setDry] = useState<Changed>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    ask<Changed>('POST', path, { sessions, dry_run: true }).then(setDry, (error: Error) =>
      setProblem(error.message),
    )
  }, [])
  const [only] = sessions.length === 1 ? sessions : []
  const what = only === undefined ? counted(sessions.length, 'session') : only.client_id
  const title = `${verb === 'delete' ? 'Delete' : 'Disconnect'} ${what}`
  const run = async (): Promise<void> => {
    const { done, refused } = await ask<Changed>('POST', path, { sessions })
    refresh()
    if (done.length === 0) throw new Error(refused[0]?.reason ?? 'Nothing was changed')
    const did = verb === 'delete' ? 'Deleted' : 'Disconnected'
    toast(`${did} ${counted(done.length, 'session')}`)
    onDone()
  }
  return (
    <Confirm
      title={title}
      effect={problem ?? effectOf(verb, dry)}
      verb={title}
      kind={verb === 'delete' ? 'danger' : 'primary'}
      cli={only === undefined ? undefined : commandOf(verb, only)}
      curl={curlOf('POST', path, { sessions })}
      isDisabled={dry === undefined || dry.done.length === 0}
      run={run}
      onClose={onClose}
    />
  )
}

function commandOf(verb: ChangeVerb, { vhost, client_id: id }: SessionPlace): string {
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  return `pabal mqtt ${verb} ${shellQuoted(id)}${where}`
}

function effectOf(verb: ChangeVerb, dry: Changed | undefined): string {
  if (dry === undefined) return 'Counting what it would touch …'
  const { done, refused } = dry
  if (done.length === 0) return `Nothing of it can be done: ${refused[0]?.reason ?? ''}.`
  const sum = (of: (each: Changed['done'][number]) => number): number =>
    done.reduce((total, each) => total + of(each), 0)
  const left = refused.length === 0 ? '' : ` ${counted(refused.length, 'other')} cannot be changed.`
  if (verb === 'disconnect') {
    const wills = done.filter(({ will }) => will !== null).length
    const sent = wills === 0 ? '' : ` ${counted(wills, 'will')} ${wills === 1 ? 'is' : 'are'} sent.`
    return `Ends ${counted(done.length, 'connection')}.${sent}${left} Most clients connect again by themselves, and go on with their sessions.`
  }
  const messages = sum(({ queued, in_flight: inFlight }) => queued + inFlight)
  const connected = done.filter((each) => each.connected).length
  const ends =
    connected === 0
      ? ''
      : ` ${counted(connected, 'client')} ${connected === 1 ? 'is' : 'are'} disconnected.`
  const subscriptions = counted(
    sum((each) => each.subscriptions),
    'subscription',
  )
  return `Deletes ${counted(done.length, 'session')} with ${subscriptions} and ${counted(messages, 'message')}. No will is sent.${ends}${left} A client that comes back begins anew.`
}
