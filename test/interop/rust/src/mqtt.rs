//! rumqttc against an MQTT broker: mqtt HOST:PORT PREFIX

mod report;

use report::{Found, argument, name, step};
use rumqttc::{
    AsyncClient, ConnAck, ConnectReturnCode, ConnectionError, Event, LastWill, MqttOptions, Packet,
    Publish, QoS, SubscribeReasonCode,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const WAIT: Duration = Duration::from_secs(20);
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the task of a connection has seen.
#[derive(Default)]
struct Seen {
    connack: Option<ConnAck>,
    received: Vec<Publish>,
    granted: Vec<SubscribeReasonCode>,
    unsubscribed: usize,
    /// Publishes that were acknowledged, whatever their QoS.
    acked: usize,
    closed: Option<String>,
}

/// A connected client.
struct Peer {
    client: AsyncClient,
    seen: Arc<Mutex<Seen>>,
    changed: Arc<Notify>,
    task: JoinHandle<()>,
    sent: Mutex<usize>,
}

fn options(id: &str, clean: bool) -> MqttOptions {
    let address = argument(1);
    let (host, port) = address.split_once(':').expect("HOST:PORT");
    let mut options = MqttOptions::new(id, host, port.parse::<u16>().expect("a port"));
    options.set_credentials("guest", "guest");
    options.set_clean_session(clean);
    options.set_max_packet_size(16 << 20, 16 << 20);
    options
}

fn fresh(id: &str) -> MqttOptions {
    options(&name(id), true)
}

fn at(topic: &str) -> String {
    match topic.starts_with('$') {
        true => topic.into(),
        false => format!("{}/{topic}", argument(2)),
    }
}

impl Peer {
    async fn connect(options: MqttOptions) -> Outcome<Peer> {
        let (client, mut events) = AsyncClient::new(options, 10);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let changed = Arc::new(Notify::new());
        let (told, woken) = (seen.clone(), changed.clone());
        let task = tokio::spawn(async move {
            loop {
                let event = events.poll().await;
                let is_end = event.is_err();
                note(&mut told.lock().unwrap(), event);
                woken.notify_waiters();
                if is_end {
                    return;
                }
            }
        });
        let sent = Mutex::new(0);
        let peer = Peer {
            client,
            seen,
            changed,
            task,
            sent,
        };
        peer.until("connected", |seen| {
            seen.connack.is_some() || seen.closed.is_some()
        })
        .await?;
        let refused = peer.seen.lock().unwrap().closed.clone();
        refused.map_or(Ok(peer), |error| Err(error.into()))
    }

    async fn until(&self, what: &str, condition: impl Fn(&Seen) -> bool) -> Outcome<()> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if condition(&self.seen.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        timeout(WAIT, wait)
            .await
            .map_err(|_| format!("gave up waiting: {what}").into())
    }

    async fn subscribe(&self, filter: &str, qos: QoS) -> Outcome<u8> {
        let before = self.seen.lock().unwrap().granted.len();
        self.client.subscribe(at(filter), qos).await?;
        self.until("subscribed", |seen| seen.granted.len() > before)
            .await?;
        match self.seen.lock().unwrap().granted[before] {
            SubscribeReasonCode::Success(qos) => Ok(qos as u8),
            SubscribeReasonCode::Failure => Err("not subscribed".into()),
        }
    }

    /// Until it is acknowledged.
    async fn publish(&self, topic: &str, payload: &[u8], qos: QoS, retain: bool) -> Outcome<()> {
        self.client.publish(at(topic), qos, retain, payload).await?;
        if qos == QoS::AtMostOnce {
            return Ok(());
        }
        let sent = {
            let mut sent = self.sent.lock().unwrap();
            *sent += 1;
            *sent
        };
        self.until("acknowledged", |seen| seen.acked >= sent).await
    }

    async fn send(&self, topic: &str, payload: &str, qos: QoS) -> Outcome<()> {
        self.publish(topic, payload.as_bytes(), qos, false).await
    }

    async fn retain(&self, topic: &str, payload: &str) -> Outcome<()> {
        self.publish(topic, payload.as_bytes(), QoS::AtLeastOnce, true)
            .await
    }

    async fn take(&self, count: usize) -> Outcome<Vec<Publish>> {
        self.until(&format!("{count} messages"), |seen| {
            seen.received.len() >= count
        })
        .await?;
        Ok(self.seen.lock().unwrap().received.clone())
    }

    fn is_present(&self) -> bool {
        self.seen
            .lock()
            .unwrap()
            .connack
            .as_ref()
            .is_some_and(|connack| connack.session_present)
    }

    async fn end(self) -> Outcome<()> {
        self.client.disconnect().await?;
        self.until("closed", |seen| seen.closed.is_some()).await
    }

    /// Without a DISCONNECT.
    fn cut(self) {
        self.task.abort();
    }
}

fn note(seen: &mut Seen, event: Result<Event, ConnectionError>) {
    match event {
        Ok(Event::Incoming(Packet::ConnAck(connack))) => seen.connack = Some(connack),
        Ok(Event::Incoming(Packet::Publish(publish))) => seen.received.push(publish),
        Ok(Event::Incoming(Packet::SubAck(suback))) => seen.granted.extend(suback.return_codes),
        Ok(Event::Incoming(Packet::UnsubAck(_))) => seen.unsubscribed += 1,
        Ok(Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_))) => seen.acked += 1,
        Ok(_) => {}
        Err(ConnectionError::ConnectionRefused(code)) => {
            seen.closed = Some(format!("refused {}", is_login(code)));
        }
        Err(error) => seen.closed = Some(error.to_string()),
    }
}

