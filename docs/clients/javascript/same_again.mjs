// Prints every texture that is there again, and what one is of the other, and goes on: node same_again.mjs
import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'

const consumer = new Consumer({
  groupId: process.env.GROUP ?? 'my-duplicates-service',
  clientId: 'aegis-same-again',
  bootstrapBrokers: process.env.AEGIS_KAFKA_BOOTSTRAP.split(','),
  deserializers: stringDeserializers
})
const stream = await consumer.consume({
  topics: [`${process.env.AEGIS_TOPIC_PREFIX ?? ''}asset-related`],
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
  const { asset_id: assetId, related } = JSON.parse(value)
  for (const { asset_id: otherId, relation, said_of: saidOf } of related) {
    // The relation is said of one of the two: "this" is the event's asset.
    const [one, of] = saidOf === 'this' ? [assetId, otherId] : [otherId, assetId]
    console.log(`${one} ${relation} ${of}`)
  }
}
