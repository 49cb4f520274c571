// rabbitmqadmin 1, the Python program that RabbitMQ up to 4.0 served itself.
import { type CommandLine, line } from './command-lines.ts'

const queues: readonly CommandLine[] = [
  line('declare queue name=q durable=true', { prints: /queue declared/ }),
  line('declare exchange name=x type=topic'),
  line('declare binding source=x destination=q routing_key=a.#'),
  line('list queues name messages', { prints: /q *\| 0/ }),
  line('list exchanges', { prints: /x *\| topic/ }),
  line('list bindings', { prints: /a\.#/ }),
  line('publish exchange=x routing_key=a.b payload=hi', { prints: /Message published/ }),
  line('publish exchange=x routing_key=b payload=hi', { prints: /NOT routed/ }),
  line('get queue=q ackmode=ack_requeue_true', { prints: /hi/ }),
  line('purge queue name=q', { prints: /queue purged/ }),
  line('delete binding source=x destination_type=queue destination=q properties_key=a.%23'),
  line('delete queue name=q'),
  line('delete exchange name=x'),
  line('list connections', { prints: /No items/ }),
  line('list channels', { prints: /No items/ }),
  line('list consumers', { prints: /No items/ }),
  line('close connection name=none', { refused: /Not found/ }),
]

/** `folder` is for files that it writes. */
export function linesOfOne(folder: string): readonly CommandLine[] {
  return [
    line('show overview', { prints: /rabbitmq_version/ }),
    line('list nodes name type mem_used', { prints: /disc/ }),
    line('declare vhost name=v1 tracing=false', { prints: /vhost declared/ }),
    line('list vhosts name', { prints: /v1/ }),
    line('declare user name=u1 password=p tags=management'),
    line('list users name tags', { prints: /u1 *\| management/ }),
    line("declare permission vhost=v1 user=u1 configure='.*' write='.*' read='.*'"),
    line('list permissions', { prints: /u1/ }),
    line(
      `declare policy name=p pattern='^q' definition='{"max-length":5}' priority=1 apply-to=queues`,
    ),
    line('list policies', { prints: /max-length/ }),
    line(`declare operator_policy name=p pattern='^q' definition='{"max-length":5}'`),
    line('list operator_policies', { prints: /max-length/ }),
    line('declare vhost_limit vhost=v1 name=max-queues value=5'),
    line('list vhost_limits', { prints: /max-queues/ }),
    line('list parameters', { prints: /operator_policy/ }),
    line('declare parameter component=shovel name=s value={}', {
      refused: /component shovel not found/,
    }),
    ...queues,
    line(`export ${folder}/all.json`, { prints: /Exported definitions/ }),
    line(`import ${folder}/all.json`, { prints: /Uploaded definitions/ }),
    line(`-V v1 export ${folder}/v.json`),
    line(`-V v1 import ${folder}/v.json`),
    line('delete policy name=p'),
    line('delete operator_policy name=p'),
    line('delete vhost_limit vhost=v1 name=max-queues'),
    line('delete permission vhost=v1 user=u1'),
    line('delete user name=u1'),
    line('delete vhost name=v1'),
    line('delete vhost name=v1', { refused: /Not found/ }),
  ]
}
