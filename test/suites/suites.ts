// Suites that other projects wrote for their clients, and how each is run. They want a broker at the
// default ports, which is all that they are given: nothing in them is changed.

import { join } from 'node:path'
import { kafkaSuites } from './kafka-suites.ts'
import { mqttSuites } from './mqtt-suites.ts'
import { buildFromModule, makeVenv, pip, pytest, python } from './suite-calls.ts'
import type { Suite } from './suite.ts'

const here: string = import.meta.dirname
/** OpenTofu, built once for all. */
const tofu: string = join(here, '../../.cache/suites/tofu')

const all = { configure: '.*', write: '.*', read: '.*' }

/** Every suite, in the order of the table. */
export const suites: readonly Suite[] = [
  {
    name: 'amqplib',
    repository: 'https://github.com/amqp-node/amqplib',
    commit: 'f7503e571a80dacfc863c2690ab797d31667b868',
    language: { command: 'npm', args: ['--version'] },
    prepare: [{ command: 'npm', args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'] }],
    run: (results) => ({
      command: process.execPath,
      args: [
        '--test',
        '--test-timeout=1000',
        '--test-reporter=junit',
        `--test-reporter-destination=${results}`,
      ],
    }),
    format: 'junit',
    hopeless: [],
  },
  {
    name: 'amqp091-go',
    repository: 'https://github.com/rabbitmq/amqp091-go',
    commit: '28da80de762f0cbefc5c6517f9a144d526ce06cd',
    language: { command: 'go', args: ['version'] },
    prepare: [{ command: 'go', args: ['mod', 'download'] }],
    run: () => ({
      command: 'go',
      args: ['test', '-json', '-count=1', '-tags', 'integration', './...'],
    }),
    format: 'go',
    hopeless: [
      {
        tests: /^TestConnection_Close_WhenMemoryAlarmIsActive$/,
        reason: "calls RabbitMQ's rabbitmqctl",
      },
    ],
  },
  {
    name: 'rabbit-hole',
    repository: 'https://github.com/michaelklishin/rabbit-hole',
    commit: 'c324721ca3427b0f9b495c27430f0e98e794dd1b',
    language: { command: 'go', args: ['version'] },
    prepare: [{ command: 'go', args: ['mod', 'download'] }],
    run: (results) => ({
      command: 'go',
      args: ['test', '-count=1', '.', '-args', `-ginkgo.junit-report=${results}`],
      env: { GOMEGA_DEFAULT_EVENTUALLY_TIMEOUT: '5s' },
    }),
    format: 'junit',
    // What its bin/ci/before_build.sh makes with rabbitmqctl.
    definitions: {
      users: [{ name: 'policymaker', password: 'policymaker', tags: ['policymaker'] }],
      vhosts: [{ name: 'rabbit/hole' }],
      permissions: [{ user: 'policymaker', vhost: '/', ...all }],
    },
    hopeless: [
      {
        tests:
          /federation|shovel|PUT \/api\/parameters\/\{component\}|when there are runtime parameters/i,
        reason: 'declares federation or a shovel',
      },
      {
        tests: /queues(?:\/\{vhost\})? with arguments/,
        reason: 'wants samples of the past, which Prometheus keeps here',
      },
      {
        tests: /user-limits sets the limits/,
        reason: 'limits guest, who is the user of the settings',
      },
      { tests: /non-privileged user/, reason: 'skips itself, for want of a RabbitMQ that passes' },
      {
        tests: /deprecated feature flags/,
        reason: 'wants deprecated features, of which there are none',
      },
    ],
  },
  {
    name: 'terraform-provider-rabbitmq',
    repository: 'https://github.com/cyrilgdn/terraform-provider-rabbitmq',
    commit: 'c196856d221b7209debef3f8c9b46f2a6ca81233',
    language: { command: 'go', args: ['version'] },
    prepare: [
      { command: 'go', args: ['mod', 'download'] },
      buildFromModule('github.com/opentofu/opentofu@v1.10.10', './cmd/tofu', tofu),
    ],
    run: () => ({
      command: 'go',
      args: ['test', '-json', '-count=1', './rabbitmq'],
      env: {
        TF_ACC: '1',
        TF_ACC_TERRAFORM_PATH: tofu,
        TF_ACC_PROVIDER_HOST: 'registry.opentofu.org',
        RABBITMQ_ENDPOINT: 'http://127.0.0.1:15672',
        RABBITMQ_USERNAME: 'guest',
        RABBITMQ_PASSWORD: 'guest',
      },
    }),
    format: 'go',
    definitions: {
      users: [{ name: 'guest', password: 'guest', tags: ['administrator'] }],
      permissions: [{ user: 'guest', vhost: '/', ...all }],
    },
    isGuestOrdinary: true,
    hopeless: [
      {
        tests: /^TestAcc(?:FederationUpstream(?!_validation)|Shovel)/,
        reason: 'declares federation or a shovel',
      },
      { tests: /^TestAccVhost/, reason: "turns on RabbitMQ's tracing" },
    ],
  },
  {
    name: 'kombu',
    repository: 'https://github.com/celery/kombu',
    commit: '9ee8595b835c77b4f04cfb54b40b5d446f985a35',
    language: python,
    prepare: [
      makeVenv,
      pip(
        '--requirement',
        'requirements/default.txt',
        'pytest==8.4.2',
        'pytest-rerunfailures==16.0.1',
      ),
    ],
    run: (results) =>
      pytest('-E', 'py-amqp', 't/integration/test_py_amqp.py', `--junitxml=${results}`),
    format: 'junit',
    hopeless: [],
  },
  {
    name: 'py-amqp',
    repository: 'https://github.com/celery/py-amqp',
    commit: 'a03ad34f9b620773f50a4e19f26382bc23140e63',
    language: python,
    prepare: [
      makeVenv,
      pip('vine==5.1.0', 'pytest==8.0.0', 'pytest-rerunfailures==13.0'),
      {
        command: process.execPath,
        args: [join(here, 'write-certificates.ts'), '.tls'],
      },
    ],
    run: (results) => pytest('-E', 'rabbitmq', 't/integration', `--junitxml=${results}`),
    format: 'junit',
    tls: {
      cert: '.tls/server_certificate.pem',
      key: '.tls/server_key.pem',
      clientCa: 't/certs/ca_certificate.pem',
    },
    hopeless: [
      {
        tests: /test_tls_(?:default_certs|no_default_certs_fails)$/,
        reason: 'connects to a host in the internet',
      },
    ],
  },
  {
    name: 'php-amqplib',
    repository: 'https://github.com/php-amqplib/php-amqplib',
    commit: 'a82bc9dc8f1e108eaa67af9a69c443b911145ac9',
    language: {
      command: 'php',
      args: ['-r', 'exit(extension_loaded("curl") && include "phpseclib3/autoload.php" ? 0 : 1);'],
    },
    // Its autoloader is Composer's, which fetches from places that not every machine reaches.
    prepare: [
      { command: 'mkdir', args: ['-p', 'vendor'] },
      {
        command: 'cp',
        args: [join(here, 'php-autoload.php'), 'vendor/autoload.php'],
      },
    ],
    run: (results) => ({
      command: 'phpunit',
      args: ['--no-logging', '--testsuite', 'Functional Tests', '--log-junit', results],
      env: { TEST_RABBITMQ_HOST: '127.0.0.1' },
    }),
    format: 'junit',
    tls: {
      cert: 'tests/certs/server_certificate.pem',
      key: 'tests/certs/server_key.pem',
    },
    hopeless: [
      {
        tests:
          /must_throw_exception_broken_pipe|must_throw_exception_after_connection_was_restored|must_throw_timeout_exception_on_missing_connect_response/,
        reason: 'needs a proxy that breaks connections',
      },
      {
        tests: /plain_auth_passwordless_must_fail/,
        reason: "makes a user through RabbitMQ's management API",
      },
    ],
  },
  ...kafkaSuites,
  ...mqttSuites,
]