fn is_login(code: ConnectReturnCode) -> bool {
    matches!(
        code,
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized
    )
}

fn payloads(messages: &[Publish]) -> Vec<String> {
    let text = |message: &Publish| String::from_utf8_lossy(&message.payload).into();
    messages.iter().map(text).collect()
}

fn topics(messages: &[Publish]) -> Vec<String> {
    let skipped = at("").len();
    let mut found: Vec<String> = messages
        .iter()
        .map(|each| each.topic[skipped..].into())
        .collect();
    found.sort();
    found
}

const LEVELS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
const QOS_1: QoS = QoS::AtLeastOnce;

/// Numbers rise within a QoS: clients may show one of QoS 2 when it is released.
fn summary(messages: &[Publish]) -> Outcome<Value> {
    let mut last: BTreeMap<u8, i64> = BTreeMap::new();
    let mut rises = true;
    for message in messages {
        let number: i64 = String::from_utf8_lossy(&message.payload).parse()?;
        rises &= last
            .insert(message.qos as u8, number)
            .is_none_or(|before| before < number);
    }
    let levels: Vec<u8> = last.keys().copied().collect();
    Ok(json!({ "received": messages.len(), "inOrder": rises, "qos": levels }))
}

async fn qos(sender: &Peer, level: usize) -> Found {
    let peer = Peer::connect(fresh(&format!("qos-{level}"))).await?;
    let topic = format!("qos/{level}");
    peer.subscribe(&topic, LEVELS[level]).await?;
    for n in 0..100 {
        sender.send(&topic, &n.to_string(), LEVELS[level]).await?;
    }
    let found = summary(&peer.take(100).await?);
    peer.end().await?;
    found
}

async fn lower_qos(sender: &Peer) -> Found {
    let peer = Peer::connect(fresh("lower")).await?;
    let mut granted = vec![];
    for level in 0..2 {
        granted.push(
            peer.subscribe(&format!("lower/{level}"), LEVELS[level])
                .await?,
        );
    }
    for level in 0..2 {
        sender
            .send(&format!("lower/{level}"), "x", QoS::ExactlyOnce)
            .await?;
    }
    let mut received: Vec<u8> = peer
        .take(2)
        .await?
        .iter()
        .map(|each| each.qos as u8)
        .collect();
    received.sort();
    peer.end().await?;
    Ok(json!({ "granted": granted, "received": received }))
}

