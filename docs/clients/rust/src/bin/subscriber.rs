//! Prints every asset that has a tag, and what people say of it, and goes on: subscriber TAG
//!
//! rskafka knows no consumer groups, so each start reads from the beginning: of asset-tagged, which is compacted, what
//! holds now, and of asset-reviewed every word.

use std::{env, sync::Arc};

use futures::{StreamExt, stream::select_all};
use rskafka::client::{
    ClientBuilder,
    consumer::{StartOffset, StreamConsumerBuilder},
    partition::UnknownTopicHandling,
};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let wanted = env::args().nth(1).ok_or("usage: subscriber TAG")?;
    let prefix = env::var("AEGIS_TOPIC_PREFIX").unwrap_or_default();
    let brokers = env::var("AEGIS_KAFKA_BOOTSTRAP")?
        .split(',')
        .map(str::to_owned)
        .collect();
    let client = ClientBuilder::new(brokers).build().await?;
    let known = client.list_topics().await?;

    let mut streams = Vec::new();
    for name in ["asset-tagged", "asset-reviewed"].map(|name| format!("{prefix}{name}")) {
        let topic = known.iter().find(|topic| topic.name == name);
        for &partition in &topic.ok_or(format!("there is no topic {name}"))?.partitions {
            let handling = UnknownTopicHandling::Error;
            let partition = Arc::new(client.partition_client(&name, partition, handling).await?);
            streams.push(StreamConsumerBuilder::new(partition, StartOffset::Earliest).build());
        }
    }
    let mut records = select_all(streams);
    while let Some(next) = records.next().await {
        let record = next?.0.record;
        let asset_id =
            String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        match record.value {
            None => println!("{asset_id} removed"),
            Some(value) => tell(&serde_json::from_slice(&value).unwrap_or_default(), &wanted),
        }
    }
    Ok(())
}

fn tell(event: &Value, wanted: &str) {
    let asset_id = event["asset_id"].as_str().unwrap_or_default();
    if let Some(verdict) = event.get("verdict") {
        if verdict["tag"] == wanted {
            let (word, by) = (&verdict["word"], &event["by"]);
            println!(
                "{asset_id} {} by {}",
                word.as_str().unwrap_or_default(),
                by.as_str().unwrap_or_default()
            );
        }
        return;
    }
    for tag in event["tags"].as_array().into_iter().flatten() {
        if tag["tag"] == wanted {
            println!("{asset_id} {}", tag["confidence"]);
        }
    }
}
