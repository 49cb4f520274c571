// One group: what its messages have in common, some of them, and what can be done with all.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { count, counted } from '../../lib/format.ts'
import { useParam } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { Button } from '../../parts/button.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import type { JobKind } from '../../parts/job/job-asked.ts'
import { JobDialog } from '../../parts/job/job-dialog.tsx'
import { JobProgress } from '../../parts/job/job-progress.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Ago, Bytes, Name } from '../../parts/values.tsx'
import { filterOf, type Group, whyOf } from './death-groups.ts'
import { Why } from './group-table.tsx'
import { SampleMessages } from './sample-messages.tsx'

export interface GroupPanelProps {
  readonly group: Group
  readonly isTopic: boolean
  readonly onClose: () => void
}

export function GroupPanel({ group, isTopic, onClose }: GroupPanelProps): JSX.Element {
  const [kinds, setKinds] = useState<readonly JobKind[]>()
  const [job, setJob] = useParam('job')
  const { stream, queue } = group
  const where = queue === null ? '' : ` in ${plainName(queue)}`
  return (
    <Panel
      title={`${counted(group.count, 'message')} ${whyOf(group)}${where}`}
      label="Group of dead letters"
      onClose={onClose}
      isWide
      actions={<Actions group={group} isTopic={isTopic} onAsk={setKinds} />}
    >
      {job !== undefined && (
        <JobProgress
          vhost={stream.vhost}
          id={job}
          onClose={() => setJob(undefined)}
          onBegun={setJob}
        />
      )}
      <Facts facts={factsOf(group)} />
      {group.count > 0 && (
        <Section title="Some of them">
          <SampleMessages group={group} />
        </Section>
      )}
      {kinds !== undefined && (
        <JobDialog
          source={{ stream, filter: filterOf(group) }}
          kinds={kinds}
          onBegun={(id) => setJob(id)}
          onClose={() => setKinds(undefined)}
        />
      )}
    </Panel>
  )
}

function Actions({
  group,
  isTopic,
  onAsk,
}: {
  readonly group: Group
  readonly isTopic: boolean
  readonly onAsk: (kinds: readonly JobKind[]) => void
}): JSX.Element {
  const number = count(group.count)
  if (group.count === 0) return <span class="soft">All of them have left.</span>
  if (isTopic) {
    return (
      <>
        <Button kind="primary" onClick={() => onAsk(['copy'])}>
          Copy {number} to …
        </Button>
        <span class="soft">Messages of a topic stay until its retention ends them.</span>
      </>
    )
  }
  // Without a death that the broker knows, nobody knows the way back.
  const mayRedrive = group.reason !== null
  return (
    <>
      {mayRedrive && (
        <Button kind="primary" onClick={() => onAsk(['redrive'])}>
          Redrive {number} …
        </Button>
      )}
      <Button kind={mayRedrive ? 'plain' : 'primary'} onClick={() => onAsk(['move', 'copy'])}>
        Move or copy …
      </Button>
      <Button onClick={() => onAsk(['delete'])}>Delete {number} …</Button>
    </>
  )
}

function factsOf(group: Group): Fact[] {
  const { exception_type: type, exchange, routing_keys: keys, stream, queue } = group
  const facts: (Fact | undefined)[] = [
    { name: 'Why', value: <Why group={group} /> },
    type === null ? undefined : { name: 'Exception', value: <span class="mono">{type}</span> },
    queue === null
      ? undefined
      : {
          name: 'Died in',
          value: (
            <Name value={queue} to={streamUrl({ vhost: stream.vhost, name: queue })} isCopied />
          ),
        },
    exchange === null
      ? undefined
      : {
          name: 'Published to',
          value:
            exchange === '' ? (
              <span class="soft">default exchange</span>
            ) : (
              <Name value={exchange} isCopied />
            ),
        },
    keys.length === 0
      ? undefined
      : {
          name: keys.length === 1 && !group.has_other_keys ? 'Routing key' : 'Routing keys',
          value: (
            <span class="death-keys">
              {keys.map((key) => (
                <Name key={key} value={key} />
              ))}
              {group.has_other_keys && <span class="soft">and others</span>}
            </span>
          ),
        },
    { name: 'Now in', value: <Name value={stream.name} to={streamUrl(stream)} isCopied /> },
    { name: 'First', value: <Ago value={group.first} /> },
    { name: 'Last', value: <Ago value={group.last} /> },
    { name: 'Size', value: <Bytes value={group.bytes} /> },
  ]
  return facts.filter((fact) => fact !== undefined)
}
