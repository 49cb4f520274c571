// Dialogs that make a user, change its password, its tags and its limits, or delete it.
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { pushParams, setParams } from '../../lib/router.ts'
import type { ListPage } from '../../lib/rows.ts'
import { plainName, typedName } from '../../lib/show-name.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'
import { tagMeanings, type User } from './access-json.ts'

/** Stands for a password where a command is shown. */
const secret = '…'

interface Closing {
  readonly onClose: () => void
}

const everything = { configure: '.*', write: '.*', read: '.*' }

export function NewUser({ onClose }: Closing): JSX.Element {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [tags, setTags] = useState<readonly string[]>([])
  const [isWhole, setWhole] = useState(true)
  const permissions = isWhole ? { permissions: { '/': everything } } : {}
  const bodyWith = (word: string): object => ({ password: word, tags, ...permissions })
  const path = apiPath`/users/${name}`
  return (
    <Confirm
      title="Add a user"
      effect="A program that publishes or reads gets a user of its own, so that it can be told from others and ended alone."
      verb={name === '' ? 'Add the user' : `Add ${plainName(name)}`}
      kind="primary"
      isDisabled={name === '' || password === ''}
      cli={`pabal user add ${shellQuoted(name || 'NAME')} --new-password-file FILE${tagsFlag(tags)}`}
      curl={curlOf('PUT', path, bodyWith(secret))}
      run={async () => {
        await whenNew(name)
        await ask('PUT', path, bodyWith(password))
        toast(`User ${plainName(name)} was added`)
        refresh()
        pushParams({ user: name })
      }}
      onClose={onClose}
    >
      <Field label="Name">
        <input
          name="new-user"
          autocomplete="off"
          spellcheck={false}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <PasswordField value={password} onChange={setPassword} />
      <TagFields chosen={tags} onChange={setTags} />
      <label class="access-check">
        <input type="checkbox" checked={isWhole} onChange={() => setWhole(!isWhole)} />
        <span>
          May do everything in <code>/</code>
          <span class="soft"> – otherwise nothing, until you give it a permission</span>
        </span>
      </label>
    </Confirm>
  )
}

/** A PUT would change one that is there. */
async function whenNew(name: string): Promise<void> {
  const like = `/users${query({ page: 1, page_size: 500, name, columns: 'name' })}`
  const { items } = await ask<ListPage<{ readonly name: string }>>('GET', like)
  if (items.some((user) => user.name === name)) {
    throw new Error(`There is a user ${plainName(name)} already: open it to change it`)
  }
}

function tagsFlag(tags: readonly string[]): string {
  return tags.length === 0 ? '' : ` --tags ${shellQuoted(tags.join(','))}`
}

type InputEventOf = { readonly currentTarget: HTMLInputElement }

/** A password that one sees while one writes it or has it made, because nobody reads it again later. */
function PasswordField({
  value,
  onChange,
}: {
  readonly value: string
  readonly onChange: (password: string) => void
}): JSX.Element {
  const [isSeen, setSeen] = useState(false)
  const shared = {
    name: 'new-password',
    class: 'mono',
    autocomplete: 'new-password',
    spellcheck: false,
    value,
    onInput: ({ currentTarget }: InputEventOf) => onChange(currentTarget.value),
  } as const
  const make = (): void => {
    setSeen(true)
    onChange(randomPassword())
  }
  return (
    <div class="access-password">
      <Field label="Password" hint="Copy it now: only a hash is kept, and no page shows it.">
        {isSeen ? <input {...shared} type="text" /> : <input {...shared} type="password" />}
      </Field>
      <Button onClick={make}>Make one</Button>
      <Button isPressed={isSeen} onClick={() => setSeen(!isSeen)}>
        {isSeen ? 'Hide' : 'Show'}
      </Button>
    </div>
  )
}

/** 130 bits in letters and digits that nobody takes for each other. */
function randomPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const bytes = crypto.getRandomValues(new Uint8Array(64))
  const usable = [...bytes].filter((byte) => byte < letters.length * 8).slice(0, 26)
  return usable.map((byte) => letters.charAt(byte % letters.length)).join('')
}

function TagFields({
  chosen,
  onChange,
}: {
  readonly chosen: readonly string[]
  readonly onChange: (tags: readonly string[]) => void
}): JSX.Element {
  const foreign = chosen.filter((tag) => tagMeanings[tag] === undefined)
  return (
    <fieldset class="access-fieldset">
      <legend class="field-label">Tags: what it sees and does on these pages and by HTTP</legend>
      {Object.entries(tagMeanings).map(([tag, meaning]) => (
        <label key={tag} class="access-check">
          <input
            type="checkbox"
            checked={chosen.includes(tag)}
            onChange={() =>
              onChange(
                chosen.includes(tag) ? chosen.filter((each) => each !== tag) : [...chosen, tag],
              )
            }
          />
          <span>
            {tag} <span class="soft">– {meaning}</span>
          </span>
        </label>
      ))}
      {foreign.length > 0 && <p class="soft">It keeps others: {foreign.join(', ')}</p>}
    </fieldset>
  )
}

