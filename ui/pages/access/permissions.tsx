// What a user may do in one virtual host: three patterns, and patterns of routing keys for topic exchanges.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { FormEnd } from '../../parts/form-end.tsx'
import { PatternPreview } from '../../parts/pattern-preview.tsx'
import { Name } from '../../parts/values.tsx'
import {
  inWords,
  type Permission,
  type Right,
  rights,
  type TopicPermission,
} from './access-json.ts'
import { TopicPermissions } from './topic-permissions.tsx'

/** What each right is for, in AMQP's words and in Kafka's. */
const meanings: Readonly<Record<Right, string>> = {
  configure: 'declare and delete; Kafka: create, alter and delete topics, delete groups',
  write: 'publish, bind queues; Kafka: produce',
  read: 'consume, get, purge, bind exchanges; Kafka: fetch, and be in groups',
}

export function PermissionCard({
  permission,
  topics,
}: {
  readonly permission: Permission
  readonly topics: readonly TopicPermission[]
}): JSX.Element {
  const [isEditing, setEditing] = useState(false)
  const [isEnding, setEnding] = useState(false)
  const { user, vhost } = permission
  return (
    <article class="access-card" aria-label={`Virtual host ${plainName(vhost)}`}>
      <header class="access-card-head">
        <h3>
          in <Name value={vhost} />
        </h3>
        {!isEditing && (
          <span class="access-card-actions">
            <Button kind="quiet" onClick={() => setEditing(true)}>
              Edit
            </Button>
            <Button kind="quiet" onClick={() => setEnding(true)}>
              Take away
            </Button>
          </span>
        )}
      </header>
      {isEditing ? (
        <PatternForm permission={permission} verb="Save" onClose={() => setEditing(false)} />
      ) : (
        <PatternList permission={permission} />
      )}
      {vhost === '/' && (
        <p class="soft access-kafka">
          For Kafka's clients the same patterns are for the names of topics and of groups.
        </p>
      )}
      <TopicPermissions user={user} vhost={vhost} topics={topics} />
      {isEnding && <EndPermission permission={permission} onClose={() => setEnding(false)} />}
    </article>
  )
}

function PatternList({ permission }: { readonly permission: Permission }): JSX.Element {
  const { vhost } = permission
  if (inWords(permission) === 'everything') {
    return (
      <div>
        <p>
          Configures, writes and reads everything: each pattern is <code>{permission.read}</code>
        </p>
        <PatternPreview vhost={vhost} pattern={permission.read} />
      </div>
    )
  }
  return (
    <dl class="access-patterns">
      {rights.map((right) => (
        <div key={right} title={meanings[right]}>
          <dt>{right}</dt>
          <dd>
            {permission[right] === '' ? (
              <span class="soft">nothing</span>
            ) : (
              <code>{permission[right]}</code>
            )}
            <PatternPreview vhost={vhost} pattern={permission[right]} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

export function NewPermission({
  user,
  vhosts,
  onClose,
}: {
  readonly user: string
  readonly vhosts: readonly string[]
  readonly onClose: () => void
}): JSX.Element {
  const [vhost, setVHost] = useState(vhosts[0] ?? '/')
  const permission = { user, vhost, configure: '', write: '.*', read: '.*' }
  return (
    <article class="access-card" aria-label="Another virtual host">
      <Field label="Virtual host" isInline>
        <select value={vhost} onChange={({ currentTarget }) => setVHost(currentTarget.value)}>
          {vhosts.map((name) => (
            <option key={name} value={name}>
              {plainName(name)}
            </option>
          ))}
        </select>
      </Field>
      <PatternForm
        key={vhost}
        permission={permission}
        verb={`Let it into ${plainName(vhost)}`}
        onClose={onClose}
      />
    </article>
  )
}

interface PatternFormProps {
  readonly permission: Permission
  readonly verb: string
  readonly onClose: () => void
}

function PatternForm({ permission, verb, onClose }: PatternFormProps): JSX.Element {
  const { user, vhost } = permission
  const { configure, write, read } = permission
  const [patterns, setPatterns] = useState<Readonly<Record<Right, string>>>({
    configure,
    write,
    read,
  })
  const run = useRun()
  const path = apiPath`/permissions/${vhost}/${user}`
  const save = (event: Event): void => {
    event.preventDefault()
    run.start(async () => {
      await ask('PUT', path, patterns)
      refresh()
      onClose()
    })
  }
  const own = `^${user.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`)}\\.`
  const all = (pattern: string): void =>
    setPatterns({ configure: pattern, write: pattern, read: pattern })
  return (
    <form class="access-form" onSubmit={save}>
      <p class="access-presets">
        <span class="soft">Begin with</span>
        <Button kind="quiet" onClick={() => all('.*')}>
          everything
        </Button>
        <Button kind="quiet" onClick={() => all(own)}>
          names below its own
        </Button>
        <Button kind="quiet" onClick={() => setPatterns({ configure: '', write: '', read: '.*' })}>
          reading only
        </Button>
      </p>
      {rights.map((right) => (
        <div key={right}>
          <Field label={`${right}: ${meanings[right]}`}>
            <input
              class="mono"
              spellcheck={false}
              autocomplete="off"
              aria-label={`Pattern for ${right}`}
              value={patterns[right]}
              onInput={({ currentTarget: { value } }) =>
                setPatterns({ ...patterns, [right]: value })
              }
            />
          </Field>
          <PatternPreview vhost={vhost} pattern={patterns[right]} />
        </div>
      ))}
      <FormEnd run={run} verb={verb} onClose={onClose} />
      <AsCommand cli={setCommand(permission, patterns)} curl={curlOf('PUT', path, patterns)} />
    </form>
  )
}

function setCommand(
  { user, vhost }: Permission,
  patterns: Readonly<Record<Right, string>>,
): string {
  const words = [user, ...rights.map((right) => patterns[right])]
  return `pabal permission set ${words.map((word) => quoted(word)).join(' ')}${vhostFlag(vhost)}`
}

/** As `shellQuoted`, also for what is empty. */
export function quoted(word: string): string {
  return word === '' ? "''" : shellQuoted(word)
}

export function vhostFlag(vhost: string): string {
  return vhost === '/' ? '' : ` --vhost ${quoted(vhost)}`
}

function EndPermission({
  permission: { user, vhost },
  onClose,
}: {
  readonly permission: Permission
  readonly onClose: () => void
}): JSX.Element {
  const path = apiPath`/permissions/${vhost}/${user}`
  return (
    <Confirm
      title={
        <>
          Keep {plainName(user)} out of {plainName(vhost)}
        </>
      }
      effect="New connections to it are refused. Those that are open stay, and may publish and consume no more; consumers that are there go on."
      verb="Take the permission away"
      cli={`pabal permission clear ${quoted(user)}${vhostFlag(vhost)}`}
      curl={curlOf('DELETE', path)}
      run={async () => {
        await ask('DELETE', path)
        refresh()
      }}
      onClose={onClose}
    />
  )
}
