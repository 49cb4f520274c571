// What runs here: versions, ports, and what it is licensed by.
import type { JSX } from 'preact'
import type { StorageJson } from '../../../src/admin/v1/storage-json.ts'
import { curlOf } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { Duration } from '../../parts/values.tsx'
import type { TabProps } from './tab-props.ts'

interface Overview {
  readonly product_version: string
  readonly rabbitmq_version: string
  readonly cluster_name: string
  readonly listeners: readonly Listener[]
}

interface Listener {
  readonly protocol: string
  readonly ip_address: string
  readonly port: number
}

interface NodeFacts {
  readonly name: string
  readonly uptime: number
}

const shown = 'columns=product_version,rabbitmq_version,cluster_name,listeners'

export function AboutTab({ tabs }: TabProps): JSX.Element {
  const { data } = useLive<Overview>(`/overview?${shown}`)
  const node = useLive<readonly NodeFacts[]>('/nodes?columns=name,uptime').data?.[0]
  const storage = useLive<StorageJson>('/v1/storage').data
  return (
    <Page
      title="Settings"
      says={
        data &&
        `Pabal ${data.product_version}, which AMQP clients know as RabbitMQ ${data.rabbitmq_version}`
      }
      tabs={tabs}
      command={<AsCommand cli="pabal version" curl={curlOf('GET', '/overview')} />}
    >
      {data === undefined ? (
        <Skeleton lines={6} />
      ) : (
        <div class="settings-about">
          <Section title="This broker">
            <Facts
              facts={[
                { name: 'Version', value: data.product_version },
                {
                  name: 'Tells clients',
                  value: `RabbitMQ ${data.rabbitmq_version}`,
                  hint: 'Some clients ask for a version of RabbitMQ; --product-version',
                },
                { name: 'Cluster', value: data.cluster_name },
                { name: 'Node', value: node?.name ?? '–' },
                { name: 'Runs for', value: <Duration value={node?.uptime} /> },
                {
                  name: 'Data format',
                  value: storage?.log ? `version ${storage.log.format_version}` : '–',
                },
              ]}
            />
          </Section>
          <Section title="Ports">
            <Facts
              facts={data.listeners.map(({ protocol, ip_address: host, port }) => ({
                name: protocol,
                value: <code>{host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`}</code>,
              }))}
            />
          </Section>
          <Section title="Read more">
            <ul class="settings-links">
              <li>
                <a href="/docs/index.html">Documentation of this version</a>
              </li>
              <li>
                <a href="/api/openapi.json">The HTTP API as an OpenAPI document</a>
              </li>
            </ul>
          </Section>
          <Section title="Licence">
            <p>
              Pabal is under the Apache License 2.0. What it is built of is under MIT, ISC, BSD or
              Apache licences.
            </p>
          </Section>
        </div>
      )}
    </Page>
  )
}
