<?php
// Symfony Messenger's AMQP transport against an AMQP broker: php symfony_messenger.php HOST:PORT PREFIX
// Delays and retries go through queues with a TTL, an expiry and a dead-letter exchange.

require_once 'Symfony/Component/Messenger/autoload.php';
require_once 'Symfony/Component/Messenger/Bridge/Amqp/autoload.php';

use Symfony\Component\Messenger\Bridge\Amqp\Transport\AmqpTransport;
use Symfony\Component\Messenger\Bridge\Amqp\Transport\Connection;
use Symfony\Component\Messenger\Envelope;
use Symfony\Component\Messenger\Stamp\DelayStamp;

[, $broker, $prefix] = $argv;

final class Order
{
    public function __construct(public string $name)
    {
    }
}

function step(string $name, callable $run): void
{
    try {
        $line = ['step' => $name, 'result' => (object) $run()];
    } catch (Throwable $error) {
        $line = ['step' => $name, 'error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($line), "\n";
}

/** The next message, within ten seconds. */
function receive(AmqpTransport $transport): Envelope
{
    $end = microtime(true) + 10;
    while (microtime(true) < $end) {
        foreach ($transport->get() as $envelope) {
            return $envelope;
        }
        usleep(20_000);
    }
    throw new RuntimeException('gave up waiting for a message');
}

$dsn = "amqp://guest:guest@$broker/%2f/$prefix";
$options = ['delay' => ['exchange_name' => "$prefix-delays", 'queue_name_pattern' => "$prefix-%delay%-%exchange_name%-%routing_key%"]];
$transport = new AmqpTransport(Connection::fromDsn($dsn, $options));
$transport->setup();

step('send and ack', function () use ($transport) {
    $transport->send(new Envelope(new Order('now')));
    $envelope = receive($transport);
    $transport->ack($envelope);

    return ['name' => $envelope->getMessage()->name, 'left' => $transport->getMessageCount()];
});

step('delay', function () use ($transport) {
    $begin = microtime(true);
    $transport->send(new Envelope(new Order('later'), [new DelayStamp(1000)]));
    $envelope = receive($transport);
    $transport->ack($envelope);

    return ['name' => $envelope->getMessage()->name, 'early' => microtime(true) - $begin < 1];
});

step('reject', function () use ($transport) {
    $transport->send(new Envelope(new Order('bad')));
    $transport->reject(receive($transport));

    return ['left' => $transport->getMessageCount()];
});
