// Prints every asset that has a tag, and what people say of it, and goes on: go run . TAG
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

// What is needed of asset-tagged and asset-reviewed; whatever else an event carries is ignored.
type event struct {
	AssetID string `json:"asset_id"`
	Tags    []struct {
		Tag        string  `json:"tag"`
		Confidence float64 `json:"confidence"`
	} `json:"tags"`
	Verdict *struct {
		Tag  string `json:"tag"`
		Word string `json:"word"`
	} `json:"verdict"`
	By string `json:"by"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: subscriber TAG")
	}
	group := os.Getenv("GROUP")
	if group == "" {
		group = "my-go-service"
	}
	prefix := os.Getenv("AEGIS_TOPIC_PREFIX")
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("AEGIS_KAFKA_BOOTSTRAP"), ",")...),
		kgo.ConsumeTopics(prefix+"asset-tagged", prefix+"asset-reviewed"),
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
	var told event
	if err := json.Unmarshal(record.Value, &told); err != nil {
		log.Printf("%s: %v", record.Key, err)
		return
	}
	if told.Verdict != nil {
		if told.Verdict.Tag == wanted {
			fmt.Println(told.AssetID, told.Verdict.Word, "by", told.By)
		}
		return
	}
	for _, tag := range told.Tags {
		if tag.Tag == wanted {
			fmt.Println(told.AssetID, tag.Confidence)
		}
	}
}
