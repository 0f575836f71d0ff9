// Prints every texture that is there again, and what one is of the other, and goes on: go run ./sameagain
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

// What is needed of asset-related; whatever else an event carries is ignored.
type event struct {
	AssetID string `json:"asset_id"`
	Related []struct {
		AssetID  string `json:"asset_id"`
		Relation string `json:"relation"`
		SaidOf   string `json:"said_of"`
	} `json:"related"`
}

func main() {
	group := os.Getenv("GROUP")
	if group == "" {
		group = "my-duplicates-service"
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("AEGIS_KAFKA_BOOTSTRAP"), ",")...),
		kgo.ConsumeTopics(os.Getenv("AEGIS_TOPIC_PREFIX")+"asset-related"),
		kgo.ConsumerGroup(group),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(context.Background())
		fetches.EachError(func(topic string, partition int32, err error) { log.Printf("%s/%d: %v", topic, partition, err) })
		fetches.EachRecord(tell)
	}
}

func tell(record *kgo.Record) {
	if record.Value == nil {
		fmt.Printf("%s removed\n", record.Key)
		return
	}
	var told event
	if err := json.Unmarshal(record.Value, &told); err != nil {
		log.Printf("%s: %v", record.Key, err)
		return
	}
	for _, other := range told.Related {
		// The relation is said of one of the two: "this" is the event's asset.
		one, of := told.AssetID, other.AssetID
		if other.SaidOf != "this" {
			one, of = of, one
		}
		fmt.Println(one, other.Relation, of)
	}
}
