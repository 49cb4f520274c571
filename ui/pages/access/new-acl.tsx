// A dialog that adds an ACL.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AclJson } from '../../../src/auth/acl-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'

const clusterName = 'kafka-cluster'
const types = ['topic', 'group', 'transactional-id', 'cluster'] as const

/** Those that count for each. */
const operations: Readonly<Record<(typeof types)[number], readonly AclJson['operation'][]>> = {
  topic: [
    'all',
    'read',
    'write',
    'create',
    'delete',
    'alter',
    'describe',
    'describe-configs',
    'alter-configs',
  ],
  group: ['all', 'read', 'delete', 'describe', 'describe-configs', 'alter-configs'],
  'transactional-id': ['all', 'write', 'describe', 'two-phase-commit'],
  cluster: [
    'all',
    'create',
    'alter',
    'describe',
    'cluster-action',
    'describe-configs',
    'alter-configs',
    'idempotent-write',
  ],
}

const empty: AclJson = {
  resource_type: 'topic',
  name: '',
  pattern_type: 'literal',
  principal: '',
  host: '*',
  operation: 'read',
  permission: 'allow',
}

export function NewAcl({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [acl, setAcl] = useState<AclJson>(empty)
  const change = (part: Partial<AclJson>): void => setAcl({ ...acl, ...part })
  const asked = completed(acl)
  const body = { acls: [asked] }
  return (
    <Confirm
      title="Add an ACL"
      effect="A denial wins over everything else; what is allowed needs no permission. It is in force at once, for clients of Kafka and, on topics, of AMQP."
      verb="Add the ACL"
      kind="primary"
      isDisabled={acl.principal === '' || asked.name === ''}
      cli={commandOf(asked)}
      curl={curlOf('POST', '/v1/acls', body)}
      run={async () => {
        await ask('POST', '/v1/acls', body)
        toast('The ACL was added')
        refresh()
      }}
      onClose={onClose}
    >
      <Word
        label="User, or * for all"
        value={acl.principal}
        onChange={(principal) => change({ principal })}
      />
      <Choice
        label="Is"
        value={acl.permission}
        options={['allow', 'deny']}
        onChange={(permission) => change({ permission: permission as AclJson['permission'] })}
      />
      <Choice
        label="On"
        value={acl.resource_type}
        options={types}
        onChange={(type) => change({ resource_type: type as AclJson['resource_type'] })}
      />
      <Choice
        label="Operation"
        value={asked.operation}
        options={operationsOf(acl)}
        onChange={(operation) => change({ operation: operation as AclJson['operation'] })}
      />
      {acl.resource_type !== 'cluster' && (
        <>
          <Word label="Name, or * for all" value={acl.name} onChange={(name) => change({ name })} />
          <label class="access-check">
            <input
              type="checkbox"
              checked={acl.pattern_type === 'prefixed'}
              onChange={({ currentTarget }) =>
                change({ pattern_type: currentTarget.checked ? 'prefixed' : 'literal' })
              }
            />
            <span>And all that begins with it</span>
          </label>
        </>
      )}
      <Word label="From the address" value={acl.host} onChange={(host) => change({ host })} />
    </Confirm>
  )
}

/** As the broker keeps it. */
function completed(acl: AclJson): AclJson {
  const { principal, resource_type: type } = acl
  const known = operationsOf(acl)
  return {
    ...acl,
    principal: principal.includes(':') ? principal : `User:${principal}`,
    operation: known.includes(acl.operation) ? acl.operation : 'all',
    host: acl.host === '' ? '*' : acl.host,
    ...(type === 'cluster' && { name: clusterName, pattern_type: 'literal' as const }),
  }
}

function operationsOf({ resource_type: type }: AclJson): readonly AclJson['operation'][] {
  return operations[type as (typeof types)[number]]
}

function commandOf({ principal, permission, operation, ...acl }: AclJson): string {
  const words = [shellQuoted(principal), permission, operation, acl.resource_type]
  const name = acl.resource_type === 'cluster' ? '' : ` ${shellQuoted(acl.name || 'NAME')}`
  const prefix = acl.pattern_type === 'prefixed' ? ' --prefix' : ''
  const from = acl.host === '*' ? '' : ` --from ${shellQuoted(acl.host)}`
  return `pabal acl add ${words.join(' ')}${name}${prefix}${from}`
}

interface Chosen {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

function Word({ label, value, onChange }: Chosen): JSX.Element {
  return (
    <Field label={label}>
      <input
        class="mono"
        aria-label={label}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Field>
  )
}

function Choice({
  label,
  value,
  options,
  onChange,
}: Chosen & { readonly options: readonly string[] }): JSX.Element {
  return (
    <Field label={label}>
      <select
        aria-label={label}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {options.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </Field>
  )
}
