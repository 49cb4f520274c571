// Patterns for the routing keys of topic exchanges. Without one for an exchange each key is permitted.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { Name } from '../../parts/values.tsx'
import type { TopicPermission } from './access-json.ts'
import { quoted, vhostFlag } from './permissions.tsx'

interface TopicPermissionsProps {
  readonly user: string
  readonly vhost: string
  readonly topics: readonly TopicPermission[]
}

export function TopicPermissions({ user, vhost, topics }: TopicPermissionsProps): JSX.Element {
  const [edited, setEdited] = useState<TopicPermission>()
  const path = apiPath`/topic-permissions/${vhost}/${user}`
  const end = async ({ exchange }: TopicPermission): Promise<void> => {
    await ask('DELETE', path + apiPath`/${exchange}`)
    refresh()
  }
  const added = { user, vhost, exchange: '', write: `^{username}\\.`, read: '.*' }
  return (
    <div class="access-topics">
      {topics.map((topic) => (
        <p key={topic.exchange} class="access-topic">
          <span>
            Routing keys of <Name value={topic.exchange} />: publish{' '}
            <code>{topic.write || 'none'}</code>, bind <code>{topic.read || 'none'}</code>
          </span>
          <span class="access-card-actions">
            <Button kind="quiet" onClick={() => setEdited(topic)}>
              Edit
            </Button>
            <Button kind="quiet" onClick={() => void end(topic)}>
              Remove
            </Button>
          </span>
        </p>
      ))}
      <Button kind="quiet" onClick={() => setEdited(added)}>
        Restrict routing keys
      </Button>
      {edited !== undefined && (
        <EditTopic topic={edited} path={path} onClose={() => setEdited(undefined)} />
      )}
    </div>
  )
}

function EditTopic({
  topic,
  path,
  onClose,
}: {
  readonly topic: TopicPermission
  readonly path: string
  readonly onClose: () => void
}): JSX.Element {
  const [exchange, setExchange] = useState(topic.exchange)
  const [write, setWrite] = useState(topic.write)
  const [read, setRead] = useState(topic.read)
  const { user, vhost } = topic
  const words = [user, exchange || 'EXCHANGE', write, read].map((word) => quoted(word)).join(' ')
  return (
    <Confirm
      title={
        <>
          Routing keys of a topic exchange for {plainName(user)} in {plainName(vhost)}
        </>
      }
      effect="From then on it uses only keys that fit. {username} and {vhost} stand for what they name."
      verb="Set the patterns"
      kind="primary"
      isDisabled={exchange === ''}
      cli={`pabal permission set-topic ${words}${vhostFlag(vhost)}`}
      curl={curlOf('PUT', path, { exchange, write, read })}
      run={async () => {
        await ask('PUT', path, { exchange, write, read })
        refresh()
      }}
      onClose={onClose}
    >
      <Field label="Exchange, of type topic">
        <input
          class="mono"
          spellcheck={false}
          value={exchange}
          placeholder="amq.topic"
          onInput={({ currentTarget }) => setExchange(currentTarget.value)}
        />
      </Field>
      <Field label="Pattern for publishing">
        <input
          class="mono"
          spellcheck={false}
          value={write}
          onInput={({ currentTarget }) => setWrite(currentTarget.value)}
        />
      </Field>
      <Field label="Pattern for binding">
        <input
          class="mono"
          spellcheck={false}
          value={read}
          onInput={({ currentTarget }) => setRead(currentTarget.value)}
        />
      </Field>
    </Confirm>
  )
}
