//! rdkafka (librdkafka) against a Kafka broker: kafka HOST:PORT PREFIX

mod report;

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic};
use rdkafka::admin::{ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use report::{Found, argument, check_batches, name, step, until};
use serde_json::{Value, json};
use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

const CODECS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];
const WAIT: Duration = Duration::from_secs(20);
static MAIN: LazyLock<String> = LazyLock::new(|| name("main"));
static RESUME: LazyLock<String> = LazyLock::new(|| name("resume"));
static ODD: LazyLock<String> = LazyLock::new(|| name("odd"));
static TIMES: LazyLock<String> = LazyLock::new(|| name("times"));

type Admin = AdminClient<DefaultClientContext>;
type Record<'a> = FutureRecord<'a, [u8], [u8]>;

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", argument(1))
        .set("log_level", "0");
    config
}

fn large() -> Vec<u8> {
    b"large record "
        .iter()
        .cycle()
        .take(921_600)
        .copied()
        .collect()
}

/// Kafka's number of an error.
fn code(error: KafkaError) -> Found {
    match error.rdkafka_error_code() {
        Some(code) => Ok(json!({ "code": code as i32 })),
        None => Err(error.into()),
    }
}

/// Sends records at once and waits until all are confirmed.
async fn produce(records: Vec<Record<'_>>, settings: &[(&str, &str)]) -> Result<usize, KafkaError> {
    let mut config = config();
    for (key, value) in settings {
        config.set(*key, *value);
    }
    let producer: FutureProducer = config.create()?;
    let sends = records
        .into_iter()
        .map(|record| producer.send(record, WAIT));
    let sent = futures_util::future::join_all(sends).await;
    sent.into_iter()
        .map(|each| each.map_err(|(error, _)| error))
        .collect::<Result<Vec<_>, _>>()
        .map(|all| all.len())
}

fn consumer(group: &str) -> Result<BaseConsumer, KafkaError> {
    config()
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("session.timeout.ms", "10000")
        .set("heartbeat.interval.ms", "500")
        .set("fetch.wait.max.ms", "200")
        .create()
}

/// Reads records in a group, commits what was taken, leaves.
fn take(group: &str, topics: &[&str], count: usize) -> Result<Vec<OwnedMessage>, Box<dyn Error>> {
    let consumer = consumer(group)?;
    consumer.subscribe(topics)?;
    let mut taken = Vec::new();
    until(&format!("{count} records"), || {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            taken.push(message.detach());
        }
        taken.len() >= count
    })?;
    let mut next = TopicPartitionList::new();
    for message in &taken {
        let (topic, partition) = (message.topic(), message.partition());
        let after = Offset::Offset(message.offset() + 1);
        match next.find_partition(topic, partition) {
            Some(mut found) => found.set_offset(after)?,
            None => next.add_partition_offset(topic, partition, after)?,
        }
    }
    consumer.commit(&next, CommitMode::Sync)?;
    Ok(taken)
}

fn partitions(topic: &str) -> Result<Value, KafkaError> {
    let metadata = consumer("unused")?.fetch_metadata(Some(topic), WAIT)?;
    Ok(json!({ "partitions": metadata.topics()[0].partitions().len() }))
}

