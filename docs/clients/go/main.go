// Prints every asset that has a tag, and goes on as new ones are tagged: go run . TAG
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// What is needed of asset-tagged; whatever else an event carries is ignored.
type tagged struct {
	AssetID string `json:"asset_id"`
	Tags    []struct {
		Tag        string  `json:"tag"`
		Confidence float64 `json:"confidence"`
	} `json:"tags"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: subscriber TAG")
	}
	group := os.Getenv("GROUP")
	if group == "" {
		group = "my-service"
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("AEGIS_KAFKA_BOOTSTRAP"), ",")...),
		kgo.ConsumeTopics(os.Getenv("AEGIS_TOPIC_PREFIX")+"asset-tagged"),
		kgo.ConsumerGroup(group),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(context.Background())
		fetches.EachError(func(topic string, partition int32, err error) { log.Printf("%s/%d: %v", topic, partition, err) })
		fetches.EachRecord(func(record *kgo.Record) { tell(record, os.Args[1]) })
	}
}

func tell(record *kgo.Record, wanted string) {
	if record.Value == nil {
		fmt.Printf("%s removed\n", record.Key)
		return
	}
	var event tagged
	if err := json.Unmarshal(record.Value, &event); err != nil {
		log.Printf("%s: %v", record.Key, err)
		return
	}
	for _, tag := range event.Tags {
		if tag.Tag == wanted {
			fmt.Println(event.AssetID, tag.Confidence)
		}
	}
}
