//! Prints one JSON line per step, for test/interop/interop.test.ts.

use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};

pub type Found = Result<Value, Box<dyn Error>>;

/// Argument n of the command line: 1 is the broker, 2 what names of this run begin with.
pub fn argument(n: usize) -> String {
    std::env::args().nth(n).expect("HOST:PORT PREFIX")
}

/// Name of a topic, group or queue of this run.
pub fn name(name: &str) -> String {
    format!("{}-{name}", argument(2))
}

/// Runs one step and prints its result or error; later steps run in any case.
pub async fn step(name: &str, run: impl Future<Output = Found>) {
    match run.await {
        Ok(result) => println!("{}", json!({ "step": name, "result": result })),
        Err(error) => println!("{}", json!({ "step": name, "error": error.to_string() })),
    }
}

/// Polls a condition, which itself waits a moment, for 20 seconds.
#[allow(dead_code)]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) -> Result<(), Box<dyn Error>> {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > end {
            return Err(format!("gave up waiting: {what}").into());
        }
    }
    Ok(())
}

/// Twelve values per codec; their numbers rise within a codec and key.
#[allow(dead_code)]
pub fn check_batches(codecs: &[&str], seen: &[(String, String)]) -> Value {
    let mut values = HashSet::new();
    let mut last: HashMap<(String, String), i32> = HashMap::new();
    let mut in_order = true;
    for (key, value) in seen {
        let (codec, number) = value.split_once('-').unwrap_or((value, "-1"));
        let number = number.parse().unwrap_or(-1);
        let before = last.insert((codec.into(), key.clone()), number);
        in_order &= before.is_none_or(|before| before < number);
        values.insert(value.clone());
    }
    let wanted = codecs
        .iter()
        .flat_map(|codec| (0..12).map(move |n| format!("{codec}-{n}")));
    let missing = wanted.filter(|value| !values.contains(value)).count();
    json!({ "missing": missing, "again": seen.len() - values.len(), "keysInOrder": in_order })
}
