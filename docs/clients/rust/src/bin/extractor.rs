//! Uploads one texture and publishes its event: extractor FILE ASSET_ID

use std::{collections::BTreeMap, env, fs, path::Path, time::Duration};

use chrono::{SecondsFormat, Utc};
use rskafka::{
    client::{
        ClientBuilder,
        partition::{Compression, UnknownTopicHandling},
    },
    record::Record,
};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, asset_id] = arguments.as_slice() else {
        return Err("usage: extractor FILE ASSET_ID".into());
    };
    let data = fs::read(file)?;
    let extension = Path::new(file)
        .extension()
        .and_then(|name| name.to_str())
        .unwrap_or("bin");

    let (bucket, key) = upload(&data, extension)?; // First, so that nobody hears of an object that is not there.
    let event_id = Uuid::new_v4().to_string();
    let occurred_at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let event = json!({
        "event_id": event_id,
        "schema_version": "1.0",
        "occurred_at": occurred_at,
        "asset_id": asset_id,
        "object": {"bucket": bucket, "key": key},
    });
    let headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", &event_id),
        ("ce_type", "aegis.asset.extracted.v1"),
        ("ce_source", "/my-extractor"),
        ("content-type", "application/json"),
    ];
    publish(
        asset_id.as_bytes(),
        event.to_string().into_bytes(),
        &headers,
    )
    .await
}

/// Stores the bytes under their own digest, so that equal textures are stored once; returns bucket and key.
fn upload(data: &[u8], extension: &str) -> Result<(String, String), Failure> {
    let digest: String = Sha256::digest(data)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let key = format!(
        "sha256/{}/{}/{digest}.{extension}",
        &digest[..2],
        &digest[2..4]
    );
    let name = env::var("AEGIS_S3_BUCKET").unwrap_or("aegis-assets".into());
    let region = env::var("AEGIS_S3_REGION").unwrap_or("us-east-1".into());
    let bucket = Bucket::new(
        env::var("AEGIS_S3_ENDPOINT")?.parse()?,
        UrlStyle::Path,
        name.clone(),
        region,
    )?;
    let credentials = Credentials::new(
        env::var("AEGIS_S3_ACCESS_KEY")?,
        env::var("AEGIS_S3_SECRET_KEY")?,
    );
    let address = bucket
        .put_object(Some(&credentials), &key)
        .sign(Duration::from_secs(60));
    ureq::put(address.as_str()).send(data)?;
    Ok((name, key))
}

async fn publish(key: &[u8], value: Vec<u8>, headers: &[(&str, &str)]) -> Result<(), Failure> {
    let topic = env::var("AEGIS_TOPIC_PREFIX").unwrap_or_default() + "asset-extracted";
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
    let partitions = found.ok_or("no such topic")?.partitions.len() as u32;
    // All events of one asset lie in one partition: that which the Java client chooses.
    let partition = ((murmur2(key) & 0x7fff_ffff) % partitions) as i32;
    let record = Record {
        key: Some(key.to_vec()),
        value: Some(value),
        headers: headers
            .iter()
            .map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()))
            .collect::<BTreeMap<_, _>>(),
        timestamp: Utc::now(),
    };
    let partition = client
        .partition_client(&topic, partition, UnknownTopicHandling::Error)
        .await?;
    partition
        .produce(vec![record], Compression::NoCompression)
        .await?; // Acknowledged by all in-sync replicas.
    Ok(())
}

/// Kafka's hash of keys, as org.apache.kafka.common.utils.Utils.murmur2 computes it.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let words = data.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut k = u32::from_le_bytes(word.try_into().expect("four bytes")).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        let tail = rest
            .iter()
            .rev()
            .fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}
