// Prints every asset that has a tag, and what people say of it, and goes on: node subscriber.mjs TAG
import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'

const wanted = process.argv[2]
const consumer = new Consumer({
  groupId: process.env.GROUP ?? 'my-javascript-service',
  clientId: 'aegis-subscriber',
  bootstrapBrokers: process.env.AEGIS_KAFKA_BOOTSTRAP.split(','),
  deserializers: stringDeserializers
})
const prefix = process.env.AEGIS_TOPIC_PREFIX ?? ''
const stream = await consumer.consume({
  topics: [`${prefix}asset-tagged`, `${prefix}asset-reviewed`],
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
  const { asset_id: assetId, tags, verdict, by } = JSON.parse(value)
  if (verdict) {
    if (verdict.tag === wanted) console.log(`${assetId} ${verdict.word} by ${by}`)
    continue
  }
  for (const { tag, confidence } of tags) {
    if (tag === wanted) console.log(`${assetId} ${confidence}`)
  }
}
