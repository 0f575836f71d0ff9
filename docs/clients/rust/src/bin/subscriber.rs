//! Prints every asset that has a tag, and goes on as new ones are tagged: subscriber TAG
//!
//! rskafka knows no consumer groups, so each start reads from the beginning: of a compacted topic, what holds now.

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
    let topic = env::var("AEGIS_TOPIC_PREFIX").unwrap_or_default() + "asset-tagged";
    let brokers = env::var("AEGIS_KAFKA_BOOTSTRAP")?
        .split(',')
        .map(str::to_owned)
        .collect();
    let client = ClientBuilder::new(brokers).build().await?;
    let found = client
        .list_topics()
        .await?
        .into_iter()
        .find(|known| known.name == topic);
    let partitions = found.ok_or("no such topic")?.partitions;

    let mut streams = Vec::new();
    for partition in partitions {
        let handling = UnknownTopicHandling::Error;
        let partition = Arc::new(client.partition_client(&topic, partition, handling).await?);
        streams.push(StreamConsumerBuilder::new(partition, StartOffset::Earliest).build());
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
    for tag in event["tags"].as_array().into_iter().flatten() {
        if tag["tag"] == wanted {
            println!(
                "{} {}",
                event["asset_id"].as_str().unwrap_or_default(),
                tag["confidence"]
            );
        }
    }
}
