// What stands where nobody has come by MQTT: how to connect.
import type { ComponentChildren, JSX } from 'preact'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { useLive } from '../../lib/live.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/notes.tsx'

export function HowToConnect({
  title,
  text,
}: {
  readonly title: string
  readonly text: ComponentChildren
}): JSX.Element {
  const { data } = useLive<HomeJson>('/v1/home')
  const port = data?.listeners.find(({ service }) => service === 'mqtt')?.port
  return (
    <>
      <Empty
        title={title}
        text={text}
        action={<a href="/start?protocol=mqtt">First steps with MQTT</a>}
      />
      {data !== undefined && port === undefined && (
        <p class="mqtt-none soft">
          No port for MQTT is open. <code>mqtt-port</code> opens one, usually 1883.
        </p>
      )}
      {port !== undefined && (
        <div class="mqtt-connect">
          <CodeBlock label="With mosquitto_pub" code={mosquitto(location.hostname, port)} />
          <CodeBlock label="With MQTT.js" code={mqttJs(location.hostname, port)} />
        </div>
      )}
    </>
  )
}

function mosquitto(host: string, port: number): string {
  const who = `-h ${host} -p ${port} -u guest -P guest`
  return [
    `mosquitto_sub ${who} -i first -c -q 1 -t 'sensors/#' &`,
    `mosquitto_pub ${who} -r -q 1 -t sensors/kitchen/temperature -m 21.5`,
  ].join('\n')
}

function mqttJs(host: string, port: number): string {
  return [
    "import mqtt from 'mqtt'",
    `const client = await mqtt.connectAsync('mqtt://guest:guest@${host}:${port}')`,
    "await client.publishAsync('sensors/kitchen/temperature', '21.5', { retain: true, qos: 1 })",
  ].join('\n')
}