async fn create_topic(admin: &Admin) -> Found {
    let one = |name| NewTopic::new(name, 1, TopicReplication::Fixed(1));
    let main = NewTopic::new(&MAIN, 3, TopicReplication::Fixed(1)).set("retention.ms", "3600000");
    let topics = [main, one(&RESUME), one(&ODD), one(&TIMES)];
    for created in admin.create_topics(&topics, &AdminOptions::new()).await? {
        created.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    Ok(partitions(&MAIN)?)
}

async fn unknown_topic() -> Found {
    let metadata = consumer("unused")?.fetch_metadata(Some(&name("absent")), WAIT)?;
    match metadata.topics()[0].error() {
        Some(error) => Ok(json!({ "code": RDKafkaErrorCode::from(error) as i32 })),
        None => Err("no error".into()),
    }
}

async fn auto_create() -> Found {
    let topic = name("auto");
    produce(vec![Record::to(&topic).payload(b"x")], &[]).await?;
    Ok(partitions(&topic)?)
}

async fn produce_batch(codec: &str) -> Found {
    let texts: Vec<_> = (0..12)
        .map(|n| (format!("k{}", n % 4), format!("{codec}-{n}")))
        .collect();
    let records = texts.iter().map(|(key, value)| {
        Record::to(&MAIN)
            .key(key.as_bytes())
            .payload(value.as_bytes())
    });
    let kind = if codec == "uncompressed" {
        "none"
    } else {
        codec
    };
    let settings = [("compression.type", kind), ("linger.ms", "50")];
    Ok(json!({ "records": produce(records.collect(), &settings).await? }))
}

async fn idempotent() -> Found {
    let texts: Vec<_> = (0..20).map(|n| format!("r-{n}")).collect();
    let records = texts
        .iter()
        .map(|text| Record::to(&RESUME).payload(text.as_bytes()));
    produce(
        records.collect(),
        &[("enable.idempotence", "true"), ("linger.ms", "50")],
    )
    .await?;
    Ok(json!({ "records": log_ends(&RESUME)?["high"] }))
}

async fn too_large() -> Found {
    let value = vec![0; 2_000_000];
    let record = Record::to(&ODD).payload(&value);
    match produce(vec![record], &[("message.max.bytes", "10000000")]).await {
        Ok(_) => Err("no error".into()),
        Err(error) => code(error),
    }
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

async fn consume_all() -> Found {
    let taken = take(&name("all"), &[&MAIN], 60)?;
    let pair = |m: &OwnedMessage| {
        (
            text(m.key()).unwrap_or_default(),
            text(m.payload()).unwrap_or_default(),
        )
    };
    Ok(check_batches(
        &CODECS,
        &taken.iter().map(pair).collect::<Vec<_>>(),
    ))
}

async fn resume_after_commit() -> Found {
    take(&name("resume"), &[&RESUME], 10)?;
    let rest = take(&name("resume"), &[&RESUME], 10)?;
    Ok(json!({ "first": text(rest[0].payload()), "records": rest.len() }))
}

/// How many partitions the members have; asking keeps them in the group.
fn held(members: &[BaseConsumer]) -> Vec<usize> {
    let count = |member: &BaseConsumer| {
        let _ = member.poll(Duration::from_millis(50));
        member
            .assignment()
            .map_or(0, |assignment| assignment.count())
    };
    let mut sizes: Vec<_> = members.iter().map(count).collect();
    sizes.sort_unstable();
    sizes
}

async fn share_steps() {
    let member = || consumer(&name("share")).expect("a member");
    let mut members = vec![member(), member()];
    step("share partitions", async {
        for member in &members {
            member.subscribe(&[&MAIN])?;
        }
        until("both have partitions", || held(&members) == [1, 2])?;
        Ok(json!({ "partitions": held(&members) }))
    })
    .await;
    drop(members.remove(0));
    step("take over partitions", async {
        until("the other has all", || held(&members) == [3])?;
        Ok(json!({ "partitions": held(&members)[0] }))
    })
    .await;
}

fn header<'a>(key: &'a str, value: Option<&'a [u8]>) -> Header<'a, &'a [u8]> {
    Header { key, value }
}

/// The records with something odd about them, there and back.
async fn exchange_odd() -> Result<Vec<OwnedMessage>, Box<dyn Error>> {
    let pairs = OwnedHeaders::new()
        .insert(header("text", Some(b"text")))
        .insert(header("binary", Some(&[0, 0xff, 0x80])))
        .insert(header("empty", Some(b"")))
        .insert(header("null", None));
    let twice = OwnedHeaders::new()
        .insert(header("twice", Some(b"1")))
        .insert(header("twice", Some(b"2")));
    let large = large();
    let mut records = vec![
        Record::to(&ODD)
            .key(b"headers")
            .payload(b"h")
            .headers(pairs),
        Record::to(&ODD)
            .key(b"repeated")
            .payload(b"h")
            .headers(twice),
        Record::to(&ODD).key(b"gone"),
        Record::to(&ODD).payload(b"keyless"),
        Record::to(&ODD).key(b"large").payload(&large),
    ];
    let time = |n: i64| 1_700_000_000_000 + n * 1000;
    records.extend((0..10).map(|n| Record::to(&TIMES).payload(b"t").timestamp(time(n))));
    let count = produce(records, &[]).await?;
    take(&name("odd"), &[&ODD, &TIMES], count)
}

fn header_values(message: &OwnedMessage, key: &str) -> Vec<Option<Vec<u8>>> {
    let headers = message.headers().expect("headers");
    headers
        .iter()
        .filter(|header| header.key == key)
        .map(|header| header.value.map(<[u8]>::to_vec))
        .collect()
}

async fn record_steps() {
    let taken = exchange_odd().await.map_err(|error| error.to_string());
    let find = |key: Option<&str>| -> Result<&OwnedMessage, Box<dyn Error>> {
        let wanted = key.map(str::as_bytes);
        let found = taken.as_ref().map_err(String::clone)?.iter();
        Ok(found
            .filter(|m| m.topic() == *ODD)
            .find(|m| m.key() == wanted)
            .ok_or("not there")?)
    };
    step("headers", async {
        let message = find(Some("headers"))?;
        let first = |key| header_values(message, key).remove(0).unwrap_or_default();
        let binary: String = first("binary")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let (whole, empty) = (text(Some(&first("text"))), text(Some(&first("empty"))));
        Ok(json!({ "text": whole, "binary": binary, "empty": empty }))
    })
    .await;
    step("null header", async {
        Ok(json!({ "value": header_values(find(Some("headers"))?, "null").remove(0) }))
    })
    .await;
    step("repeated header", async {
        let values = header_values(find(Some("repeated"))?, "twice");
        let texts: Vec<_> = values.iter().map(|value| text(value.as_deref())).collect();
        Ok(json!({ "values": texts }))
    })
    .await;
    for (name, key) in [("tombstone", Some("gone")), ("null key", None)] {
        step(name, async {
            let found = find(key)?;
            Ok(json!({ "key": text(found.key()), "value": text(found.payload()) }))
        })
        .await;
    }
    step("large record", async {
        let value = find(Some("large"))?.payload().unwrap_or_default();
        Ok(json!({ "bytes": value.len(), "same": value == large() }))
    })
    .await;
    step("timestamps", async {
        let all = taken.as_ref().map_err(String::clone)?.iter();
        let times: Vec<_> = all
            .filter(|m| m.topic() == *TIMES)
            .map(|m| m.timestamp().to_millis())
            .collect();
        Ok(json!({ "first": times.first(), "last": times.last() }))
    })
    .await;
}

async fn offset_for_time() -> Found {
    let consumer = consumer("unused")?;
    let ask = |time| -> Result<Option<i64>, KafkaError> {
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset(&TIMES, 0, Offset::Offset(time))?;
        let found = consumer.offsets_for_times(wanted, WAIT)?;
        Ok(found.elements()[0]
            .offset()
            .to_raw()
            .filter(|offset| *offset >= 0))
    };
    Ok(json!({ "at": ask(1_700_000_004_500)?, "beyond": ask(1_800_000_000_000)? }))
}

fn log_ends(topic: &str) -> Result<Value, KafkaError> {
    let (low, high) = consumer("unused")?.fetch_watermarks(topic, 0, WAIT)?;
    Ok(json!({ "low": low, "high": high }))
}

async fn describe_topic() -> Found {
    let metadata = consumer("unused")?.fetch_metadata(Some(&MAIN), WAIT)?;
    let partitions = metadata.topics()[0].partitions();
    Ok(json!({ "partitions": partitions.len(), "replicas": partitions[0].replicas().len() }))
}

fn listed() -> Found {
    let metadata = consumer("unused")?.fetch_metadata(None, WAIT)?;
    Ok(json!({ "found": metadata.topics().iter().any(|topic| topic.name() == *MAIN) }))
}

async fn configs(admin: &Admin, names: &[&str]) -> Found {
    let resource = [ResourceSpecifier::Topic(&MAIN)];
    let mut found = admin
        .describe_configs(&resource, &AdminOptions::new())
        .await?;
    let found = found.remove(0)?;
    let value = |name: &str| found.get(name).and_then(|entry| entry.value.clone());
    Ok(names
        .iter()
        .map(|name| (name.to_string(), json!(value(name))))
        .collect())
}

/// What `look` finds once it is `wanted`: Kafka knows a change a moment after it said so.
async fn eventually(wanted: Value, mut look: impl AsyncFnMut() -> Found) -> Found {
    for _ in 0..500 {
        let found = look().await?;
        if found == wanted {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    look().await
}

async fn alter_configs(admin: &Admin) -> Found {
    let change = AlterConfig::new(ResourceSpecifier::Topic(&MAIN)).set("retention.ms", "7200000");
    for altered in admin.alter_configs(&[change], &AdminOptions::new()).await? {
        altered.map_err(|(_, code)| code)?;
    }
    eventually(json!({ "retention.ms": "7200000" }), async || {
        configs(admin, &["retention.ms"]).await
    })
    .await
}

async fn add_partitions(admin: &Admin) -> Found {
    let wanted = [NewPartitions::new(&MAIN, 5)];
    for added in admin
        .create_partitions(&wanted, &AdminOptions::new())
        .await?
    {
        added.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    eventually(json!({ "partitions": 5 }), async || Ok(partitions(&MAIN)?)).await
}

fn group_listed() -> Found {
    let groups = consumer("unused")?.fetch_group_list(None, WAIT)?;
    Ok(json!({ "found": groups.groups().iter().any(|group| group.name() == name("resume")) }))
}

async fn describe_group() -> Found {
    let groups = consumer("unused")?.fetch_group_list(Some(&name("resume")), WAIT)?;
    let group = &groups.groups()[0];
    Ok(json!({ "state": group.state(), "members": group.members().len() }))
}

async fn group_offset() -> Found {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&RESUME, 0);
    let found = consumer(&name("resume"))?.committed_offsets(wanted, WAIT)?;
    Ok(json!({ "offset": found.elements()[0].offset().to_raw() }))
}

async fn set_group_offset() -> Found {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(&RESUME, 0, Offset::Offset(5))?;
    consumer(&name("resume"))?.commit(&wanted, CommitMode::Sync)?;
    group_offset().await
}

async fn delete_records(admin: &Admin) -> Found {
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(&TIMES, 0, Offset::Offset(5))?;
    admin.delete_records(&before, &AdminOptions::new()).await?;
    Ok(json!({ "low": log_ends(&TIMES)?["low"] }))
}

async fn delete_group(admin: &Admin) -> Found {
    for deleted in admin
        .delete_groups(&[&name("resume")], &AdminOptions::new())
        .await?
    {
        deleted.map_err(|(group, code)| format!("{group}: {code}"))?;
    }
    group_listed()
}

async fn delete_topic(admin: &Admin) -> Found {
    for deleted in admin.delete_topics(&[&MAIN], &AdminOptions::new()).await? {
        deleted.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    }
    eventually(json!({ "found": false }), async || listed()).await
}

#[tokio::main]
async fn main() {
    let admin: Admin = config().create().expect("an administrator");
    step("create topic", create_topic(&admin)).await;
    step("unknown topic", unknown_topic()).await;
    step("auto-create topic", auto_create()).await;
    for codec in CODECS {
        step(&format!("produce {codec}"), produce_batch(codec)).await;
    }
    step("idempotent producer", idempotent()).await;
    step("too large record", too_large()).await;
    step("consume in a group", consume_all()).await;
    step("resume after commit", resume_after_commit()).await;
    share_steps().await;
    record_steps().await;
    step("offset for a time", offset_for_time()).await;
    step("log ends", async { Ok(log_ends(&TIMES)?) }).await;
    step("list topics", async { listed() }).await;
    step("describe topic", describe_topic()).await;
    step(
        "describe configs",
        configs(&admin, &["retention.ms", "cleanup.policy"]),
    )
    .await;
    step("alter configs", alter_configs(&admin)).await;
    step("add partitions", add_partitions(&admin)).await;
    step("list groups", async { group_listed() }).await;
    step("describe group", describe_group()).await;
    step("group offsets", group_offset()).await;
    step("set group offsets", set_group_offset()).await;
    step("delete records", delete_records(&admin)).await;
    step("delete group", delete_group(&admin)).await;
    step("delete topic", delete_topic(&admin)).await;
}