export function ChangePassword({
  name,
  tags,
  onClose,
}: Closing & { readonly name: string; readonly tags: readonly string[] }): JSX.Element {
  const [password, setPassword] = useState('')
  const path = apiPath`/users/${name}`
  const words = shellQuoted(name)
  return (
    <Confirm
      title={<>Change the password of {plainName(name)}</>}
      effect="It holds from the next login on. Connections that are open stay; clients that still have the old password are refused when they come again."
      verb="Change the password"
      kind="primary"
      isDisabled={password === ''}
      cli={`pabal user password ${words} --new-password-file FILE`}
      curl={curlOf('PUT', path, { password: secret, tags })}
      run={async () => {
        await ask('PUT', path, { password, tags })
        toast(`The password of ${plainName(name)} was changed`)
      }}
      onClose={onClose}
    >
      <PasswordField value={password} onChange={setPassword} />
    </Confirm>
  )
}

interface StoredUser extends User {
  readonly password_hash: string
  readonly hashing_algorithm: string
}

export function ChangeTags({
  name,
  tags: before,
  onClose,
}: Closing & { readonly name: string; readonly tags: readonly string[] }): JSX.Element {
  const [tags, setTags] = useState(before)
  const path = apiPath`/users/${name}`
  return (
    <Confirm
      title={<>Change the tags of {plainName(name)}</>}
      effect="They hold from its next request on."
      verb="Change the tags"
      kind="primary"
      cli={`pabal user tags ${shellQuoted(name)} ${shellQuoted(tags.join(',') || "''")}`}
      run={async () => {
        // The API takes tags together with what the user logs in with, which stays as it is.
        const stored = await ask<StoredUser>('GET', path)
        const { password_hash, hashing_algorithm } = stored
        const kept = password_hash === '' ? {} : { password_hash, hashing_algorithm }
        await ask('PUT', path, { tags, ...kept })
        refresh()
      }}
      onClose={onClose}
    >
      <TagFields chosen={tags} onChange={setTags} />
    </Confirm>
  )
}

export function DeleteUser({
  name,
  connections,
  onClose,
}: Closing & { readonly name: string; readonly connections: number }): JSX.Element {
  const path = apiPath`/users/${name}`
  const closed = connections === 1 ? 'its connection' : `its ${connections} connections`
  return (
    <Confirm
      title={<>Delete user {plainName(name)}</>}
      effect={
        <>
          Deletes <b class="mono">{plainName(name)}</b> and its permissions
          {connections > 0 && <>, and closes {closed}</>}. Queues and messages stay.
        </>
      }
      typed={typedName(name, 'this user')}
      verb="Delete the user"
      cli={`pabal user delete ${shellQuoted(name)}`}
      curl={curlOf('DELETE', path)}
      run={async () => {
        await ask('DELETE', path)
        toast(`User ${plainName(name)} was deleted`)
        setParams({ user: undefined })
        refresh()
      }}
      onClose={onClose}
    />
  )
}

/** Limits of a user or a virtual host as fields; what is left empty is none. */
export function ChangeLimits(
  props: Closing & {
    readonly kind: 'user' | 'vhost'
    readonly name: string
    readonly limits: Readonly<Record<string, number>>
    readonly known: readonly (readonly [limit: string, meaning: string])[]
    readonly children?: ComponentChildren
  },
): JSX.Element {
  const { kind, name, limits, known, onClose } = props
  const [values, setValues] = useState<Readonly<Record<string, string>>>(
    Object.fromEntries(Object.entries(limits).map(([limit, value]) => [limit, String(value)])),
  )
  const changed = known.filter(
    ([limit]) => (values[limit] ?? '') !== (limits[limit]?.toString() ?? ''),
  )
  const [first] = changed
  const isWrong = changed.some(([limit]) => !/^\d*$/.test(values[limit] ?? ''))
  return (
    <Confirm
      title={<>Limits of {plainName(name)}</>}
      effect="What is reached is refused; what is open stays. Empty: no limit."
      verb="Set the limits"
      kind="primary"
      isDisabled={changed.length === 0 || isWrong}
      cli={
        first &&
        `pabal ${kind} limit ${shellQuoted(name)} ${first[0]} ${values[first[0]] || 'none'}`
      }
      run={async () => {
        for (const [limit] of changed) await setLimit(kind, name, limit, values[limit] ?? '')
        refresh()
      }}
      onClose={onClose}
    >
      {known.map(([limit, meaning]) => (
        <Field key={limit} label={`${limit}: ${meaning}`}>
          <input
            inputMode="numeric"
            value={values[limit] ?? ''}
            placeholder="no limit"
            onInput={({ currentTarget: { value } }) => setValues({ ...values, [limit]: value })}
          />
        </Field>
      ))}
    </Confirm>
  )
}

function setLimit(
  kind: 'user' | 'vhost',
  name: string,
  limit: string,
  value: string,
): Promise<unknown> {
  const path =
    kind === 'user'
      ? apiPath`/user-limits/${name}/${limit}`
      : apiPath`/vhost-limits/${name}/${limit}`
  return value === '' ? ask('DELETE', path) : ask('PUT', path, { value: Number(value) })
}
