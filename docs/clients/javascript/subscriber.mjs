// Prints every asset that has a tag, and goes on as new ones are tagged: node subscriber.mjs TAG
import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'

const wanted = process.argv[2]
const consumer = new Consumer({
  groupId: process.env.GROUP ?? 'my-service',
  clientId: 'aegis-subscriber',
  bootstrapBrokers: process.env.AEGIS_KAFKA_BOOTSTRAP.split(','),
  deserializers: stringDeserializers
})
const stream = await consumer.consume({
  topics: [`${process.env.AEGIS_TOPIC_PREFIX ?? ''}asset-tagged`],
  // Where the group stopped; a new one begins with what holds now.
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamModes.EARLIEST,
  autocommit: true
})
for await (const { key, value } of stream) {
  if (!value) {
    console.log(`${key} removed`)
    continue
  }
  const { asset_id: assetId, tags } = JSON.parse(value)
  for (const { tag, confidence } of tags) {
    if (tag === wanted) console.log(`${assetId} ${confidence}`)
  }
}
