//! lapin against an AMQP broker: amqp HOST:PORT PREFIX

mod report;

use futures_util::StreamExt;
use lapin::message::{BasicGetMessage, BasicReturnMessage};
use lapin::options::*;
use lapin::types::{AMQPValue, FieldArray, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use lapin::{ErrorKind, ExchangeKind};
use report::{Found, argument, name, step};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(20);

struct Steps {
    connection: Connection,
    channel: Channel,
    queue: ShortString,
}

impl Steps {
    /// Publishes and waits until the broker has the message, or gave it back.
    async fn send(
        &self,
        place: (&str, &str),
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<Option<BasicReturnMessage>, Box<dyn Error>> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let properties = properties.with_delivery_mode(2);
        let (exchange, key) = (place.0.into(), place.1.into());
        let sent = self
            .channel
            .basic_publish(exchange, key, options, body, properties)
            .await?;
        match sent.await? {
            Confirmation::Ack(returned) => Ok(returned),
            other => Err(format!("not confirmed: {other:?}").into()),
        }
    }

    async fn publish(
        &self,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<(), Box<dyn Error>> {
        self.send(("", self.queue.as_str()), body, properties)
            .await
            .map(|_| ())
    }

    async fn publish_text(&self, body: &str) -> Result<(), Box<dyn Error>> {
        self.publish(body.as_bytes(), BasicProperties::default())
            .await
    }

    async fn get(&self, no_ack: bool) -> Result<BasicGetMessage, Box<dyn Error>> {
        let options = BasicGetOptions { no_ack };
        let got = self.channel.basic_get(self.queue.clone(), options).await?;
        Ok(got.ok_or("the queue is empty")?)
    }

    async fn declared(&self, options: QueueDeclareOptions) -> lapin::Result<(u32, u32)> {
        let nothing = FieldTable::default();
        let found = self
            .channel
            .queue_declare(self.queue.clone(), options, nothing)
            .await?;
        Ok((found.message_count(), found.consumer_count()))
    }

    async fn left(&self) -> lapin::Result<u32> {
        Ok(self
            .declared(QueueDeclareOptions::durable().passive())
            .await?
            .0)
    }

    async fn declare(&self) -> Found {
        let (messages, consumers) = self.declared(QueueDeclareOptions::durable()).await?;
        Ok(json!({ "messages": messages, "consumers": consumers }))
    }

    async fn publish_confirmed(&self) -> Found {
        for n in 0..100 {
            self.publish_text(&format!("m{n}")).await?;
        }
        Ok(json!({ "confirmed": 100, "messages": self.left().await? }))
    }

    async fn consume_and_ack(&self) -> Found {
        let (tag, nothing) = (ShortString::from("taker"), FieldTable::default());
        let options = BasicConsumeOptions::default();
        let queue = self.queue.clone();
        let mut consumer = self
            .channel
            .basic_consume(queue, tag.clone(), options, nothing)
            .await?;
        let mut in_order = true;
        for n in 0..100 {
            let next = tokio::time::timeout(WAIT, consumer.next()).await?;
            let delivery = next.ok_or("the consumer was cancelled")??;
            in_order &= delivery.data == format!("m{n}").as_bytes();
            delivery.ack(BasicAckOptions::default()).await?;
        }
        self.channel
            .basic_cancel(tag, BasicCancelOptions::default())
            .await?;
        Ok(json!({ "received": 100, "inOrder": in_order, "left": self.left().await? }))
    }

    async fn nack_and_requeue(&self) -> Found {
        self.publish_text("again").await?;
        let first = self.get(false).await?;
        first
            .nack(BasicNackOptions {
                requeue: true,
                ..Default::default()
            })
            .await?;
        let again = self.get(true).await?;
        Ok(json!({ "first": first.redelivered, "again": again.redelivered }))
    }

    async fn reject(&self) -> Found {
        self.publish_text("unwanted").await?;
        self.get(false)
            .await?
            .reject(BasicRejectOptions { requeue: false })
            .await?;
        Ok(json!({ "left": self.left().await? }))
    }

    async fn headers(&self) -> Found {
        let mut inner = FieldTable::default();
        inner.insert("inner".into(), AMQPValue::LongString("x".into()));
        let list = vec![AMQPValue::LongInt(1), AMQPValue::LongString("b".into())];
        let mut table = FieldTable::default();
        table.insert("text".into(), AMQPValue::LongString("ä".into()));
        table.insert("long".into(), AMQPValue::LongLongInt(5_000_000_000));
        table.insert("flag".into(), AMQPValue::Boolean(true));
        table.insert("list".into(), AMQPValue::FieldArray(FieldArray::from(list)));
        table.insert("table".into(), AMQPValue::FieldTable(inner));
        self.publish(b"", BasicProperties::default().with_headers(table))
            .await?;
        let got = self.get(true).await?;
        Ok(plain_table(
            got.properties.headers().as_ref().ok_or("no headers")?,
        ))
    }

    async fn properties(&self) -> Found {
        let sent = BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_correlation_id("c-1".into())
            .with_message_id("m-1".into())
            .with_priority(3);
        self.publish(b"", sent).await?;
        let got = self.get(true).await?;
        let text = |value: &Option<ShortString>| value.as_ref().map(|text| text.to_string());
        Ok(json!({
            "contentType": text(got.properties.content_type()),
            "correlationId": text(got.properties.correlation_id()),
            "messageId": text(got.properties.message_id()),
            "priority": got.properties.priority(),
        }))
    }

    async fn mandatory_return(&self) -> Found {
        let place = ("", &*name("nowhere"));
        let returned = self.send(place, b"", BasicProperties::default()).await?;
        let returned = returned.ok_or("nothing was returned")?;
        Ok(json!({ "code": returned.reply_code, "text": returned.reply_text.to_string() }))
    }

    async fn large_body(&self) -> Found {
        let body: Vec<u8> = (0..4_194_304_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        self.publish(&body, BasicProperties::default()).await?;
        let got = self.get(true).await?;
        Ok(json!({ "bytes": got.data.len(), "same": got.data == body }))
    }

    async fn topic_exchange(&self) -> Found {
        let exchange = name("events");
        let nothing = FieldTable::default;
        let options = ExchangeDeclareOptions {
            durable: true,
            ..Default::default()
        };
        let declared = exchange.as_str().into();
        self.channel
            .exchange_declare(declared, ExchangeKind::Topic, options, nothing())
            .await?;
        let (queue, bound) = (self.queue.clone(), exchange.as_str().into());
        let options = QueueBindOptions::default();
        self.channel
            .queue_bind(queue, bound, "order.*".into(), options, nothing())
            .await?;
        for key in ["order.created", "user.created", "order.paid"] {
            self.send((&exchange, key), b"", BasicProperties::default())
                .await?;
        }
        let mut received = Vec::new();
        while let Ok(got) = self.get(true).await {
            received.push(got.routing_key.to_string());
        }
        let options = ExchangeDeleteOptions::default();
        self.channel
            .exchange_delete(exchange.as_str().into(), options)
            .await?;
        Ok(json!({ "received": received }))
    }

    async fn prefetch(&self) -> Found {
        for n in 0..5 {
            self.publish_text(&format!("p{n}")).await?;
        }
        let limited = self.connection.create_channel().await?;
        limited.basic_qos(3, BasicQosOptions::default()).await?;
        let (options, nothing) = (BasicConsumeOptions::default(), FieldTable::default());
        let mut consumer = limited
            .basic_consume(self.queue.clone(), "held".into(), options, nothing)
            .await?;
        let mut unacked = 0;
        while unacked < 3 || self.left().await? != 2 {
            tokio::time::timeout(WAIT, consumer.next())
                .await?
                .ok_or("cancelled")??;
            unacked += 1;
        }
        limited.close(200, "".into()).await?;
        self.channel
            .queue_purge(self.queue.clone(), QueuePurgeOptions::default())
            .await?;
        Ok(json!({ "unacked": unacked }))
    }

    async fn missing_queue(&self) -> Found {
        let other = self.connection.create_channel().await?;
        let options = QueueDeclareOptions::durable().passive();
        let missing = name("nowhere").as_str().into();
        match other
            .queue_declare(missing, options, FieldTable::default())
            .await
        {
            Ok(_) => Err("no error".into()),
            Err(error) => match error.kind() {
                ErrorKind::ProtocolError(error) => Ok(json!({ "code": error.get_id() })),
                _ => Err(error.into()),
            },
        }
    }

    async fn delete_queue(&self) -> Found {
        self.publish_text("1").await?;
        self.publish_text("2").await?;
        let options = QueueDeleteOptions::default();
        let messages = self
            .channel
            .queue_delete(self.queue.clone(), options)
            .await?;
        Ok(json!({ "messages": messages }))
    }

    async fn run(&self) {
        step("declare", self.declare()).await;
        step("publish confirmed", self.publish_confirmed()).await;
        step("consume and ack", self.consume_and_ack()).await;
        step("nack and requeue", self.nack_and_requeue()).await;
        step("reject", self.reject()).await;
        step("headers", self.headers()).await;
        step("properties", self.properties()).await;
        step("mandatory return", self.mandatory_return()).await;
        step("large body", self.large_body()).await;
        step("topic exchange", self.topic_exchange()).await;
        step("prefetch", self.prefetch()).await;
        step("missing queue", self.missing_queue()).await;
        step("delete queue", self.delete_queue()).await;
    }
}

fn plain_table(table: &FieldTable) -> Value {
    table
        .inner()
        .iter()
        .map(|(key, value)| (key.to_string(), plain(value)))
        .collect()
}

fn plain(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(value) => json!(value),
        AMQPValue::LongInt(value) => json!(value),
        AMQPValue::LongLongInt(value) => json!(value),
        AMQPValue::LongString(text) => json!(text.to_string()),
        AMQPValue::FieldArray(list) => list.as_slice().iter().map(plain).collect(),
        AMQPValue::FieldTable(table) => plain_table(table),
        other => json!(format!("{other:?}")),
    }
}

#[tokio::main]
async fn main() -> lapin::Result<()> {
    let url = format!("amqp://guest:guest@{}/%2f", argument(1));
    let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let steps = Steps {
        connection,
        channel,
        queue: name("main").as_str().into(),
    };
    steps.run().await;
    steps.connection.close(200, "".into()).await
}
