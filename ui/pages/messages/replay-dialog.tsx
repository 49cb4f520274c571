// Reads on from a message again: a queue makes what was acked from there on ready once more, and a group of a topic
// is set back to it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'
import { type Message, placeOf } from './message.ts'

export interface ReplayDialogProps {
  readonly stream: StreamShownJson
  readonly message: Message
  readonly onDone: () => void
  readonly onClose: () => void
}

export function ReplayDialog(props: ReplayDialogProps): JSX.Element {
  return props.stream.kind === 'topic' ? <ResetGroup {...props} /> : <Rewind {...props} />
}

function Rewind({ stream, message, onDone, onClose }: ReplayDialogProps): JSX.Element {
  const { vhost, name } = stream
  const { offset, partition } = message
  const path = apiPath`/queues/${vhost}/${name}/rewind`
  const body = { offset, partition }
  const words = ['pabal', 'queue', 'rewind', name, '--to-offset', String(offset)]
  if (partition !== undefined) words.push('--partition', String(partition))
  if (vhost !== '/') words.push('--vhost', vhost)
  return (
    <Confirm
      title={`Replay ${plainName(name)} from ${placeOf(message)}`}
      effect="All that was acked from there on becomes ready again, at its place, and goes to consumers a second time. What is ready or unacked now stays as it is."
      verb="Replay from here"
      kind="primary"
      cli={words.map(shellQuoted).join(' ')}
      curl={curlOf('POST', path, body)}
      run={async () => {
        const { message_count: number } = await ask<{ message_count: number }>('POST', path, body)
        toast(`${counted(number, 'message')} ready again`)
        onDone()
      }}
      onClose={onClose}
    />
  )
}

function ResetGroup({ stream, message, onDone, onClose }: ReplayDialogProps): JSX.Element {
  const [group, setGroup] = useState(stream.groups[0]?.name ?? '')
  const { offset, partition } = message
  const path = apiPath`/v1/groups/${group}/reset`
  const topic = stream.kafka_topic ?? stream.name
  const body = { topic, partition, to: String(offset) }
  const words = ['pabal', 'group', 'reset', group, '--topic', topic, '--to', String(offset)]
  if (partition !== undefined) words.push('--partition', String(partition))
  return (
    <Confirm
      title={`Read ${plainName(stream.name)} again from ${placeOf(message)}`}
      effect={
        stream.groups.length === 0
          ? 'No group has read this topic: a consumer of AMQP begins here with x-stream-offset.'
          : 'The group reads this partition again from here on. Nobody may be in it meanwhile.'
      }
      verb="Set the group back"
      kind="primary"
      isDisabled={group === ''}
      cli={words.map(shellQuoted).join(' ')}
      curl={curlOf('POST', path, body)}
      run={async () => {
        await ask('POST', path, body)
        toast(`The group ${plainName(group)} reads on from ${placeOf(message)}`)
        onDone()
      }}
      onClose={onClose}
    >
      {stream.groups.length > 0 && (
        <Field label="Group">
          <select value={group} onChange={({ currentTarget }) => setGroup(currentTarget.value)}>
            {stream.groups.map(({ name, lag }) => (
              <option key={name} value={name}>
                {plainName(name)} ({counted(lag, 'message')} behind)
              </option>
            ))}
          </select>
        </Field>
      )}
    </Confirm>
  )
}
