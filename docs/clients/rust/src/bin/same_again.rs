//! Prints every texture that is there again, and what one is of the other, and goes on: same_again
//!
//! rskafka knows no consumer groups, so each start reads from the beginning what holds now: the topic is compacted.

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
    let prefix = env::var("AEGIS_TOPIC_PREFIX").unwrap_or_default();
    let brokers = env::var("AEGIS_KAFKA_BOOTSTRAP")?
        .split(',')
        .map(str::to_owned)
        .collect();
    let client = ClientBuilder::new(brokers).build().await?;
    let name = format!("{prefix}asset-related");
    let known = client.list_topics().await?;
    let topic = known.iter().find(|topic| topic.name == name);

    let mut streams = Vec::new();
    for &partition in &topic.ok_or(format!("there is no topic {name}"))?.partitions {
        let handling = UnknownTopicHandling::Error;
        let partition = Arc::new(client.partition_client(&name, partition, handling).await?);
        streams.push(StreamConsumerBuilder::new(partition, StartOffset::Earliest).build());
    }
    let mut records = select_all(streams);
    while let Some(next) = records.next().await {
        let record = next?.0.record;
        match record.value {
            None => println!(
                "{} removed",
                String::from_utf8_lossy(record.key.as_deref().unwrap_or_default())
            ),
            Some(value) => tell(&serde_json::from_slice(&value).unwrap_or_default()),
        }
    }
    Ok(())
}

fn tell(event: &Value) {
    let id_of = |asset: &Value| asset["asset_id"].as_str().unwrap_or_default().to_owned();
    for other in event["related"].as_array().into_iter().flatten() {
        // The relation is said of one of the two: "this" is the event's asset.
        let (mut one, mut of) = (id_of(event), id_of(other));
        if other["said_of"] != "this" {
            (one, of) = (of, one);
        }
        println!(
            "{one} {} {of}",
            other["relation"].as_str().unwrap_or_default()
        );
    }
}
