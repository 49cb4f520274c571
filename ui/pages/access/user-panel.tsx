// One user: who it is, and all that it may do, in one model over the virtual hosts.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { urlOf } from '../../lib/router.ts'
import type { ListPage } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Name } from '../../parts/values.tsx'
import {
  limitMeanings,
  type Permission,
  type TopicPermission,
  type User,
  userLimits,
} from './access-json.ts'
import { NewPermission, PermissionCard } from './permissions.tsx'
import { useVHostNames } from './use-vhost-names.ts'
import { ChangeLimits, ChangePassword, ChangeTags, DeleteUser } from './user-forms.tsx'
import { limitsInWords, Tags } from './users.tsx'

interface UserPanelProps {
  readonly name: string
  readonly isOfSettings: boolean
  readonly onClose: () => void
}

type Opened = 'password' | 'tags' | 'limits' | 'delete' | undefined

export function UserPanel({ name, isOfSettings, onClose }: UserPanelProps): JSX.Element {
  const { data, problem } = useLive<User>(apiPath`/users/${name}?columns=name,tags,limits`)
  const clients = useLive<ListPage<unknown>>(
    apiPath`/connections/username/${name}?page=1&page_size=1&columns=name`,
  )
  const connections = clients.data?.filtered_count
  const [opened, setOpened] = useState<Opened>()
  const close = (): void => setOpened(undefined)
  const tested = urlOf('/access', { tab: 'test', who: name })
  return (
    <Panel
      title={
        <>
          <Name value={name} isCopied />
          {data && data.tags.length > 0 && <Tags tags={data.tags} />}
        </>
      }
      label={`User ${plainName(name)}`}
      onClose={onClose}
      actions={
        isOfSettings ? (
          <ButtonLink to={tested}>Test what it may do</ButtonLink>
        ) : (
          <>
            <Button onClick={() => setOpened('password')}>Change the password</Button>
            <Button onClick={() => setOpened('tags')}>Change tags</Button>
            <Button onClick={() => setOpened('limits')}>Set limits</Button>
            <ButtonLink to={tested}>Test what it may do</ButtonLink>
            <Button onClick={() => setOpened('delete')}>Delete</Button>
          </>
        )
      }
    >
      {problem && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data && (
        <>
          <Facts facts={factsOf(data, connections)} />
          {isOfSettings ? <OfSettings name={name} /> : <Permissions name={name} />}
        </>
      )}
      {data && (
        <Dialogs user={data} opened={opened} connections={connections ?? 0} onClose={close} />
      )}
    </Panel>
  )
}

function Dialogs({
  user: { name, tags, limits },
  opened,
  connections,
  onClose,
}: {
  readonly user: User
  readonly opened: Opened
  readonly connections: number
  readonly onClose: () => void
}): JSX.Element | null {
  switch (opened) {
    case 'password':
      return <ChangePassword name={name} tags={tags} onClose={onClose} />
    case 'tags':
      return <ChangeTags name={name} tags={tags} onClose={onClose} />
    case 'limits':
      return (
        <ChangeLimits
          kind="user"
          name={name}
          limits={limits}
          known={userLimits.map((limit) => [limit, limitMeanings[limit] ?? ''])}
          onClose={onClose}
        />
      )
    case 'delete':
      return <DeleteUser name={name} connections={connections} onClose={onClose} />
    default:
      return null
  }
}

function factsOf({ tags, limits }: User, connections: number | undefined): readonly Fact[] {
  return [
    {
      name: 'On these pages',
      value:
        tags.length === 0
          ? 'nothing: it has no tag, and uses AMQP, Kafka, MQTT, STOMP and messages by HTTP only'
          : tags.join(', '),
    },
    {
      name: 'Connections',
      value: connections === undefined ? '–' : counted(connections, 'connection'),
    },
    { name: 'Limits', value: limitsInWords(limits) },
  ]
}

function OfSettings({ name }: { readonly name: string }): JSX.Element {
  return (
    <>
      <p>
        <Name value={name} /> is the user of the settings. It may do everything in every virtual
        host, and nobody changes that here: its name is <code>--user</code>, its password stands in{' '}
        <code>--password-file</code>.
      </p>
      {name === 'guest' && (
        <p class="soft">
          While no <code>--user</code> is given this is <code>guest</code>, who may come from the
          broker's own machine only.
        </p>
      )}
      <AsCommand cli="pabal --user admin --password-file admin.password" />
    </>
  )
}

function Permissions({ name }: { readonly name: string }): JSX.Element {
  const { data } = useLive<readonly Permission[]>(apiPath`/users/${name}/permissions`)
  const topics = useLive<readonly TopicPermission[]>(apiPath`/users/${name}/topic-permissions`)
  const vhosts = useVHostNames()
  const [isAdding, setAdding] = useState(false)
  if (data === undefined) return <Skeleton lines={4} />
  const places = data.toSorted((a, b) => (a.vhost < b.vhost ? -1 : 1))
  const free = (vhosts ?? []).filter((each) => places.every(({ vhost }) => vhost !== each))
  const title =
    places.length === 0
      ? 'It may enter no virtual host'
      : `May enter ${counted(places.length, 'virtual host')}`
  return (
    <Section
      title={title}
      actions={
        free.length > 0 && !isAdding ? (
          <Button onClick={() => setAdding(true)}>Let it into another</Button>
        ) : undefined
      }
    >
      {isAdding && <NewPermission user={name} vhosts={free} onClose={() => setAdding(false)} />}
      {places.map((permission) => (
        <PermissionCard
          key={permission.vhost}
          permission={permission}
          topics={(topics.data ?? []).filter(({ vhost }) => vhost === permission.vhost)}
        />
      ))}
      {places.length === 0 && !isAdding && (
        <p class="soft">
          Each connection to it is refused: with AMQP as <code>access to vhost '/' refused</code>,
          with Kafka at the login.
        </p>
      )}
    </Section>
  )
}
