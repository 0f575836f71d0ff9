//! The first service's client, as the Unity plugin has it: tagging-client [--threshold X] FILE…
//!
//! Prints one JSON object for each file. Whatever goes wrong with the tagging is told on stderr, and the import of the
//! file goes on with no tags.

use std::{env, fs, process::ExitCode, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use ureq::Agent;

#[derive(Serialize)]
struct TagRequest<'a> {
    asset_id: &'a str,
    image_data: String,
    confidence_threshold: f64,
}

#[derive(Deserialize)]
struct TagResponse {
    asset_id: Option<String>,
    tags: Vec<Tag>,
    processing_time_ms: u64,
    status: String,
    error_message: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Tag {
    tag: String,
    category: String,
    confidence: f64,
    source_model: String,
    processing_time_ms: u64,
}

#[derive(Serialize)]
struct Imported<'a> {
    asset_id: &'a str,
    tags: Vec<Tag>,
    processing_time_ms: Option<u64>,
}

struct TaggingClient {
    agent: Agent,
    base_url: String,
}

impl TaggingClient {
    fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        let base_url = env::var("AI_TAGGING_URL").unwrap_or("http://localhost:8080".into());
        Self {
            agent: config.into(),
            base_url,
        }
    }

    fn tag(&self, asset_id: &str, image: &[u8], threshold: f64) -> Result<TagResponse, String> {
        let request = TagRequest {
            asset_id,
            image_data: STANDARD.encode(image),
            confidence_threshold: threshold,
        };
        let address = format!("{}/api/v1/tag", self.base_url.trim_end_matches('/'));
        let mut response = self
            .agent
            .post(&address)
            .send_json(&request)
            .map_err(|error| error.to_string())?;
        let text = response
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("{}: {text}", response.status()));
        }
        let answer: TagResponse = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        match answer.status.as_str() {
            "success" if answer.asset_id.as_deref() == Some(asset_id) => Ok(answer),
            "success" => Err(format!("the answer is of {:?}", answer.asset_id)),
            _ => Err(answer.error_message.unwrap_or(answer.status)),
        }
    }
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let mut threshold = 0.7;
    if arguments
        .first()
        .is_some_and(|first| first == "--threshold")
    {
        let Some(Ok(given)) = arguments.get(1).map(|text| text.parse()) else {
            eprintln!("--threshold needs a number");
            return ExitCode::from(2);
        };
        threshold = given;
        arguments.drain(..2);
    }
    let client = TaggingClient::new();
    for file in &arguments {
        let tagged = fs::read(file)
            .map_err(|error| error.to_string())
            .and_then(|image| client.tag(file, &image, threshold))
            .inspect_err(|problem| eprintln!("{file}: goes on without tags: {problem}"))
            .ok();
        let imported = Imported {
            asset_id: file,
            processing_time_ms: tagged.as_ref().map(|answer| answer.processing_time_ms),
            tags: tagged.map(|answer| answer.tags).unwrap_or_default(),
        };
        println!(
            "{}",
            serde_json::to_string(&imported).expect("plain fields")
        );
    }
    ExitCode::SUCCESS
}
