// One virtual host: who may enter it, its limits, and its end.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { setParams, urlOf } from '../../lib/router.ts'
import type { ListPage } from '../../lib/rows.ts'
import { plainName, typedName } from '../../lib/show-name.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name, Num } from '../../parts/values.tsx'
import {
  inWords,
  limitMeanings,
  type Permission,
  rights,
  type VHost,
  vhostLimits,
} from './access-json.ts'
import { quoted } from './permissions.tsx'
import { ChangeLimits } from './user-forms.tsx'
import { limitsInWords } from './users.tsx'
import { EditVHost } from './vhost-forms.tsx'

interface VHostPanelProps {
  readonly name: string
  readonly onClose: () => void
}

interface Limits {
  readonly vhost: string
  readonly value: Readonly<Record<string, number>>
}

export function VHostPanel({ name, onClose }: VHostPanelProps): JSX.Element {
  const { data, problem } = useLive<VHost>(apiPath`/vhosts/${name}`)
  const limits = useLive<readonly Limits[]>(apiPath`/vhost-limits/${name}`).data?.[0]?.value ?? {}
  const streams = useLive<ListPage<unknown>>(
    `/v1/streams${query({ vhost: name, page: 1, page_size: 1, columns: 'name' })}`,
  ).data?.total_count
  const [opened, setOpened] = useState<Opened>()
  const close = (): void => setOpened(undefined)
  return (
    <Panel
      title={<Name value={name} isCopied />}
      label={`Virtual host ${plainName(name)}`}
      onClose={onClose}
      actions={
        <>
          <ButtonLink to={urlOf('/streams', { vhost: name })}>Show its streams</ButtonLink>
          <Button onClick={() => setOpened('edit')}>Edit</Button>
          <Button onClick={() => setOpened('limits')}>Set limits</Button>
          <Button isDisabled={name === '/'} onClick={() => setOpened('delete')}>
            Delete
          </Button>
        </>
      }
    >
      {problem && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data && <VHostFacts vhost={data} streams={streams} limits={limits} />}
      <Entrants name={name} />
      {data && (
        <Dialogs
          opened={opened}
          vhost={data}
          limits={limits}
          streams={streams ?? 0}
          onClose={close}
        />
      )}
    </Panel>
  )
}

type Opened = 'edit' | 'limits' | 'delete' | undefined

function Dialogs({
  opened,
  vhost,
  limits,
  streams,
  onClose,
}: {
  readonly opened: Opened
  readonly vhost: VHost
  readonly limits: Limits['value']
  readonly streams: number
  readonly onClose: () => void
}): JSX.Element | null {
  const { name, messages = 0 } = vhost
  switch (opened) {
    case 'edit':
      return <EditVHost vhost={vhost} onClose={onClose} />
    case 'limits':
      return (
        <ChangeLimits
          kind="vhost"
          name={name}
          limits={limits}
          known={vhostLimits.map((limit) => [limit, limitMeanings[limit] ?? ''])}
          onClose={onClose}
        />
      )
    case 'delete':
      return <DeleteVHost name={name} streams={streams} messages={messages} onClose={onClose} />
    default:
      return null
  }
}

function VHostFacts({
  vhost,
  streams,
  limits,
}: {
  readonly vhost: VHost
  readonly streams: number | undefined
  readonly limits: Limits['value']
}): JSX.Element {
  const { name, description, default_queue_type: type, protected_from_deletion } = vhost
  return (
    <Facts
      facts={[
        { name: 'What it is for', value: description || '–' },
        { name: 'Default type', value: type },
        { name: 'Streams', value: <Num value={streams} /> },
        { name: 'Messages', value: <Num value={vhost.messages ?? 0} /> },
        { name: 'Limits', value: limitsInWords(limits) },
        {
          name: 'Deletion',
          value: <Protection name={name} isProtected={protected_from_deletion === true} />,
        },
      ]}
    />
  )
}

function Protection({
  name,
  isProtected,
}: {
  readonly name: string
  readonly isProtected: boolean
}): JSX.Element {
  const path = apiPath`/vhosts/${name}/deletion/protection`
  return (
    <>
      {isProtected ? 'nobody can delete it' : 'administrators can delete it'}{' '}
      <Button
        kind="quiet"
        onClick={() => {
          ask(isProtected ? 'DELETE' : 'POST', path).then(refresh, (error: Error) =>
            toast(error.message),
          )
        }}
      >
        {isProtected ? 'Allow it' : 'Protect it'}
      </Button>
    </>
  )
}

function Entrants({ name }: { readonly name: string }): JSX.Element {
  const { data } = useLive<readonly Permission[]>(apiPath`/vhosts/${name}/permissions`)
  return (
    <Section
      title={
        data === undefined ? 'Who may enter it' : `${counted(data.length, 'user')} may enter it`
      }
    >
      {data === undefined && <Skeleton lines={3} />}
      <ul class="access-entrants">
        {data?.map((permission) => (
          <li key={permission.user}>
            <Name value={permission.user} to={urlOf('/access', { user: permission.user })} />
            <span class="soft">
              {inWords(permission) ??
                rights.map((right) => `${right} ${permission[right] || 'nothing'}`).join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function DeleteVHost({
  name,
  streams,
  messages,
  onClose,
}: VHostPanelProps & { readonly streams: number; readonly messages: number }): JSX.Element {
  const path = apiPath`/vhosts/${name}`
  return (
    <Confirm
      title={<>Delete virtual host {plainName(name)}</>}
      effect={
        <>
          Deletes <b class="mono">{plainName(name)}</b> with {counted(streams, 'stream')} and{' '}
          {count(messages)} {messages === 1 ? 'message' : 'messages'}, its exchanges, policies and
          permissions, and closes all connections to it. It cannot be undone.
        </>
      }
      typed={typedName(name, 'this virtual host')}
      verb="Delete the virtual host"
      cli={`pabal vhost delete ${quoted(name)}`}
      curl={curlOf('DELETE', path)}
      run={async () => {
        await ask('DELETE', path)
        setParams({ vhost: undefined })
        refresh()
      }}
      onClose={onClose}
    />
  )
}