async fn large_payload(sender: &Peer) -> Found {
    let peer = Peer::connect(fresh("large")).await?;
    let payload: Vec<u8> = (0..921_600u32).map(|n| (n * 31) as u8).collect();
    peer.subscribe("large", QOS_1).await?;
    sender.publish("large", &payload, QOS_1, false).await?;
    let found = peer.take(1).await?;
    peer.end().await?;
    Ok(json!({ "bytes": found[0].payload.len(), "same": found[0].payload == payload }))
}

async fn names(sender: &Peer, filters: &[&str], sent: &[&str]) -> Found {
    let peer = Peer::connect(fresh("names")).await?;
    for filter in filters {
        peer.subscribe(filter, QOS_1).await?;
    }
    for topic in sent {
        sender.send(topic, "x", QOS_1).await?;
    }
    let received = topics(&peer.take(3).await?);
    peer.end().await?;
    Ok(json!({ "received": received }))
}

async fn unsubscribe() -> Found {
    let peer = Peer::connect(fresh("leaving")).await?;
    peer.subscribe("left", QOS_1).await?;
    peer.send("left", "before", QOS_1).await?;
    peer.client.unsubscribe(at("left")).await?;
    peer.until("unsubscribed", |seen| seen.unsubscribed == 1)
        .await?;
    peer.send("left", "after", QOS_1).await?;
    let received = payloads(&peer.take(1).await?);
    peer.end().await?;
    Ok(json!({ "received": received }))
}

async fn retained(sender: &Peer) -> Found {
    let live = Peer::connect(fresh("live")).await?;
    let late = Peer::connect(fresh("late")).await?;
    let last = Peer::connect(fresh("last")).await?;
    live.subscribe("retained", QOS_1).await?;
    sender.retain("retained", "kept").await?;
    let seen = live.take(1).await?;
    late.subscribe("retained", QOS_1).await?;
    let stored = late.take(1).await?;
    sender.retain("retained", "").await?;
    last.subscribe("retained", QOS_1).await?;
    sender.send("retained", "end", QOS_1).await?;
    let cleared = last.take(1).await?.len() - 1;
    for peer in [live, late, last] {
        peer.end().await?;
    }
    let (live, stored) = (&seen[0], &stored[0]);
    Ok(json!({
        "live": live.retain, "stored": stored.retain, "qos": stored.qos as u8, "cleared": cleared,
    }))
}

async fn retained_by_wildcard(sender: &Peer) -> Found {
    let rooms = ["room/1", "room/2", "hall/1"];
    for room in rooms {
        sender.retain(room, "x").await?;
    }
    let peer = Peer::connect(fresh("rooms")).await?;
    peer.subscribe("room/+", QOS_1).await?;
    let received = topics(&peer.take(2).await?);
    for room in rooms {
        sender.retain(room, "").await?;
    }
    peer.end().await?;
    Ok(json!({ "received": received }))
}

async fn with_will() -> Outcome<Peer> {
    let mut options = fresh("dying");
    options.set_last_will(LastWill::new(at("will"), "gone", QOS_1, false));
    Peer::connect(options).await
}

async fn will() -> Found {
    let peer = Peer::connect(fresh("heir")).await?;
    peer.subscribe("will", QOS_1).await?;
    with_will().await?.cut();
    let found = peer.take(1).await?;
    peer.end().await?;
    let [payload] = &payloads(&found)[..] else {
        return Err("several".into());
    };
    Ok(json!({ "payload": payload, "qos": found[0].qos as u8, "retain": found[0].retain }))
}

async fn no_will(sender: &Peer) -> Found {
    let peer = Peer::connect(fresh("heir")).await?;
    peer.subscribe("will", QOS_1).await?;
    with_will().await?.end().await?;
    sender.send("will", "end", QOS_1).await?;
    let received = payloads(&peer.take(1).await?);
    peer.end().await?;
    Ok(json!({ "received": received }))
}

async fn offline(sender: &Peer) -> Found {
    let id = name("offline");
    let before = Peer::connect(options(&id, false)).await?;
    before.subscribe("offline", QoS::ExactlyOnce).await?;
    before.end().await?;
    for n in 0..20 {
        sender
            .send("offline", &n.to_string(), LEVELS[1 + n % 2])
            .await?;
    }
    let again = Peer::connect(options(&id, false)).await?;
    let mut found = summary(&again.take(20).await?)?;
    found["sessionPresent"] = again.is_present().into();
    again.end().await?;
    Ok(found)
}

async fn clean_session(sender: &Peer) -> Found {
    let id = name("cleaned");
    let before = Peer::connect(options(&id, false)).await?;
    before.subscribe("cleaned", QOS_1).await?;
    before.end().await?;
    sender.send("cleaned", "old", QOS_1).await?;
    let clean = Peer::connect(options(&id, true)).await?;
    clean.subscribe("cleaned", QOS_1).await?;
    sender.send("cleaned", "new", QOS_1).await?;
    let received = payloads(&clean.take(1).await?);
    let present = clean.is_present();
    clean.end().await?;
    Ok(json!({ "sessionPresent": present, "received": received }))
}

async fn take_over() -> Found {
    let first = Peer::connect(fresh("twin")).await?;
    let second = Peer::connect(fresh("twin")).await?;
    first.until("closed", |seen| seen.closed.is_some()).await?;
    second.end().await?;
    Ok(json!({ "closed": true }))
}

async fn shared(sender: &Peer) -> Found {
    let members = [
        Peer::connect(fresh("one")).await?,
        Peer::connect(fresh("two")).await?,
    ];
    for member in &members {
        member
            .subscribe(&format!("$share/group/{}", at("shared")), QOS_1)
            .await?;
    }
    for n in 0..40 {
        sender.send("shared", &n.to_string(), QOS_1).await?;
    }
    let counts = || {
        members
            .each_ref()
            .map(|each| each.seen.lock().unwrap().received.len())
    };
    let all = async {
        while counts().iter().sum::<usize>() < 40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WAIT, all).await?;
    let active = counts().iter().filter(|count| **count > 0).count();
    let mut found = vec![];
    for member in members {
        found.extend(payloads(&member.take(0).await?));
        member.end().await?;
    }
    let again = found.len() - found.iter().collect::<HashSet<_>>().len();
    Ok(json!({ "received": found.len(), "again": again, "members": active }))
}

async fn refused() -> Found {
    let mut options = fresh("refused");
    options.set_credentials("guest", "wrong");
    match Peer::connect(options).await {
        Err(error) => Ok(json!({ "refused": error.to_string() == "refused true" })),
        Ok(_) => Ok(json!({ "refused": false })),
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let sender = Peer::connect(fresh("sender")).await?;
    step("connect", async {
        let peer = Peer::connect(fresh("first")).await?;
        let present = peer.is_present();
        peer.end().await?;
        Ok(json!({ "sessionPresent": present }))
    })
    .await;
    for level in 0..3 {
        step(&format!("QoS {level}"), qos(&sender, level)).await;
    }
    step("lower QoS", lower_qos(&sender)).await;
    step("large payload", large_payload(&sender)).await;
    let odd = ["ä b/日本", "a.b/c", "/lead//"];
    step("topic names", names(&sender, &odd, &odd)).await;
    let sent = ["x/temp", "x/y/temp", "deep", "deep/a/b", "deeper"];
    step("wildcards", names(&sender, &["+/temp", "deep/#"], &sent)).await;
    step("unsubscribe", unsubscribe()).await;
    step("retained", retained(&sender)).await;
    step("retained by wildcard", retained_by_wildcard(&sender)).await;
    step("will", will()).await;
    step("no will after disconnect", no_will(&sender)).await;
    step("offline messages", offline(&sender)).await;
    step("clean session", clean_session(&sender)).await;
    step("take over", take_over()).await;
    step("shared subscription", shared(&sender)).await;
    step("refused login", refused()).await;
    sender.end().await
}
